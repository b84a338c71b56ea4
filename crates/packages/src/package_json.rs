//! `package.json`: what a Node.js package asks for. Versions come from a lockfile alone.

use std::collections::BTreeSet;

use plimsoll_model::Span;
use plimsoll_source::File;
use serde::Deserialize;

use crate::facts::{Family, Manifest};
use crate::json::{Entries, error_offset, key_span};
use crate::{Facts, Parser, gap};

pub(crate) static PARSER: Parser = Parser { id: "package-json/1", globs: &["**/package.json"], read };

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PackageJson<'a> {
    #[serde(borrow, default)]
    dependencies: Entries<'a>,
    #[serde(borrow, default)]
    dev_dependencies: Entries<'a>,
    #[serde(borrow, default)]
    optional_dependencies: Entries<'a>,
}

fn read(file: &File<'_>) -> Facts {
    let text = file.text.strip_prefix('\u{feff}').unwrap_or(file.text);
    let package: PackageJson<'_> = match serde_json::from_str(text) {
        Ok(package) => package,
        Err(error) => {
            let offset = error_offset(text, &error);
            let why =
                if error.is_data() { "a value of the wrong type stands there" } else { "it is not JSON" };
            let gap = gap::unreadable_manifest(file.location(Span::new(offset, offset)), why);
            return Facts { gaps: vec![gap], ..Facts::default() };
        }
    };
    Facts { manifest: manifest(file, &package), ..Facts::default() }
}

fn manifest(file: &File<'_>, package: &PackageJson<'_>) -> Option<Manifest> {
    let tables = [&package.dependencies, &package.dev_dependencies, &package.optional_dependencies];
    let (key, value) = tables.iter().flat_map(|table| &table.0).next()?;
    let first: Span = key_span(file.text, key, value);
    Some(Manifest {
        family: Family::Node,
        package: None,
        needs: tables.iter().flat_map(|table| table.keys()).map(str::to_owned).collect(),
        folders: BTreeSet::new(),
        location: file.location(first),
    })
}
