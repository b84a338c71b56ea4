use crate::Policy;

impl Policy {
    /// This trusted policy with whatever `tree`, the policy in the inspected tree, states that is
    /// stricter; what the tree's policy leaves out asks for nothing.
    ///
    /// Gates, gap rules and the severities of rules become the stricter of the two. Everything else
    /// (waivers, people, builders, environments, the inspectors' own settings) is the trusted policy's
    /// alone, and so is its identity.
    pub fn tightened_by(&self, tree: &Self) -> Self {
        Self {
            gate: self.gate.tightened_by(&tree.gate),
            gaps: self.gaps.tightened_by(&tree.gaps),
            raised: tree.rules.clone(),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::{Finding, GapKind, Location, Severity, Threshold, TreePath};

    use crate::test_rows::policy;
    use crate::{GapRule, Mode, Policy};

    fn tightened(base: &str, tree: &str) -> Policy {
        policy(base).tightened_by(&policy(tree))
    }

    #[test]
    fn a_tree_cannot_loosen_anything() {
        let base = "[gate]\nsecrets = \"medium\"\npath = \"low\"\n[[rule]]\nid = \"path/x\"\nseverity = \"high\"\nreason = \"r\"\n";
        let tree = "[gate]\nsecrets = \"any\"\npath = \"off\"\ndependencies = { fail_on = \"off\", only_fixed = true, max_age_days = 900 }\n\
                    [gaps]\nstale = \"warn\"\nunresolved = \"deny\"\n\
                    [[rule]]\nid = \"path/x\"\nseverity = \"low\"\nreason = \"r\"\n\
                    [[waiver]]\nid = \"secret/x\"\nreason = \"r\"\nowner = \"me\"\nexpires = 2030-01-01\n\
                    [[person]]\nid = \"me\"\n[[builder]]\nid = \"mine\"\nkeys = []\n";
        let tightened = tightened(base, tree);
        assert_eq!(tightened.gate.rule("secret").fail_on, Threshold::Any);
        assert_eq!(tightened.gate.rule("path").fail_on, Threshold::Low);
        let dependencies = tightened.gate.rule("dependency");
        assert_eq!(dependencies.fail_on, Threshold::High);
        assert!(!dependencies.only_fixed);
        assert_eq!(dependencies.max_age_days, Some(7));
        assert_eq!(tightened.gaps.rule(GapKind::Stale), GapRule::Deny);
        assert_eq!(tightened.gaps.rule(GapKind::Unresolved), GapRule::Deny);
        assert_eq!(severity(&tightened, Severity::Medium), Severity::High);
        assert!(
            tightened.waivers.is_empty()
                && tightened.people.is_empty()
                && tightened.builders.is_empty()
        );
        assert_eq!(tightened.identity(), policy(base).identity());
    }

    #[test]
    fn what_a_tree_leaves_out_asks_for_nothing() {
        let base = "[gate]\nsecrets = \"off\"\ndependencies = { fail_on = \"critical\", only_fixed = true, max_age_days = 30 }\n[gaps]\nstale = \"warn\"\n";
        let tightened = tightened(base, "[gate]\ndependencies = \"low\"\n");
        assert_eq!(tightened.gate.rule("secret").fail_on, Threshold::Off);
        let dependencies = tightened.gate.rule("dependency");
        assert_eq!(dependencies.fail_on, Threshold::Low);
        assert!(dependencies.only_fixed);
        assert_eq!(dependencies.max_age_days, Some(30));
        assert_eq!(tightened.gaps.rule(GapKind::Stale), GapRule::Warn);
    }

    #[test]
    fn a_tree_raises_severities_and_tightens_modes() {
        let since = |digit: &str| {
            format!(
                "[gate]\npath = {{ mode = {{ new_since = \"{}\", until = 2027-01-31, owner = \"sre\" }} }}\n",
                digit.repeat(40)
            )
        };
        let word = |word: &str| format!("[gate]\npath = {{ mode = \"{word}\" }}\n");
        let mode = |base: &str, tree: &str| tightened(base, tree).gate.rule("path").mode.clone();
        let [report, enforce, own, other] =
            [word("report"), word("enforce"), since("a"), since("b")];
        let stated = policy(&own).gate.rule("path").mode.clone();
        assert_eq!(mode(&report, &enforce), Mode::Enforce);
        assert_eq!(mode(&report, &own), stated);
        assert_eq!(mode(&own, &enforce), Mode::Enforce);
        for loosening in [
            &report,
            &other,
            &String::new(),
            &"[gate]\npath = \"any\"\n".to_owned(),
        ] {
            assert_eq!(mode(&own, loosening), stated, "{loosening}");
        }
        for loosening in [&report, &own] {
            assert_eq!(mode(&enforce, loosening), Mode::Enforce, "{loosening}");
        }
        let raise = "[[rule]]\nid = \"path/x\"\nseverity = \"critical\"\nreason = \"r\"\n";
        assert_eq!(
            severity(&tightened("", raise), Severity::Low),
            Severity::Critical
        );
    }

    fn severity(policy: &Policy, own: Severity) -> Severity {
        let place = Location::file(TreePath::new("w.yml"));
        policy.severity(&Finding::new("path/x".parse().unwrap(), own, "m", place))
    }
}
