use std::collections::BTreeMap;

use jiff::civil::Date;
use plimsoll_model::{Answers, Digest, EvidenceKind, GapKind, Service};
use serde::Deserialize;

use crate::identity::{self, Identity};
use crate::parse::Source;
use crate::{Gate, Rows, RuleOverride, Waiver};

/// `plimsoll.toml`, read and checked. Every key is optional; unknown keys are errors.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// The service whose releases this policy lets in; the name of the repository's folder when absent.
    pub service: Option<Service>,
    /// What may not pass, for each inspector.
    pub gate: Gate,
    /// What a gap means for `plimsoll check`; environments deny on every gap.
    pub gaps: Gaps,
    /// The severities of single rules.
    #[serde(rename = "rule")]
    pub rules: Vec<RuleOverride>,
    /// Exceptions: explicit, owned, expiring.
    #[serde(rename = "waiver")]
    pub waivers: Vec<Waiver>,
    /// Who may approve, and whose commits are whose.
    #[serde(rename = "person")]
    pub people: Vec<Person>,
    /// Whose word about an artifact counts.
    #[serde(rename = "builder")]
    pub builders: Vec<Builder>,
    /// Where releases go, in order.
    #[serde(rename = "environment")]
    pub environments: Vec<EnvironmentSettings>,
    /// The severities that the inspected tree's own policy states; they may only raise.
    #[serde(skip)]
    pub(crate) raised: Vec<RuleOverride>,
    /// The text that it was read from.
    #[serde(skip)]
    pub(crate) source: Source,
    /// Which policy it is; `None` where none is written and the defaults hold.
    #[serde(skip)]
    pub(crate) identity: Option<Identity>,
}

/// What each kind of gap means for `plimsoll check`, as far as the policy states it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Gaps(BTreeMap<GapKind, GapRule>);

impl Gaps {
    /// The rule for a kind: what is stated, else to deny on what cannot be read and on missing or old
    /// data, and to warn of the rest.
    pub fn rule(&self, kind: GapKind) -> GapRule {
        let default = match kind {
            GapKind::Unreadable | GapKind::Stale => GapRule::Deny,
            GapKind::Unresolved | GapKind::Unsupported => GapRule::Warn,
        };
        self.0.get(&kind).copied().unwrap_or(default)
    }

    /// These rules with whatever another policy states that is stricter.
    pub(crate) fn tightened_by(&self, other: &Self) -> Self {
        let mut tightened = self.clone();
        for (kind, rule) in &other.0 {
            tightened.0.insert(*kind, self.rule(*kind).max(*rule));
        }
        tightened
    }
}

/// What a gap does to the verdict of `plimsoll check`. It is never ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GapRule {
    /// The verdict is allowed with gaps: exit code 2.
    Warn,
    /// The verdict is denied: exit code 1.
    Deny,
}

/// A day written as a TOML date (`2026-12-31`) or as text of the same form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TomlDate(pub Date);

/// A person who commits, requests or approves.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The id that events and reasons show.
    pub id: String,
    /// The addresses in their commits.
    #[serde(default)]
    pub emails: Vec<String>,
    /// Their public keys: PEM, or `sha256:…` of the key's SPKI DER.
    #[serde(default)]
    pub keys: Vec<String>,
    /// The groups they belong to, for approvals.
    #[serde(default)]
    pub groups: Vec<String>,
}

/// A machine whose word about an artifact counts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Builder {
    /// Its id, as its provenance states it.
    pub id: String,
    /// Its public keys: PEM, or `sha256:…` of the key's SPKI DER.
    pub keys: Vec<String>,
}

/// An environment: what it requires and how to deploy to it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentSettings {
    /// Its name.
    pub name: String,
    /// The environment in which the release must be healthy first.
    pub after: Option<String>,
    /// What must be proven, in the order in which reasons name it.
    #[serde(skip)]
    pub requires: Vec<Requirement>,
    /// The words of `requires`. When absent, tests are required, and each inspector whose row says so.
    #[serde(rename = "requires")]
    pub(crate) stated_requires: Option<Vec<String>>,
    /// Whose approvals it waits for.
    #[serde(default, rename = "approval")]
    pub approvals: Vec<ApprovalRule>,
    /// How to deploy.
    pub deploy: Deploy,
    /// How to tell that it works.
    pub health: Health,
    /// A shell command that must exit with 0 after the health check.
    pub smoke: Option<String>,
}

/// Something that must be proven about a release before it enters an environment.
#[derive(Clone, Copy, Debug)]
pub enum Requirement {
    /// A kind of evidence answers it, and what it says is good.
    Claim {
        /// The kind.
        kind: &'static EvidenceKind,
        /// How it answers.
        answers: &'static Answers,
    },
    /// An inspector saw nothing in the source that its gate denies.
    Inspection {
        /// The inspector's id.
        inspector: &'static str,
        /// Its gate key, by which users require it.
        gate_key: &'static str,
    },
    /// A configured builder signed where the artifact comes from. Every decision asks for it.
    Signature,
}

impl PartialEq for Requirement {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Requirement {
    /// Every requirement of this build, in the order in which reasons name them.
    pub(crate) fn all(rows: Rows<'_>) -> Vec<Self> {
        let claims = rows.evidence.iter().filter_map(|kind| {
            let answers = kind.answers.as_ref()?;
            Some(Self::Claim { kind, answers })
        });
        let inspections = rows.inspectors.iter().map(|inspector| Self::Inspection {
            inspector: inspector.id,
            gate_key: inspector.gate_key,
        });
        claims.chain(inspections).chain([Self::Signature]).collect()
    }

    /// The word as users write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Claim { answers, .. } => answers.requirement,
            Self::Inspection { gate_key, .. } => gate_key,
            Self::Signature => "signature",
        }
    }
}

/// How many people of a group must approve, and who does not count.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalRule {
    /// The group.
    pub group: String,
    /// How many different people; at least 1.
    pub count: u32,
    /// Whose approval does not count; `author`, `requester` and `builder` when absent.
    #[serde(default = "default_excluded")]
    pub exclude: Vec<Role>,
}

fn default_excluded() -> Vec<Role> {
    vec![Role::Author, Role::Requester, Role::Builder]
}

/// A part that somebody has in a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Wrote or committed the commit.
    Author,
    /// Asked for the promotion.
    Requester,
    /// Signed the provenance.
    Builder,
}

impl Role {
    /// The word as users write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Author => "author",
            Self::Requester => "requester",
            Self::Builder => "builder",
        }
    }
}

/// How to deploy to an environment.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Deploy {
    /// A process on this machine.
    Process {
        /// The command; `{artifact}` stands for the installed file.
        run: Vec<String>,
        /// Environment variables of the process.
        #[serde(default)]
        variables: BTreeMap<String, String>,
    },
}

/// How to tell that a deployment works.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Health {
    /// The URL that must answer with a status of 200 to 299.
    pub http: String,
    /// How long it may take until it does, in seconds; 60 when absent.
    #[serde(default = "default_within_s")]
    pub within_s: u32,
}

fn default_within_s() -> u32 {
    60
}

impl Policy {
    /// The environment with this name.
    pub fn environment(&self, name: &str) -> Option<&EnvironmentSettings> {
        self.environments
            .iter()
            .find(|environment| environment.name == name)
    }

    /// The person with this id.
    pub fn person(&self, id: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.id == id)
    }

    /// The person whose commits bear this address, compared without case.
    pub fn person_by_email(&self, email: &str) -> Option<&Person> {
        self.people.iter().find(|person| {
            person
                .emails
                .iter()
                .any(|own| own.eq_ignore_ascii_case(email))
        })
    }

    /// Which policy it is, as evidence and reports name it.
    pub fn identity(&self) -> Identity {
        self.identity.unwrap_or_else(|| Identity {
            sha256: identity::digest(&toml::Table::new()),
            file_sha256: None,
        })
    }

    /// The digest of what it states, by which evidence and approvals name it.
    pub fn sha256(&self) -> Digest {
        self.identity().sha256
    }
}
