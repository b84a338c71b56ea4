use serde::{Deserialize, Serialize};

use crate::{Component, Finding, Gap, Place, TreeAddress, TreePath};

/// What an inspector saw of a tree: flaws, parts, and what it could not check.
///
/// Inspectors return it always and never fail because of their input.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspection {
    /// Flaws.
    pub findings: Vec<Finding>,
    /// The packages that are part of what ships.
    pub components: Vec<Component>,
    /// What could not be checked.
    pub gaps: Vec<Gap>,
}

impl Inspection {
    /// Adds what another inspector saw.
    pub fn merge(&mut self, other: Self) {
        self.findings.extend(other.findings);
        self.components.extend(other.components);
        self.gaps.extend(other.gaps);
    }

    /// Says in which of several trees each thing was seen, where it was seen in a file: `tree_of` knows it by
    /// the file's path.
    pub fn locate_in(&mut self, tree_of: impl Fn(&TreePath) -> TreeAddress) {
        let steps = self.findings.iter_mut().flat_map(|finding| {
            let traced = finding
                .trace
                .iter_mut()
                .filter_map(|step| step.place.as_mut());
            finding.places.iter_mut().chain(traced)
        });
        let gaps = self.gaps.iter_mut().filter_map(|gap| gap.place.as_mut());
        let components = self.components.iter_mut();
        let parts = components.flat_map(|component| &mut component.places);
        for place in steps.chain(gaps).chain(parts) {
            match place {
                Place::File(location) => location.tree = tree_of(&location.path),
                Place::Object(_) | Place::Request(_) => {}
            }
        }
    }

    /// Puts everything in the one order that reports show: findings by place, rule and message, and each
    /// component once, so that equal trees give equal bytes.
    pub fn sort(&mut self) {
        self.findings.sort_by(|a, b| {
            (&a.places, &a.rule, &a.message).cmp(&(&b.places, &b.rule, &b.message))
        });
        self.components = Component::combine(std::mem::take(&mut self.components));
        self.gaps
            .sort_by(|a, b| (&a.place, &a.id, &a.message).cmp(&(&b.place, &b.id, &b.message)));
        self.gaps.dedup();
    }
}
