//! Folders of installed packages, as npm names them.

use crate::tree_path::above;

/// The folder's package name, or `None` for a folder that npm did not install into.
pub(super) fn installed_name(folder: &str) -> Option<&str> {
    let name = folder.rsplit_once("node_modules/").map(|(_, name)| name)?;
    (!name.is_empty()).then_some(name)
}

/// Whether a folder is written in the one way in which npm writes it: two ways to write it would be
/// two packages to us and one to npm. Links lead out of the root, nothing else does.
pub(super) fn is_plain(folder: &str) -> bool {
    let mut inner = folder;
    while let Some(rest) = inner.strip_prefix("../") {
        inner = rest;
    }
    let parts_are_plain = inner
        .split('/')
        .all(|part| !matches!(part, "" | "." | ".."));
    let name_is_one = installed_name(folder).is_none_or(|name| {
        let parts: Vec<&str> = name.split('/').collect();
        parts.len() == if name.starts_with('@') { 2 } else { 1 }
    });
    folder.is_empty() || (parts_are_plain || inner == "..") && name_is_one && !folder.contains('\\')
}

/// Looks a name up as Node.js does: in the folder's own `node_modules`, then in that of each above.
pub(super) fn lookup<T>(
    folder: &str,
    name: &str,
    mut find: impl FnMut(&str) -> Option<T>,
) -> Option<T> {
    above(folder).find_map(|from| find(&join(from, &format!("node_modules/{name}"))))
}

pub(super) fn join(parent: &str, child: &str) -> String {
    if parent.is_empty() {
        child.to_owned()
    } else {
        format!("{parent}/{child}")
    }
}
