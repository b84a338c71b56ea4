//! An entry of an npm lockfile of version 1, as later versions would write it.

use plimsoll_model::Location;

use super::package_lock::{Entry, Package, address};
use crate::json::Entries;

/// The folder that an entry links to; `file:` stands before folders and archives alike.
pub(crate) fn linked_folder(entry: &Entry<'_>) -> Option<String> {
    let folder = entry.version.as_deref()?.strip_prefix("file:")?;
    let archive = [".tgz", ".tar.gz", ".tar"]
        .iter()
        .any(|ending| folder.ends_with(ending));
    (!archive).then(|| {
        folder
            .trim_start_matches("./")
            .trim_end_matches('/')
            .to_owned()
    })
}

/// The package of an entry that links nowhere. Fails where `requires` is neither an object nor, as at
/// the top of the file, a mere mark.
///
/// The entry does not tell what it can do without, so that npm takes all it requires for needed.
pub(crate) fn package(
    key: &str,
    entry: Entry<'_>,
    location: Location,
) -> Result<Package, serde_json::Error> {
    let (scope, licenses) = (entry.scope(), entry.licenses());
    let needs: Vec<String> = match entry.requires {
        Some(asked) if !matches!(asked.get(), "true" | "false") => {
            Entries::of(asked)?.keys().map(str::to_owned).collect()
        }
        Some(_) | None => Vec::new(),
    };
    let (name, version, source) = read_version(key, entry.version);
    let source = source.or_else(|| address(entry.resolved));
    let (integrity, required) = (entry.integrity, needs.clone());
    Ok(Package {
        name,
        version,
        source,
        integrity,
        scope,
        licenses,
        needs,
        required,
        location,
    })
}

/// The name, the version and the address that `version` stands for: the version of the package itself,
/// that of another one under its name (`npm:NAME@VERSION`), or where the package comes from.
fn read_version(key: &str, written: Option<String>) -> (String, Option<String>, Option<String>) {
    let Some(written) = written.filter(|written| !written.is_empty()) else {
        return (key.to_owned(), None, None);
    };
    // A scoped name alone has its only `@` in front, and no version behind it.
    match written
        .strip_prefix("npm:")
        .and_then(|alias| alias.rsplit_once('@'))
        .filter(|(name, version)| !name.is_empty() && !version.is_empty())
    {
        Some((name, version)) => (name.to_owned(), Some(version.to_owned()), None),
        None if written.contains([':', '/']) => (key.to_owned(), None, Some(written)),
        None => (key.to_owned(), Some(written), None),
    }
}
