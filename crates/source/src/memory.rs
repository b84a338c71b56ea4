use std::collections::BTreeMap;

use plimsoll_model::{Address, TreePath};

use crate::tree::{Claims, Offer, Sink, Wanted};
use crate::{Content, Entry, Metadata, Tree};

/// A tree in memory: for tests, examples and generated input. It may hold several layers or commits.
#[derive(Clone, Debug, Default)]
pub struct Memory(BTreeMap<Address, (Metadata, Content)>);

impl Memory {
    /// A tree of these files.
    pub fn new<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut tree = Self::default();
        for (path, text) in files {
            let content = Content::Bytes(text.as_bytes().to_vec());
            tree.insert(TreePath::new(path), Metadata::default(), content);
        }
        tree
    }

    /// Adds one file, also one that cannot be read, in place of what the address named before.
    pub fn insert(&mut self, address: impl Into<Address>, metadata: Metadata, content: Content) {
        self.0.insert(address.into(), (metadata, content));
    }
}

impl Tree for Memory {
    fn walk(&self, max_bytes: u64, claims: &Claims<'_>, sink: &Sink<'_>) {
        for (address, (metadata, content)) in &self.0 {
            let offer = Offer {
                address,
                metadata,
                identity: None,
            };
            if claims(&offer) == Wanted::Bytes {
                sink(Entry {
                    address: address.clone(),
                    metadata: metadata.clone(),
                    content: bounded(content, max_bytes),
                    identity: None,
                });
            }
        }
    }

    fn open(&self, address: &Address, max_bytes: u64) -> Option<Content> {
        let (_, content) = self.0.get(address)?;
        Some(bounded(content, max_bytes))
    }
}

fn bounded(content: &Content, max_bytes: u64) -> Content {
    match content {
        Content::Bytes(bytes) if bytes.len() as u64 > max_bytes => Content::TooLarge {
            size_bytes: bytes.len() as u64,
        },
        Content::Bytes(_)
        | Content::TooLarge { .. }
        | Content::NotRegular
        | Content::Unreadable { .. } => content.clone(),
    }
}
