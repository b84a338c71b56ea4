use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use plimsoll_model::{Component, Gap, GapKind, RuleId};

use crate::database::Database;
use crate::ecosystem::SplitName;
use crate::file::{Damage, EcosystemFile};
use crate::record::one_line;

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
            let fix = "name the release of the component's ecosystem, or import newer advisories"
                .to_owned();
            self.at(
                component,
                "unknown-release",
                GapKind::Unsupported,
                message,
                fix,
            );
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
        let fix = "pin an exact version that the ecosystem's order knows".to_owned();
        self.at(
            component,
            "unordered-version",
            GapKind::Unresolved,
            message,
            fix,
        );
    }

    /// A package with advisories, of which only a range is declared.
    pub(super) fn unversioned(&mut self, component: &Component) {
        let message = format!(
            "{} has advisories, and no file says which version of it is used",
            package(component)
        );
        let fix = "pin an exact version, or commit the lockfile that does".to_owned();
        self.at(
            component,
            "unordered-version",
            GapKind::Unresolved,
            message,
            fix,
        );
    }

    /// An advisory that does not say which versions it affects.
    pub(super) fn undecided(&mut self, component: &Component, advisory: &str) {
        let advisory = one_line(advisory, 120);
        let message = format!(
            "whether {advisory} affects {} is unknown: it names no versions that can be compared",
            package(component)
        );
        let fix = format!("read {advisory} and waive this gap or change the version");
        self.at(
            component,
            "undecided-advisory",
            GapKind::Unresolved,
            message,
            fix,
        );
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
            self.whole(
                "missing-database",
                GapKind::Stale,
                message,
                import_again(&base),
            );
        }
        for (base, count) in std::mem::take(&mut self.without_order) {
            let message = format!(
                "{} not judged: this build cannot order versions of {base}",
                components(count)
            );
            let fix = format!("judge {base} packages by another tool and waive this gap");
            self.whole("unsupported-order", GapKind::Unsupported, message, fix);
        }
        for (base, what) in std::mem::take(&mut self.damaged) {
            let message = format!(
                "components were not judged: the advisory database for {base} is damaged: {what}"
            );
            self.whole(
                "damaged-database",
                GapKind::Stale,
                message,
                import_again(&base),
            );
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
        self.whole("stale-database", GapKind::Stale, message, fix);
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
        let fix =
            "fix those records at their source and import them again, or waive this gap".to_owned();
        self.whole("unreadable-advisory", GapKind::Unreadable, message, fix);
    }

    fn at(&mut self, component: &Component, id: &str, kind: GapKind, message: String, fix: String) {
        let id = RuleId::new("dependency", id);
        self.told.push(Gap {
            id,
            kind,
            place: component.places.first().cloned(),
            message,
            fix,
        });
    }

    fn whole(&mut self, id: &str, kind: GapKind, message: String, fix: String) {
        self.told.push(Gap {
            id: RuleId::new("dependency", id),
            kind,
            place: None,
            message,
            fix,
        });
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
