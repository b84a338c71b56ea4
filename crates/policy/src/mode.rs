use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use plimsoll_model::CommitId;
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};

use crate::TomlDate;

/// What a gate does with what it finds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// It denies.
    #[default]
    Enforce,
    /// It shows and counts, and denies nothing. It never satisfies a requirement.
    Report,
    /// It denies what is new, until a day.
    NewSince(NewSince),
}

/// Findings that stood at a commit already do not deny before a day has passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSince {
    /// The commit, by its full id: a name would move.
    pub commit: CommitId,
    /// The last day of it, in UTC.
    pub until: TomlDate,
    /// Who answers for what is older.
    pub owner: String,
}

impl Mode {
    /// The commit whose findings do not deny at this moment.
    pub fn new_since(&self, now: Timestamp) -> Option<&NewSince> {
        match self {
            Self::NewSince(since) if !since.until.is_over(now) => Some(since),
            Self::Enforce | Self::Report | Self::NewSince(_) => None,
        }
    }

    /// The stricter of the two. Of two commits the own one stays, because neither is stricter.
    pub(crate) fn stricter(&self, other: &Self) -> Self {
        if other.rank() > self.rank() {
            other.clone()
        } else {
            self.clone()
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Report => 0,
            Self::NewSince(_) => 1,
            Self::Enforce => 2,
        }
    }
}

impl TomlDate {
    /// Whether the day has passed at this moment, in UTC.
    pub fn is_over(self, now: Timestamp) -> bool {
        self.0 < now.to_zoned(TimeZone::UTC).date()
    }
}

impl<'de> Deserialize<'de> for Mode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ModeVisitor)
    }
}

struct ModeVisitor;

impl<'de> Visitor<'de> for ModeVisitor {
    type Value = Mode;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("enforce, report, or a table { new_since, until, owner }")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Mode, E> {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "lowercase")]
        enum Word {
            Enforce,
            Report,
        }
        Ok(match Word::deserialize(StrDeserializer::new(text))? {
            Word::Enforce => Mode::Enforce,
            Word::Report => Mode::Report,
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Mode, A::Error> {
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            new_since: String,
            until: TomlDate,
            owner: String,
        }
        let table = Table::deserialize(MapAccessDeserializer::new(map))?;
        if !is_full_commit(&table.new_since) {
            return Err(de::Error::custom(format!(
                "`{}` is not the full id of a commit, and a name or a part of an id can come to mean another one; `git rev-parse {0}` prints it",
                table.new_since
            )));
        }
        if table.owner.trim().is_empty() {
            return Err(de::Error::custom(
                "the mode has an empty owner; name who answers for the findings that it lets pass",
            ));
        }
        Ok(Mode::NewSince(NewSince {
            commit: CommitId::new(table.new_since),
            until: table.until,
            owner: table.owner,
        }))
    }
}

/// 40 hexadecimal digits, or 64 in a repository of SHA-256.
fn is_full_commit(text: &str) -> bool {
    let is_hex = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    is_hex && matches!(text.len(), 40 | 64)
}
