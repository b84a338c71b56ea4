//! Texts without their secret values, as all get them but those who look for secrets.

use std::sync::LazyLock;

use plimsoll_model::{Address, Masks, Span};
use plimsoll_source::{File, Files, Metadata, Text, Tree};

use super::{MAX_FILE_BYTES, Map, Read, Worker, unchanged};
use crate::register::{Facts, Inspectors, Ready};

/// Where secret values stand in a text, as all say who see them.
pub(crate) fn masks(inspectors: &Inspectors, address: &Address, text: &str) -> Masks {
    let none = Masks::default();
    let file = File::text(address, text, &none);
    let mut spans = Vec::new();
    for ready in inspectors.ready().filter(|ready| ready.sees_secrets()) {
        let facts = ready.extract(&file);
        spans.extend(hidden(ready, &file, &facts, &[]));
    }
    Masks::new(spans)
}

/// The spans that one of them hides; what is no text has none.
fn hidden(ready: &dyn Ready, file: &File<'_>, facts: &Facts, names: &[Span]) -> Vec<Span> {
    match file.as_text() {
        Some(text) => ready.masks(&text, facts, names).spans().to_vec(),
        None => Vec::new(),
    }
}

/// A file as it is, and as those get it who see no secrets.
pub(super) struct Blanked<'a> {
    read: &'a Read,
    claiming: Vec<&'a dyn Ready>,
    /// What it says to each who read it so far.
    facts: Vec<(&'a dyn Ready, Facts)>,
    /// The masks and the blanked text, once somebody asks for it.
    masks: Option<(Masks, Option<String>)>,
}

impl<'a> Blanked<'a> {
    pub(super) fn new(read: &'a Read, claiming: &[&'a Worker<'a>]) -> Self {
        Self {
            read,
            claiming: claiming.iter().map(|worker| worker.ready).collect(),
            facts: Vec::new(),
            masks: None,
        }
    }

    /// Takes in what it says to somebody.
    pub(super) fn add(&mut self, ready: &'a dyn Ready, facts: Facts) {
        self.facts.push((ready, facts));
    }

    /// All that was taken in, in that order.
    pub(super) fn into_facts(self) -> impl Iterator<Item = Facts> {
        self.facts.into_iter().map(|(_, facts)| facts)
    }

    /// The file as an inspector may see it.
    pub(super) fn file_for(&mut self, ready: &dyn Ready) -> File<'_> {
        let read = self.read;
        let metadata = if ready.reads_metadata() {
            &read.metadata
        } else {
            &Metadata::UNKNOWN
        };
        let Text::Text(text) = &read.text else {
            return File {
                metadata,
                ..read.file(&NOTHING, "")
            };
        };
        if ready.sees_secrets() {
            return File {
                metadata,
                ..read.file(&NOTHING, text)
            };
        }
        let (masks, text) = self.blank(text);
        File {
            metadata,
            ..read.file(masks, text)
        }
    }

    /// The text as those get it who see no secrets.
    fn blank<'b>(&'b mut self, text: &'b str) -> (&'b Masks, &'b str) {
        let read = self.read;
        let (masks, blank) = self.masks.get_or_insert_with(|| {
            let masks = mask(read, text, &self.claiming, &self.facts);
            let blank = (!masks.is_empty()).then(|| masks.blank(text));
            (masks, blank)
        });
        (masks, blank.as_deref().unwrap_or(text))
    }
}

/// The inspected files, for whoever gathers.
pub(super) struct Inspectable<'a> {
    pub(super) map: &'a Map<'a>,
    pub(super) tree: &'a dyn Tree,
}

impl Files for Inspectable<'_> {
    fn text(&self, at: &Address) -> Option<String> {
        let inspected = self.map.find_digest(at)?;
        let bytes = unchanged(self.tree.open(at, MAX_FILE_BYTES), inspected)?;
        let read = Read {
            address: at.clone(),
            metadata: Metadata::UNKNOWN,
            text: Text::decode(bytes),
            digest: inspected,
            identity: None,
        };
        let Text::Text(text) = &read.text else {
            return None;
        };
        let claiming = self.map.find_claiming(&at.path);
        let mut blanked = Blanked::new(&read, &claiming);
        for worker in claiming {
            if worker.ready.sees_secrets() {
                let facts = worker.ready.extract(&blanked.file_for(worker.ready));
                blanked.add(worker.ready, facts);
            }
        }
        let (_, text) = blanked.blank(text);
        Some(text.to_owned())
    }
}

static NOTHING: LazyLock<Masks> = LazyLock::new(Masks::default);

/// What nobody may see of a text but those who see secrets.
fn mask(read: &Read, text: &str, claiming: &[&dyn Ready], facts: &[(&dyn Ready, Facts)]) -> Masks {
    let file = read.file(&NOTHING, text);
    let texts = file.as_text().into_iter();
    let names: Vec<Span> = texts
        .flat_map(|text| claiming.iter().flat_map(move |ready| ready.names(&text)))
        .collect();
    let spans = facts
        .iter()
        .filter(|(ready, _)| ready.sees_secrets())
        .flat_map(|(ready, facts)| hidden(*ready, &file, facts, &names));
    Masks::new(spans.collect())
}
