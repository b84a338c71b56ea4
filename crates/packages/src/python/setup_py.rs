//! `setup.py` and `setup.cfg`: whether they ask for packages. A script is not run, so what it asks
//! for is not known; a requirements file with pins cannot be held against it.

use plimsoll_model::Span;
use plimsoll_source::TextFile;

use crate::facts::Manifest;
use crate::{Facts, Parser};

pub(crate) static PARSER: Parser = Parser {
    globs: &["**/setup.py", "**/setup.cfg"],
    read,
};

const ASKS: &str = "install_requires";

fn read(file: &TextFile<'_>) -> Facts {
    let manifest = file.text.find(ASKS).map(|at| {
        Manifest::by_name(
            [format!("what `{ASKS}` says")],
            file.location(Span::new(at, at + ASKS.len())),
        )
    });
    Facts {
        manifest,
        ..Facts::default()
    }
}
