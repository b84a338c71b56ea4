//! The dialects in which a release path is written. Each is one row, which brings its files into the neutral
//! [`Pipeline`]; nothing behind this module knows one by its name.
//!
//! What a dialect means by success, failure, cancellation and skipping is its reader's matter, which writes it into the
//! condition of each job and step. How two more fit, on paper:
//!
//! | | GitHub Actions | Jenkins (declarative) | GitLab CI |
//! |---|---|---|---|
//! | job | job | leaf stage; a `parallel` gives one for each branch | job |
//! | waits for | `needs` | the stages before it; behind `parallel`, each of its branches | `needs`, else each job of the stages before |
//! | step | step | step of `steps`, then those of `post` | the joined `before_script` and `script`, then `after_script` |
//! | nothing stated | no job that it waits for failed, was cancelled or skipped | none failed or was cancelled: a skipped or unstable stage stops nothing | none failed or was cancelled |
//! | condition | `if` | that, and `when` over facts | `rules` over facts; `when: on_failure` asks [`Outcome::Failure`] of what is earlier, `always` nothing |
//! | behind a failure | `failure()`, `always()` | a step of `post { failure … }` asks [`Atom::Earlier`] | as above |
//! | tolerance | `continue-on-error`: a success | `catchError`, `warnError`, `unstable`: unstable; what the build's result says of it is asked by [`Atom::Step`] | `allow_failure`: unstable; with `exit_codes` on a fact |
//! | trigger, inputs | `on`, `inputs` | `triggers`, `parameters` of a person | `workflow: rules` by source, `variables` with a description |
//! | person | protected environment, outside the file | `input`: a command that approves, and its parameters as facts | `when: manual`: a fact that a person starts it |
//!
//! What neither needs of the prover: `retry` and `timeout` change no outcome but a failure that happens or does not;
//! `failFast` is a cancellation; scripts in Groovy are a gap.
//!
//! [`Outcome::Failure`]: crate::pipeline::Outcome::Failure
//! [`Atom::Earlier`]: crate::pipeline::Atom::Earlier
//! [`Atom::Step`]: crate::pipeline::Atom::Step

use std::sync::LazyLock;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use plimsoll_model::TreePath;
use plimsoll_source::TextFile;

use crate::pipeline::Pipeline;
use crate::shell::Runner;

mod github;

/// A language of release paths.
pub struct Dialect {
    /// Its public id.
    pub id: &'static str,
    /// The files it claims, as globs over whole tree paths.
    pub globs: &'static [&'static str],
    /// The page that says how such a file is read, in `docs`.
    pub page: &'static str,
    /// What such a file is called, and who refuses it as well when it cannot be read.
    pub(crate) noun: &'static str,
    pub(crate) refuses: &'static str,
    /// What its runner sets that scripts rely on.
    pub(crate) runner: Runner,
    pub(crate) read: fn(&TextFile) -> Result<Pipeline, PipelineError>,
}

/// Every dialect; the first whose globs fit a path reads the file.
pub static DIALECTS: [&Dialect; 1] = [&github::DIALECT];

/// The file is no pipeline that can be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PipelineError {
    /// What is wrong.
    pub message: String,
    /// The byte where it shows.
    pub offset: usize,
}

impl Dialect {
    /// The dialect that claims a file.
    pub fn find(path: &TreePath) -> Option<&'static Self> {
        let first = GLOBS.set.matches(path.as_str()).into_iter().min()?;
        Some(GLOBS.dialects[first])
    }
}

impl Pipeline {
    /// Reads a file that a dialect claims. Scripts that it calls are not looked up: such a command may fail and
    /// does nothing else.
    ///
    /// # Errors
    /// When no dialect claims it, or it lacks what every pipeline of its dialect has.
    pub fn read(file: &TextFile) -> Result<Self, PipelineError> {
        let Some(dialect) = Dialect::find(file.path) else {
            return Err(PipelineError {
                message: "no dialect that is known claims the file".to_owned(),
                offset: 0,
            });
        };
        (dialect.read)(file)
    }
}

/// What the runners of all dialects set: a script of the tree may be called from any of them.
pub(crate) fn runners() -> Vec<&'static Runner> {
    DIALECTS.iter().map(|dialect| &dialect.runner).collect()
}

struct Globs {
    set: GlobSet,
    /// The dialect of each glob, in the order of the set.
    dialects: Vec<&'static Dialect>,
}

static GLOBS: LazyLock<Globs> = LazyLock::new(|| {
    let mut set = GlobSetBuilder::new();
    let mut dialects = Vec::new();
    for dialect in DIALECTS {
        for glob in dialect.globs {
            let glob = GlobBuilder::new(glob).literal_separator(true).build();
            set.add(glob.expect("the globs of the table are valid"));
            dialects.push(dialect);
        }
    }
    let set = set.build();
    Globs {
        set: set.expect("the globs of the table are valid together"),
        dialects,
    }
});
