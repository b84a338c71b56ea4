use plimsoll_model::Address;

use crate::Identity;

/// One file as a walk found it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What names it.
    pub address: Address,
    /// What the source says about it.
    pub metadata: Metadata,
    /// What is in it.
    pub content: Content,
    /// What identifies its content, where the source keeps that.
    pub identity: Option<Identity>,
}

impl Entry {
    /// What is said of a file or folder that a walk could not get at.
    pub(crate) fn unreadable(address: Address, reason: impl std::fmt::Display) -> Self {
        Self {
            address,
            metadata: Metadata::default(),
            content: Content::unreadable(reason),
            identity: None,
        }
    }

    /// Its size; `None` when it was not read and nothing tells.
    pub fn size_bytes(&self) -> Option<u64> {
        match &self.content {
            Content::Bytes(bytes) => Some(bytes.len() as u64),
            Content::TooLarge { size_bytes } => Some(*size_bytes),
            Content::NotRegular | Content::Unreadable { .. } => None,
        }
    }
}

/// What a source says about a file besides its content. A source that does not know says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Who may do what with it.
    pub mode: Option<Mode>,
    /// Whose it is. Git knows no owners.
    pub owner: Option<Owner>,
    /// Where a symbolic link points, as it is written there, or the nearest text where that is not
    /// UTF-8; `None` for what is no link, and for a target of more than 4,096 bytes.
    pub link_target: Option<String>,
}

impl Metadata {
    /// Of a file whose source says nothing.
    pub const UNKNOWN: Self = Self {
        mode: None,
        owner: None,
        link_target: None,
    };

    /// Everything that is said as bytes, for a cache key: different metadata give different bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let numbers = [
            self.mode.map(|mode| mode.0),
            self.owner.map(|owner| owner.uid),
            self.owner.map(|owner| owner.gid),
        ];
        let mut bytes = Vec::new();
        for number in numbers {
            bytes.push(u8::from(number.is_some()));
            bytes.extend_from_slice(&number.unwrap_or(0).to_be_bytes());
        }
        if let Some(target) = &self.link_target {
            bytes.push(1);
            bytes.extend_from_slice(target.as_bytes());
        }
        bytes
    }
}

/// Why a file whose name is no text is not read: two such names can read the same.
pub(crate) const NOT_UTF8: &str = "its name is not UTF-8; rename it";

/// A longer target of a link is not read: Linux takes no longer path.
pub(crate) const MAX_LINK_BYTES: u64 = 4096;

/// The permission bits of a file, by POSIX.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mode(u32);

impl Mode {
    /// The permission bits of an `st_mode`; what else stands in it is left out.
    pub fn new(bits: u32) -> Self {
        Self(bits & 0o7777)
    }

    /// The bits, at most `0o7777`.
    pub fn bits(self) -> u32 {
        self.0
    }

    /// Whether anybody may execute it.
    pub fn is_executable(self) -> bool {
        self.0 & 0o111 != 0
    }

    /// Whether it runs with the rights of its owner, whoever starts it.
    pub fn is_setuid(self) -> bool {
        self.0 & 0o4000 != 0
    }

    /// Whether it runs with the rights of its group, whoever starts it.
    pub fn is_setgid(self) -> bool {
        self.0 & 0o2000 != 0
    }
}

/// The numbers of the user and the group that a file belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner {
    /// The user.
    pub uid: u32,
    /// The group.
    pub gid: u32,
}

/// What a walk could get of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// The whole file.
    Bytes(Vec<u8>),
    /// It is larger than the walk may read.
    TooLarge {
        /// Its size.
        size_bytes: u64,
    },
    /// It is a link, which is not followed, or a pipe, socket or device.
    NotRegular,
    /// It is there and cannot be read; or, for a folder, cannot be entered.
    Unreadable {
        /// Why, by the system's own word.
        reason: String,
    },
}

impl Content {
    pub(crate) fn unreadable(reason: impl std::fmt::Display) -> Self {
        Self::Unreadable {
            reason: reason.to_string(),
        }
    }
}
