//! `Gemfile.lock` and `gems.locked`, as Bundler writes them.
//!
//! A `Gemfile` is a program and is not run: the lockfile answers for every manifest in its folder and in
//! the folders that it takes gems from. Gems of the public registry are components; those of Git
//! repositories and other registries are gaps.

use std::collections::BTreeMap;

use plimsoll_model::{Checksum, ChecksumAlgorithm, Component, Gap, Location, Purl, Span};
use plimsoll_source::TextFile;

use super::{ECOSYSTEM, FIX};
use crate::facts::{Covers, LocalPackage, Lock};
use crate::places::Places;
use crate::{Facts, Parser, gap};

pub(crate) static PARSER: Parser = Parser {
    globs: &["**/{Gemfile.lock,gems.locked}"],
    read,
};

const PUBLIC_REGISTRIES: [&str; 2] = ["https://rubygems.org", "http://rubygems.org"];
/// Bundler comes with Ruby and is locked in a section of its own.
const BUNDLER: &str = "bundler";

/// The section that a line stands in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    /// Gems of one source.
    Source(Kind),
    Dependencies,
    Checksums,
    /// What says nothing about packages.
    Other,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Registry,
    Git,
    Path,
    Plugin,
}

/// One gem as it is locked, once for each platform.
struct Gem {
    name: String,
    version: Option<String>,
    /// The platform it was built for, where it is not the one for all.
    platform: Option<String>,
    /// Its source, by its place in the file.
    source: usize,
    needs: Vec<String>,
    location: Location,
}

/// Where gems come from.
struct Source {
    kind: Kind,
    /// Whether each of its addresses is that of the public registry; `None` without an address.
    is_public: Option<bool>,
    /// The folder of gems that stand in one.
    folder: String,
}

/// Why the file cannot be read, and from which line on.
struct Broken {
    location: Location,
    why: &'static str,
}

/// What was read so far.
#[derive(Default)]
struct Reading {
    gems: Vec<Gem>,
    /// What the project asks for itself, with the place.
    asked: Vec<(String, Location)>,
    /// By the text that names gem, version and platform.
    checksums: BTreeMap<String, Checksum>,
    sources: Vec<Source>,
    ends: bool,
}

/// The gems of each name.
type ByName<'a> = BTreeMap<&'a str, Vec<&'a Gem>>;

fn read(file: &TextFile<'_>) -> Facts {
    let mut reading = Reading::default();
    match reading.lines(file) {
        Ok(()) => reading.finish(),
        Err(Broken { location, why }) => Facts {
            lock: Some(Lock::of(Covers::Everything)),
            ..Facts::gap(gap::unreadable_lockfile(location, why))
        },
    }
}

impl Reading {
    fn lines(&mut self, file: &TextFile<'_>) -> Result<(), Broken> {
        let mut places = Places::new(file.path, file.text);
        let mut section = Section::Other;
        let mut offset = 0;
        for whole in file.text.split_inclusive('\n') {
            let line = whole.trim_end_matches(['\n', '\r']);
            let text = line.trim_start_matches(['\u{feff}', ' ']);
            let indent = line.len() - text.len();
            let at = Span::new(offset + indent, offset + line.len());
            offset += whole.len();
            if text.is_empty() {
                continue;
            }
            let location = places.location(at);
            if line == text || indent > 0 && line.starts_with('\u{feff}') {
                section = self.begin(text).ok_or(Broken {
                    location,
                    why: "no section begins like this",
                })?;
                continue;
            }
            let read = self.line(section, indent, text.trim_end(), &location);
            read.ok_or(Broken {
                location,
                why: "the line fits no section of a lockfile",
            })?;
        }
        // Bundler writes this section always, and after all gems.
        if self.ends && file.text.ends_with('\n') {
            return Ok(());
        }
        let end = file.text.len();
        Err(Broken {
            location: places.location(Span::new(end, end)),
            why: "it ends too early",
        })
    }

    fn begin(&mut self, header: &str) -> Option<Section> {
        let section = match header.trim_end() {
            "GEM" => Section::Source(Kind::Registry),
            "GIT" => Section::Source(Kind::Git),
            "PATH" => Section::Source(Kind::Path),
            "PLUGIN SOURCE" => Section::Source(Kind::Plugin),
            "DEPENDENCIES" => Section::Dependencies,
            "CHECKSUMS" => Section::Checksums,
            "PLATFORMS" | "RUBY VERSION" | "BUNDLED WITH" => Section::Other,
            _ => return None,
        };
        self.ends |= section == Section::Dependencies;
        if let Section::Source(kind) = section {
            self.sources.push(Source {
                kind,
                is_public: None,
                folder: String::new(),
            });
        }
        Some(section)
    }

    /// Reads one line; `None` for one that fits nothing.
    fn line(
        &mut self,
        section: Section,
        indent: usize,
        text: &str,
        location: &Location,
    ) -> Option<()> {
        match (section, indent) {
            (Section::Source(_), 2) => self.setting(text),
            (Section::Source(_), 4) => {
                let source = self.sources.len().checked_sub(1)?;
                self.gems.push(gem(source, text, location)?);
                Some(())
            }
            (Section::Source(_), 6) => {
                let (name, _) = name_and_rest(text)?;
                self.gems.last_mut()?.needs.push(name.to_owned());
                Some(())
            }
            (Section::Dependencies, 2) => {
                // The mark says that the gem comes from another source than the first.
                let (name, _) = name_and_rest(text.trim_end_matches('!'))?;
                self.asked.push((name.to_owned(), location.clone()));
                Some(())
            }
            (Section::Checksums, 2) => self.checksum(text),
            (Section::Other, _) => Some(()),
            (Section::Source(_) | Section::Dependencies | Section::Checksums, _) => None,
        }
    }

    /// `remote: ADDRESS` and other keys of a source, `specs:` at their end.
    fn setting(&mut self, text: &str) -> Option<()> {
        let (key, value) = text.split_once(':')?;
        let source = self.sources.last_mut()?;
        if key == "remote" {
            let value = value.trim().trim_end_matches('/');
            let is_public = PUBLIC_REGISTRIES.contains(&value);
            source.is_public = Some(is_public && source.is_public != Some(false));
            plain_folder(value).clone_into(&mut source.folder);
        }
        Some(())
    }

    /// `NAME (VERSION-PLATFORM) sha256=DIGITS`; an entry without digests says nothing.
    fn checksum(&mut self, text: &str) -> Option<()> {
        let end = text.find(')')? + 1;
        let (gem, digests) = text.split_at(end);
        for digest in digests
            .trim()
            .split(',')
            .filter(|digest| !digest.is_empty())
        {
            let (name, digits) = digest.split_once('=')?;
            let checksum = ChecksumAlgorithm::find(name)
                .and_then(|algorithm| Checksum::new(algorithm, digits));
            self.checksums
                .extend(checksum.map(|checksum| (gem.to_owned(), checksum)));
        }
        Some(())
    }

    fn finish(self) -> Facts {
        let mut facts = Facts {
            lock: Some(self.lock()),
            ..Facts::default()
        };
        let mut by_name = ByName::new();
        for gem in &self.gems {
            by_name.entry(&gem.name).or_default().push(gem);
        }
        facts.gaps.extend(self.incomplete(&by_name));
        for gem in &self.gems {
            self.add(gem, &by_name, &mut facts);
        }
        facts
    }

    fn lock(&self) -> Lock {
        let of_tree = self
            .sources
            .iter()
            .filter(|source| source.kind == Kind::Path);
        let own = std::iter::once(String::new());
        let folders = own.chain(of_tree.map(|source| source.folder.clone()));
        let local = self.gems.iter().filter_map(|gem| {
            let source = &self.sources[gem.source];
            (source.kind == Kind::Path).then(|| LocalPackage {
                name: gem.name.clone(),
                manifest: format!("{}/{}.gemspec", folder_or_own(&source.folder), gem.name),
                location: gem.location.clone(),
            })
        });
        Lock {
            local: local.collect(),
            ..Lock::of(Covers::Folders(
                folders.map(|folder| (folder, None)).collect(),
            ))
        }
    }

    /// Adds the component of a gem, nothing for one of the tree, or the gap that keeps it from being one.
    fn add(&self, gem: &Gem, by_name: &ByName<'_>, facts: &mut Facts) {
        let source = &self.sources[gem.source];
        let foreign = match source.kind {
            Kind::Path => return,
            Kind::Git => Some("a Git repository"),
            Kind::Plugin => Some("a source of a plugin"),
            Kind::Registry if source.is_public == Some(true) => None,
            Kind::Registry => Some("another registry than the public one"),
        };
        let at = gem.location.clone();
        if let Some(source) = foreign {
            facts.gaps.push(gap::foreign_source(at, &gem.name, source));
            return;
        }
        let Some(version) = &gem.version else {
            facts.gaps.push(gap::unversioned_entry(at, &gem.name));
            return;
        };
        facts.components.push(Component {
            checksums: self.only_checksum(gem, version, by_name),
            dependencies: gem
                .needs
                .iter()
                .filter_map(|name| self.purl(name, by_name))
                .collect(),
            ..ECOSYSTEM.component(&gem.name, version, at)
        });
    }

    /// The digest of a gem that is locked for one platform. Those of several are digests of several
    /// archives, and none of them is the component's.
    fn only_checksum(&self, gem: &Gem, version: &str, by_name: &ByName<'_>) -> Vec<Checksum> {
        if by_name[gem.name.as_str()].len() > 1 {
            return Vec::new();
        }
        let text = match &gem.platform {
            Some(platform) => format!("{} ({version}-{platform})", gem.name),
            None => format!("{} ({version})", gem.name),
        };
        self.checksums.get(&text).cloned().into_iter().collect()
    }

    fn purl(&self, name: &str, by_name: &ByName<'_>) -> Option<Purl> {
        // One version is locked of each gem, however many platforms it is locked for.
        let gem = by_name.get(name)?.first()?;
        let is_component = self.sources[gem.source].is_public == Some(true);
        is_component.then_some(())?;
        ECOSYSTEM.purl(name, Some(gem.version.as_ref()?))
    }

    /// One gap for all that is asked for and not locked.
    fn incomplete(&self, by_name: &ByName<'_>) -> Option<Gap> {
        let is_missing = |name: &str| name != BUNDLER && !by_name.contains_key(name);
        let of_gem = self.gems.iter().find_map(|gem| {
            let missing = gem.needs.iter().find(|name| is_missing(name))?;
            Some((&gem.location, gem.name.as_str(), missing))
        });
        let of_project = self.asked.iter().find_map(|(name, location)| {
            is_missing(name).then_some((location, "what the project asks for", name))
        });
        let (location, who, missing) = of_gem.or(of_project)?;
        Some(gap::incomplete_lockfile(
            location.clone(),
            who,
            missing,
            FIX,
        ))
    }
}

/// `NAME (VERSION-PLATFORM)`; a version holds no hyphen.
fn gem(source: usize, text: &str, location: &Location) -> Option<Gem> {
    let (name, rest) = name_and_rest(text)?;
    let (version, platform) = match rest.map(|rest| rest.split_once('-').ok_or(rest)) {
        None => (None, None),
        Some(Ok((version, platform))) => (Some(version), Some(platform)),
        Some(Err(version)) => (Some(version), None),
    };
    Some(Gem {
        name: name.to_owned(),
        version: version.map(str::to_owned),
        platform: platform.map(str::to_owned),
        source,
        needs: Vec::new(),
        location: location.clone(),
    })
}

/// `NAME` or `NAME (REST)`.
fn name_and_rest(text: &str) -> Option<(&str, Option<&str>)> {
    let (name, rest) = match text.split_once(" (") {
        Some((name, rest)) => (name, Some(rest.strip_suffix(')')?)),
        None => (text, None),
    };
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let fits = !name.is_empty() && name.bytes().all(is_name);
    fits.then_some((name, rest.filter(|rest| !rest.is_empty())))
}

/// A folder as the tree writes it below another; empty for the lockfile's own.
fn plain_folder(folder: &str) -> &str {
    let folder = folder.strip_prefix("./").unwrap_or(folder);
    if folder == "." { "" } else { folder }
}

fn folder_or_own(folder: &str) -> &str {
    if folder.is_empty() { "." } else { folder }
}
