use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use plimsoll_model::{
    Digest, Fault, Input, Inspection, Inspector, Masks, RuleDoc, Span, TreeAddress, TreePath,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{File, TextFile};

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

    /// Gathers what it concludes from besides facts.
    fn gather(&self, settings: &Self::Settings, site: &Site<'_>) -> Self::Inputs;

    /// What all files together say, by what was gathered; with nothing gathered, by the files alone.
    fn conclude(
        &self,
        facts: &Trees<Self::Facts>,
        settings: &Self::Settings,
        inputs: Option<&Self::Inputs>,
    ) -> Conclusion;
}

/// Facts by the tree and the path in it.
pub type Trees<F> = BTreeMap<TreeAddress, BTreeMap<TreePath, F>>;

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
    /// The folder that the inspected files were taken from.
    pub root: &'a Path,
    /// The folder of databases that the person named for this run.
    pub databases: Option<&'a Path>,
    /// The user's own folder of databases; `None` without a home.
    pub user_databases: Option<&'a Path>,
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

/// Concludes in each tree by itself, and says in which tree each thing was seen.
pub fn conclude_each<F>(
    trees: &Trees<F>,
    conclude: impl Fn(&BTreeMap<TreePath, F>) -> Inspection,
) -> Inspection {
    let mut all = Inspection::default();
    for (tree, facts) in trees {
        let mut seen = conclude(facts);
        seen.locate_in(tree);
        all.merge(seen);
    }
    all
}
