//! Which directory a command enters, so that a script is looked for where the shell looks.

use plimsoll_syntax::shell::Command;
use serde::{Deserialize, Serialize};

use super::{Runner, effect};

/// What `cd` makes the shell's directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Enters {
    /// A path from where it is, without a leading `/`.
    Below(String),
    /// The root of the tree.
    Root,
    /// One that the text does not tell.
    Unknown,
}

/// What `cd`, `pushd` or `popd` does to the shell's directory; `None` for any other command.
pub(super) fn entered(command: &Command, runners: &[&Runner]) -> Option<Enters> {
    let words = &command.words[effect::wrapped_by(&command.words)..];
    let (name, arguments) = words.split_first()?;
    if !matches!(name.literal.as_deref()?, "cd" | "pushd" | "popd") {
        return None;
    }
    let mut operands = arguments
        .iter()
        .filter(|word| !matches!(word.written.as_str(), "-P" | "-L" | "--"));
    let Some(target) = operands.next() else {
        return Some(Enters::Unknown);
    };
    Some(match target.literal.as_deref() {
        Some(path) if path.starts_with(['-', '+', '/']) || path.is_empty() => Enters::Unknown,
        Some(path) => Enters::Below(path.to_owned()),
        None if below_root(unquoted(&target.written), runners) == Some("") => Enters::Root,
        None => Enters::Unknown,
    })
}

/// What stands behind the root of the tree in a path; `None` when it does not begin with it.
pub(super) fn below_root<'p>(path: &'p str, runners: &[&Runner]) -> Option<&'p str> {
    let mut roots = runners.iter().flat_map(|runner| runner.roots);
    roots.find_map(|root| {
        let rest = path.strip_prefix(root)?;
        if rest.is_empty() {
            Some(rest)
        } else {
            rest.strip_prefix('/')
        }
    })
}

/// A word as it is written, without the quotes around it.
pub(super) fn unquoted(written: &str) -> &str {
    written
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(written)
}
