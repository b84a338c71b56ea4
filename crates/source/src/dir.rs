use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use ignore::{DirEntry, WalkBuilder, WalkState};
use plimsoll_model::{Address, Class, Fault, TreePath};

use crate::entry::NOT_UTF8;
use crate::regular::find;
use crate::tree::{Claims, Offer, Sink, Wanted, in_parallel};
use crate::walker::{Barred, walker};
use crate::{Content, Entry, Metadata, Tree};

/// A folder on disk: everything below it but `.git`; under a version control without what its
/// `.gitignore` files exclude, unless it is tracked nevertheless.
///
/// Where nothing tells what is tracked, everything may ship, so that a `.gitignore` hides nothing.
/// Links are not followed, and nothing but regular files is read. A name that is not UTF-8 is pushed
/// as unreadable: two of them can read the same. The user's global ignore file and `.ignore` files do
/// not count: what is inspected must not depend on the machine.
#[derive(Clone, Debug)]
pub struct Dir {
    root: PathBuf,
    versioned: Option<Versioned>,
}

/// What a version control says of a folder. Paths are relative to it.
#[derive(Clone, Debug, Default)]
pub struct Versioned {
    /// Files that are inspected even where a `.gitignore` excludes them. What is not there on disk
    /// counts as absent.
    pub tracked: BTreeSet<PathBuf>,
    /// What is not checked out, with the reason: it ships and cannot be read.
    pub absent: BTreeMap<PathBuf, &'static str>,
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
        source: io::Error,
    },
    /// It is not a folder.
    #[error("{} is not a folder", path.display())]
    NotAFolder {
        /// The path.
        path: PathBuf,
    },
}

impl Fault for DirError {
    fn class(&self) -> Class {
        match self {
            Self::Open { source, .. } => Class::of_named_file(source),
            Self::NotAFolder { .. } => Class::Configuration,
        }
    }
}

impl Dir {
    /// The folder at `root`, which must exist, with everything in it.
    pub fn open(root: &Path) -> Result<Self, DirError> {
        let open = |source| DirError::Open {
            path: root.to_owned(),
            source,
        };
        let root = root.canonicalize().map_err(open)?;
        if !root.is_dir() {
            return Err(DirError::NotAFolder { path: root });
        }
        Ok(Self {
            root,
            versioned: None,
        })
    }

    /// The folder's absolute path.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The same folder under a version control.
    #[must_use]
    pub fn with_versions(self, versioned: Versioned) -> Self {
        Self {
            versioned: Some(versioned),
            ..self
        }
    }

    fn begin(&self) -> io::Result<(File, (WalkBuilder, Barred))> {
        Ok((
            File::open(&self.root)?,
            walker(&self.root, self.versioned.is_some())?,
        ))
    }

    fn relative<'a>(&self, path: &'a Path) -> &'a Path {
        path.strip_prefix(&self.root).unwrap_or(path)
    }
}

impl Tree for Dir {
    fn walk(&self, max_bytes: u64, claims: &Claims<'_>, sink: &Sink<'_>) {
        let (root, (walker, barred)) = match self.begin() {
            Ok(opened) => opened,
            Err(error) => return sink(untold(Path::new(""), error)),
        };
        let tracked = self
            .versioned
            .iter()
            .flat_map(|versioned| &versioned.tracked);
        let tracked = tracked
            .map(|path| (path.as_path(), AtomicBool::new(false)))
            .collect();
        let pass = Pass {
            dir: self,
            root,
            tracked,
            max_bytes,
            claims,
            sink,
        };
        walker
            .build_parallel()
            .run(|| Box::new(|entry| pass.visit(entry)));
        for (folder, error) in barred.take() {
            sink(untold(self.relative(&folder), error));
        }
        for (path, reason) in self
            .versioned
            .iter()
            .flat_map(|versioned| &versioned.absent)
        {
            sink(untold(path, reason));
        }
        in_parallel(&pass.excluded(), || (), |(), path| pass.push(path, None));
    }

    fn open(&self, address: &Address, max_bytes: u64) -> Option<Content> {
        let path = address.plain_path()?;
        let root = match File::open(&self.root) {
            Ok(root) => root,
            Err(error) => return Some(Content::unreadable(error)),
        };
        match find(&root, Path::new(path.as_str())) {
            Ok(found) => found?.read(max_bytes),
            Err(error) => Some(Content::unreadable(error)),
        }
    }
}

const REPLACED: &str = "it was replaced or removed during the walk";

/// One walk: what was asked of it, and which tracked paths it visited.
struct Pass<'a> {
    dir: &'a Dir,
    root: File,
    tracked: BTreeMap<&'a Path, AtomicBool>,
    max_bytes: u64,
    claims: &'a Claims<'a>,
    sink: &'a Sink<'a>,
}

impl<'a> Pass<'a> {
    fn visit(&self, entry: Result<DirEntry, ignore::Error>) -> WalkState {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let path = error_path(&error);
                (self.sink)(untold(self.dir.relative(&path), walk_error(&error)));
                return WalkState::Continue;
            }
        };
        let path = self.dir.relative(entry.path());
        if let Some(error) = entry.error() {
            (self.sink)(untold(path, error));
        }
        let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
        if is_folder && path.to_str().is_none() {
            (self.sink)(untold(path, NOT_UTF8));
            return WalkState::Skip;
        }
        if entry.file_type().is_some() && !is_folder {
            if let Some(visited) = self.tracked.get(path) {
                visited.store(true, Ordering::Relaxed);
            }
            self.push(path, Some(Content::unreadable(REPLACED)));
        }
        WalkState::Continue
    }

    /// The tracked paths that were not visited.
    fn excluded(&self) -> Vec<&'a Path> {
        let is_new = |visited: &AtomicBool| !visited.load(Ordering::Relaxed);
        self.tracked
            .iter()
            .filter(|(_, visited)| is_new(visited))
            .map(|(path, _)| *path)
            .collect()
    }

    /// Pushes the file at a path; or what is to be said when none stands there.
    ///
    /// Two names that are not UTF-8 can read the same, so such a file is never passed on as if its
    /// path named it alone.
    fn push(&self, path: &Path, absent: Option<Content>) {
        let address = address(path);
        let is_text = path.to_str().is_some();
        let found = find(&self.root, path);
        let metadata = match &found {
            Ok(Some(found)) => found.metadata(),
            Ok(None) | Err(_) => Metadata::default(),
        };
        let offer = Offer {
            address: &address,
            metadata: &metadata,
            identity: None,
        };
        if is_text && (self.claims)(&offer) != Wanted::Bytes {
            return;
        }
        let content = match found {
            Ok(Some(found)) if is_text => found.read(self.max_bytes).or(absent),
            Ok(Some(_)) => Some(Content::unreadable(NOT_UTF8)),
            Ok(None) => absent,
            Err(error) => Some(Content::unreadable(error)),
        };
        if let Some(content) = content {
            (self.sink)(Entry {
                address,
                metadata,
                content,
                identity: None,
            });
        }
    }
}

/// The address of a path below the root, as people read it.
fn address(relative: &Path) -> Address {
    let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
    Address::new(TreePath::new(if parts.is_empty() {
        ".".to_owned()
    } else {
        parts.join("/")
    }))
}

/// What is said of a path that could not be walked.
fn untold(relative: &Path, reason: impl Display) -> Entry {
    Entry::unreadable(address(relative), reason)
}

fn error_path(error: &ignore::Error) -> PathBuf {
    match error {
        ignore::Error::WithPath { path, .. } => path.clone(),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
            error_path(err)
        }
        _ => PathBuf::new(),
    }
}

fn walk_error(error: &ignore::Error) -> String {
    error
        .io_error()
        .map_or_else(|| error.to_string(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::symlink;
    use std::path::Path;
    use std::sync::Mutex;

    use rustix::fs::{CWD, Mode, mkfifoat};

    use super::{Dir, Versioned};
    use crate::{Content, Offer, Tree, Wanted};
    use plimsoll_model::{Address, TreePath};

    fn versioned(root: &Path) -> Dir {
        Dir::open(root).unwrap().with_versions(Versioned::default())
    }

    fn walk(root: &Path) -> BTreeMap<String, Content> {
        let seen = Mutex::new(BTreeMap::new());
        versioned(root).walk(10, &|_| Wanted::Bytes, &|entry| {
            let path = entry.address.to_string();
            let twice = seen.lock().unwrap().insert(path, entry.content);
            assert_eq!(twice, None, "{} was pushed twice", entry.address);
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
        symlink("/etc/passwd", root.join("link")).unwrap();
        let dir = versioned(root);
        for outside in [
            "link/passwd",
            "absent/file",
            "../outside",
            "/etc/passwd",
            "",
        ] {
            let content = dir.open(&Address::new(TreePath::new(outside)), 10);
            assert!(!matches!(content, Some(Content::Bytes(_))), "{outside}");
        }
        let seen = walk(root);
        let paths: Vec<_> = seen.keys().map(String::as_str).collect();
        assert_eq!(
            paths,
            [".gitignore", ".ignore", "a/.hidden", "large", "link"]
        );
        assert_eq!(seen["large"], Content::TooLarge { size_bytes: 11 });
        assert_eq!(seen["a/.hidden"], Content::Bytes(b"1".to_vec()));
        assert_eq!(seen["link"], Content::NotRegular);
        let all = listed(&Dir::open(root).unwrap());
        let hidden = ("out/x".to_owned(), Content::Bytes(b"1".to_vec()));
        assert!(
            all.len() == 6 && all.contains(&hidden),
            "without a version control: {all:?}"
        );
    }

    fn listed(dir: &Dir) -> Vec<(String, Content)> {
        let seen = Mutex::new(Vec::new());
        dir.walk(10, &|_| Wanted::Bytes, &|entry| {
            seen.lock()
                .unwrap()
                .push((entry.address.to_string(), entry.content))
        });
        let mut seen = seen.into_inner().unwrap();
        seen.sort_by(|a, b| a.0.cmp(&b.0));
        seen
    }

    fn reason(content: &Content) -> &str {
        match content {
            Content::Unreadable { reason } => reason,
            Content::Bytes(_) | Content::TooLarge { .. } | Content::NotRegular => {
                panic!("{content:?}")
            }
        }
    }

    fn make_pipe(path: &Path) {
        mkfifoat(CWD, path, Mode::RUSR | Mode::WUSR).unwrap();
    }

    #[test]
    fn names_that_read_the_same_never_hide_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for name in [&b"a\xFE"[..], b"a\xFF", "a\u{FFFD}".as_bytes()] {
            std::fs::write(root.join(OsStr::from_bytes(name)), "1").unwrap();
        }
        let nested = root.join(OsStr::from_bytes(b"b\xFF"));
        std::fs::create_dir(&nested).unwrap();
        std::fs::write(nested.join("file"), "1").unwrap();
        let seen = listed(&Dir::open(root).unwrap());
        let paths: Vec<_> = seen.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, ["a\u{FFFD}", "a\u{FFFD}", "a\u{FFFD}", "b\u{FFFD}"]);
        let read = seen
            .iter()
            .filter(|(_, content)| *content == Content::Bytes(b"1".to_vec()))
            .count();
        let refused = seen
            .iter()
            .filter(|(_, content)| *content == Content::unreadable(super::NOT_UTF8));
        assert_eq!((read, refused.count()), (1, 3));
    }

    #[test]
    fn a_tracked_path_is_read_though_ignored_and_never_through_a_link_or_from_a_pipe() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::write(root.join(".gitignore"), "*\n").unwrap();
        std::fs::create_dir(root.join("folder")).unwrap();
        std::fs::write(root.join("folder/.env"), "1").unwrap();
        std::fs::write(root.join("untracked"), "1").unwrap();
        symlink("folder", root.join("link")).unwrap();
        make_pipe(&root.join("pipe"));
        let paths = [
            ".gitignore",
            "folder/.env",
            "link/.env",
            "link",
            "pipe",
            "absent",
            "../outside",
        ];
        let tracked = paths.map(Into::into).into();
        let seen = listed(&Dir::open(root).unwrap().with_versions(Versioned {
            tracked,
            ..Versioned::default()
        }));
        let paths: Vec<_> = seen.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(
            paths,
            ["../outside", ".gitignore", "folder/.env", "link", "pipe"]
        );
        assert!(!reason(&seen[0].1).is_empty());
        assert_eq!(seen[2].1, Content::Bytes(b"1".to_vec()));
        assert_eq!(
            (&seen[3].1, &seen[4].1),
            (&Content::NotRegular, &Content::NotRegular)
        );
    }

    #[test]
    fn a_file_swapped_for_a_pipe_during_the_walk_is_told_and_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "1").unwrap();
        let seen = Mutex::new(Vec::new());
        let swap = |_: &Offer<'_>| {
            std::fs::remove_file(&path).unwrap();
            make_pipe(&path);
            Wanted::Bytes
        };
        Dir::open(folder.path())
            .unwrap()
            .walk(10, &swap, &|entry| seen.lock().unwrap().push(entry.content));
        let seen = seen.into_inner().unwrap();
        assert_eq!(seen.len(), 1);
        assert!(reason(&seen[0]).contains("replaced"));
    }

    #[test]
    fn a_gitignore_that_is_no_bearable_file_bars_its_folder() {
        type Make = fn(&Path);
        let makes: [Make; 4] = [
            make_pipe,
            |path| symlink("/dev/zero", path).unwrap(),
            |path| std::fs::create_dir(path).unwrap(),
            |path| {
                std::fs::File::create(path)
                    .unwrap()
                    .set_len(1 << 30)
                    .unwrap()
            },
        ];
        for make in makes {
            let folder = tempfile::tempdir().unwrap();
            let root = folder.path();
            std::fs::create_dir(root.join("a")).unwrap();
            std::fs::write(root.join("a/file"), "1").unwrap();
            std::fs::write(root.join("file"), "1").unwrap();
            make(&root.join("a/.gitignore"));
            let seen = walk(root);
            assert_eq!(seen.keys().collect::<Vec<_>>(), ["a", "file"]);
            assert!(reason(&seen["a"]).contains(".gitignore"));
            make(&root.join(".gitignore"));
            let seen = walk(root);
            assert_eq!(seen.keys().collect::<Vec<_>>(), ["."]);
            assert!(reason(&seen["."]).contains(".gitignore"));
        }
    }

    #[test]
    fn a_file_is_no_folder() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(Dir::open(file.path()).is_err());
        assert!(Dir::open(&file.path().join("absent")).is_err());
    }
}
