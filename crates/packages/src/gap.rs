//! What of the components may stay unchecked: one documentation for each id, and functions that make
//! the gaps, so that words and fix stand in one place.

use plimsoll_model::{Gap, GapDoc, GapKind, Location, TreePath};
use plimsoll_source::UNREADABLE_FILE;

use crate::family::CHECK_BY_OTHER_MEANS;

/// All of them.
pub static GAPS: [&GapDoc; 14] = [
    &UNREADABLE_LOCKFILE,
    &UNREADABLE_MANIFEST,
    &UNSUPPORTED_LOCKFILE,
    &MASKED_LOCKFILE,
    &UNLOCKED_MANIFEST,
    &OUTDATED_LOCKFILE,
    &INCOMPLETE_LOCKFILE,
    &MISSING_PACKAGE,
    &FOREIGN_SOURCE,
    &UNVERSIONED_ENTRY,
    &UNREADABLE_REQUIREMENT,
    &NO_REQUIREMENTS,
    &UNSEALED_REQUIREMENTS,
    &MISSING_INCLUDE,
];

static UNREADABLE_LOCKFILE: GapDoc = GapDoc {
    name: "unreadable-lockfile",
    kind: GapKind::Unreadable,
    title: "a lockfile is not of its format",
    why: "the packages it locks behind that place are not known, so no advisory was asked about them",
    fix: "fix that line, or make the file again with its package manager",
};

static UNREADABLE_MANIFEST: GapDoc = GapDoc {
    name: "unreadable-manifest",
    kind: GapKind::Unreadable,
    title: "a manifest is not of its format",
    why: "what it asks for is not known, so nothing says that a lockfile answers for it",
    fix: "fix that line",
};

static UNSUPPORTED_LOCKFILE: GapDoc = GapDoc {
    name: "unsupported-lockfile",
    kind: GapKind::Unsupported,
    title: "a lockfile is of a format or size that this build does not read",
    why: "its packages are not known, so no advisory was asked about them",
    fix: CHECK_BY_OTHER_MEANS,
};

static MASKED_LOCKFILE: GapDoc = GapDoc {
    name: "masked-lockfile",
    kind: GapKind::Unreadable,
    title: "a lockfile holds values that look secret and were blanked before it was read",
    why: "a blanked value may be a part of a name or version, so a package may be missing or misread",
    fix: "take the secret out of the file, or allow the value if it is none",
};

static UNLOCKED_MANIFEST: GapDoc = GapDoc {
    name: "unlocked-manifest",
    kind: GapKind::Unresolved,
    title: "no lockfile answers for a manifest",
    why: "which versions ship is decided anew at each build, and may differ from those that anybody checked",
    fix: "commit the lockfile that the package manager makes",
};

static OUTDATED_LOCKFILE: GapDoc = GapDoc {
    name: "outdated-lockfile",
    kind: GapKind::Unresolved,
    title: "a manifest asks for something that its lockfile has not heard of",
    why: "the version that will be chosen for it was not checked",
    fix: "make the lockfile again and commit it",
};

static INCOMPLETE_LOCKFILE: GapDoc = GapDoc {
    name: "incomplete-lockfile",
    kind: GapKind::Unresolved,
    title: "a lockfile does not lock what its own packages ask for",
    why: "whatever is chosen for that was not checked",
    fix: "make the lockfile again with its package manager",
};

static MISSING_PACKAGE: GapDoc = GapDoc {
    name: "missing-package",
    kind: GapKind::Unresolved,
    title: "a lockfile takes a package from a folder that does not hold it",
    why: "where the package will come from is not known, so it was not checked",
    fix: "put the package into the tree, or make the lockfile again with its package manager",
};

static FOREIGN_SOURCE: GapDoc = GapDoc {
    name: "foreign-source",
    kind: GapKind::Unresolved,
    title: "a package comes from elsewhere than its ecosystem's public registry",
    why: "no advisory about a package of the registry speaks about it",
    fix: "use the published package, or review this source yourself and waive the gap with an expiry",
};

static UNVERSIONED_ENTRY: GapDoc = GapDoc {
    name: "unversioned-entry",
    kind: GapKind::Unresolved,
    title: "an entry of a lockfile names no exact version",
    why: "whether an advisory affects it cannot be said",
    fix: "make the file again with its package manager",
};

static UNREADABLE_REQUIREMENT: GapDoc = GapDoc {
    name: "unreadable-requirement",
    kind: GapKind::Unreadable,
    title: "a line of a requirements file is neither a requirement nor an option",
    why: "what it installs is not known",
    fix: "write each requirement as PEP 508 does",
};

static NO_REQUIREMENTS: GapDoc = GapDoc {
    name: "no-requirements",
    kind: GapKind::Unresolved,
    title: "a file is named like a requirements file and reads like something else",
    why: "if pip is given it, what it installs is not known",
    fix: "give a text another name, or write each requirement as PEP 508 does",
};

static UNSEALED_REQUIREMENTS: GapDoc = GapDoc {
    name: "unsealed-requirements",
    kind: GapKind::Unresolved,
    title: "a requirements file pins versions without hashes",
    why: "pip also installs whatever those packages ask for, and nothing says that these are all",
    fix: "make the file with `pip-compile --generate-hashes`",
};

static MISSING_INCLUDE: GapDoc = GapDoc {
    name: "missing-include",
    kind: GapKind::Unresolved,
    title: "a requirements file draws in a file or folder that was not read",
    why: "the packages of that file were not checked",
    fix: "put it into the tree under a name of a requirements file, or with its manifest",
};

fn gap(doc: &GapDoc, location: Location, message: String, fix: impl Into<String>) -> Gap {
    doc.gap("dependency", Some(location.into()), message, fix)
}

/// A lockfile that is not of its format, from `location` on.
pub(crate) fn unreadable_lockfile(location: Location, why: &str) -> Gap {
    let message = format!(
        "{} cannot be read from line {} on ({why}), so its packages were not checked",
        location.path, location.start.line
    );
    gap(
        &UNREADABLE_LOCKFILE,
        location,
        message,
        UNREADABLE_LOCKFILE.fix,
    )
}

/// A manifest that is not of its format.
pub(crate) fn unreadable_manifest(location: Location, why: &str) -> Gap {
    let message = format!(
        "{} cannot be read from line {} on ({why}), so what it asks for was not checked",
        location.path, location.start.line
    );
    gap(
        &UNREADABLE_MANIFEST,
        location,
        message,
        UNREADABLE_MANIFEST.fix,
    )
}

/// A lockfile of a format, or of a version of a format, that has no reader here.
pub(crate) fn unsupported_lockfile(location: Location, what: &str, fix: &str) -> Gap {
    let message = format!(
        "{} is {what}, which is not read yet, so its packages were not checked",
        location.path
    );
    gap(&UNSUPPORTED_LOCKFILE, location, message, fix)
}

/// A file that is no text.
pub(crate) fn no_text(path: &TreePath) -> Gap {
    gap(
        &UNREADABLE_FILE,
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
        &UNSUPPORTED_LOCKFILE,
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
    gap(&UNSUPPORTED_LOCKFILE, location, message, fix)
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
    gap(&MASKED_LOCKFILE, location, message, fix)
}

/// A manifest that no lockfile answers for.
pub(crate) fn unlocked_manifest(location: Location, why: String, fix: &str) -> Gap {
    gap(&UNLOCKED_MANIFEST, location, why, fix)
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
    gap(&OUTDATED_LOCKFILE, location, message, fix)
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
    gap(&INCOMPLETE_LOCKFILE, location, message, fix)
}

/// A package that a lockfile takes from the tree, which does not hold it.
pub(crate) fn missing_package(location: Location, package: &str) -> Gap {
    let message = format!(
        "{} takes `{package}` from a folder, and no manifest of the tree puts this version of it there, so it was not checked",
        location.path
    );
    gap(&MISSING_PACKAGE, location, message, MISSING_PACKAGE.fix)
}

/// A package that comes from elsewhere than its ecosystem's public registry.
pub(crate) fn foreign_source(location: Location, package: &str, source: &str) -> Gap {
    let message = format!(
        "`{package}` comes from {source}, so no advisory about a registry package speaks about it"
    );
    gap(&FOREIGN_SOURCE, location, message, FOREIGN_SOURCE.fix)
}

/// A lockfile entry without an exact version.
pub(crate) fn unversioned_entry(location: Location, package: &str) -> Gap {
    let message = format!("the entry of `{package}` names no version, so it was not checked");
    gap(&UNVERSIONED_ENTRY, location, message, UNVERSIONED_ENTRY.fix)
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
    gap(
        &UNREADABLE_REQUIREMENT,
        location,
        message,
        UNREADABLE_REQUIREMENT.fix,
    )
}

/// A file that has the name of a requirements file and reads like something else.
pub(crate) fn no_requirements(location: Location, refused: usize, total: usize) -> Gap {
    let message = format!(
        "{} is named like a requirements file, but {refused} of its {total} lines are no requirements; none was checked",
        location.path
    );
    gap(&NO_REQUIREMENTS, location, message, NO_REQUIREMENTS.fix)
}

/// A requirements file whose pins need not be all that is installed.
pub(crate) fn unsealed_requirements(location: Location, pins: usize) -> Gap {
    let message = format!(
        "{} pins {pins} without a hash, and pip also installs whatever they ask for: nothing says that these are all",
        location.path
    );
    let fix = "make the file with `pip-compile --generate-hashes`: with hashes, pip refuses what the file does not list";
    gap(&UNSEALED_REQUIREMENTS, location, message, fix)
}

/// What a requirements file draws in and was not read.
pub(crate) fn missing_include(location: Location, path: &str, why: &str) -> Gap {
    let message = format!(
        "{} draws in `{path}`, {why}, so its packages were not checked",
        location.path
    );
    let fix = "put it into the tree: a file under a name like requirements-NAME.txt or constraints.txt, a folder with its manifest";
    gap(&MISSING_INCLUDE, location, message, fix)
}
