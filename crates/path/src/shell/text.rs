//! A script's text, apart from what the shell reads in it.

use plimsoll_model::{LineIndex, Location, Span, TreePath};

use super::Runner;

/// Where the text of a script stands in its file.
pub(crate) struct Place<'a> {
    pub(crate) path: &'a TreePath,
    pub(crate) lines: &'a LineIndex<'a>,
    /// From an offset in the script to one in the file.
    pub(crate) offset: &'a dyn Fn(usize) -> usize,
    /// The runners that may run it.
    pub(crate) runners: &'a [&'static Runner],
}

impl Place<'_> {
    pub(super) fn location(&self, span: Span) -> Location {
        let start = (self.offset)(span.start);
        let end = if span.end > span.start {
            (self.offset)(span.end - 1) + 1
        } else {
            start
        };
        self.lines.location(self.path, Span::new(start, end))
    }
}

/// The variable that names a file which bash runs before a script (Bash Reference Manual, "Bash
/// Startup Files").
pub(crate) const STARTUP: &str = "BASH_ENV";

/// Where the text names the variable, be it for a command of its own or for later steps.
pub(super) fn startup(text: &str, place: &Place) -> Option<Location> {
    let at = text.find(STARTUP)?;
    Some(place.location(Span::new(at, at + STARTUP.len())))
}

/// The variables in the text by whose files it may change what the steps behind it know.
pub(super) fn stores(text: &str, runners: &[&Runner]) -> Vec<String> {
    let mut stores = all_stores(runners);
    stores.retain(|store| text.contains(store.as_str()));
    stores
}

/// Each variable by which a script that is not read may do so.
pub(super) fn all_stores(runners: &[&Runner]) -> Vec<String> {
    let stores = runners.iter().flat_map(|runner| runner.stores);
    stores.map(|store| (*store).to_owned()).collect()
}

/// The first line of a command, shortened.
pub(crate) fn label(text: &str) -> String {
    let line = text
        .trim()
        .lines()
        .next()
        .unwrap_or_default()
        .trim_end_matches('\\')
        .trim_end();
    let mut label: String = line.chars().take(60).collect();
    if label.len() < line.len() {
        label.push('…');
    }
    label
}

/// Cuts a backslash off that continues the last line into nothing, as the shell does; the grammar
/// waits for more.
pub(super) fn without_last_continuation(text: &str) -> &str {
    let lines = text.trim_end_matches(['\n', '\r', ' ', '\t']);
    let body = lines.trim_end_matches('\\');
    let continued = (lines.len() - body.len()) % 2 == 1;
    if continued {
        &lines[..lines.len() - 1]
    } else {
        text
    }
}
