//! Components from lockfiles and manifests, matched against imported advisories.

use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use plimsoll_advisories::{Database, Identity, OpenError};
use plimsoll_model::{
    Aging, Class, Fault, Gap, GapDoc, GapKind, Input, Inspector, Over, RuleDoc, Threshold, TreePath,
};
use plimsoll_packages::{Facts, claims, conclude, ecosystems};
use plimsoll_source::{Claim, Conclusion, File, Files, Inspect, Site, Trees};
use serde::Deserialize;
use {plimsoll_advisories as advisories, plimsoll_packages as packages};

use crate::check::inside;

/// The inspector of components against advisories.
pub(crate) struct Dependency;

static INSPECTOR: Inspector = Inspector {
    id: "dependency",
    gate_key: "dependencies",
    title: "components with known flaws",
    over: Over::Tree,
    default_gate: Threshold::High,
    ages: Some(Aging {
        default_max_days: 7,
        gap: &advisories::STALE_DATABASE,
    }),
    lists_components: true,
    required_by_default: true,
    semantics: 3,
    accepts_from: 1,
    settings: Some("advisories"),
    rules: no_rules,
    family: Some(&advisories::FAMILY),
    gaps: &[&packages::GAPS, &advisories::GAPS, &GAPS],
};

/// The databases' folder in the user's own.
pub const ADVISORIES_FOLDER: &str = "advisories";

static GAPS: [&GapDoc; 1] = [&UNUSABLE_DATABASE];

static UNUSABLE_DATABASE: GapDoc = GapDoc {
    name: "unusable-database",
    kind: GapKind::Stale,
    title: "there is no folder of advisory databases, or it cannot be used",
    why: "no component was judged",
    fix: "import the advisories anew with `plimsoll db import`, and name their folder with --db",
};

/// Its rules are the advisories.
fn no_rules() -> &'static [RuleDoc] {
    &[]
}

/// `[advisories]` of a policy. There is no default set: a missing database is a gap.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Table {
    /// The folder with the imported databases, relative to the policy; the user's data folder when
    /// absent.
    path: Option<PathBuf>,
}

/// Where the databases are and how old they may be.
pub(crate) struct Settings {
    /// `None` where nothing names a folder.
    folder: Option<PathBuf>,
    max_age: Option<SignedDuration>,
}

/// The databases of a trusted policy would come from the inspected tree. It denies.
#[derive(Debug, thiserror::Error)]
#[error(
    "advisories under the trusted policy would come from {}, inside the inspected tree, where a change could bring its own",
    folder.display()
)]
pub struct DatabaseFolderError {
    /// The folder.
    pub folder: PathBuf,
}

impl Fault for DatabaseFolderError {
    fn class(&self) -> Class {
        Class::Configuration
    }

    fn hint(&self) -> Option<String> {
        Some("import them outside the tree, or name the folder with --db".to_owned())
    }
}

/// The opened databases, and the moment by which their age is judged.
pub(crate) struct Inputs {
    database: Result<Database, Unusable>,
    now: Timestamp,
}

/// Why there are no databases.
enum Unusable {
    Nowhere,
    Damaged { folder: PathBuf, error: OpenError },
}

impl Inspect for Dependency {
    type Table = Table;
    type Settings = Settings;
    type Refusal = DatabaseFolderError;
    type Facts = Facts;
    type Inputs = Inputs;

    fn about(&self) -> &'static Inspector {
        &INSPECTOR
    }

    /// The folder of the databases is the one named for this run, else the policy's, else the user's.
    fn prepare(
        &self,
        table: Table,
        max_age_days: Option<u32>,
        site: &Site<'_>,
    ) -> Result<Settings, DatabaseFolderError> {
        let own = table.path.map(|path| site.folder.join(path));
        let folder = own.or_else(|| site.home.map(|home| home.join(ADVISORIES_FOLDER)));
        let folder = match (site.databases, folder) {
            (Some(named), _) => Some(named.to_owned()),
            (None, Some(folder)) if site.trusted && inside(&folder, site.root) => {
                return Err(DatabaseFolderError { folder });
            }
            (None, folder) => folder,
        };
        let days = max_age_days.map(i64::from);
        Ok(Settings {
            folder,
            max_age: days.map(|days| SignedDuration::from_hours(24 * days)),
        })
    }

    fn claims(&self, path: &TreePath, _: &Settings) -> Option<Claim> {
        claims(path).map(|_| Claim::Named { utf16: true })
    }

    fn extract(&self, file: &File<'_>, _: &Settings) -> Facts {
        let parser = claims(&file.address.path);
        parser
            .expect("only a file that is claimed is read")
            .extract(file)
    }

    fn judges(&self, facts: &Facts) -> bool {
        facts.is_read()
    }

    fn gather(
        &self,
        _: &Trees<Facts>,
        settings: &Settings,
        site: &Site<'_>,
        _: &dyn Files,
    ) -> Inputs {
        Inputs {
            database: open(settings.folder.as_deref()),
            now: site.now,
        }
    }

    fn conclude(
        &self,
        facts: &Trees<Facts>,
        settings: &Settings,
        inputs: Option<&Inputs>,
    ) -> Conclusion {
        let mut inspection = facts.conclude_each(conclude);
        // What several trees hold is one component, and is judged once.
        inspection.sort();
        let Some(inputs) = inputs else {
            return inspection.into();
        };
        match &inputs.database {
            Ok(database) => {
                let max_age = settings.max_age;
                let matched = database.inspect(&inspection.components, inputs.now, max_age);
                let asked = database.asked(&inspection.components);
                inspection.merge(matched);
                Conclusion {
                    inspection,
                    inputs: asked.iter().map(input).collect(),
                }
            }
            Err(unusable) => {
                inspection.gaps.push(gap(unusable));
                inspection.into()
            }
        }
    }
}

fn input(identity: &Identity) -> Input {
    Input {
        name: format!("advisories for {}", identity.ecosystem.as_str()),
        sha256: identity.digest,
        as_of: Some(identity.as_of),
    }
}

fn open(folder: Option<&Path>) -> Result<Database, Unusable> {
    let folder = folder.ok_or(Unusable::Nowhere)?;
    Database::open(folder, &ecosystems()).map_err(|error| Unusable::Damaged {
        folder: folder.to_owned(),
        error,
    })
}

fn gap(unusable: &Unusable) -> Gap {
    let (message, fix) = match unusable {
        Unusable::Nowhere => (
            "no folder of advisory databases is named, and neither XDG_DATA_HOME nor HOME is set"
                .to_owned(),
            "name the folder with --db".to_owned(),
        ),
        Unusable::Damaged { folder, error } => (
            format!(
                "the advisory databases in {} cannot be used: {}",
                folder.display(),
                crate::chain(error)
            ),
            format!(
                "import them anew: plimsoll db import SOURCE --into {}",
                folder.display()
            ),
        ),
    };
    UNUSABLE_DATABASE.gap(INSPECTOR.id, None, message, fix)
}
