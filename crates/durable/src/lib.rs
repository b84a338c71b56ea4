//! Whole files: after a crash or a power cut, a path holds all of the new bytes or what it held before.
//!
//! A [`Draft`] is written beside its place under a name that nothing reads, flushed, and moved there in
//! one step; the folder is flushed as well. One that is dropped is removed. What a killed process leaves
//! behind is a file named `.new-…`. No lock is taken: of two writers at once, the later one stands.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// How the name of a file begins that is not in its place yet.
const DRAFT_PREFIX: &str = ".new-";

/// A file that is being written and not in its place yet.
#[derive(Debug)]
pub struct Draft {
    file: File,
    path: PathBuf,
    placed: bool,
}

/// Puts bytes in a file's place, whether there is one or not. `mode` is as in `open(2)`: the process's
/// umask takes its part.
pub fn replace(path: &Path, mode: u32, bytes: &[u8]) -> io::Result<()> {
    let mut draft = Draft::new(folder_of(path), mode)?;
    draft.file().write_all(bytes)?;
    draft.replace(path)
}

/// Makes a file of these bytes. One that is there already is left as it is, and is an error of the kind
/// `AlreadyExists`.
pub fn create(path: &Path, mode: u32, bytes: &[u8]) -> io::Result<()> {
    let mut draft = Draft::new(folder_of(path), mode)?;
    draft.file().write_all(bytes)?;
    draft.create(path)
}

/// Makes a rename or a removal in a folder outlast a power cut.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

impl Draft {
    /// Begins a file in the folder that it is meant for.
    pub fn new(folder: &Path, mode: u32) -> io::Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let name = format!("{DRAFT_PREFIX}{}-{number}", std::process::id());
            match Self::at(&folder.join(name), mode) {
                // An earlier process with the same id was killed here.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                begun => return begun,
            }
        }
    }

    /// Begins a file under a name of the caller's choice, on the file system that it is meant for.
    pub fn at(path: &Path, mode: u32) -> io::Result<Self> {
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(path)?;
        Ok(Self {
            file,
            path: path.to_owned(),
            placed: false,
        })
    }

    /// The file, to be written.
    pub fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Puts it in its place, whether there is a file or not.
    pub fn replace(mut self, place: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        std::fs::rename(&self.path, place)?;
        self.placed = true;
        sync_folder(folder_of(place))
    }

    /// Puts it in its place, unless there is a file.
    pub fn create(self, place: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        std::fs::hard_link(&self.path, place)?;
        // The second name goes now, and its going is flushed with the first one's coming.
        drop(self);
        sync_folder(folder_of(place))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.placed {
            // One that cannot be removed stays under a name that nothing reads.
            drop(std::fs::remove_file(&self.path));
        }
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}
