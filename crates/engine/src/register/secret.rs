//! Literal credentials: which rules look for them, and what no other inspector may see of a text.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use plimsoll_model::{Class, Digest, Fault, Inspector, Masks, RuleDoc, Span, TreePath};
use plimsoll_secrets::{Facts, Rules, conclude};
use plimsoll_source::{
    Body, Claim, Conclusion, File, Files, Inspect, Metadata, Site, TextFile, Trees,
};
use serde::Deserialize;

/// No file of secret rules is longer.
const MAX_RULES_BYTES: u64 = 4 << 20;

/// Values outside these lengths, in bytes, are masked only where a rule found them.
const SHORTEST: usize = 8;
const LONGEST: usize = 4096;
/// So many different values of one file are looked for elsewhere in it.
const MOST_VALUES: usize = 256;

/// The inspector of literal credentials.
pub(crate) struct Secret;

/// `[secrets]` of a policy.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Table {
    /// A file of rules in the gitleaks dialect, relative to the policy; ours when absent.
    rules: Option<PathBuf>,
    /// The digest of that file's bytes. A trusted policy must state it: rules are policy.
    rules_sha256: Option<Digest>,
}

/// The rules in force.
pub(crate) enum InForce {
    /// Those of this build.
    Builtin,
    /// Those of a file that the policy names.
    Foreign(Box<Rules>),
}

impl InForce {
    fn rules(&self) -> &Rules {
        match self {
            Self::Builtin => Rules::builtin(),
            Self::Foreign(rules) => rules,
        }
    }
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
        match self {
            Self::Read { source, .. } => Class::of_named_file(source),
            Self::NoFile { .. } | Self::Pin { .. } | Self::NotPinned { .. } | Self::Rules(_) => {
                Class::Configuration
            }
        }
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

impl Inspect for Secret {
    type Table = Table;
    type Settings = InForce;
    type Refusal = SecretRulesError;
    type Facts = Facts;
    type Inputs = ();

    fn about(&self) -> &'static Inspector {
        &plimsoll_secrets::INSPECTOR
    }

    fn prepare(
        &self,
        table: Table,
        _: Option<u32>,
        site: &Site<'_>,
    ) -> Result<InForce, SecretRulesError> {
        let Some(file) = &table.rules else {
            return Ok(InForce::Builtin);
        };
        let path = site.folder.join(file);
        let text = rules_text(&path)?;
        let found = Digest::of(text.as_bytes());
        match table.rules_sha256 {
            Some(pinned) if pinned != found => {
                return Err(SecretRulesError::Pin {
                    path,
                    pinned,
                    found,
                });
            }
            None if site.trusted => return Err(SecretRulesError::NotPinned { path, found }),
            Some(_) | None => {}
        }
        let rules = Rules::from_gitleaks(&text, &path.display().to_string())?;
        Ok(InForce::Foreign(Box::new(rules)))
    }

    fn identity(&self, settings: &InForce) -> Digest {
        settings.rules().sha256()
    }

    fn rules(&self, settings: &InForce) -> Vec<RuleDoc> {
        settings.rules().docs()
    }

    fn claims(&self, path: &TreePath, settings: &InForce) -> Option<Claim> {
        settings.rules().claims(path).then_some(Claim::Any)
    }

    fn extract(&self, file: &File<'_>, settings: &InForce) -> Facts {
        settings.rules().extract(file)
    }

    fn judges(&self, facts: &Facts) -> bool {
        facts.searched || !facts.hits.is_empty()
    }

    fn is_silent(&self, facts: &Facts) -> bool {
        facts.hits.is_empty() && facts.unchecked.is_empty()
    }

    fn masks(
        &self,
        file: &TextFile<'_>,
        facts: &Facts,
        names: &[Span],
        settings: &InForce,
    ) -> Masks {
        let found = match settings {
            InForce::Builtin => facts.masks(),
            InForce::Foreign(_) => with_ours(file, facts),
        };
        wherever(file.text, &found, &Masks::new(names.to_vec()))
    }

    fn sees_secrets(&self) -> bool {
        true
    }

    fn gather(&self, _: &Trees<Facts>, _: &InForce, _: &Site<'_>, _: &dyn Files) {}

    fn conclude(&self, facts: &Trees<Facts>, settings: &InForce, _: Option<&()>) -> Conclusion {
        facts
            .conclude_each(|facts| conclude(settings.rules(), facts))
            .into()
    }
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

/// Where the rules found values, and where ours do besides: a policy's own rules may know less, and
/// what they leave out is no finding, yet nothing to be repeated.
fn with_ours(file: &TextFile<'_>, found: &Facts) -> Masks {
    let address = file.path.clone().into();
    let ours = Rules::builtin().extract(&File {
        address: &address,
        metadata: &Metadata::UNKNOWN,
        body: Body::Text {
            text: file.text,
            masks: file.masks,
        },
    });
    Masks::new([found.masks().spans(), ours.masks().spans()].concat())
}

/// The masks, and every other place of the text where one of the same values stands: in a comment, in
/// a longer word. Values that are ordinary words stay where they are, and so do names.
fn wherever(text: &str, masks: &Masks, names: &Masks) -> Masks {
    if masks.is_empty() {
        return Masks::default();
    }
    let unusual = |value: &&str| {
        (SHORTEST..=LONGEST).contains(&value.len())
            && (value.len() >= 12 || value.bytes().any(|byte| byte.is_ascii_digit()))
    };
    let values: BTreeSet<&str> = masks
        .spans()
        .iter()
        .filter_map(|span| text.get(span.start..span.end))
        .filter(unusual)
        .collect();
    let mut spans = masks.spans().to_vec();
    for value in values.into_iter().take(MOST_VALUES) {
        let again = text.match_indices(value);
        let again = again.map(|(at, _)| Span::new(at, at + value.len()));
        spans.extend(again.filter(|span| !is_name(*span, names)));
    }
    Masks::new(spans)
}

/// Whether a span lies in a name.
fn is_name(span: Span, names: &Masks) -> bool {
    let at = names.spans().partition_point(|name| name.end < span.end);
    names
        .spans()
        .get(at)
        .is_some_and(|name| name.start <= span.start && span.end <= name.end)
}

#[cfg(test)]
mod tests {
    use plimsoll_model::{Masks, Span};

    use super::wherever;

    #[test]
    fn a_value_is_blanked_wherever_it_stands_but_in_a_name() {
        let text = "key=Zx9kQ2m1L0pA # Zx9kQ2m1L0pA\nname=Zx9kQ2m1L0pA\n";
        let found = Masks::new(vec![Span::new(4, 16)]);
        let name = text.rfind('Z').unwrap();
        let names = Masks::new(vec![Span::new(name, name + 12)]);
        let blank = |names| wherever(text, &found, &names).blank(text);
        assert!(!blank(Masks::default()).contains("Zx9k"));
        assert_eq!(blank(names.clone()).matches("Zx9kQ2m1L0pA").count(), 1);
        let found = Masks::new(vec![Span::new(name, name + 12)]);
        let hidden = wherever(text, &found, &names).blank(text);
        assert!(!hidden.contains("Zx9k"), "a rule found it there: {hidden}");
    }
}
