use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use plimsoll_model::{
    Address, Digest, Fault, Input, Inspection, Inspector, Masks, RuleDoc, Span, TreePath,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{File, TextFile, Trees};

/// What an inspector is and does: a map from each file to facts, and a fold over all facts.
///
/// Everything but [`Inspect::prepare`] and [`Inspect::gather`] is pure: equal input gives equal
/// output. No input makes an inspector fail; what it cannot check is a gap.
pub trait Inspect: Sync + 'static {
    /// Its own table of the policy, as it is written there; read by its own `Deserialize`, which an
    /// empty table stands for where the policy has none.
    type Table: DeserializeOwned;
    /// What the table comes to, ready for use.
    type Settings: Send + Sync + 'static;
    /// Why the table cannot be used.
    type Refusal: Fault + Send + Sync + 'static;
    /// What one file says. Cached; it holds no secret value.
    type Facts: Serialize + DeserializeOwned + Send + 'static;
    /// What was gathered before concluding: databases, tools, the findings of a base.
    type Inputs;

    /// What is known of it without running it.
    fn about(&self) -> &'static Inspector;

    /// Makes settings of the table; opens what they name.
    /// `max_age_days` is how old the data may be that it judges by, where there is such data.
    fn prepare(
        &self,
        table: Self::Table,
        max_age_days: Option<u32>,
        site: &Site<'_>,
    ) -> Result<Self::Settings, Self::Refusal>;

    /// Whether facts depend on what the source says about a file besides its content. Whoever says no is
    /// not told, and shares facts between a folder and a revision that hold the same bytes.
    fn reads_metadata(&self) -> bool {
        false
    }

    /// The identity of what facts depend on besides the file; facts are cached by it.
    fn identity(&self, _settings: &Self::Settings) -> Digest {
        Digest::of(b"")
    }

    /// The documentation of the rules in force, which settings may have brought along.
    fn rules(&self, _settings: &Self::Settings) -> Vec<RuleDoc> {
        (self.about().rules)().to_vec()
    }

    /// Whether the file at a path is looked at, and what it is taken for.
    fn claims(&self, path: &TreePath, settings: &Self::Settings) -> Option<Claim>;

    /// The places of names and versions in a text that it reads: a value that a rule found elsewhere is
    /// not blanked there, so that the text still says what it is about.
    fn names(&self, _file: &TextFile<'_>) -> Vec<Span> {
        Vec::new()
    }

    /// What one file says, without regard to any other.
    fn extract(&self, file: &File<'_>, settings: &Self::Settings) -> Self::Facts;

    /// Whether these facts are of a file that its rules judge, whatever they find. Where they judge none,
    /// that nothing was found proves nothing, and people are told so.
    fn judges(&self, facts: &Self::Facts) -> bool;

    /// Whether these facts say nothing, so that nobody needs to keep them.
    fn is_silent(&self, _facts: &Self::Facts) -> bool {
        false
    }

    /// The bytes of a text that no other inspector may see; asked of those who see secrets. `names` are
    /// what all inspectors said are names.
    fn masks(
        &self,
        _file: &TextFile<'_>,
        _facts: &Self::Facts,
        _names: &[Span],
        _settings: &Self::Settings,
    ) -> Masks {
        Masks::default()
    }

    /// Whether it is given texts as they are and says what the others may not see.
    fn sees_secrets(&self) -> bool {
        false
    }

    /// Gathers what it concludes from besides facts. What belongs to the inspected tree it takes from
    /// `facts` and `files` alone: the folder of the site may hold another commit, and its files hold secrets.
    fn gather(
        &self,
        facts: &Trees<Self::Facts>,
        settings: &Self::Settings,
        site: &Site<'_>,
        files: &dyn Files,
    ) -> Self::Inputs;

    /// What all files together say, by what was gathered; with nothing gathered, by the files alone.
    fn conclude(
        &self,
        facts: &Trees<Self::Facts>,
        settings: &Self::Settings,
        inputs: Option<&Self::Inputs>,
    ) -> Conclusion;
}

/// The texts that are inspected, as those get them who see no secrets: with secret values blanked.
pub trait Files {
    /// The text of a file, exactly as it was inspected; `None` where it is no text, holds other bytes by
    /// now, or said nothing to any inspector.
    fn text(&self, at: &Address) -> Option<String>;
}

/// Texts by address, as they are: for tests.
impl Files for BTreeMap<Address, String> {
    fn text(&self, at: &Address) -> Option<String> {
        self.get(at).cloned()
    }
}

/// What an inspector takes a file for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Whatever it holds: text or bytes. A link is none of its business.
    Any,
    /// A text that is expected by its name: whatever else stands there is a gap.
    Named {
        /// Whether those for whom the file is made read UTF-16 with its mark; others would take it for
        /// something else.
        utf16: bool,
    },
}

/// Where an inspection takes place, as far as anything but the files depends on it.
#[derive(Clone, Copy, Debug)]
pub struct Site<'a> {
    /// The folder that paths in the policy are relative to.
    pub folder: &'a Path,
    /// Whether the policy is a trusted base, and not the inspected tree's own.
    pub trusted: bool,
    /// The folder that the inspected files were taken from. It may hold other files than those: a commit
    /// may be inspected.
    pub root: &'a Path,
    /// The folder of databases that the person named for this run.
    pub databases: Option<&'a Path>,
    /// The folder in which this program keeps what it fetched for the user; `None` without a home. Who
    /// gathers has a folder of its own in it.
    pub home: Option<&'a Path>,
    /// The present.
    pub now: Timestamp,
}

/// What an inspector saw, and what that rests on besides the files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conclusion {
    /// Flaws, parts and gaps.
    pub inspection: Inspection,
    /// What was gathered and asked.
    pub inputs: Vec<Input>,
}

impl From<Inspection> for Conclusion {
    fn from(inspection: Inspection) -> Self {
        Self {
            inspection,
            inputs: Vec::new(),
        }
    }
}
