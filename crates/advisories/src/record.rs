//! One OSV record, read as far as matching and reporting need it (OSV schema 1.7).

use std::borrow::Cow;

use jiff::Timestamp;
use plimsoll_model::EcosystemRules;
use serde::Deserialize;
use serde_json::Value;

use crate::ecosystem::split;
use crate::rating::{self, Rating};

const ID_MAX_BYTES: usize = 128;
const ALIASES_MAX: usize = 64;
const SUMMARY_MAX_CHARS: usize = 240;
const NAME_MAX_BYTES: usize = 512;
const EVENTS_MAX: usize = 4096;

/// A flaw as its publisher describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// `GHSA-…`, `RUSTSEC-…`, `MAL-…`.
    pub(crate) id: String,
    /// When its publisher last changed it.
    pub(crate) modified: Timestamp,
    /// Taken back: it must never match.
    pub(crate) withdrawn: bool,
    /// Other ids of the same flaw.
    pub(crate) aliases: Vec<String>,
    /// One line for a person.
    pub(crate) summary: String,
    /// How bad it is, by this record alone.
    pub(crate) rating: Rating,
    /// The kinds of weakness, `CWE-…`.
    pub(crate) weaknesses: Vec<String>,
    /// A page about it.
    pub(crate) url: Option<String>,
    /// What it affects.
    pub(crate) affected: Vec<Affected>,
}

/// The versions of one package that a record affects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Affected {
    /// The ecosystem without its release.
    pub(crate) base: String,
    /// The release, or empty.
    pub(crate) release: String,
    /// The package's name, normalised.
    pub(crate) name: String,
    /// Ranges over the ecosystem's order; Git ranges are left out, because they speak of commits.
    pub(crate) ranges: Vec<Range>,
    /// Versions named one by one.
    pub(crate) versions: Vec<String>,
}

/// One range of versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Range {
    /// Events as they are written.
    Events(Vec<Event>),
    /// A type or an event that this build does not know.
    Unknown,
}

/// One event of a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// The first affected version; `0` stands before every version.
    Introduced(String),
    /// The first version that is not affected any more.
    Fixed(String),
    /// The last affected version.
    LastAffected(String),
    /// No version from here on is meant; `*` sets no limit.
    Limit(String),
}

impl Record {
    /// Reads one record, with names as the rules of their ecosystems write them; the error is a sentence
    /// about why it could not be read.
    pub(crate) fn parse(bytes: &[u8], rules: &[&'static EcosystemRules]) -> Result<Self, String> {
        let raw: RawRecord<'_> =
            serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        let id = raw.id.into_owned();
        if !is_id(&id) {
            return Err("its id is empty, too long or holds unusual characters".to_owned());
        }
        let modified = raw.modified.parse().map_err(|_| {
            format!(
                "its `modified` is not a time: {}",
                one_line(&raw.modified, 40)
            )
        })?;
        let affected: Vec<RawAffected> = raw.affected.into_iter().flatten().collect();
        let rating = rating::rate(
            &id,
            raw.severity.as_deref(),
            raw.database_specific.as_ref(),
            &affected,
        );
        Ok(Self {
            modified,
            withdrawn: withdrawn(raw.withdrawn.as_ref())?,
            aliases: ids(raw.aliases),
            summary: summary(raw.summary.as_deref(), raw.details.as_deref()),
            rating,
            weaknesses: weaknesses(raw.database_specific.as_ref()),
            url: page(raw.references.as_deref()),
            affected: affected
                .into_iter()
                .map(|affected| affected.read(rules))
                .collect::<Result<Vec<_>, _>>()?
                .concat(),
            id,
        })
    }
}

#[derive(Deserialize)]
struct RawRecord<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    modified: Cow<'a, str>,
    withdrawn: Option<Value>,
    aliases: Option<Vec<String>>,
    #[serde(borrow)]
    summary: Option<Cow<'a, str>>,
    #[serde(borrow)]
    details: Option<Cow<'a, str>>,
    severity: Option<Vec<RawSeverity>>,
    affected: Option<Vec<RawAffected>>,
    references: Option<Vec<RawReference>>,
    database_specific: Option<Value>,
}

/// One entry of `severity`.
#[derive(Deserialize)]
pub(crate) struct RawSeverity {
    /// `CVSS_V3`, `Ubuntu` …
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// A CVSS vector or a word.
    pub(crate) score: String,
}

/// One entry of `affected`.
#[derive(Deserialize)]
pub(crate) struct RawAffected {
    package: Option<RawPackage>,
    pub(crate) severity: Option<Vec<RawSeverity>>,
    ranges: Option<Vec<RawRange>>,
    versions: Option<Vec<String>>,
    pub(crate) database_specific: Option<Value>,
}

#[derive(Deserialize)]
struct RawPackage {
    ecosystem: String,
    name: String,
}

#[derive(Deserialize)]
struct RawRange {
    #[serde(rename = "type")]
    kind: String,
    events: Option<Vec<RawEvent>>,
}

#[derive(Deserialize)]
struct RawEvent {
    introduced: Option<String>,
    fixed: Option<String>,
    last_affected: Option<String>,
    limit: Option<String>,
}

#[derive(Deserialize)]
struct RawReference {
    #[serde(rename = "type")]
    kind: Option<String>,
    url: String,
}

impl RawAffected {
    /// No entry when it names no package: such entries speak of repositories alone.
    fn read(self, rules: &[&'static EcosystemRules]) -> Result<Vec<Affected>, String> {
        let Some(package) = self.package else {
            return Ok(Vec::new());
        };
        let parts = split(&package.ecosystem);
        if parts.base.is_empty() || package.name.is_empty() || package.name.len() > NAME_MAX_BYTES {
            return Err(
                "it names a package without an ecosystem, or with an empty or overlong name"
                    .to_owned(),
            );
        }
        if package.name.contains('\0') || parts.release.contains('\0') {
            return Err("it names a package with a zero byte in its name".to_owned());
        }
        let name = match EcosystemRules::find(rules, parts.base) {
            Some(rules) => (rules.normalize)(&package.name).into_owned(),
            None => package.name.clone(),
        };
        let ranges = self.ranges.into_iter().flatten();
        Ok(vec![Affected {
            name,
            base: parts.base.to_owned(),
            release: parts.release.to_owned(),
            ranges: ranges
                .filter(|range| range.kind != "GIT")
                .map(RawRange::read)
                .collect(),
            versions: self.versions.into_iter().flatten().collect(),
        }])
    }
}

impl RawRange {
    fn read(self) -> Range {
        let raw: Vec<RawEvent> = self.events.into_iter().flatten().collect();
        if !matches!(self.kind.as_str(), "SEMVER" | "ECOSYSTEM")
            || raw.is_empty()
            || raw.len() > EVENTS_MAX
        {
            return Range::Unknown;
        }
        let mut events = Vec::with_capacity(raw.len());
        for event in raw {
            let before = events.len();
            events.extend(event.introduced.map(Event::Introduced));
            events.extend(event.fixed.map(Event::Fixed));
            events.extend(event.last_affected.map(Event::LastAffected));
            events.extend(event.limit.map(Event::Limit));
            if events.len() == before {
                return Range::Unknown;
            }
        }
        Range::Events(events)
    }
}

/// Only a moment takes a record back: anything else would silence it by a slip.
fn withdrawn(written: Option<&Value>) -> Result<bool, String> {
    match written {
        None | Some(Value::Null) => Ok(false),
        Some(Value::String(moment)) if moment.parse::<Timestamp>().is_ok() => Ok(true),
        Some(_) => Err("its `withdrawn` is not a time".to_owned()),
    }
}

fn is_id(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= ID_MAX_BYTES
        && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn ids(texts: Option<Vec<String>>) -> Vec<String> {
    let mut ids: Vec<String> = texts
        .into_iter()
        .flatten()
        .filter(|text| is_id(text))
        .collect();
    ids.sort();
    ids.dedup();
    ids.truncate(ALIASES_MAX);
    ids
}

/// The summary, or the first line of the details, on one line of bounded length.
fn summary(summary: Option<&str>, details: Option<&str>) -> String {
    let text = summary
        .filter(|text| !text.trim().is_empty())
        .or(details)
        .unwrap_or("");
    let line = text
        .lines()
        .map(|line| line.trim_start_matches('#').trim())
        .find(|line| !line.is_empty());
    one_line(line.unwrap_or(""), SUMMARY_MAX_CHARS)
}

/// Folds white space and control characters to single spaces, and cuts at `chars_max`.
pub(crate) fn one_line(text: &str, chars_max: usize) -> String {
    let is_blank = |c: char| c.is_whitespace() || c.is_control();
    let words: Vec<&str> = text
        .split(is_blank)
        .filter(|word| !word.is_empty())
        .collect();
    let line = words.join(" ");
    match line.char_indices().nth(chars_max) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line,
    }
}

fn weaknesses(database_specific: Option<&Value>) -> Vec<String> {
    let list = database_specific
        .and_then(|value| value.get("cwe_ids"))
        .and_then(Value::as_array);
    ids(list.map(|list| {
        list.iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    }))
}

/// The advisory's own page, or else the first page that is named.
fn page(references: Option<&[RawReference]>) -> Option<String> {
    let usable = |reference: &&RawReference| {
        reference.url.starts_with("https://")
            && reference.url.len() <= 512
            && reference.url.bytes().all(|byte| byte.is_ascii_graphic())
    };
    let mut usable = references?.iter().filter(usable).peekable();
    let first = usable.peek().map(|reference| reference.url.clone());
    usable
        .find(|reference| reference.kind.as_deref() == Some("ADVISORY"))
        .map(|found| found.url.clone())
        .or(first)
}
