//! The second opinion: the evaluation of the OSV schema's pseudo-code, straight from the JSON,
//! linear, without ranks, merging or a database. Of the crate it uses the version order alone, which
//! other tests judge against published files.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::{Ecosystem, Severity};
use serde_json::Value;

use crate::fixture::version_key;

/// All records of one ecosystem.
pub(crate) struct Oracle {
    ecosystem: Ecosystem,
    records: Vec<Value>,
    of_package: BTreeMap<String, Vec<usize>>,
    of_package_and_id: BTreeMap<(String, String), Vec<usize>>,
}

/// What is to be said of one component and one flaw.
#[derive(Debug)]
pub(crate) struct Expected {
    /// Every id of the flaw.
    pub(crate) ids: BTreeSet<String>,
    /// The highest CVSS severity of its records, where one has any.
    pub(crate) severity: Option<Severity>,
    /// The smallest version that is named as a fix, lies above the installed one, and is free of it.
    pub(crate) smallest_fix: Option<String>,
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

impl Oracle {
    pub(crate) fn new(ecosystem: &str, records: Vec<Value>) -> Self {
        let ecosystem = Ecosystem::new(ecosystem);
        let live = records
            .into_iter()
            .filter(|record| record["withdrawn"].is_null());
        let records: Vec<Value> = live
            .filter(|record| {
                list(record, "affected")
                    .iter()
                    .any(|a| a["package"]["ecosystem"] == ecosystem.as_str())
            })
            .collect();
        let mut of_package: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let mut of_package_and_id: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
        for (index, record) in records.iter().enumerate() {
            for affected in list(record, "affected") {
                let name = affected["package"]["name"].as_str().unwrap().to_owned();
                for id in ids(record) {
                    of_package_and_id
                        .entry((name.clone(), id))
                        .or_default()
                        .push(index);
                }
                of_package.entry(name).or_default().push(index);
            }
        }
        for indices in of_package.values_mut() {
            indices.dedup();
        }
        Self {
            ecosystem,
            records,
            of_package,
            of_package_and_id,
        }
    }

    pub(crate) fn packages(&self) -> impl Iterator<Item = &str> {
        self.of_package.keys().map(String::as_str)
    }

    /// Every version that a record names for the package.
    pub(crate) fn versions(&self, package: &str) -> BTreeSet<String> {
        let mut versions = BTreeSet::new();
        for affected in self.affected(package).map(|(_, affected)| affected) {
            versions.extend(
                list(affected, "versions")
                    .iter()
                    .map(|v| v.as_str().unwrap().to_owned()),
            );
            for event in list(affected, "ranges")
                .iter()
                .filter(|r| r["type"] != "GIT")
                .flat_map(|r| list(r, "events"))
            {
                versions.extend(
                    event
                        .as_object()
                        .unwrap()
                        .values()
                        .map(|v| v.as_str().unwrap().to_owned()),
                );
            }
        }
        versions
    }

    pub(crate) fn judge(&self, package: &str, version: &str) -> Vec<Expected> {
        let mut flaws: Vec<BTreeSet<usize>> = Vec::new();
        for (index, affected) in self.affected(package) {
            if self.is_affected(affected, version)
                && !flaws.iter().any(|flaw| flaw.contains(&index))
            {
                flaws.push(self.aliases_of(index));
            }
        }
        flaws
            .iter()
            .map(|flaw| self.expected(flaw, package, version))
            .collect()
    }

    fn expected(&self, flaw: &BTreeSet<usize>, package: &str, version: &str) -> Expected {
        let of_flaw = || {
            self.affected(package)
                .filter(|(index, _)| flaw.contains(index))
                .map(|(_, a)| a)
        };
        let mut fixes: Vec<&str> = Vec::new();
        for range in of_flaw()
            .flat_map(|a| list(a, "ranges"))
            .filter(|range| range["type"] != "GIT")
        {
            let named = list(range, "events")
                .iter()
                .filter_map(|event| event["fixed"].as_str());
            fixes.extend(named.filter(|fix| self.is_affected_below(range, fix)));
        }
        fixes.retain(|fix| {
            self.order(fix, version).is_gt() && !of_flaw().any(|a| self.is_affected(a, fix))
        });
        fixes.sort_by(|left, right| self.order(left, right));
        let scores = flaw
            .iter()
            .flat_map(|index| list(&self.records[*index], "severity"));
        let scores = scores
            .filter_map(|s| s["score"].as_str()?.parse::<cvss::Cvss>().ok())
            .map(|cvss| cvss.score());
        Expected {
            ids: flaw
                .iter()
                .flat_map(|index| ids(&self.records[*index]))
                .collect(),
            severity: scores.max_by(f64::total_cmp).map(Severity::from_cvss_score),
            smallest_fix: fixes.first().map(|fix| (*fix).to_owned()),
        }
    }

    /// Whether the range is affected just below a version, so that its fix there fixes something.
    fn is_affected_below(&self, range: &Value, version: &str) -> bool {
        let mut limits = list(range, "events")
            .iter()
            .filter_map(|event| event["limit"].as_str())
            .peekable();
        let meant = limits.peek().is_none()
            || limits.any(|limit| limit == "*" || self.order(limit, version).is_ge());
        let events = self.sorted_events(range);
        let mut below = events
            .into_iter()
            .filter(|(kind, at)| is_zero(kind, at) || self.order(at, version).is_lt());
        meant
            && below
                .next_back()
                .is_some_and(|(kind, _)| kind == "introduced")
    }

    fn affected(&self, package: &str) -> impl Iterator<Item = (usize, &Value)> {
        let indices = self.of_package.get(package).into_iter().flatten();
        let package = package.to_owned();
        indices.flat_map(move |index| {
            let package = package.clone();
            let all = list(&self.records[*index], "affected").iter();
            all.filter(move |a| {
                a["package"]["name"] == *package
                    && a["package"]["ecosystem"] == self.ecosystem.as_str()
            })
            .map(|affected| (*index, affected))
        })
    }

    fn is_affected(&self, affected: &Value, version: &str) -> bool {
        list(affected, "versions")
            .iter()
            .any(|v| self.equal(v.as_str().unwrap(), version))
            || list(affected, "ranges")
                .iter()
                .any(|range| self.in_range(range, version))
    }

    /// `IncludedInRanges` and `BeforeLimits` of the schema.
    fn in_range(&self, range: &Value, version: &str) -> bool {
        if range["type"] == "GIT" || !self.before_limits(range, version) {
            return false;
        }
        let events = self.sorted_events(range);
        let mut vulnerable = false;
        for (kind, at) in events {
            match kind {
                "introduced" if at == "0" || self.order(version, at).is_ge() => vulnerable = true,
                "fixed" if self.order(version, at).is_ge() => vulnerable = false,
                "last_affected" if self.order(version, at).is_gt() => vulnerable = false,
                _ => {}
            }
        }
        vulnerable
    }

    fn sorted_events<'a>(&self, range: &'a Value) -> Vec<(&'a str, &'a str)> {
        let mut events: Vec<(&str, &str)> = Vec::new();
        for event in list(range, "events") {
            let (kind, at) = event.as_object().unwrap().iter().next().unwrap();
            events.push((kind, at.as_str().unwrap()));
        }
        events.retain(|(kind, _)| *kind != "limit");
        events.sort_by(|(left_kind, left), (right_kind, right)| {
            match (is_zero(left_kind, left), is_zero(right_kind, right)) {
                (true, true) => Ordering::Equal,
                (true, false) => Ordering::Less,
                (false, true) => Ordering::Greater,
                (false, false) => self.order(left, right),
            }
        });
        events
    }

    fn before_limits(&self, range: &Value, version: &str) -> bool {
        let limits: Vec<&str> = list(range, "events")
            .iter()
            .filter_map(|e| e["limit"].as_str())
            .collect();
        limits.is_empty()
            || limits
                .iter()
                .any(|limit| *limit == "*" || self.order(version, limit).is_lt())
    }

    /// Walks from package and id to record to package and id until nothing new is met.
    fn aliases_of(&self, index: usize) -> BTreeSet<usize> {
        let mut flaw = BTreeSet::new();
        let mut open = vec![index];
        while let Some(index) = open.pop() {
            if flaw.insert(index) {
                let record = &self.records[index];
                for affected in list(record, "affected") {
                    let name = affected["package"]["name"].as_str().unwrap();
                    open.extend(
                        ids(record)
                            .flat_map(|id| self.of_package_and_id[&(name.to_owned(), id)].clone()),
                    );
                }
            }
        }
        flaw
    }

    pub(crate) fn equal(&self, left: &str, right: &str) -> bool {
        left == right || self.compare(left, right).is_some_and(Ordering::is_eq)
    }

    fn order(&self, left: &str, right: &str) -> Ordering {
        self.compare(left, right)
            .unwrap_or_else(|| panic!("no order: {left} {right}"))
    }

    fn compare(&self, left: &str, right: &str) -> Option<Ordering> {
        let key = |version| version_key(self.ecosystem.as_str(), version);
        Some(key(left)?.cmp(&key(right)?))
    }
}

fn is_zero(kind: &str, at: &str) -> bool {
    kind == "introduced" && at == "0"
}

fn ids(record: &Value) -> impl Iterator<Item = String> {
    let aliases = list(record, "aliases")
        .iter()
        .chain(std::iter::once(&record["id"]));
    aliases
        .map(|id| id.as_str().unwrap().to_owned())
        .collect::<Vec<_>>()
        .into_iter()
}
