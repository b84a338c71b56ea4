use std::io::Read as _;
use std::path::{Path, PathBuf};

use ignore::{DirEntry, WalkBuilder, WalkState};
use plimsoll_model::TreePath;

use crate::{Content, Tree};

/// A folder on disk: everything below it but `.git` and what `.gitignore` files exclude.
///
/// Links are not followed. The user's global ignore file and `.ignore` files do not count: what is
/// inspected must not depend on the machine.
#[derive(Clone, Debug)]
pub struct Dir {
    root: PathBuf,
}

/// The folder cannot be inspected.
#[derive(Debug, thiserror::Error)]
pub enum DirError {
    /// It cannot be opened.
    #[error("cannot open {}", path.display())]
    Open {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not a folder.
    #[error("{} is not a folder", path.display())]
    NotAFolder {
        /// The path.
        path: PathBuf,
    },
}

impl Dir {
    /// The folder at `root`, which must exist.
    pub fn open(root: &Path) -> Result<Self, DirError> {
        let open = |source| DirError::Open { path: root.to_owned(), source };
        let root = root.canonicalize().map_err(open)?;
        if !root.is_dir() {
            return Err(DirError::NotAFolder { path: root });
        }
        Ok(Self { root })
    }

    /// The folder's absolute path.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn tree_path(&self, path: &Path) -> TreePath {
        let relative = path.strip_prefix(&self.root).unwrap_or(path);
        let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
        TreePath::new(if parts.is_empty() { ".".to_owned() } else { parts.join("/") })
    }

    fn visit(
        &self,
        entry: Result<DirEntry, ignore::Error>,
        max_bytes: u64,
        claims: &(dyn Fn(&TreePath) -> bool + Sync),
        sink: &(dyn Fn(TreePath, Content) + Sync),
    ) {
        match entry {
            Ok(entry) => {
                let path = self.tree_path(entry.path());
                if let Some(error) = entry.error() {
                    sink(path.clone(), Content::Unreadable { reason: error.to_string() });
                }
                if entry.file_type().is_some_and(|kind| kind.is_file()) && claims(&path) {
                    sink(path, read(entry.path(), max_bytes));
                }
            }
            Err(error) => sink(self.tree_path(&error_path(&error)), unreadable_walk(&error)),
        }
    }
}

impl Tree for Dir {
    fn walk(
        &self,
        max_bytes: u64,
        claims: &(dyn Fn(&TreePath) -> bool + Sync),
        sink: &(dyn Fn(TreePath, Content) + Sync),
    ) {
        let walker = WalkBuilder::new(&self.root)
            .standard_filters(false)
            .git_ignore(true)
            .git_exclude(false)
            .git_global(false)
            .parents(false)
            .require_git(false)
            .hidden(false)
            .follow_links(false)
            .filter_entry(|entry| entry.file_name() != ".git")
            .build_parallel();
        walker.run(|| {
            Box::new(|entry| {
                self.visit(entry, max_bytes, claims, sink);
                WalkState::Continue
            })
        });
    }
}

fn read(path: &Path, max_bytes: u64) -> Content {
    let unreadable = |error: std::io::Error| Content::Unreadable { reason: error.to_string() };
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) => return unreadable(error),
    };
    let size_bytes = match file.metadata() {
        Ok(metadata) => metadata.len(),
        Err(error) => return unreadable(error),
    };
    if size_bytes > max_bytes {
        return Content::TooLarge { size_bytes };
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size_bytes).unwrap_or(0) + 1);
    match file.take(max_bytes + 1).read_to_end(&mut bytes) {
        Ok(_) if bytes.len() as u64 > max_bytes => Content::TooLarge { size_bytes: bytes.len() as u64 },
        Ok(_) => Content::Bytes(bytes),
        Err(error) => unreadable(error),
    }
}

fn error_path(error: &ignore::Error) -> PathBuf {
    match error {
        ignore::Error::WithPath { path, .. } => path.clone(),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => error_path(err),
        _ => PathBuf::new(),
    }
}

fn unreadable_walk(error: &ignore::Error) -> Content {
    let reason = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
    Content::Unreadable { reason }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    use super::Dir;
    use crate::{Content, Tree};

    fn walk(root: &std::path::Path) -> BTreeMap<String, Content> {
        let seen = Mutex::new(BTreeMap::new());
        Dir::open(root).unwrap().walk(10, &|_| true, &|path, content| {
            let twice = seen.lock().unwrap().insert(path.to_string(), content);
            assert_eq!(twice, None, "{path} was pushed twice");
        });
        seen.into_inner().unwrap()
    }

    #[test]
    fn a_folder_is_walked_once_without_ignored_files_and_links() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for (path, text) in [
            (".gitignore", "/out\n"),
            ("out/x", "1"),
            (".git/config", "1"),
            ("a/.hidden", "1"),
            (".ignore", "a\n"),
            ("large", "12345678901"),
        ] {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        std::os::unix::fs::symlink("/etc/passwd", root.join("link")).unwrap();
        let seen = walk(root);
        let paths: Vec<_> = seen.keys().map(String::as_str).collect();
        assert_eq!(paths, [".gitignore", ".ignore", "a/.hidden", "large"]);
        assert_eq!(seen["large"], Content::TooLarge { size_bytes: 11 });
        assert_eq!(seen["a/.hidden"], Content::Bytes(b"1".to_vec()));
    }

    #[test]
    fn a_file_is_no_folder() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(Dir::open(file.path()).is_err());
        assert!(Dir::open(&file.path().join("absent")).is_err());
    }
}
