//! A database file mapped into memory, so that opening it costs no reading.
//!
//! This is the one place with `unsafe`. A mapping is sound as long as nobody changes or shortens the
//! file while it is mapped. Imports never write into a database that exists: they write a new file
//! beside it and rename it over the old one, and the old bytes live on until their last mapping is
//! gone. Whoever can write into the folder by other means can also replace the advisories, so that
//! such a writer is inside the boundary of trust. Readers treat the bytes as hostile all the same:
//! every offset is checked, and no reference into the mapping is held as anything but bytes.
#![expect(
    unsafe_code,
    reason = "mapping a file is unsafe; the head of this file says why it is sound here"
)]

use std::fs::File;
use std::io;
use std::path::Path;

use memmap2::Mmap;

/// The bytes of one file.
#[derive(Debug)]
pub(crate) struct Mapped(Mmap);

impl Mapped {
    /// Maps a file. A policy of the inspected tree may name a folder with pipes in it, which never open.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        if !std::fs::metadata(path)?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file"));
        }
        let file = File::open(path)?;
        // SAFETY: databases are replaced by renaming and never written in place, as said above.
        unsafe { Mmap::map(&file) }.map(Self)
    }

    /// All of the file.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}
