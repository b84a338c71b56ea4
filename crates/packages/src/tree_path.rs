//! Folders of the tree as files name them: relative to one another.

/// The folder and those above it, the nearest first.
pub(crate) fn above(folder: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(folder), |folder| {
        if folder.is_empty() {
            None
        } else {
            Some(folder.rsplit_once('/').map_or("", |(parent, _)| parent))
        }
    })
}

/// `folder` as seen from `base`; `None` when it does not lie below.
pub(crate) fn relative<'a>(base: &str, folder: &'a str) -> Option<&'a str> {
    if base.is_empty() {
        return Some(folder);
    }
    let rest = folder.strip_prefix(base)?;
    if rest.is_empty() {
        Some(rest)
    } else {
        rest.strip_prefix('/')
    }
}

/// The tree path that `target` means in `folder`; `None` when it leaves the tree.
pub(crate) fn resolve(folder: &str, target: &str) -> Option<String> {
    if target.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
