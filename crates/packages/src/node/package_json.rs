//! `package.json`: what a Node.js package asks for. Versions come from a lockfile alone.

use plimsoll_model::Span;
use plimsoll_source::TextFile;

use super::npm_needs::NpmNeeds;
use crate::facts::Manifest;
use crate::json::{error_offset, key_span};
use crate::{Facts, Parser, gap};

pub(crate) static PARSER: Parser = Parser {
    globs: &["**/package.json"],
    read,
};

fn read(file: &TextFile<'_>) -> Facts {
    let text = file.text.strip_prefix('\u{feff}').unwrap_or(file.text);
    let package: NpmNeeds<'_> = match serde_json::from_str(text) {
        Ok(package) => package,
        Err(error) => {
            let offset = error_offset(text, &error);
            let why = if error.is_data() {
                "a value of the wrong type stands there"
            } else {
                "it is not JSON"
            };
            let gap = gap::unreadable_manifest(file.location(Span::new(offset, offset)), why);
            return Facts::gap(gap);
        }
    };
    Facts {
        manifest: manifest(file, &package),
        ..Facts::default()
    }
}

fn manifest(file: &TextFile<'_>, package: &NpmNeeds<'_>) -> Option<Manifest> {
    let (key, value) = package.asked().next()?;
    let first: Span = key_span(file.text, key, value);
    Some(Manifest {
        needs: package.texts(),
        location: file.location(first),
    })
}
