//! Where an environment's releases run. A kind of target is a variant here and one file below.

pub(crate) mod process;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::Path;

use plimsoll_model::Subject;
use serde::Serialize;

use crate::{EnvironmentError, HealthOutcome, HealthReport};
use process::Process;

/// Where an environment's releases run.
///
/// The caller holds the environment's [`crate::Lease`] around every verb but [`Target::observe`].
#[derive(Clone, Debug)]
pub enum Target {
    /// A process on this machine.
    Process(Process),
}

/// A release that is to run, and what it takes the place of.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// All that the release consists of. The target runs its part of it.
    pub subjects: &'a [Subject],
    /// All that the release before it consists of, which is the way back; empty when there is none.
    pub previous: &'a [Subject],
    /// The folder with the bytes of each file among the subjects, named by its hex digest.
    pub artifacts: &'a Path,
}

/// What bringing up a release came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// What was ended to make room for it.
    pub replaced: Withdrawn,
    /// What runs now. Whether it works is not known yet.
    pub observation: Observation,
}

/// How long to look at what runs.
#[derive(Clone, Copy)]
pub enum Until<'a> {
    /// As it is now.
    Now,
    /// Until it is healthy, has ended or is too late.
    Healthy {
        /// All that the release consists of. The target's part of it must run.
        subjects: &'a [Subject],
        /// Asked before each question: whether to call it off.
        cancelled: &'a dyn Fn() -> bool,
    },
}

/// What runs, by the target's own word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Observation {
    /// The part of a release that was applied last, when it runs; empty when it does not.
    pub subjects: Vec<Subject>,
    /// Whether what was begun last (an apply, a withdraw) was carried to its end. If not, what runs
    /// may end by itself at any moment: apply it again or withdraw it.
    pub settled: bool,
    /// Each part that lives, the main one first. There may be some although nothing runs: what it
    /// left behind, which a withdraw ends.
    pub instances: Vec<Instance>,
    /// Whether it works; `None` when that was not asked.
    pub health: Option<HealthReport>,
}

/// One part of what runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Instance {
    /// A process on this machine.
    Process {
        /// Its id.
        pid: u32,
    },
}

/// What was ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdrawn {
    /// All that had been applied; empty when nothing of it lived any more.
    pub subjects: Vec<Subject>,
    /// Whether it had to be killed because it did not end by itself in time.
    pub killed: bool,
}

impl Target {
    /// The subjects of a release that this target runs. The others are for targets of other kinds.
    /// Refused where the release does not hold what the target runs.
    pub fn part(&self, subjects: &[Subject]) -> Result<Vec<Subject>, EnvironmentError> {
        match self {
            Self::Process(_) => Process::part(subjects),
        }
    }

    /// Puts a release's bytes in place, checks them against their digests, and replaces what runs by
    /// them, also when that is the same. Done again after a crash, it comes to the same.
    pub fn apply(&self, change: &Change<'_>) -> Result<Applied, EnvironmentError> {
        match self {
            Self::Process(process) => process.apply(change),
        }
    }

    /// What runs now, or what came of waiting for its health.
    pub fn observe(&self, until: Until<'_>) -> Result<Observation, EnvironmentError> {
        match self {
            Self::Process(process) => process.observe(until),
        }
    }

    /// Ends what was applied, with all that it left behind, and nothing else. Done again, it finds
    /// nothing to end. `applied` is what the caller applied there last; a target that keeps a record of
    /// that, as a process does, goes by the record.
    pub fn withdraw(&self, _applied: &[Subject]) -> Result<Withdrawn, EnvironmentError> {
        match self {
            Self::Process(process) => process.withdraw(),
        }
    }

    /// The environment variables that tell a command how to reach what runs.
    pub(crate) fn variables(
        &self,
        subjects: &[Subject],
    ) -> Result<BTreeMap<OsString, OsString>, EnvironmentError> {
        match self {
            Self::Process(process) => process.variables(subjects),
        }
    }
}

impl Observation {
    /// Whether exactly this part of a release runs (see [`Target::part`]), and nothing that was begun is
    /// left half done.
    pub fn runs(&self, part: &[Subject]) -> bool {
        self.settled && !part.is_empty() && Subject::are_same(&self.subjects, part)
    }

    /// Whether it was asked and proven to work.
    pub fn is_healthy(&self) -> bool {
        let outcome = self.health.as_ref().map(|report| report.outcome);
        outcome == Some(HealthOutcome::Healthy)
    }
}

impl fmt::Display for Applied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.observation)?;
        if self.replaced.subjects.is_empty() {
            return Ok(());
        }
        write!(f, ", in place of {}", self.replaced)
    }
}

impl fmt::Display for Observation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(health) = &self.health {
            return health.fmt(f);
        }
        let Some(first) = self.instances.first() else {
            return f.write_str("nothing runs");
        };
        write!(f, "{first}")?;
        match self.instances.len() - 1 {
            0 => {}
            more => write!(f, " and {more} more")?,
        }
        if self.subjects.is_empty() {
            return f.write_str(", left behind by what ran");
        }
        write!(f, " of {}", short(&self.subjects))
    }
}

impl fmt::Display for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process { pid } => write!(f, "process {pid}"),
        }
    }
}

impl fmt::Display for Withdrawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.subjects.is_empty() {
            return f.write_str("nothing ran");
        }
        let killed = if self.killed { ", killed" } else { "" };
        write!(f, "{}{killed}", short(&self.subjects))
    }
}

/// Subjects for people, in a line.
pub(crate) fn short(subjects: &[Subject]) -> String {
    let names = subjects.iter().map(Subject::short);
    names.collect::<Vec<_>>().join(", ")
}
