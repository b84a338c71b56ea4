//! The registers of inspectors and of kinds of evidence: one row each. Whoever judges, writes or explains
//! gets what the rows say as data, and what is known of a rule, gap or reason is asked here.

mod dependency;
mod row;
mod secret;
#[cfg(test)]
mod semantics;

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::sync::LazyLock;

use plimsoll_model::{
    Class, EvidenceKind, Fault, GapDoc, Inspection, Inspector, ReasonDoc, RuleDoc, RuleId,
};
use plimsoll_policy::{Policy, PolicyError, REASONS, Rows};
use plimsoll_source::{Site, UNREAD};
use plimsoll_wire::{Doc, in_toto};

use crate::baseline::MISSING_COMMIT;

pub use dependency::{ADVISORIES_FOLDER, DatabaseFolderError};
use row::Row;
pub(crate) use row::{Facts, Kept, Ready, Run};
pub use secret::SecretRulesError;

/// Every inspector of this build that runs over a tree.
static ROWS: [&dyn Row; 3] = [
    &secret::Secret,
    &dependency::Dependency,
    &plimsoll_path::ReleasePath,
];

/// Every kind of evidence of this build. Requirements are named in this order.
static EVIDENCE: [&EvidenceKind; 6] = [
    &in_toto::TEST,
    &in_toto::SBOM,
    &in_toto::INSPECTION,
    &in_toto::PROVENANCE,
    &in_toto::APPROVAL,
    &in_toto::DEPLOYMENT,
];

/// The kinds of evidence of this build.
pub(crate) fn evidence_kinds() -> &'static [&'static EvidenceKind] {
    &EVIDENCE
}

/// The rows by which a policy is read.
pub fn rows() -> Rows<'static> {
    Rows {
        inspectors: inspectors(),
        evidence: evidence_kinds(),
    }
}

/// Every other one: what runs or imports it says in the evidence what was seen.
static ELSEWHERE: [&Inspector; 0] = [];

/// What is known of every inspector of this build without running it.
pub fn inspectors() -> &'static [&'static Inspector] {
    static ABOUT: LazyLock<Vec<&Inspector>> = LazyLock::new(|| {
        let over_trees = ROWS.iter().map(|row| row.about());
        over_trees.chain(ELSEWHERE).collect()
    });
    &ABOUT
}

/// An inspector's settings cannot be used; says whose and why.
#[derive(Debug)]
pub struct SettingsError(row::Refusal);

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for SettingsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

impl Fault for SettingsError {
    fn class(&self) -> Class {
        self.0.class()
    }

    fn hint(&self) -> Option<String> {
        self.0.hint()
    }
}

/// Every inspector of this build, with the settings of one policy.
pub struct Inspectors {
    ready: Vec<Box<dyn Ready>>,
}

impl Inspectors {
    /// Reads each inspector's own table of the trusted policy, and opens what it names.
    pub fn prepare(policy: &Policy, site: &Site<'_>) -> Result<Self, SettingsError> {
        let ready = ROWS.iter().map(|row| row.prepare(policy, site));
        Ok(Self {
            ready: ready.collect::<Result<_, _>>().map_err(SettingsError)?,
        })
    }

    /// The documentation of the rules in force.
    fn rules(&self) -> BTreeMap<RuleId, RuleDoc> {
        let mut rules = BTreeMap::new();
        for ready in self.ready() {
            let id = ready.about().id;
            let docs = ready.rules().into_iter();
            rules.extend(docs.map(|doc| (RuleId::new(id, &doc.name), doc)));
        }
        rules
    }

    pub(crate) fn ready(&self) -> impl Iterator<Item = &dyn Ready> {
        self.ready.iter().map(AsRef::as_ref)
    }

    /// The documentation of every id in an inspection, for whoever writes a report of it.
    pub(crate) fn document(&self, inspection: &Inspection) -> BTreeMap<RuleId, Doc> {
        let rules = self.rules();
        let mut docs = BTreeMap::new();
        for finding in &inspection.findings {
            let doc = rules.get(&finding.rule).cloned();
            let doc = doc.or_else(|| find_rule(&finding.rule));
            debug_assert!(doc.is_some(), "{} has no documentation", finding.rule);
            docs.extend(doc.map(|doc| (finding.rule.clone(), rule_words(doc))));
        }
        for gap in &inspection.gaps {
            let doc = find_gap(&gap.id);
            debug_assert_eq!(
                doc.map(|doc| doc.kind),
                Some(gap.kind),
                "{} has no documentation, or one of another kind",
                gap.id
            );
            docs.extend(doc.map(|doc| (gap.id.clone(), gap_words(doc))));
        }
        docs
    }
}

/// Refuses a policy in which an inspector cannot read its own table.
pub(crate) fn check_tables(policy: &Policy) -> Result<(), PolicyError> {
    ROWS.iter().try_for_each(|row| row.check_table(policy))
}

/// A name that is less like the unknown one is no proposal.
const LIKENESS: f64 = 0.75;

/// The id that was probably meant where this build does not know the one that is written.
pub fn nearest(unknown: &RuleId) -> Option<RuleId> {
    let likeness = |id: RuleId| (strsim::jaro_winkler(unknown.as_str(), id.as_str()), id);
    ids()
        .map(likeness)
        .filter(|(likeness, _)| *likeness > LIKENESS)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, id)| id)
}

/// Every id that can be listed: of the rules that have a name of their own and of the gaps, inspector by
/// inspector, then of the reasons.
pub(crate) fn ids() -> impl Iterator<Item = RuleId> {
    let of_inspectors = inspectors().iter().flat_map(|inspector| {
        let rules = (inspector.rules)().iter().map(|rule| rule.name.as_ref());
        let gaps = gaps(inspector).map(|gap| gap.name);
        let names = rules.chain(gaps);
        names.map(|name| RuleId::new(inspector.id, name))
    });
    of_inspectors.chain(reasons().map(ReasonDoc::id))
}

/// Everything that a verdict can say, by whoever says it.
fn reasons() -> impl Iterator<Item = &'static ReasonDoc> {
    let kinds = evidence_kinds().iter();
    let answers = kinds.filter_map(|kind| kind.answers.as_ref());
    let of_kinds = answers.flat_map(|answers| {
        let claims = answers.reasons.iter().copied();
        [answers.absent].into_iter().chain(claims)
    });
    REASONS.into_iter().chain(of_kinds)
}

/// The documentation of a reason.
pub(crate) fn find_reason(id: &RuleId) -> Option<&'static ReasonDoc> {
    reasons().find(|reason| (reason.of, reason.name) == (id.inspector(), id.name()))
}

/// The row of the inspector that an id belongs to.
pub(crate) fn find(id: &RuleId) -> Option<&'static Inspector> {
    inspectors()
        .iter()
        .copied()
        .find(|inspector| inspector.id == id.inspector())
}

/// The documentation of a rule.
pub(crate) fn find_rule(id: &RuleId) -> Option<RuleDoc> {
    find(id)?.rule(id.name())
}

/// The documentation of a gap.
pub(crate) fn find_gap(id: &RuleId) -> Option<&'static GapDoc> {
    gaps(find(id)?).find(|gap| gap.name == id.name())
}

/// What an inspector may be unable to check, and what any of them may.
fn gaps(inspector: &Inspector) -> impl Iterator<Item = &'static GapDoc> {
    inspector.gap_docs().chain(UNREAD).chain([&MISSING_COMMIT])
}

fn rule_words(doc: RuleDoc) -> Doc {
    Doc {
        title: doc.title.into_owned(),
        why: doc.why.into_owned(),
        fix: doc.fix.into_owned(),
    }
}

fn gap_words(doc: &GapDoc) -> Doc {
    Doc {
        title: doc.title.to_owned(),
        why: doc.why.to_owned(),
        fix: doc.fix.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use plimsoll_model::Over;

    use super::{ELSEWHERE, ROWS, ids, inspectors, nearest};
    use crate::explain;

    #[test]
    fn ids_keys_and_tables_are_unique_and_every_id_is_explained() {
        let mut seen = BTreeSet::new();
        for id in ids() {
            assert!(explain(&id).is_some(), "{id}");
            assert!(seen.insert(id.clone()), "{id} is documented twice");
        }
        let keys: BTreeSet<&str> = inspectors().iter().map(|row| row.gate_key).collect();
        let rows: BTreeSet<&str> = inspectors().iter().map(|row| row.id).collect();
        assert_eq!(
            (keys.len(), rows.len()),
            (inspectors().len(), inspectors().len())
        );
        for row in inspectors() {
            assert!(row.accepts_from <= row.semantics, "{}", row.id);
        }
        assert!(ROWS.iter().all(|row| row.about().over == Over::Tree));
        assert!(ELSEWHERE.iter().all(|row| row.over != Over::Tree));
    }

    #[test]
    fn an_unknown_id_is_answered_with_the_nearest() {
        let near = |id: &str| nearest(&id.parse().unwrap()).map(|id| id.to_string());
        for (unknown, known) in [
            ("secret/github-pta", Some("secret/github-pat")),
            ("path/gate-skipable", Some("path/gate-skippable")),
            ("dependency/unlocked", Some("dependency/unlocked-manifest")),
            ("telepathy/zzz", None),
        ] {
            assert_eq!(explain(&unknown.parse().unwrap()), None, "{unknown}");
            assert_eq!(near(unknown).as_deref(), known, "{unknown}");
        }
        for known in [
            "dependency/GHSA-4xh5-x5gv-qwph",
            "dependency/RUSTSEC-2024-0001",
        ] {
            assert!(explain(&known.parse().unwrap()).is_some(), "{known}");
        }
    }
}
