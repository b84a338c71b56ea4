use crate::{Gaps, Gate, GateRule, Policy};

impl Policy {
    /// This trusted policy with whatever `tree`, the policy in the inspected tree, makes stricter.
    ///
    /// Thresholds and gap rules become the stricter of the two. Everything else (waivers, people,
    /// builders, environments, advisories, rule files) is the trusted policy's alone.
    pub fn tightened_by(&self, tree: &Self) -> Self {
        let stricter = |own: &GateRule, tree: &GateRule| GateRule {
            fail_on: own.fail_on.stricter(tree.fail_on),
            only_fixed: own.only_fixed && tree.only_fixed,
        };
        Self {
            gate: Gate {
                secrets: stricter(&self.gate.secrets, &tree.gate.secrets),
                dependencies: stricter(&self.gate.dependencies, &tree.gate.dependencies),
                path: stricter(&self.gate.path, &tree.gate.path),
            },
            gaps: Gaps {
                unreadable: self.gaps.unreadable.max(tree.gaps.unreadable),
                unresolved: self.gaps.unresolved.max(tree.gaps.unresolved),
                stale: self.gaps.stale.max(tree.gaps.stale),
                unsupported: self.gaps.unsupported.max(tree.gaps.unsupported),
            },
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::Threshold;

    use crate::Policy;

    #[test]
    fn a_tree_cannot_loosen_anything() {
        let base = Policy::parse("[gate]\nsecrets = \"medium\"\npath = \"low\"\n", "base").unwrap();
        let tree = "[gate]\nsecrets = \"any\"\npath = \"off\"\ndependencies = \"off\"\n\
                    [gaps]\nstale = \"warn\"\nunresolved = \"deny\"\n\
                    [[waiver]]\nid = \"secret/x\"\nreason = \"r\"\nowner = \"me\"\nexpires = 2030-01-01\n\
                    [[person]]\nid = \"me\"\n[[builder]]\nid = \"mine\"\nkeys = []\n";
        let tightened = base.tightened_by(&Policy::parse(tree, "tree").unwrap());
        assert_eq!(tightened.gate.secrets.fail_on, Threshold::Any);
        assert_eq!(tightened.gate.path.fail_on, Threshold::Low);
        assert_eq!(tightened.gate.dependencies.fail_on, Threshold::High);
        assert_eq!(tightened.gaps.stale, crate::GapRule::Deny);
        assert_eq!(tightened.gaps.unresolved, crate::GapRule::Deny);
        assert!(
            tightened.waivers.is_empty()
                && tightened.people.is_empty()
                && tightened.builders.is_empty()
        );
    }
}
