//! `check`: inspect a tree, match its components against advisories, and judge by the policy.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use plimsoll_advisories::{Database, Identity};
use plimsoll_model::{
    Class, Digest, Fault, Gap, GapKind, Inspection, Outcome, Reason, RuleId, Subject, Verdict,
};
use plimsoll_packages::ecosystems;
use plimsoll_policy::Judgement;
use plimsoll_secrets::Rules;
use plimsoll_source::Tree;
use plimsoll_wire::{PolicyIdentity, Report};

use crate::excerpt;
use crate::inspect::{self, Inspected, Options};
use crate::register::INSPECTORS;
use crate::trusted::Trusted;

/// No file of secret rules is longer.
const MAX_RULES_BYTES: u64 = 4 << 20;

/// What to check, and by what.
pub struct Check<'a> {
    /// The files.
    pub tree: &'a dyn Tree,
    /// Their name for people.
    pub subject_name: String,
    /// The commit they are, where they are one exactly.
    pub subject: Option<Subject>,
    /// The policy.
    pub trusted: &'a Trusted,
    /// How to inspect.
    pub options: Options<'a>,
    /// The folder with the advisory databases.
    pub databases: &'a Path,
    /// The present.
    pub now: Timestamp,
}

/// The secret rules that the policy names cannot be used. It denies.
#[derive(Debug, thiserror::Error)]
pub enum SecretRulesError {
    /// The file cannot be read.
    #[error("cannot read the secret rules {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is too large, or none that ends.
    #[error(
        "the secret rules {} are no file of at most {MAX_RULES_BYTES} bytes",
        path.display()
    )]
    NoFile {
        /// The file.
        path: PathBuf,
    },
    /// The file is not the one that the policy pins.
    #[error("the secret rules {} have digest {found}, the policy pins {pinned}", path.display())]
    Pin {
        /// The file.
        path: PathBuf,
        /// What the policy states.
        pinned: Digest,
        /// What the file has.
        found: Digest,
    },
    /// A trusted policy names a file whose content anybody may change.
    #[error("the trusted policy does not pin the secret rules {}", path.display())]
    NotPinned {
        /// The file.
        path: PathBuf,
        /// What the file has.
        found: Digest,
    },
    /// The rules are wrong, or more than this build can keep.
    #[error(transparent)]
    Rules(#[from] plimsoll_secrets::RulesError),
}

impl Fault for SecretRulesError {
    fn class(&self) -> Class {
        Class::Configuration
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Read { .. } => None,
            Self::NoFile { .. } => Some("rules are a text file in the gitleaks dialect".to_owned()),
            Self::Pin { .. } => Some("review the change, then pin the new digest".to_owned()),
            Self::NotPinned { found, .. } => {
                Some(format!("add rules_sha256 = \"{found}\" to [secrets]"))
            }
            Self::Rules(error) => error.hint(),
        }
    }
}

/// A check's outcome, ready to be shown or signed.
#[derive(Clone, Debug)]
pub struct Checked {
    /// All that a report says.
    pub report: Report,
    /// What the gate made of each finding and gap.
    pub judgement: Judgement,
    /// Text files that were looked at.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Checks a tree.
pub fn check(check: &Check<'_>) -> Checked {
    let Inspected {
        mut inspection,
        files,
        bytes,
        digests,
    } = inspect::inspect(check.tree, &check.options);
    let databases = match_advisories(check, &mut inspection);
    if files == 0 {
        inspection.gaps.push(empty(&check.subject_name));
    }
    excerpt::add(check.tree, check.options.rules, &digests, &mut inspection);
    let mut judgement = check
        .trusted
        .effective
        .gate(&inspection, &INSPECTORS, check.now);
    judgement.verdict = with_policy(judgement.verdict, check.trusted);
    let report = Report {
        subject_name: check.subject_name.clone(),
        subject: check.subject.clone(),
        verdict: judgement.verdict.clone(),
        policy: PolicyIdentity {
            sha256: check.trusted.base.sha256(),
            trusted: check.trusted.trusted,
        },
        inspection,
        databases: databases
            .iter()
            .map(|identity| aged(identity, check.now))
            .collect(),
    };
    Checked {
        report,
        judgement,
        files,
        bytes,
    }
}

/// Matches the components against the advisories, and says which databases were asked.
fn match_advisories(check: &Check<'_>, inspection: &mut Inspection) -> Vec<Identity> {
    match Database::open(check.databases, &ecosystems()) {
        Ok(database) => {
            let max_age = check.trusted.base.advisories.max_age();
            inspection.merge(database.inspect(&inspection.components, check.now, Some(max_age)));
            database.asked(&inspection.components)
        }
        Err(error) => {
            inspection.gaps.push(unusable(check.databases, &error));
            Vec::new()
        }
    }
}

/// The secret rules that the policy names, or ours.
pub fn secret_rules(trusted: &Trusted) -> Result<Rules, SecretRulesError> {
    let Some(file) = &trusted.base.secrets.rules else {
        return Ok(Rules::builtin());
    };
    let path = trusted.folder.join(file);
    let text = rules_text(&path)?;
    let found = Digest::of(text.as_bytes());
    match trusted.base.secrets.rules_sha256 {
        Some(pinned) if pinned != found => {
            return Err(SecretRulesError::Pin {
                path,
                pinned,
                found,
            });
        }
        None if trusted.trusted => return Err(SecretRulesError::NotPinned { path, found }),
        Some(_) | None => {}
    }
    Ok(Rules::from_gitleaks(&text, &path.display().to_string())?)
}

/// The text of a file of rules. The inspected tree's own policy may name a device or a pipe.
fn rules_text(path: &Path) -> Result<String, SecretRulesError> {
    let unreadable = |source| SecretRulesError::Read {
        path: path.to_owned(),
        source,
    };
    let kind = std::fs::metadata(path).map_err(unreadable)?;
    let mut text = String::new();
    if kind.is_file() && kind.len() <= MAX_RULES_BYTES {
        let file = std::fs::File::open(path).map_err(unreadable)?;
        file.take(MAX_RULES_BYTES + 1)
            .read_to_string(&mut text)
            .map_err(unreadable)?;
    }
    if !kind.is_file() || (text.len() as u64).max(kind.len()) > MAX_RULES_BYTES {
        return Err(SecretRulesError::NoFile {
            path: path.to_owned(),
        });
    }
    Ok(text)
}

/// There is no folder that advisory databases can be taken from. It denies.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseFolderError {
    /// The databases of a trusted policy would come from the inspected tree.
    #[error(
        "advisories under the trusted policy would come from {}, inside the inspected tree, where a change could bring its own",
        folder.display()
    )]
    Inside {
        /// The folder.
        folder: PathBuf,
    },
    /// Nothing names one.
    #[error("no folder of advisory databases is named, and neither XDG_DATA_HOME nor HOME is set")]
    Nowhere,
}

impl Fault for DatabaseFolderError {
    fn class(&self) -> Class {
        Class::Configuration
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Inside { .. } => "import them outside the tree, or name the folder with --db",
            Self::Nowhere => "name the folder with --db",
        };
        Some(hint.to_owned())
    }
}

/// The folder of the advisory databases: the flag, else the policy's, else the user's. `root` is the
/// inspected tree.
pub fn database_folder(
    flag: Option<&Path>,
    trusted: &Trusted,
    root: &Path,
    user: Option<&Path>,
) -> Result<PathBuf, DatabaseFolderError> {
    if let Some(flag) = flag {
        return Ok(flag.to_owned());
    }
    let own = trusted
        .base
        .advisories
        .path
        .as_ref()
        .map(|path| trusted.folder.join(path));
    let folder = own
        .or_else(|| user.map(Path::to_owned))
        .ok_or(DatabaseFolderError::Nowhere)?;
    if trusted.trusted && inside(&folder, root) {
        return Err(DatabaseFolderError::Inside { folder });
    }
    Ok(folder)
}

/// Whether whoever changes the tree at `root` also changes what stands at `path`.
pub fn inside(path: &Path, root: &Path) -> bool {
    absolute(path).starts_with(absolute(root))
}

/// The path without `..` and links; of what does not exist, the part that does with the rest behind it.
fn absolute(path: &Path) -> PathBuf {
    match (path.canonicalize(), path.parent(), path.file_name()) {
        (Ok(path), _, _) => path,
        (Err(_), Some(parent), Some(name)) => absolute(if parent.as_os_str().is_empty() {
            Path::new(".")
        } else {
            parent
        })
        .join(name),
        (Err(_), _, _) => path.to_owned(),
    }
}

fn with_policy(verdict: Verdict, trusted: &Trusted) -> Verdict {
    let message = if trusted.trusted {
        format!("trusted: {}", trusted.origin)
    } else {
        format!(
            "untrusted tree: {} may be changed by whoever changes the tree",
            trusted.origin
        )
    };
    let hint = if trusted.trusted {
        ""
    } else {
        "such a check never admits to an environment; pin one: --policy FILE@sha256:…"
    };
    let reason = Reason {
        about: "policy".to_owned(),
        outcome: Outcome::Allow,
        message,
        hint: hint.to_owned(),
    };
    let mut reasons = verdict.reasons;
    let outcome = verdict.outcome;
    reasons.insert(0, reason);
    Verdict { outcome, reasons }
}

/// Nothing to inspect is nothing proven: the folder may be the wrong one, or all of it ignored.
fn empty(subject_name: &str) -> Gap {
    Gap {
        id: RuleId::new("secret", "empty-tree"),
        kind: GapKind::Unresolved,
        place: None,
        message: format!("{subject_name} holds no file that could be inspected"),
        fix: "name the folder that ships, and see what its .gitignore excludes".to_owned(),
    }
}

fn unusable(folder: &Path, error: &dyn std::error::Error) -> Gap {
    Gap {
        id: RuleId::new("dependency", "unusable-database"),
        kind: GapKind::Stale,
        place: None,
        message: format!(
            "the advisory databases in {} cannot be used: {}",
            folder.display(),
            crate::chain(error)
        ),
        fix: format!(
            "import them anew: plimsoll db import SOURCE --into {}",
            folder.display()
        ),
    }
}

fn aged(identity: &Identity, now: Timestamp) -> plimsoll_wire::DatabaseIdentity {
    let age_days = now.duration_since(identity.as_of).as_hours().max(0) / 24;
    plimsoll_wire::DatabaseIdentity {
        ecosystem: identity.ecosystem.clone(),
        sha256: identity.digest,
        as_of: identity.as_of,
        age_days: u64::try_from(age_days).unwrap_or(u64::MAX),
    }
}
