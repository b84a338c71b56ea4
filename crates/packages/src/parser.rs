use std::sync::LazyLock;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use plimsoll_model::TreePath;
use plimsoll_source::{File, TextFile};

use crate::{
    Facts, cargo_lock, cargo_toml, gap, package_json, package_lock, pyproject, requirements,
    setup_py, unread, vendored,
};

/// The reader of one format.
#[derive(Debug)]
pub struct Parser {
    /// The format and the version of its reader, for example `cargo-lock/1`: part of the key under
    /// which facts are cached, so it changes whenever the same bytes would give other facts.
    pub id: &'static str,
    /// The files it reads, as globs over whole tree paths.
    pub globs: &'static [&'static str],
    pub(crate) read: fn(&TextFile<'_>) -> Facts,
}

/// Every parser; the first whose globs fit a path reads the file.
pub static PARSERS: [&Parser; 10] = [
    &cargo_lock::PARSER,
    &cargo_toml::PARSER,
    &package_lock::PARSER,
    &package_json::PARSER,
    &requirements::PARSER,
    &requirements::INPUT_PARSER,
    &pyproject::PARSER,
    &setup_py::PARSER,
    &vendored::PARSER,
    &unread::PARSER,
];

/// A larger file is a gap: no lockfile that people work with comes near it.
const MAX_BYTES: usize = 64 << 20;

impl Parser {
    /// Reads one file. Never fails and never panics: what cannot be read is a gap.
    pub fn extract(&self, file: &File<'_>) -> Facts {
        let Some(file) = &file.as_text() else {
            return Facts {
                gaps: vec![gap::no_text(file.address.path_in_tree())],
                ..Facts::default()
            };
        };
        if file.text.len() > MAX_BYTES {
            return Facts {
                gaps: vec![gap::too_large(file.path, file.text.len(), MAX_BYTES)],
                ..Facts::default()
            };
        }
        let mut facts = (self.read)(file);
        if let Some(span) = file.masks.spans().first() {
            facts
                .gaps
                .push(gap::masked(file.location(*span), file.masks.spans().len()));
        }
        facts
    }
}

/// The parser of the file at this path, if it is of a known format. The path alone decides.
pub fn claims(path: &TreePath) -> Option<&'static Parser> {
    let first = GLOBS.set.matches(path.as_str()).into_iter().min()?;
    Some(GLOBS.parsers[first])
}

struct Globs {
    set: GlobSet,
    /// The parser of each glob, in the order of the set.
    parsers: Vec<&'static Parser>,
}

static GLOBS: LazyLock<Globs> = LazyLock::new(|| {
    let mut set = GlobSetBuilder::new();
    let mut parsers = Vec::new();
    for parser in PARSERS {
        for glob in parser.globs {
            // A folder of macOS or Windows finds `package.json` under the name `Package.json`.
            let glob = GlobBuilder::new(glob)
                .literal_separator(true)
                .case_insensitive(true)
                .build();
            set.add(glob.expect("the globs of the table are valid"));
            parsers.push(parser);
        }
    }
    Globs {
        set: set
            .build()
            .expect("the globs of the table are valid together"),
        parsers,
    }
});
