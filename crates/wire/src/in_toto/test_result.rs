//! `https://in-toto.io/attestation/test-result/v0.1`. The command stands in `configuration` as one
//! descriptor: its digest is that of the command as a JSON array, its annotations say what came out.

use plimsoll_model::{
    About, Answers, Body, Claim, Digest, EvidenceKind, Outcome, PredicateError, ReasonDoc,
};
use serde::{Deserialize, Serialize};

use super::subject::DigestSet;
use super::{Say, not_understood, read_shape};

/// By this name a result of ours is told from another tool's: whoever changes its form keeps the name.
const COMMAND: &str = "command";

/// Tests ran.
pub static TEST: EvidenceKind = EvidenceKind {
    name: "test",
    predicate_type: "https://in-toto.io/attestation/test-result/v0.1",
    about: About::One,
    answers: Some(Answers {
        requirement: "tests",
        required_by_default: true,
        applies: |_| true,
        absent: &ABSENT,
        reasons: &[&PASSED, &FAILED, &NONE_RAN, &FAILURES_NOT_COUNTED],
    }),
    read: read_predicate,
};

const RUN_THEM: &str = "run them with `plimsoll attest test -- COMMAND` under the builder's key";

static ABSENT: ReasonDoc = ReasonDoc {
    of: "test",
    name: "absent",
    outcome: Outcome::Unknown,
    title: "No signed test result for this source",
    why: "That a pipeline is green says nothing of which tests ran on which commit.",
    fix: RUN_THEM,
};

static PASSED: ReasonDoc = ReasonDoc {
    of: "test",
    name: "passed",
    outcome: Outcome::Allow,
    title: "The tests passed",
    why: "A configured builder ran them on the clean commit; at least one ran and none failed.",
    fix: "",
};

static FAILED: ReasonDoc = ReasonDoc {
    of: "test",
    name: "failed",
    outcome: Outcome::Deny,
    title: "The tests failed",
    why: "The last signed result counts, whatever an earlier one said.",
    fix: "fix the tests",
};

static NONE_RAN: ReasonDoc = ReasonDoc {
    of: "test",
    name: "none-ran",
    outcome: Outcome::Unknown,
    title: "The command ended well but shows no test that ran",
    why: "A command that runs nothing ends well too.",
    fix: RUN_THEM,
};

static FAILURES_NOT_COUNTED: ReasonDoc = ReasonDoc {
    of: "test",
    name: "failures-not-counted",
    outcome: Outcome::Unknown,
    title: "The command does not say how many tests failed",
    why: "Some runners end with 0 although tests failed; only their count tells.",
    fix: RUN_THEM,
};

/// The outcome of a test command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestResult {
    /// The command that ran.
    pub command: Vec<String>,
    /// Its exit code; `None` when a signal ended it.
    pub exit_code: Option<i32>,
    /// Tests that passed; `None` when the command's output did not say.
    pub passed: Option<u64>,
    /// Tests that failed; `None` when the command's output did not say.
    pub failed: Option<u64>,
}

impl Say for TestResult {
    const KIND: &'static EvidenceKind = &TEST;

    fn predicate(&self) -> impl Serialize {
        TestResultPredicate::from(self)
    }
}

impl TestResult {
    /// What the result comes to as an answer to the requirement.
    pub fn judge(&self) -> Claim {
        let command = self.command.join(" ");
        let (reason, message) = match (self.exit_code, self.failed, self.passed) {
            (Some(0), Some(0), Some(passed)) if passed > 0 => {
                (&PASSED, format!("{passed} passed, 0 failed: `{command}`"))
            }
            (Some(0), Some(0) | None, Some(0) | None) => (
                &NONE_RAN,
                format!("`{command}` ended well but shows no test that ran"),
            ),
            (Some(0), None, Some(_)) => (
                &FAILURES_NOT_COUNTED,
                format!("`{command}` does not say how many tests failed"),
            ),
            (code, failed, _) => {
                let code =
                    code.map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"));
                let failed = failed.map_or_else(String::new, |failed| format!(", {failed} failed"));
                (&FAILED, format!("`{command}` ended with {code}{failed}"))
            }
        };
        Claim {
            kind: &TEST,
            reason,
            message,
        }
    }
}

/// As much as tells whose result it is.
#[derive(Debug, Deserialize)]
struct AnyResult {
    configuration: Vec<AnyConfiguration>,
}

#[derive(Debug, Deserialize)]
struct AnyConfiguration {
    #[serde(default)]
    name: String,
}

fn read_predicate(text: &str) -> Result<Body, PredicateError> {
    let any: AnyResult = read_shape(text)?;
    if !any
        .configuration
        .iter()
        .any(|configuration| configuration.name == COMMAND)
    {
        let detail = "`configuration` names no command that ran".to_owned();
        return Err(PredicateError::OfOthers(detail));
    }
    let predicate: TestResultPredicate = read_shape(text)?;
    let result = predicate.read().map_err(not_understood)?;
    Ok(Body::Claim(result.judge()))
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TestResultPredicate {
    result: ResultShape,
    configuration: Vec<Configuration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum ResultShape {
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
            result: shape_result(body),
            configuration: vec![configuration],
        }
    }
}

impl TestResultPredicate {
    fn read(self) -> Result<TestResult, String> {
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
        if self.result == shape_result(&body) {
            Ok(body)
        } else {
            Err("`result` contradicts the exit code or the counts".to_owned())
        }
    }
}

/// Passed means that the command ended by itself with 0 and counted no failed test.
fn shape_result(body: &TestResult) -> ResultShape {
    if body.exit_code == Some(0) && body.failed.is_none_or(|failed| failed == 0) {
        ResultShape::Passed
    } else {
        ResultShape::Failed
    }
}

fn command_digest(command: &[String]) -> DigestSet {
    let json = serde_json::to_vec(command).expect("a list of texts is JSON");
    DigestSet::of_sha256(&Digest::of(&json))
}
