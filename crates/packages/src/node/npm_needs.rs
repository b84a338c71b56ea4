//! What a `package.json`, or its copy in a lockfile, asks for.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::json::Entries;

/// The tables in which npm looks for packages to install. It installs peers since version 7.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NpmNeeds<'a> {
    #[serde(borrow, default)]
    dependencies: Entries<'a>,
    #[serde(borrow, default)]
    dev_dependencies: Entries<'a>,
    #[serde(borrow, default)]
    optional_dependencies: Entries<'a>,
    #[serde(borrow, default)]
    peer_dependencies: Entries<'a>,
    #[serde(borrow, default)]
    peer_dependencies_meta: Entries<'a>,
}

#[derive(Deserialize)]
struct PeerMeta {
    #[serde(default)]
    optional: bool,
}

impl<'a> NpmNeeds<'a> {
    /// Each package with its range, in the order of the tables. Optional peers are left out.
    pub(crate) fn asked(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        let tables = [
            &self.dependencies,
            &self.dev_dependencies,
            &self.optional_dependencies,
        ];
        let peers = self
            .peer_dependencies
            .0
            .iter()
            .filter(|(name, _)| !self.is_optional_peer(name));
        tables
            .into_iter()
            .flat_map(|table| &table.0)
            .chain(peers)
            .map(|(name, range)| (name.as_str(), *range))
    }

    /// `NAME@RANGE` of each, so that another range is another need, with the name. The oldest lockfiles
    /// say which packages are asked for and not in which range.
    pub(crate) fn texts(&self) -> BTreeMap<String, String> {
        self.asked()
            .map(|(name, range)| (text(name, range), name.to_owned()))
            .collect()
    }

    /// The names that it cannot do without.
    pub(crate) fn required(&self) -> impl Iterator<Item = &str> {
        let optional: BTreeSet<&str> = self.optional_dependencies.keys().collect();
        self.dependencies
            .keys()
            .filter(move |name| !optional.contains(name))
    }

    /// The names that are there when it runs, wherever they come from.
    pub(crate) fn at_run_time(&self) -> impl Iterator<Item = &str> {
        let tables = [
            &self.dependencies,
            &self.optional_dependencies,
            &self.peer_dependencies,
        ];
        tables.into_iter().flat_map(Entries::keys)
    }

    fn is_optional_peer(&self, name: &str) -> bool {
        let meta = self
            .peer_dependencies_meta
            .0
            .iter()
            .find(|(own, _)| own == name);
        // What is no mark of an optional peer marks none.
        meta.and_then(|(_, value)| serde_json::from_str::<PeerMeta>(value.get()).ok())
            .is_some_and(|meta| meta.optional)
    }
}

/// A range that is no text stands for itself.
pub(crate) fn text(name: &str, range: &RawValue) -> String {
    let range =
        serde_json::from_str::<String>(range.get()).unwrap_or_else(|_| range.get().to_owned());
    format!("{name}@{range}")
}
