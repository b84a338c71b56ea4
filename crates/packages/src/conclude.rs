use std::collections::BTreeMap;

use plimsoll_model::{Component, Inspection, Purl, Scope, TreePath};

use crate::Facts;
use crate::family::{FAMILIES, claims};
use crate::lockfiles::Files;

/// What all files together say: every component once, and every gap, among them the manifests that no
/// lockfile answers for. Files of different families say nothing about one another.
pub fn conclude(facts: &BTreeMap<TreePath, Facts>) -> Inspection {
    let mut inspection = Inspection::default();
    let mut scopes = BTreeMap::new();
    for (family, files) in by_family(facts) {
        let family = FAMILIES[family];
        let resolution = (family.resolve)(family, &files);
        inspection.gaps.extend(resolution.gaps);
        inspection.components.extend(resolution.declared);
        scopes.extend(resolution.scopes);
    }
    for (path, facts) in facts {
        inspection.gaps.extend(facts.gaps.iter().cloned());
        let scopes = scopes.get(path);
        let components = facts.components.iter();
        inspection
            .components
            .extend(components.map(|component| scoped(component, scopes)));
    }
    inspection.components = Component::combine(inspection.components);
    Component::link(&mut inspection.components);
    inspection
}

fn by_family(facts: &BTreeMap<TreePath, Facts>) -> BTreeMap<usize, Files<'_>> {
    let mut families: BTreeMap<usize, Files<'_>> = BTreeMap::new();
    for (path, facts) in facts {
        if let Some(claim) = claims(path) {
            families
                .entry(claim.family)
                .or_default()
                .insert(path, facts);
        }
    }
    families
}

/// The component with the scope that other files give it.
fn scoped(component: &Component, scopes: Option<&BTreeMap<Purl, Scope>>) -> Component {
    let mut component = component.clone();
    let known = scopes
        .zip(component.purl.as_ref())
        .and_then(|(scopes, purl)| scopes.get(purl));
    component.scope = known.copied().unwrap_or(component.scope);
    component
}
