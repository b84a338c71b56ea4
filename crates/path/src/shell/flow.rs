//! How the commands of a script hang together.

use plimsoll_model::Location;
use serde::{Deserialize, Serialize};

use super::Options;

/// How commands hang together. Commands are named by their place in the commands of the script.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Flow {
    /// A command, after the substitutions among its words.
    Command {
        command: usize,
        substitutions: Vec<Vec<Flow>>,
    },
    /// A command that runs another script, which is at hand.
    Called {
        command: usize,
        body: Vec<Flow>,
        options: Options,
        sourced: bool,
    },
    Background(Box<Flow>),
    Pipeline(Vec<Flow>),
    And(Box<Flow>, Box<Flow>),
    Or(Box<Flow>, Box<Flow>),
    Not(Box<Flow>),
    Group(Vec<Flow>),
    Subshell(Vec<Flow>),
    If {
        branches: Vec<(Vec<Flow>, Vec<Flow>)>,
        otherwise: Vec<Flow>,
    },
    While {
        until: bool,
        condition: Vec<Flow>,
        body: Vec<Flow>,
    },
    /// `certain` when the words are stated, so that the body runs.
    For {
        certain: bool,
        body: Vec<Flow>,
        at: Location,
    },
    /// Each arm; `true` for one that takes everything.
    Case {
        arms: Vec<(bool, Vec<Flow>)>,
        at: Location,
    },
    Function {
        name: String,
        body: Box<Flow>,
    },
}

impl Flow {
    /// The commands in it that run in its own shell, in no particular order; not those in `$(…)`.
    pub(crate) fn commands(&self) -> Vec<usize> {
        match self {
            Self::Command { command, .. } => vec![*command],
            Self::Called { body: inner, .. }
            | Self::Pipeline(inner)
            | Self::Group(inner)
            | Self::Subshell(inner)
            | Self::For { body: inner, .. } => list_commands(inner),
            Self::Background(inner) | Self::Not(inner) | Self::Function { body: inner, .. } => {
                inner.commands()
            }
            Self::And(a, b) | Self::Or(a, b) => [a.commands(), b.commands()].concat(),
            Self::If {
                branches,
                otherwise,
            } => {
                let parts = branches.iter().flat_map(|(asked, body)| [asked, body]);
                parts
                    .chain([otherwise])
                    .flat_map(|part| list_commands(part))
                    .collect()
            }
            Self::While {
                condition, body, ..
            } => [list_commands(condition), list_commands(body)].concat(),
            Self::Case { arms, .. } => arms
                .iter()
                .flat_map(|(_, body)| list_commands(body))
                .collect(),
        }
    }
}

fn list_commands(flows: &[Flow]) -> Vec<usize> {
    flows.iter().flat_map(Flow::commands).collect()
}
