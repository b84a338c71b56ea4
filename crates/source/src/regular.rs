use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::path::{Component, Path};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, openat, readlinkat, statat};
use rustix::io::Errno;

use crate::entry::MAX_LINK_BYTES;
use crate::{Content, Metadata, Owner};

/// What stands at a path below an open folder. It may be replaced at any time.
#[derive(Debug)]
pub(crate) struct Found<'a> {
    folder: &'a File,
    /// The folder that holds it, when that is not `folder` itself.
    parent: Option<OwnedFd>,
    name: &'a OsStr,
    stat: Stat,
}

/// Looks a path below an open folder up; `None` when nothing stands there, or a link in place of a
/// folder above it.
///
/// No part of the path is followed out of the folder, whatever was swapped in.
pub(crate) fn find<'a>(folder: &'a File, path: &'a Path) -> io::Result<Option<Found<'a>>> {
    if path
        .components()
        .any(|part| !matches!(part, Component::Normal(_)))
    {
        return Err(Errno::INVAL.into());
    }
    let name = path.file_name().ok_or(Errno::INVAL)?;
    let above = path.parent().unwrap_or(Path::new(""));
    let looked_up = open_folder(folder, above).and_then(|parent| {
        let stat = match &parent {
            Some(parent) => statat(parent, name, AtFlags::SYMLINK_NOFOLLOW),
            None => statat(folder, name, AtFlags::SYMLINK_NOFOLLOW),
        }?;
        Ok(Found {
            folder,
            parent,
            name,
            stat,
        })
    });
    none_where_absent(looked_up)
}

/// Opens a folder below another, part by part; `None` for the folder itself.
fn open_folder(folder: &File, path: &Path) -> Result<Option<OwnedFd>, Errno> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::DIRECTORY;
    let mut opened: Option<OwnedFd> = None;
    for name in path {
        opened = Some(match &opened {
            Some(parent) => openat(parent, name, flags, Mode::empty())?,
            None => openat(folder, name, flags, Mode::empty())?,
        });
    }
    Ok(opened)
}

fn none_where_absent<T>(result: Result<T, Errno>) -> io::Result<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        // What open(2) says of nothing, of a link, of a folder that is none, and of sockets and
        // devices without a driver.
        Err(
            Errno::NOENT
            | Errno::NOTDIR
            | Errno::LOOP
            | Errno::NXIO
            | Errno::NODEV
            | Errno::OPNOTSUPP,
        ) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

impl Found<'_> {
    fn kind(&self) -> FileType {
        FileType::from_raw_mode(self.stat.st_mode)
    }

    /// What is known of it without opening it.
    pub(crate) fn metadata(&self) -> Metadata {
        Metadata {
            mode: Some(crate::Mode::new(self.stat.st_mode)),
            owner: Some(Owner {
                uid: self.stat.st_uid,
                gid: self.stat.st_gid,
            }),
            link_target: self.read_link(),
        }
    }

    /// Opens it, and says how large it is; `None` where no regular file stands any more. No open waits.
    pub(crate) fn open(&self) -> io::Result<Option<(File, u64)>> {
        let flags =
            OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let opened = match &self.parent {
            Some(parent) => openat(parent, self.name, flags, Mode::empty()),
            None => openat(self.folder, self.name, flags, Mode::empty()),
        };
        let Some(file) = none_where_absent(opened)?.map(File::from) else {
            return Ok(None);
        };
        let metadata = file.metadata()?;
        Ok(metadata.is_file().then_some((file, metadata.len())))
    }

    /// Its content; `None` for a folder, and for a file that was replaced since.
    pub(crate) fn read(&self, max_bytes: u64) -> Option<Content> {
        match self.kind() {
            FileType::Directory => None,
            FileType::RegularFile => match self.open() {
                Ok(opened) => opened.map(|(file, size_bytes)| read(file, size_bytes, max_bytes)),
                Err(error) => Some(Content::unreadable(error)),
            },
            _ => Some(Content::NotRegular),
        }
    }

    /// Where it points, if it is a link. One that cannot be read is told as a link without a target.
    fn read_link(&self) -> Option<String> {
        if self.kind() != FileType::Symlink {
            return None;
        }
        let target = match &self.parent {
            Some(parent) => readlinkat(parent, self.name, Vec::new()),
            None => readlinkat(self.folder, self.name, Vec::new()),
        };
        let target = target.ok()?.into_bytes();
        (target.len() as u64 <= MAX_LINK_BYTES)
            .then(|| String::from_utf8_lossy(&target).into_owned())
    }
}

/// Reads a whole file; it may grow meanwhile.
fn read(file: File, size_bytes: u64, max_bytes: u64) -> Content {
    if size_bytes > max_bytes {
        return Content::TooLarge { size_bytes };
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size_bytes).unwrap_or(0) + 1);
    match file.take(max_bytes + 1).read_to_end(&mut bytes) {
        Ok(_) if bytes.len() as u64 > max_bytes => Content::TooLarge {
            size_bytes: bytes.len() as u64,
        },
        Ok(_) => Content::Bytes(bytes),
        Err(error) => Content::unreadable(error),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Read as _;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use rustix::fs::{CWD, Mode, mkfifoat};

    use super::find;

    fn open(folder: &File, path: &Path) -> std::io::Result<Option<File>> {
        let found = find(folder, path)?;
        let opened = found.map(|found| found.open()).transpose()?;
        Ok(opened.flatten().map(|(file, _)| file))
    }

    #[test]
    fn only_a_regular_file_below_the_folder_is_opened() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir_all(root.join("a/b")).unwrap();
        std::fs::write(root.join("a/b/file"), "text").unwrap();
        mkfifoat(CWD, root.join("pipe"), Mode::RUSR | Mode::WUSR).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(root.join("socket")).unwrap();
        symlink("a/b/file", root.join("link")).unwrap();
        symlink("a", root.join("folder-link")).unwrap();
        symlink("/dev/zero", root.join("device")).unwrap();
        let opened = File::open(root).unwrap();
        let mut text = String::new();
        open(&opened, Path::new("a/b/file"))
            .unwrap()
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(text, "text");
        for none in [
            "absent",
            "a",
            "a/b/file/x",
            "pipe",
            "socket",
            "link",
            "folder-link/b/file",
            "device",
        ] {
            assert!(open(&opened, Path::new(none)).unwrap().is_none(), "{none}");
        }
        let found = find(&opened, Path::new("folder-link")).unwrap().unwrap();
        assert_eq!(found.metadata().link_target.as_deref(), Some("a"));
        assert!(find(&opened, Path::new("folder-link/b")).unwrap().is_none());
        for refused in ["..", "a/../a/b/file", "/dev/null", ""] {
            assert!(open(&opened, Path::new(refused)).is_err(), "{refused}");
        }
    }
}
