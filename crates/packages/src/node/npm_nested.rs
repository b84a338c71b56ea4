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
    let asked = entry
        .requires
        .filter(|asked| !matches!(asked.get(), "true" | "false"));
    let asked = asked.map(Entries::of).transpose()?.unwrap_or_default();
    let needs: Vec<String> = asked.keys().map(str::to_owned).collect();
    let written = entry.version.unwrap_or_default();
    let (name, version, source) = match written
        .strip_prefix("npm:")
        .and_then(|alias| alias.rsplit_once('@'))
    {
        Some((name, version)) => (name.to_owned(), Some(version.to_owned()), None),
        None if written.contains([':', '/']) => (key.to_owned(), None, Some(written)),
        None => (
            key.to_owned(),
            Some(written).filter(|version| !version.is_empty()),
            None,
        ),
    };
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
