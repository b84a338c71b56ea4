use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use plimsoll_model::{Component, Gap, GapDoc, GapKind};

use crate::database::Database;
use crate::ecosystem::SplitName;
use crate::file::{Damage, EcosystemFile};
use crate::record::one_line;

/// What may stay undecided: one documentation for each id.
pub static GAPS: [&GapDoc; 8] = [
    &MISSING_DATABASE,
    &STALE_DATABASE,
    &DAMAGED_DATABASE,
    &UNREADABLE_ADVISORY,
    &UNKNOWN_RELEASE,
    &UNORDERED_VERSION,
    &UNSUPPORTED_ORDER,
    &UNDECIDED_ADVISORY,
];

static MISSING_DATABASE: GapDoc = GapDoc {
    name: "missing-database",
    kind: GapKind::Stale,
    title: "there is no advisory database for an ecosystem",
    why: "none of its packages was judged; an empty answer would look like no findings",
    fix: "import the advisories with `plimsoll db import`",
};

/// The advisories that components are judged by are too old.
pub static STALE_DATABASE: GapDoc = GapDoc {
    name: "stale-database",
    kind: GapKind::Stale,
    title: "an advisory database is older than the policy allows, or says that it ends in the future",
    why: "flaws that became known since are not in it",
    fix: "import newer advisories with `plimsoll db import`; a copy that is known to be complete says so by --as-of",
};

static DAMAGED_DATABASE: GapDoc = GapDoc {
    name: "damaged-database",
    kind: GapKind::Stale,
    title: "an advisory database is damaged",
    why: "what it would have said about the packages is not known",
    fix: "import the advisories again with `plimsoll db import`",
};

static UNREADABLE_ADVISORY: GapDoc = GapDoc {
    name: "unreadable-advisory",
    kind: GapKind::Unreadable,
    title: "advisories could not be read when they were imported",
    why: "whether they affect a package is not known",
    fix: "fix those records at their source and import them again, or waive this gap",
};

static UNKNOWN_RELEASE: GapDoc = GapDoc {
    name: "unknown-release",
    kind: GapKind::Unsupported,
    title: "the advisories do not know the release of a component's ecosystem",
    why: "which of them apply to the component is not known",
    fix: "name the release of the component's ecosystem, or import newer advisories",
};

static UNORDERED_VERSION: GapDoc = GapDoc {
    name: "unordered-version",
    kind: GapKind::Unresolved,
    title: "a package has advisories, and its version is not known or has no place in its ecosystem's order",
    why: "whether the version lies in an affected range cannot be said",
    fix: "pin an exact version that the ecosystem's order knows",
};

static UNSUPPORTED_ORDER: GapDoc = GapDoc {
    name: "unsupported-order",
    kind: GapKind::Unsupported,
    title: "this build cannot order the versions of an ecosystem",
    why: "whether a version lies in an affected range cannot be said",
    fix: "judge its packages by another tool and waive this gap",
};

static UNDECIDED_ADVISORY: GapDoc = GapDoc {
    name: "undecided-advisory",
    kind: GapKind::Unresolved,
    title: "an advisory names no versions that can be compared",
    why: "whether it affects the component cannot be said",
    fix: "read the advisory, and waive this gap or change the version",
};

/// A clock that runs this much ahead of the importing machine's is no reason to distrust a date.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_hours(1);

/// What could not be decided, gathered while components are judged.
#[derive(Debug, Default)]
pub(super) struct Gaps {
    told: Vec<Gap>,
    judged: BTreeSet<String>,
    missing: BTreeMap<String, usize>,
    without_order: BTreeMap<String, usize>,
    damaged: BTreeMap<String, &'static str>,
}

impl Gaps {
    /// An ecosystem that nobody imported.
    pub(super) fn missing_database(&mut self, base: &str) {
        *self.missing.entry(base.to_owned()).or_default() += 1;
    }

    /// An ecosystem whose database was asked.
    pub(super) fn judged_by(&mut self, base: &str) {
        if !self.judged.contains(base) {
            self.judged.insert(base.to_owned());
        }
    }

    /// A database that turned out to be damaged.
    pub(super) fn damaged(&mut self, base: &str, Damage(what): Damage) {
        self.damaged.insert(base.to_owned(), what);
    }

    /// Notes a gap when the database has releases and not the component's.
    pub(super) fn release_is_known(
        &mut self,
        file: &EcosystemFile,
        parts: SplitName<'_>,
        component: &Component,
    ) -> bool {
        let releases = &file.meta().releases;
        let is_known = match parts.release {
            "" => releases.is_empty(),
            release => releases.iter().any(|known| known == release),
        };
        if !is_known {
            let message = format!(
                "{} was not judged: the advisories for {} know the releases {}",
                package(component),
                parts.base,
                one_line(&releases.join(", "), 200),
            );
            self.at(component, &UNKNOWN_RELEASE, message, UNKNOWN_RELEASE.fix);
        }
        is_known
    }

    /// A version that has no place in its ecosystem's order.
    pub(super) fn unordered(&mut self, file: &EcosystemFile, component: &Component) {
        let base = &file.meta().ecosystem;
        if file.rules().is_none() {
            *self.without_order.entry(base.clone()).or_default() += 1;
            return;
        }
        let message = format!(
            "{} has advisories, and its version cannot be ordered",
            package(component)
        );
        let fix = UNORDERED_VERSION.fix;
        self.at(component, &UNORDERED_VERSION, message, fix);
    }

    /// A package with advisories, of which only a range is declared.
    pub(super) fn unversioned(&mut self, component: &Component) {
        let message = format!(
            "{} has advisories, and no file says which version of it is used",
            package(component)
        );
        let fix = "pin an exact version, or commit the lockfile that does";
        self.at(component, &UNORDERED_VERSION, message, fix);
    }

    /// An advisory that does not say which versions it affects.
    pub(super) fn undecided(&mut self, component: &Component, advisory: &str) {
        let advisory = one_line(advisory, 120);
        let message = format!(
            "whether {advisory} affects {} is unknown: it names no versions that can be compared",
            package(component)
        );
        let fix = format!("read {advisory} and waive this gap or change the version");
        self.at(component, &UNDECIDED_ADVISORY, message, fix);
    }

    /// All gaps, with those of whole ecosystems.
    pub(super) fn conclude(
        mut self,
        database: &Database,
        now: Timestamp,
        max_age: Option<SignedDuration>,
    ) -> Vec<Gap> {
        for (base, count) in std::mem::take(&mut self.missing) {
            let base = one_line(&base, 80);
            let message = format!(
                "{} not judged: there is no advisory database for {base}",
                components(count)
            );
            self.whole(&MISSING_DATABASE, message, import_again(&base));
        }
        for (base, count) in std::mem::take(&mut self.without_order) {
            let message = format!(
                "{} not judged: this build cannot order versions of {base}",
                components(count)
            );
            let fix = format!("judge {base} packages by another tool and waive this gap");
            self.whole(&UNSUPPORTED_ORDER, message, fix);
        }
        for (base, what) in std::mem::take(&mut self.damaged) {
            let message = format!(
                "components were not judged: the advisory database for {base} is damaged: {what}"
            );
            self.whole(&DAMAGED_DATABASE, message, import_again(&base));
        }
        for base in std::mem::take(&mut self.judged) {
            if let Some(file) = database.file(&base) {
                self.stale(&base, file, now, max_age);
                self.unreadable(&base, file);
            }
        }
        self.told
    }

    fn stale(
        &mut self,
        base: &str,
        file: &EcosystemFile,
        now: Timestamp,
        max_age: Option<SignedDuration>,
    ) {
        let Some(max_age) = max_age else { return };
        let as_of = file.as_of();
        let age = now.duration_since(as_of);
        let message = if age > max_age {
            let (days, days_max) = (age.as_hours() / 24, max_age.as_hours() / 24);
            format!(
                "the advisory database for {base} ends {days} days ago ({as_of}); the policy allows {days_max}"
            )
        } else if age < -CLOCK_SKEW {
            format!("the advisory database for {base} says that it ends in the future ({as_of})")
        } else {
            return;
        };
        let fix = format!(
            "import newer advisories for {base} with `plimsoll db import`; a copy that is known to be complete says so by --as-of"
        );
        self.whole(&STALE_DATABASE, message, fix);
    }

    fn unreadable(&mut self, base: &str, file: &EcosystemFile) {
        let meta = file.meta();
        if meta.unreadable_count == 0 {
            return;
        }
        let named: Vec<&str> = meta
            .unreadable
            .iter()
            .take(3)
            .map(|unreadable| unreadable.name.as_str())
            .collect();
        let message = format!(
            "{} advisories for {base} could not be read when they were imported, among them {}",
            meta.unreadable_count,
            one_line(&named.join(", "), 200),
        );
        self.whole(&UNREADABLE_ADVISORY, message, UNREADABLE_ADVISORY.fix);
    }

    fn at(&mut self, component: &Component, doc: &GapDoc, message: String, fix: impl Into<String>) {
        let place = component.places.first().cloned();
        self.told.push(doc.gap("dependency", place, message, fix));
    }

    fn whole(&mut self, doc: &GapDoc, message: String, fix: impl Into<String>) {
        self.told.push(doc.gap("dependency", None, message, fix));
    }
}

fn package(component: &Component) -> String {
    one_line(&component.label(), 200)
}

fn components(count: usize) -> String {
    if count == 1 {
        "1 component was".to_owned()
    } else {
        format!("{count} components were")
    }
}

fn import_again(base: &str) -> String {
    format!("import the advisories for {base} with `plimsoll db import`")
}
