use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ignore::WalkBuilder;

/// A `.gitignore` larger than this is not read: a line is some 30 bytes.
const MAX_GITIGNORE_BYTES: u64 = 1 << 20;

/// The folders that a walk left out, with the reason.
#[derive(Clone, Debug, Default)]
pub(crate) struct Barred(Arc<Mutex<Vec<(PathBuf, io::Error)>>>);

impl Barred {
    /// Takes them; whole once the walk is over.
    pub(crate) fn take(&self) -> Vec<(PathBuf, io::Error)> {
        // A thread that panicked between two pushes left a whole list behind.
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn push(&self, folder: &Path, error: io::Error) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((folder.to_owned(), error));
    }
}

/// How a folder is walked: everything below it but `.git` and, under a version control, what its own
/// `.gitignore` files exclude; links are not followed, and what the user or the machine sets does not
/// count.
///
/// A folder whose `.gitignore` is no regular file of a bearable size is left out and told in
/// [`Barred`], the first folder as an error: reading a pipe would never end, and a link leads out.
pub(crate) fn walker(root: &Path, is_versioned: bool) -> io::Result<(WalkBuilder, Barred)> {
    let check = move |folder: &Path| {
        if is_versioned {
            check_gitignore(folder)
        } else {
            Ok(())
        }
    };
    check(root)?;
    let barred = Barred::default();
    let told = barred.clone();
    let mut builder = WalkBuilder::new(root);
    builder
        .standard_filters(false)
        .git_ignore(is_versioned)
        .require_git(false)
        .follow_links(false)
        .filter_entry(move |entry| {
            if entry.file_name() == ".git" {
                return false;
            }
            if !entry.file_type().is_some_and(|kind| kind.is_dir()) {
                return true;
            }
            check(entry.path())
                .map_err(|error| told.push(entry.path(), error))
                .is_ok()
        });
    Ok((builder, barred))
}

fn check_gitignore(folder: &Path) -> io::Result<()> {
    match folder.join(".gitignore").symlink_metadata() {
        Ok(metadata) if metadata.is_file() && metadata.len() <= MAX_GITIGNORE_BYTES => Ok(()),
        Ok(_) => Err(io::Error::other(format!(
            "its .gitignore is no regular file of at most {MAX_GITIGNORE_BYTES} bytes; make it one"
        ))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
