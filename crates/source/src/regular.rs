use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Component, Path};

use rustix::fs::{Mode, OFlags, openat};
use rustix::io::Errno;

/// Opens the regular file at a path below an open folder; `None` when none stands there: nothing, a
/// link, a folder, a pipe, a socket or a device, at the path or in place of a folder above it.
///
/// No part of the path is followed out of the folder, and no open waits, whatever was swapped in.
pub(crate) fn open(folder: &File, path: &Path) -> io::Result<Option<File>> {
    match open_parts(folder, path) {
        Ok(file) => Ok(file.metadata()?.is_file().then_some(file)),
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

fn open_parts(folder: &File, path: &Path) -> Result<File, Errno> {
    let mut opened: Option<OwnedFd> = None;
    let mut parts = path.components().peekable();
    while let Some(part) = parts.next() {
        let Component::Normal(name) = part else {
            return Err(Errno::INVAL);
        };
        let kind = if parts.peek().is_some() {
            OFlags::DIRECTORY
        } else {
            OFlags::NONBLOCK | OFlags::NOCTTY
        };
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | kind;
        opened = Some(match &opened {
            Some(parent) => openat(parent, name, flags, Mode::empty())?,
            None => openat(folder, name, flags, Mode::empty())?,
        });
    }
    opened.map(File::from).ok_or(Errno::INVAL)
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Read as _;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use rustix::fs::{CWD, Mode, mkfifoat};

    use super::open;

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
        for refused in ["..", "a/../a/b/file", "/dev/null", ""] {
            assert!(open(&opened, Path::new(refused)).is_err(), "{refused}");
        }
    }
}
