use std::collections::BTreeMap;

use plimsoll_model::{Address, Inspection, TreeAddress, TreePath};

/// Facts by the files that state them, in the trees that files of one inspection are in.
///
/// Which files make one tree is decided here alone, so that an inspector sees, for example, an image as one
/// tree or as one of each layer without knowing which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trees<F>(BTreeMap<TreeAddress, BTreeMap<TreePath, F>>);

/// Facts of the files of one tree, by their paths in it.
#[derive(Debug)]
pub struct View<'a, F> {
    address: &'a TreeAddress,
    files: &'a BTreeMap<TreePath, F>,
}

impl<F> Default for Trees<F> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<F> Trees<F> {
    /// Adds what one file states, in place of what it stated before.
    pub fn insert(&mut self, address: &Address, facts: F) {
        let tree = self.0.entry(address.tree()).or_default();
        tree.insert(address.path.clone(), facts);
    }

    /// The trees, each by itself, in the order of their addresses.
    pub fn each(&self) -> impl Iterator<Item = View<'_, F>> {
        self.0
            .iter()
            .map(|(address, files)| View { address, files })
    }

    /// Every file of every tree.
    pub fn files(&self) -> impl Iterator<Item = (Address, &F)> {
        self.0.iter().flat_map(|(tree, files)| {
            let files = files.iter();
            files.map(|(path, facts)| (tree.file(path.clone()), facts))
        })
    }

    /// Concludes in each tree by itself, and says in which tree each thing was seen.
    pub fn conclude_each(
        &self,
        conclude: impl Fn(&BTreeMap<TreePath, F>) -> Inspection,
    ) -> Inspection {
        let mut all = Inspection::default();
        for view in self.each() {
            let mut seen = conclude(view.files());
            seen.locate_in(|path| view.tree_of(path));
            all.merge(seen);
        }
        all
    }
}

impl<'a, F> View<'a, F> {
    /// Its facts by path.
    pub fn files(&self) -> &'a BTreeMap<TreePath, F> {
        self.files
    }

    /// The tree that the file at a path of this view was taken from.
    pub fn tree_of(&self, _path: &TreePath) -> TreeAddress {
        self.address.clone()
    }
}
