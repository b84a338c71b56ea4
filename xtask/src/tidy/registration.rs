//! A folder of rules or families equals the list that registers them: a file that nobody registers
//! is a check that never runs.
//!
//! The other direction needs no check here: a registered file that is absent does not compile.

use super::{Files, Problem};

/// A folder whose files are registered by name in one list.
pub(super) struct Registered {
    /// The folder, with its last `/`.
    pub(super) folder: &'static str,
    /// How the names of its files end.
    pub(super) end: &'static str,
    /// What a file holds that must be registered; with `""` every file must.
    pub(super) marker: &'static str,
    /// The file that holds the list.
    pub(super) list: &'static str,
    /// What stands around a file's stem in the list.
    pub(super) written: (&'static str, &'static str),
}

pub(super) const TABLE: &[Registered] = &[
    Registered {
        folder: "crates/secrets/rules/",
        end: ".toml",
        marker: "",
        list: "crates/secrets/src/builtin.rs",
        written: ("\"", "\""),
    },
    Registered {
        folder: "crates/packages/src/",
        end: ".rs",
        marker: "static FAMILY:",
        list: "crates/packages/src/family.rs",
        written: ("&", "::FAMILY"),
    },
    Registered {
        folder: "crates/path/src/rules/",
        end: ".rs",
        marker: "static RULE:",
        list: "crates/path/src/rules.rs",
        written: ("&", "::RULE"),
    },
];

pub(super) fn check(files: &Files, table: &[Registered]) -> Vec<Problem> {
    table
        .iter()
        .flat_map(|entry| check_entry(files, entry))
        .collect()
}

fn check_entry(files: &Files, entry: &Registered) -> Vec<Problem> {
    let Some(list) = files.text(entry.list) else {
        let message = format!(
            "this list of {} is gone: fix the table of registrations",
            entry.folder
        );
        return vec![Problem::new(entry.list, None, message)];
    };
    let members: Vec<&str> = members(files, entry).collect();
    if members.is_empty() {
        return vec![Problem::new(
            entry.folder,
            None,
            "is empty: fix the table of registrations",
        )];
    }
    let (before, after) = entry.written;
    members
        .into_iter()
        .filter(|stem| !list.contains(&format!("{before}{stem}{after}")))
        .map(|stem| {
            let message = format!(
                "is not registered: {} does not hold `{before}{stem}{after}`",
                entry.list
            );
            Problem::new(
                &format!("{}{stem}{}", entry.folder, entry.end),
                None,
                message,
            )
        })
        .collect()
}

/// The stems of the files right inside the folder that hold the marker, but for the list itself.
fn members<'a>(files: &'a Files, entry: &'a Registered) -> impl Iterator<Item = &'a str> {
    files
        .inside(entry.folder)
        .filter(|(file, text)| *file != entry.list && text.contains(entry.marker))
        .filter_map(|(file, _)| file[entry.folder.len()..].strip_suffix(entry.end))
        .filter(|stem| !stem.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::{Registered, check};
    use crate::tidy::Files;

    const RULES: Registered = Registered {
        folder: "a/rules/",
        end: ".rs",
        marker: "static RULE",
        list: "a/rules/mod.rs",
        written: ("&", "::RULE"),
    };
    const RULE: &str = "pub static RULE: Rule = Rule {};";

    fn messages(files: &[(&str, &str)]) -> Vec<String> {
        check(&Files::written(files), &[RULES])
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn a_file_that_the_list_lacks_is_reported() {
        let list = (
            "a/rules/mod.rs",
            "mod x; mod y;\nstatic ALL: &[&Rule] = &[&x::RULE];",
        );
        assert_eq!(
            messages(&[
                list,
                ("a/rules/x.rs", RULE),
                ("a/rules/x/inner.rs", RULE),
                ("a/rules/shape.rs", "")
            ]),
            [""; 0]
        );
        assert_eq!(
            messages(&[list, ("a/rules/x.rs", RULE), ("a/rules/y.rs", RULE)]),
            ["a/rules/y.rs: is not registered: a/rules/mod.rs does not hold `&y::RULE`"]
        );
    }

    #[test]
    fn a_table_that_points_at_nothing_is_reported() {
        assert_eq!(messages(&[("a/rules/x.rs", RULE)]).len(), 1);
        assert_eq!(messages(&[("a/rules/mod.rs", "")]).len(), 1);
    }
}
