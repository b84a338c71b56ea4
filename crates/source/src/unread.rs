//! What any inspector may be unable to check, because a tree could not hand it over.

use plimsoll_model::{GapDoc, GapKind};

/// All of it.
pub static UNREAD: [&GapDoc; 4] = [&UNREADABLE_FILE, &LARGE_FILE, &LINKED_FILE, &EMPTY_TREE];

/// `unreadable-file`.
pub static UNREADABLE_FILE: GapDoc = GapDoc {
    name: "unreadable-file",
    kind: GapKind::Unreadable,
    title: "a file or folder cannot be read, or is binary where text is expected",
    why: "what it holds was not looked at",
    fix: "make it readable for the user who runs the check, or restore it",
};

/// `large-file`.
pub static LARGE_FILE: GapDoc = GapDoc {
    name: "large-file",
    kind: GapKind::Unsupported,
    title: "a file is larger than is read",
    why: "what it holds was not looked at",
    fix: "keep it out of the tree, or waive this gap for its path",
};

/// `linked-file`.
pub static LINKED_FILE: GapDoc = GapDoc {
    name: "linked-file",
    kind: GapKind::Unsupported,
    title: "a link, pipe or device stands where a file is expected by its name",
    why: "it is not followed, so what it stands for was not looked at",
    fix: "put the file itself in its place, or waive this gap for its path",
};

/// `empty-tree`.
pub static EMPTY_TREE: GapDoc = GapDoc {
    name: "empty-tree",
    kind: GapKind::Unresolved,
    title: "there was no file to inspect",
    why: "nothing to inspect is nothing proven: the folder may be the wrong one, or all of it ignored",
    fix: "name the folder that ships, and see what its .gitignore excludes",
};
