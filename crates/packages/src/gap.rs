//! The gaps of this crate: one function for each id, so that its kind, words and fix stand in one place.

use plimsoll_model::{Gap, GapKind, Location, RuleId, TreePath};

fn gap(
    name: &str,
    kind: GapKind,
    location: Location,
    message: String,
    fix: impl Into<String>,
) -> Gap {
    let id = RuleId::new("dependency", name);
    Gap {
        id,
        kind,
        place: Some(location.into()),
        message,
        fix: fix.into(),
    }
}

/// A lockfile that is not of its format, from `offset` on.
pub(crate) fn unreadable_lockfile(location: Location, why: &str) -> Gap {
    let message = format!(
        "{} cannot be read from line {} on ({why}), so its packages were not checked",
        location.path, location.start.line
    );
    let fix = "fix that line, or make the file again with its package manager";
    gap(
        "unreadable-lockfile",
        GapKind::Unreadable,
        location,
        message,
        fix,
    )
}

/// A manifest that is not of its format.
pub(crate) fn unreadable_manifest(location: Location, why: &str) -> Gap {
    let message = format!(
        "{} cannot be read from line {} on ({why}), so what it asks for was not checked",
        location.path, location.start.line
    );
    gap(
        "unreadable-manifest",
        GapKind::Unreadable,
        location,
        message,
        "fix that line",
    )
}

/// A lockfile of a format, or of a version of a format, that has no reader here.
pub(crate) fn unsupported_lockfile(location: Location, what: &str, fix: &str) -> Gap {
    let message = format!(
        "{} is {what}, which is not read yet, so its packages were not checked",
        location.path
    );
    gap(
        "unsupported-lockfile",
        GapKind::Unsupported,
        location,
        message,
        fix,
    )
}

/// A file that is no text.
pub(crate) fn no_text(path: &TreePath) -> Gap {
    gap(
        "unreadable-file",
        GapKind::Unreadable,
        Location::file(path.clone()),
        format!("{path} should be text and is binary"),
        "restore the file",
    )
}

/// A file over the bound of this crate.
pub(crate) fn too_large(path: &TreePath, size_bytes: usize, max_bytes: usize) -> Gap {
    let message = format!(
        "{path} has {size_bytes} bytes, over the {max_bytes} that are read, so its packages were not checked"
    );
    let fix = "split the project, or exclude generated files from the tree";
    gap(
        "unsupported-lockfile",
        GapKind::Unsupported,
        Location::file(path.clone()),
        message,
        fix,
    )
}

/// A bound on depth or number was met inside a file.
pub(crate) fn bounded(location: Location, what: &str) -> Gap {
    let message = format!(
        "{} holds {what}; nothing beyond that was checked",
        location.path
    );
    let fix = "make the file again with its package manager";
    gap(
        "unsupported-lockfile",
        GapKind::Unsupported,
        location,
        message,
        fix,
    )
}

/// A lockfile with values that look like secrets, which were blanked before it was read.
pub(crate) fn masked(location: Location, count: usize) -> Gap {
    let message = format!(
        "{} holds {count} {} secret and blanked before it was read, so a package may be missing or misread",
        location.path,
        if count == 1 {
            "value that looks"
        } else {
            "values that look"
        },
    );
    let fix = "take the secret out of the file (registry credentials belong into the package manager's own \
                configuration), or allow the value if it is none";
    gap(
        "masked-lockfile",
        GapKind::Unreadable,
        location,
        message,
        fix,
    )
}

/// A manifest that no lockfile answers for.
pub(crate) fn unlocked_manifest(location: Location, why: String, fix: &str) -> Gap {
    gap("unlocked-manifest", GapKind::Unresolved, location, why, fix)
}

/// A manifest that asks for something its lockfile has not heard of.
pub(crate) fn outdated_lockfile(
    location: Location,
    lock: &TreePath,
    missing: &str,
    fix: &str,
) -> Gap {
    let message = format!(
        "{} asks for {missing}, which {lock} does not lock",
        location.path
    );
    gap(
        "outdated-lockfile",
        GapKind::Unresolved,
        location,
        message,
        fix,
    )
}

/// A lockfile whose own packages ask for something that it does not lock.
pub(crate) fn incomplete_lockfile(
    location: Location,
    package: &str,
    missing: &str,
    fix: &str,
) -> Gap {
    let message = format!(
        "{} locks `{package}` and not what it asks for: {missing}; whatever is chosen for that was not checked",
        location.path
    );
    gap(
        "incomplete-lockfile",
        GapKind::Unresolved,
        location,
        message,
        fix,
    )
}

/// A package that a lockfile takes from the tree, which does not hold it.
pub(crate) fn missing_package(location: Location, package: &str) -> Gap {
    let message = format!(
        "{} takes `{package}` from a folder, and no manifest of the tree puts this version of it there, so it was not checked",
        location.path
    );
    let fix = "put the package into the tree, or make the lockfile again with its package manager";
    gap(
        "missing-package",
        GapKind::Unresolved,
        location,
        message,
        fix,
    )
}

/// A package that comes from elsewhere than its ecosystem's public registry.
pub(crate) fn foreign_source(location: Location, package: &str, source: &str) -> Gap {
    let message = format!(
        "`{package}` comes from {source}, so no advisory about a registry package speaks about it"
    );
    let fix = "use the published package, or review this source yourself and waive the gap with an expiry";
    gap(
        "foreign-source",
        GapKind::Unresolved,
        location,
        message,
        fix,
    )
}

/// A lockfile entry without an exact version.
pub(crate) fn unversioned_entry(location: Location, package: &str) -> Gap {
    let message = format!("the entry of `{package}` names no version, so it was not checked");
    let fix = "make the file again with its package manager";
    gap(
        "unversioned-entry",
        GapKind::Unresolved,
        location,
        message,
        fix,
    )
}

/// Lines of a requirements file that are no requirement and no known option; `location` is the first.
pub(crate) fn unreadable_requirement(location: Location, why: &str, count: usize) -> Gap {
    let line = location.start.line;
    let message = if count == 1 {
        format!("line {line} of {} cannot be read: {why}", location.path)
    } else {
        format!(
            "{count} lines of {} cannot be read, the first is line {line}: {why}",
            location.path
        )
    };
    let fix = "write each requirement as PEP 508 does";
    gap(
        "unreadable-requirement",
        GapKind::Unreadable,
        location,
        message,
        fix,
    )
}

/// A file that has the name of a requirements file and reads like something else.
pub(crate) fn no_requirements(location: Location, refused: usize, total: usize) -> Gap {
    let message = format!(
        "{} is named like a requirements file, but {refused} of its {total} lines are no requirements; none was checked",
        location.path
    );
    let fix = "give a text another name, or write each requirement as PEP 508 does";
    gap(
        "no-requirements",
        GapKind::Unresolved,
        location,
        message,
        fix,
    )
}

/// A requirements file whose pins need not be all that is installed.
pub(crate) fn unsealed_requirements(location: Location, pins: usize) -> Gap {
    let message = format!(
        "{} pins {pins} without a hash, and pip also installs whatever they ask for: nothing says that these are all",
        location.path
    );
    let fix = "make the file with `pip-compile --generate-hashes`: with hashes, pip refuses what the file does not list";
    gap(
        "unsealed-requirements",
        GapKind::Unresolved,
        location,
        message,
        fix,
    )
}

/// What a requirements file draws in and was not read.
pub(crate) fn missing_include(location: Location, path: &str, why: &str) -> Gap {
    let message = format!(
        "{} draws in `{path}`, {why}, so its packages were not checked",
        location.path
    );
    let fix = "put it into the tree: a file under a name like requirements-NAME.txt or constraints.txt, a folder with its manifest";
    gap(
        "missing-include",
        GapKind::Unresolved,
        location,
        message,
        fix,
    )
}
