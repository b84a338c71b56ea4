use std::collections::BTreeMap;

use plimsoll_model::TreePath;

use crate::{Content, Tree};

/// A tree in memory: for tests, examples and generated input.
#[derive(Clone, Debug, Default)]
pub struct Memory(BTreeMap<TreePath, Content>);

impl Memory {
    /// A tree of these files.
    pub fn new<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self(
            files
                .into_iter()
                .map(|(path, text)| (TreePath::new(path), bytes(text)))
                .collect(),
        )
    }

    /// Adds one entry, also one that cannot be read.
    pub fn insert(&mut self, path: TreePath, content: Content) {
        self.0.insert(path, content);
    }
}

fn bytes(text: &str) -> Content {
    Content::Bytes(text.as_bytes().to_vec())
}

impl Tree for Memory {
    fn walk(
        &self,
        max_bytes: u64,
        claims: &(dyn Fn(&TreePath) -> bool + Sync),
        sink: &(dyn Fn(TreePath, Content) + Sync),
    ) {
        for (path, content) in self.0.iter().filter(|(path, _)| claims(path)) {
            let content = match content {
                Content::Bytes(bytes) if bytes.len() as u64 > max_bytes => Content::TooLarge {
                    size_bytes: bytes.len() as u64,
                },
                other => other.clone(),
            };
            sink(path.clone(), content);
        }
    }
}
