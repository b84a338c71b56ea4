use std::borrow::Cow;

use crate::{Gap, GapKind, Place, RuleId, Severity, Threshold};

/// What the program knows of an inspector without running it. The register of inspectors lists the
/// rows, and whoever judges, writes or explains gets that list as data.
#[derive(Debug)]
pub struct Inspector {
    /// The first part of its rule ids: `secret`.
    pub id: &'static str,
    /// Its key in `[gate]` and its word in `requires`: `secrets`.
    pub gate_key: &'static str,
    /// What it looks for, for people: `literal credentials`.
    pub title: &'static str,
    /// What it runs over.
    pub over: Over,
    /// From which severity on its findings deny when the policy does not say.
    pub default_gate: Threshold,
    /// The data that it judges by and that grows old, where there is any.
    pub ages: Option<Aging>,
    /// Whether it says which packages are part of what ships, so that its gaps are gaps of that list.
    pub lists_components: bool,
    /// Whether an environment that does not say what it requires requires it.
    pub required_by_default: bool,
    /// The number of its semantics: raised with every change of its rules, severities or defaults
    /// that gives another result for some tree. Evidence carries it.
    pub semantics: u32,
    /// The oldest semantics that a decision of this build accepts in evidence.
    pub accepts_from: u32,
    /// The name of its own table in the policy, where it has one: `advisories`.
    pub settings: Option<&'static str>,
    /// The rules that this build has of its own.
    pub rules: fn() -> &'static [RuleDoc],
    /// Rules that cannot be listed, because others name them.
    pub family: Option<&'static RuleFamily>,
    /// What it may be unable to check, by the parts of it that say so.
    pub gaps: &'static [&'static [&'static GapDoc]],
}

/// What an inspector runs over. Over a tree every inspector runs in each inspection, so that one that did
/// not is a hole; what does not run over a tree speaks only where it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Over {
    /// The files of a tree.
    Tree,
    /// What runs: a server that is asked, the objects of a cluster.
    Running,
    /// What another program saw and reported.
    Imported,
}

/// Data that grows old.
#[derive(Clone, Copy, Debug)]
pub struct Aging {
    /// How many days old it may be when the policy does not say.
    pub default_max_days: u32,
    /// The gap that it is older: a waiver for it lets older data pass.
    pub gap: &'static GapDoc,
}

/// What a rule finds, why that matters and how to fix it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleDoc {
    /// The part of its id after the slash.
    pub name: Cow<'static, str>,
    /// How bad a finding of it is at its worst.
    pub severity: Severity,
    /// What it finds.
    pub title: Cow<'static, str>,
    /// Why that matters.
    pub why: Cow<'static, str>,
    /// How to fix it.
    pub fix: Cow<'static, str>,
}

/// Rules of which others give the names, as an advisory database does: one documentation for all.
#[derive(Debug)]
pub struct RuleFamily {
    /// What stands for the name in lists: `ADVISORY-ID`.
    pub pattern: &'static str,
    /// Whether a name belongs to the family.
    pub holds: fn(&str) -> bool,
    /// What such a rule finds.
    pub title: &'static str,
    /// Why that matters.
    pub why: &'static str,
    /// How to fix it.
    pub fix: &'static str,
}

/// What an inspector may be unable to check. Gaps are made from it, so that none is without
/// documentation.
#[derive(Debug, PartialEq, Eq)]
pub struct GapDoc {
    /// The part of its id after the slash.
    pub name: &'static str,
    /// Why it is not checked.
    pub kind: GapKind,
    /// What is not checked.
    pub title: &'static str,
    /// Why that matters.
    pub why: &'static str,
    /// What to do in general; each gap says what to do about itself.
    pub fix: &'static str,
}

impl Inspector {
    /// The documentation of a rule of this build by its name, or the one of its family.
    pub fn rule(&self, name: &str) -> Option<RuleDoc> {
        let own = (self.rules)().iter().find(|rule| rule.name == name);
        own.cloned().or_else(|| self.family?.rule(name))
    }

    /// The documentation of a gap by its name.
    pub fn gap(&self, name: &str) -> Option<&'static GapDoc> {
        self.gap_docs().find(|gap| gap.name == name)
    }

    /// All that it may be unable to check.
    pub fn gap_docs(&self) -> impl Iterator<Item = &'static GapDoc> {
        self.gaps.iter().flat_map(|part| part.iter().copied())
    }
}

impl RuleFamily {
    /// The documentation of the rule with this name, where it is one of the family. Nobody but the
    /// finding knows its severity.
    pub fn rule(&self, name: &str) -> Option<RuleDoc> {
        (self.holds)(name).then(|| RuleDoc {
            name: Cow::Owned(name.to_owned()),
            severity: Severity::Unknown,
            title: Cow::Borrowed(self.title),
            why: Cow::Borrowed(self.why),
            fix: Cow::Borrowed(self.fix),
        })
    }
}

impl GapDoc {
    /// The gap of the inspector with this id: where, what was not checked and why, what to do.
    pub fn gap(
        &self,
        inspector: &str,
        place: Option<Place>,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) -> Gap {
        Gap {
            id: RuleId::new(inspector, self.name),
            kind: self.kind,
            place,
            message: message.into(),
            fix: fix.into(),
        }
    }
}
