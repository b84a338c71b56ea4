//! Evidence: what was done and seen, signed by the key of whoever did it.
//!
//! Each use-case does the thing itself: it inspects the commit, runs the tests, runs the build. It
//! takes nobody's word for an outcome.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use plimsoll_model::{Class, Digest, Fault, Gap, Key, Provenance, Subject};
use plimsoll_sign::PrivateKey;
use plimsoll_source::GitError;
use plimsoll_store::EventKind;
use plimsoll_wire::in_toto::{self, Say, SbomDocument, SbomDocumentError, TestResult};

use crate::check::Checked;
use crate::checkout::Checkout;
use crate::command::{self, CommandError, OnLine};
use crate::ledger::{Ledger, LedgerError};
use crate::mask::masked;
use crate::register::SettingsError;
use crate::sbom::{list_components, sbom};
use crate::test_counts::TestCounts;

/// Evidence cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum AttestError {
    /// The repository cannot be read.
    #[error("cannot tell which commit this is")]
    Git(#[from] GitError),
    /// The work tree is not the commit.
    #[error(
        "the work tree has changes that commit {commit:.12} does not name, so a result would be about neither"
    )]
    Dirty {
        /// The commit.
        commit: String,
    },
    /// The command cannot be run.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The build failed.
    #[error("the build `{command}` ended with {status}, so nothing was signed")]
    BuildFailed {
        /// The command.
        command: String,
        /// How it ended.
        status: String,
    },
    /// The build made no artifact.
    #[error("the build `{command}` did not make {}, so nothing was signed", artifact.display())]
    NoArtifact {
        /// The command.
        command: String,
        /// The file.
        artifact: PathBuf,
    },
    /// A file cannot be read or moved.
    #[error("cannot {operation} {}", path.display())]
    File {
        /// What was tried.
        operation: &'static str,
        /// On what.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The artifact was not built from the commit.
    #[error(
        "the ledger holds no provenance that says that {} was built from commit {commit:.12}, so nothing was signed",
        artifact.short()
    )]
    OtherCommit {
        /// The artifact.
        artifact: Digest,
        /// The commit.
        commit: String,
    },
    /// The check speaks about no commit.
    #[error("only the inspection of a commit can be signed")]
    NoCommit,
    /// The list of components is none that counts.
    #[error(transparent)]
    Sbom(#[from] SbomDocumentError),
    /// The inspectors cannot be made ready.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl Fault for AttestError {
    fn class(&self) -> Class {
        match self {
            Self::Git(error) => error.class(),
            Self::Command(error) => error.class(),
            Self::File { source, .. } => Class::of_named_file(source),
            Self::Sbom(error) => error.class(),
            Self::Settings(error) => error.class(),
            Self::Ledger(error) => error.class(),
            Self::Dirty { .. }
            | Self::BuildFailed { .. }
            | Self::NoArtifact { .. }
            | Self::OtherCommit { .. }
            | Self::NoCommit => Class::Denied,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Git(error) => error.hint(),
            Self::Command(error) => error.hint(),
            Self::Settings(error) => error.hint(),
            Self::Ledger(error) => error.hint(),
            Self::Dirty { .. } => Some("commit them first".to_owned()),
            Self::OtherCommit { .. } => Some(
                "build it first with `plimsoll attest build`, or name its commit with --rev"
                    .to_owned(),
            ),
            Self::BuildFailed { .. }
            | Self::NoArtifact { .. }
            | Self::File { .. }
            | Self::Sbom(_)
            | Self::NoCommit => None,
        }
    }
}

/// Signs what a check of a commit saw. Returns the evidence's digest.
pub fn attest_inspection(
    ledger: &Ledger,
    key: &PrivateKey,
    checked: &Checked,
) -> Result<Digest, AttestError> {
    let report = &checked.report;
    let subject = report.subject.as_ref().ok_or(AttestError::NoCommit)?;
    let inspected = plimsoll_model::Inspected {
        inspectors: report
            .inspectors
            .iter()
            .filter_map(|looked| looked.ran.clone())
            .collect(),
        findings: report.inspection.findings.clone(),
        gaps: report.inspection.gaps.clone(),
        policy_sha256: report.policy.sha256,
        baselines: checked.baselines.clone(),
        gates: checked.judgement.gates.clone(),
    };
    let policy = Key::policy(&report.policy.sha256);
    record(
        ledger,
        key,
        subject,
        &report.subject_name,
        &inspected,
        Some(policy),
    )
}

/// Runs the tests of the clean commit in `folder` and signs their result, whatever it is. `on_output`
/// gets what they print, a line at a time.
pub fn attest_test(
    ledger: &Ledger,
    key: &PrivateKey,
    folder: &Path,
    command: &[String],
    on_output: OnLine<'_>,
) -> Result<(Digest, TestResult), AttestError> {
    let checkout = clean(folder)?;
    let mut counts = TestCounts::default();
    let exit_code = command::run(command, folder, &mut |line| {
        counts.read(&String::from_utf8_lossy(line));
        on_output(line);
    })?;
    let shown = command.iter().map(|word| masked(word)).collect();
    let result = TestResult {
        command: shown,
        exit_code,
        passed: counts.passed,
        failed: counts.failed,
    };
    let subject = checkout.subject();
    let evidence = record(ledger, key, &subject, "source", &result, None)?;
    Ok((evidence, result))
}

/// What a build made.
#[derive(Clone, Debug)]
pub struct Built {
    /// The digest of the artifact.
    pub artifact: Digest,
    /// The digest of the evidence.
    pub evidence: Digest,
    /// Where it comes from.
    pub provenance: Provenance,
}

/// What to build, and who builds.
#[derive(Clone, Copy, Debug)]
pub struct Build<'a> {
    /// The folder with the source.
    pub folder: &'a Path,
    /// The builder's id.
    pub builder: &'a str,
    /// The file that the build makes; relative to the present folder.
    pub artifact: &'a Path,
    /// The build command, run in `folder`.
    pub command: &'a [String],
}

/// Runs a build and signs where the artifact comes from. An artifact that was there before is moved
/// away first, so that the bytes that are signed are the ones this build made.
pub fn attest_build(
    ledger: &Ledger,
    key: &PrivateKey,
    build: &Build<'_>,
    on_output: OnLine<'_>,
) -> Result<Built, AttestError> {
    let checkout = Checkout::open(build.folder, "HEAD")?;
    let dirty = checkout.repository.is_dirty()?;
    let aside = set_aside(build.artifact)?;
    let made = make(build, on_output);
    if let Some(aside) = aside {
        put_back_or_remove(&aside, build.artifact, made.is_ok())?;
    }
    made?;
    let artifact = digest_of(build.artifact)?;
    let provenance = Provenance {
        builder: build.builder.to_owned(),
        source: checkout.subject(),
        dirty: dirty || checkout.repository.is_dirty()?,
        authors: checkout.authors.clone(),
    };
    let subject = Subject::Artifact { sha256: artifact };
    let name = name_of(build.artifact);
    let evidence = record(ledger, key, &subject, &name, &provenance, None)?;
    Ok(Built {
        artifact,
        evidence,
        provenance,
    })
}

/// Lists the components of the commit that an artifact was built from, and signs the list about the
/// artifact. Refused when the ledger does not know that it was built from it: a list of another
/// commit's components would say nothing about these bytes. Returns the evidence's digest, the number
/// of components, and what could not be read.
pub fn attest_sbom(
    ledger: &Ledger,
    key: &PrivateKey,
    checkout: &Checkout,
    artifact: &Path,
    now: Timestamp,
) -> Result<(Digest, usize, Vec<Gap>), AttestError> {
    let sha256 = digest_of(artifact)?;
    let subject = Subject::Artifact { sha256 };
    if !ledger.is_built_from(&subject, &checkout.subject())? {
        return Err(AttestError::OtherCommit {
            artifact: sha256,
            commit: checkout.commit.to_string(),
        });
    }
    let tree = checkout.repository.revision(&checkout.commit)?;
    let inspected = list_components(&tree, now)?;
    let name = name_of(artifact);
    let (document, gaps) = sbom(&inspected, &name, Some(&subject), now);
    let listed = SbomDocument::new(&document)?;
    let evidence = record(ledger, key, &subject, &name, &listed, None)?;
    Ok((evidence, inspected.inspection.components.len(), gaps))
}

fn clean(folder: &Path) -> Result<Checkout, AttestError> {
    let checkout = Checkout::open(folder, "HEAD")?;
    if checkout.repository.is_dirty()? {
        return Err(AttestError::Dirty {
            commit: checkout.commit.to_string(),
        });
    }
    Ok(checkout)
}

fn record(
    ledger: &Ledger,
    key: &PrivateKey,
    subject: &Subject,
    name: &str,
    words: &impl Say,
    policy: Option<Key>,
) -> Result<Digest, AttestError> {
    let statement = in_toto::write(std::slice::from_ref(subject), name, words);
    let mut keys = vec![subject.key()];
    keys.extend(policy);
    Ok(ledger.record(EventKind::EvidenceRecorded, key, keys, &statement)?)
}

/// The digest of a file's bytes.
pub(crate) fn digest_of(path: &Path) -> Result<Digest, AttestError> {
    let digest = File::open(path).and_then(|mut file| Digest::of_copy(&mut file, &mut io::sink()));
    digest.map_err(|source| AttestError::File {
        operation: "read",
        path: path.to_owned(),
        source,
    })
}

fn make(build: &Build<'_>, on_output: OnLine<'_>) -> Result<(), AttestError> {
    let command = build.command.join(" ");
    let code = command::run(build.command, build.folder, on_output)?;
    if code != Some(0) {
        let status = code.map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"));
        return Err(AttestError::BuildFailed { command, status });
    }
    if build.artifact.is_file() {
        Ok(())
    } else {
        Err(AttestError::NoArtifact {
            command,
            artifact: build.artifact.to_owned(),
        })
    }
}

fn set_aside(artifact: &Path) -> Result<Option<PathBuf>, AttestError> {
    if !artifact.exists() {
        return Ok(None);
    }
    let mut aside = artifact.as_os_str().to_owned();
    aside.push(".before");
    let aside = PathBuf::from(aside);
    std::fs::rename(artifact, &aside).map_err(|source| AttestError::File {
        operation: "move away",
        path: artifact.to_owned(),
        source,
    })?;
    Ok(Some(aside))
}

fn put_back_or_remove(aside: &Path, artifact: &Path, made: bool) -> Result<(), AttestError> {
    let done = if made {
        std::fs::remove_file(aside)
    } else {
        std::fs::rename(aside, artifact)
    };
    done.map_err(|source| AttestError::File {
        operation: "put back",
        path: artifact.to_owned(),
        source,
    })
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}
