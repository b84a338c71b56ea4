//! `https://in-toto.io/attestation/test-result/v0.1`. The command stands in `configuration` as one
//! descriptor: its digest is that of the command as a JSON array, its annotations say what came out.

use plimsoll_model::{Digest, TestResult};
use serde::{Deserialize, Serialize};

use super::subject::DigestSet;

const COMMAND: &str = "command";

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct TestResultPredicate {
    result: Outcome,
    configuration: Vec<Configuration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Outcome {
    Passed,
    Warned,
    Failed,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Configuration {
    name: String,
    digest: DigestSet,
    annotations: Annotations,
}

/// `exit_code` is `null` when a signal ended the command, the counts when its output did not say.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Annotations {
    command: Vec<String>,
    exit_code: Option<i32>,
    passed: Option<u64>,
    failed: Option<u64>,
}

impl From<&TestResult> for TestResultPredicate {
    fn from(body: &TestResult) -> Self {
        let configuration = Configuration {
            name: COMMAND.to_owned(),
            digest: command_digest(&body.command),
            annotations: Annotations {
                command: body.command.clone(),
                exit_code: body.exit_code,
                passed: body.passed,
                failed: body.failed,
            },
        };
        Self {
            result: outcome(body),
            configuration: vec![configuration],
        }
    }
}

impl TestResultPredicate {
    pub(super) fn read(self) -> Result<TestResult, String> {
        let Ok([configuration]) = <[Configuration; 1]>::try_from(self.configuration) else {
            return Err("`configuration` does not hold exactly one command".to_owned());
        };
        let Annotations {
            command,
            exit_code,
            passed,
            failed,
        } = configuration.annotations;
        if configuration.name != COMMAND || configuration.digest != command_digest(&command) {
            return Err("`configuration` does not name its command by digest".to_owned());
        }
        let body = TestResult {
            command,
            exit_code,
            passed,
            failed,
        };
        if self.result == outcome(&body) {
            Ok(body)
        } else {
            Err("`result` contradicts the exit code or the counts".to_owned())
        }
    }
}

/// Passed means that the command ended by itself with 0 and counted no failed test.
fn outcome(body: &TestResult) -> Outcome {
    if body.exit_code == Some(0) && body.failed.is_none_or(|failed| failed == 0) {
        Outcome::Passed
    } else {
        Outcome::Failed
    }
}

fn command_digest(command: &[String]) -> DigestSet {
    let json = serde_json::to_vec(command).expect("a list of texts is JSON");
    DigestSet::of_sha256(&Digest::of(&json))
}
