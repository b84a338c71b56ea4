//! The list of a tree's components.

use std::path::Path;

use jiff::Timestamp;
use plimsoll_model::{Digest, Extent, Gap, Subject};
use plimsoll_policy::Policy;
use plimsoll_source::{Site, Tree};
use plimsoll_wire::cyclonedx::{self, Bom};

use crate::inspect::{Inspected, Options, inspect};
use crate::register::{self, Inspectors, SettingsError, rows};

/// Inspects a tree for its components alone: by default settings, and without asking anything but its
/// files.
pub fn list_components(tree: &dyn Tree, now: Timestamp) -> Result<Inspected, SettingsError> {
    let here = Path::new(".");
    let site = Site {
        folder: here,
        trusted: false,
        root: here,
        databases: None,
        home: None,
        now,
    };
    let policy = Policy::defaults(rows());
    let inspectors = Inspectors::prepare(&policy, &site)?;
    let options = Options {
        inspectors: &inspectors,
        cache: None,
        progress: &|_| (),
        site: None,
        scope: Extent::Root,
    };
    Ok(inspect(tree, &options))
}

fn is_about_components(gap: &Gap) -> bool {
    register::find(&gap.id).is_none_or(|inspector| inspector.lists_components)
}

/// The CycloneDX 1.6 document of what an inspection saw, and its gaps about components.
///
/// Equal components of an equal subject at one moment have one serial number.
pub fn sbom(
    inspected: &Inspected,
    name: &str,
    subject: Option<&Subject>,
    now: Timestamp,
) -> (serde_json::Value, Vec<Gap>) {
    let gaps = inspected.inspection.gaps.iter();
    let gaps: Vec<Gap> = gaps
        .filter(|gap| is_about_components(gap))
        .cloned()
        .collect();
    let components = &inspected.inspection.components;
    let parts: Vec<String> = components
        .iter()
        .map(|part| format!("{} {}", part.ecosystem, part.label()))
        .collect();
    let subject_key = subject.map_or_else(String::new, |subject| subject.key().to_string());
    let moment = now.to_string();
    let mut seed = vec![name.as_bytes(), subject_key.as_bytes(), moment.as_bytes()];
    seed.extend(parts.iter().map(String::as_bytes));
    let serial = cyclonedx::serial(&Digest::of_parts(&seed));
    let bom = Bom {
        name,
        version: None,
        subject,
        components,
        gaps: &gaps,
        timestamp: now,
        serial: &serial,
    };
    (cyclonedx::write(&bom), gaps)
}
