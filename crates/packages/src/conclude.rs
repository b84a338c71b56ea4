use std::collections::BTreeMap;

use plimsoll_model::{Inspection, TreePath};

use crate::Facts;
use crate::family::{FAMILIES, claims};
use crate::lockfiles::Files;

/// What all files together say: every component, and every gap, among them the manifests that no
/// lockfile answers for. Files of different families say nothing about one another.
pub fn conclude(facts: &BTreeMap<TreePath, Facts>) -> Inspection {
    let mut inspection = Inspection::default();
    let mut families: BTreeMap<usize, Files<'_>> = BTreeMap::new();
    for (path, facts) in facts {
        inspection
            .components
            .extend(facts.components.iter().cloned());
        inspection.gaps.extend(facts.gaps.iter().cloned());
        if let Some(claim) = claims(path) {
            families
                .entry(claim.family)
                .or_default()
                .insert(path, facts);
        }
    }
    for (family, files) in families {
        let family = FAMILIES[family];
        let resolution = (family.resolve)(family, &files);
        inspection.gaps.extend(resolution.gaps);
    }
    inspection
}
