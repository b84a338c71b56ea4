use std::collections::BTreeMap;

use jiff::SignedDuration;
use jiff::civil::Date;
use plimsoll_model::{Digest, GapKind, RuleId, Service, Threshold};
use serde::{Deserialize, Serialize};

/// `plimsoll.toml`, read and checked. Every key is optional; unknown keys are errors.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// The service whose releases this policy lets in; the name of the repository's folder when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<Service>,
    /// What may not pass, for each inspector.
    pub gate: Gate,
    /// What a gap means for `plimsoll check`; environments deny on every gap.
    pub gaps: Gaps,
    /// Which secret rules apply.
    pub secrets: Secrets,
    /// Where advisories come from and how old they may be.
    pub advisories: Advisories,
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
}

/// The thresholds of the inspectors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Gate {
    /// Literal credentials; `any` by default.
    pub secrets: GateRule,
    /// Components with advisories; `high` by default.
    pub dependencies: GateRule,
    /// The release path; `high` by default.
    pub path: GateRule,
}

impl Default for Gate {
    fn default() -> Self {
        let rule = |fail_on| GateRule {
            fail_on,
            only_fixed: false,
        };
        Self {
            secrets: rule(Threshold::Any),
            dependencies: rule(Threshold::High),
            path: rule(Threshold::High),
        }
    }
}

impl Gate {
    /// The rule for an inspector.
    pub fn rule(&self, inspector: &str) -> &GateRule {
        match inspector {
            "secret" => &self.secrets,
            "dependency" => &self.dependencies,
            _ => &self.path,
        }
    }
}

/// One gate: `"high"`, or `{ fail_on = "high", only_fixed = true }`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct GateRule {
    /// From which severity on it denies.
    pub fail_on: Threshold,
    /// Whether a finding that nobody has fixed yet passes.
    pub only_fixed: bool,
}

/// What each kind of gap means for `plimsoll check`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Gaps {
    /// Bytes that cannot be read.
    pub unreadable: GapRule,
    /// Input that does not say enough.
    pub unresolved: GapRule,
    /// Missing or old data.
    pub stale: GapRule,
    /// Input that this build has no reader for.
    pub unsupported: GapRule,
}

impl Default for Gaps {
    fn default() -> Self {
        Self {
            unreadable: GapRule::Deny,
            unresolved: GapRule::Warn,
            stale: GapRule::Deny,
            unsupported: GapRule::Warn,
        }
    }
}

impl Gaps {
    /// The rule for a kind.
    pub fn rule(&self, kind: GapKind) -> GapRule {
        match kind {
            GapKind::Unreadable => self.unreadable,
            GapKind::Unresolved => self.unresolved,
            GapKind::Stale => self.stale,
            GapKind::Unsupported => self.unsupported,
        }
    }
}

/// What a gap does to the verdict of `plimsoll check`. It is never ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GapRule {
    /// The verdict is allowed with gaps: exit code 2.
    Warn,
    /// The verdict is denied: exit code 1.
    Deny,
}

/// Settings of the secret inspector.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Secrets {
    /// A file of rules in the gitleaks dialect, relative to the policy; ours when absent.
    pub rules: Option<String>,
    /// The digest of that file's bytes. A trusted policy must state it: rules are policy.
    pub rules_sha256: Option<Digest>,
}

/// Settings of the advisory databases. There is no default set: a missing database is a gap.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Advisories {
    /// The folder with the imported databases, relative to the inspected tree; the user's data
    /// folder when absent.
    pub path: Option<String>,
    /// How many days after its last known advisory a database is too old; 7 when absent.
    pub max_age_days: Option<u32>,
}

impl Advisories {
    /// How old the advisories may be, when a tree is checked and when a release is let in.
    pub fn max_age(&self) -> SignedDuration {
        SignedDuration::from_hours(24 * i64::from(self.max_age_days.unwrap_or(7)))
    }
}

/// An exception to the gate for one rule or gap, explicit, owned and expiring.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// The rule or gap it is about.
    pub id: RuleId,
    /// A file or folder it is limited to; everywhere when absent.
    pub path: Option<String>,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day on which it counts, in UTC.
    pub expires: TomlDate,
}

/// A day written as a TOML date (`2026-12-31`) or as text of the same form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct TomlDate(pub Date);

/// A person who commits, requests or approves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Builder {
    /// Its id, as its provenance states it.
    pub id: String,
    /// Its public keys: PEM, or `sha256:…` of the key's SPKI DER.
    pub keys: Vec<String>,
}

/// An environment: what it requires and how to deploy to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentSettings {
    /// Its name.
    pub name: String,
    /// The environment in which the release must be healthy first.
    pub after: Option<String>,
    /// What must be proven; `tests`, `secrets`, `dependencies` when absent.
    #[serde(default = "default_requirements")]
    pub requires: Vec<Requirement>,
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

fn default_requirements() -> Vec<Requirement> {
    vec![
        Requirement::Tests,
        Requirement::Secrets,
        Requirement::Dependencies,
    ]
}

/// Something that must be proven about a release before it enters an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Requirement {
    /// Tests ran on the source, at least one, and none failed.
    Tests,
    /// The source holds no literal credentials.
    Secrets,
    /// Its components have no advisories over the threshold.
    Dependencies,
    /// Its release path cannot be walked around.
    Path,
    /// Its components are listed without gaps.
    Sbom,
    /// A configured builder signed where the artifact comes from.
    Signature,
}

impl Requirement {
    /// The word as users write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tests => "tests",
            Self::Secrets => "secrets",
            Self::Dependencies => "dependencies",
            Self::Path => "path",
            Self::Sbom => "sbom",
            Self::Signature => "signature",
        }
    }
}

/// How many people of a group must approve, and who does not count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

    /// The identity of the policy: equal settings give equal digests, however they are written.
    pub fn sha256(&self) -> Digest {
        let text = serde_json::to_vec(self).expect("settings hold only text, numbers and lists");
        Digest::of_parts(&[b"plimsoll-policy-v1", &text])
    }
}
