//! Steps of a job: scripts and actions.

use plimsoll_model::{Gap, Location, Span};
use plimsoll_syntax::{Node, Value as Yaml, yaml};

use super::interpreter::{self, Windows};
use super::read::{Defaults, Read, Reader, refuse};
use super::written::{Words, WrittenStep};
use super::{actions, expansion};
use crate::dialect::runners;
use crate::gaps::{EXPRESSION_OPERATOR, FOREIGN_SHELL, gap, unresolved};
use crate::pipeline::{Condition, Step, Tool};
use crate::shell::{Command, Effect, Options, Place, Script, label};

/// What a step runs.
struct Body {
    script: Script,
    tool: Option<Tool>,
    foreign_shell: Option<String>,
}

/// A step whose conditions are still the words of the file.
pub(super) struct DraftStep {
    step: Step,
    words: Words,
    foreign_shell: Option<String>,
    gaps: Vec<Gap>,
}

/// The steps of one job.
#[derive(Default)]
pub(super) struct DraftSteps {
    pub(super) steps: Vec<Step>,
    pub(super) written: Vec<WrittenStep>,
    /// Where a step runs in a shell that is not read, and in which.
    pub(super) foreign: Vec<(Location, String)>,
    pub(super) gaps: Vec<Gap>,
}

impl DraftSteps {
    pub(super) fn add(&mut self, mut draft: DraftStep) {
        self.written.push(WrittenStep {
            id: draft.step.id.clone(),
            words: draft.words,
        });
        let shell = draft.foreign_shell;
        self.foreign
            .extend(shell.map(|shell| (draft.step.location.clone(), shell)));
        self.gaps.append(&mut draft.gaps);
        self.steps.push(draft.step);
    }
}

/// One gap for all steps of a job that run in a shell that is not read.
pub(super) fn foreign_shells(foreign: &[(Location, String)], job: &str) -> Option<Gap> {
    let (location, shell) = foreign.first()?;
    let message = format!(
        "{} of the steps of job `{job}` run, or may run, in `{shell}`, which is not read",
        foreign.len(),
    );
    Some(gap(
        &FOREIGN_SHELL,
        location.clone(),
        message,
        FOREIGN_SHELL.fix,
    ))
}

impl Reader<'_> {
    /// The step that stands for a called workflow.
    pub(super) fn read_call(&self, called: &str, node: &Node) -> DraftStep {
        let location = self.locate(node.entry("uses").map_or(node.span, |(_, uses)| uses.span));
        let gap = unresolved(&location, &format!("the workflow `{called}`"));
        DraftStep {
            words: Words {
                condition: None,
                tolerance: None,
            },
            foreign_shell: None,
            gaps: vec![gap],
            step: Step {
                id: None,
                name: None,
                condition: Condition::default(),
                tolerance: None,
                tool: None,
                directory: None,
                foreign: false,
                script: Script::opaque(location.clone(), ACTION, called),
                location,
            },
        }
    }

    pub(super) fn read_step(&self, node: &Node, defaults: &Defaults, job: &str) -> Read<DraftStep> {
        let read = match (node.get("uses"), node.get("run")) {
            (Some(uses), None) => self.read_action(node, uses)?,
            (None, Some(run)) => self.read_run(node, run, defaults)?,
            (Some(_), Some(_)) | (None, None) => {
                return refuse(node, "a step has either `run:` or `uses:`");
            }
        };
        let location = self.locate(first_line(node));
        let mut gaps = Vec::from_iter(self.find_operator(node, defaults, job));
        if let Some(uses) = node.get("uses").and_then(Node::as_str)
            && uses.starts_with("./")
        {
            gaps.push(unresolved(&location, &format!("the action `{uses}`")));
        }
        let directory = node.get("working-directory").and_then(Node::scalar);
        let id = node.get("id").and_then(Node::scalar);
        Ok(DraftStep {
            words: self.read_words(node)?,
            gaps,
            step: Step {
                id: id.map(|id| id.to_lowercase()),
                name: node.get("name").and_then(Node::scalar),
                location,
                condition: Condition::default(),
                tolerance: None,
                tool: read.tool,
                directory: directory.or_else(|| defaults.directory.clone()),
                foreign: read.foreign_shell.is_some(),
                script: read.script,
            },
            foreign_shell: read.foreign_shell,
        })
    }

    fn read_run(&self, node: &Node, run: &Node, defaults: &Defaults) -> Read<Body> {
        let Some(text) = run.scalar() else {
            return refuse(run, "`run:` is no text");
        };
        let named = node.get("shell").and_then(Node::scalar);
        let named = named.or_else(|| defaults.shell.clone());
        let windows = match named {
            Some(_) => Windows::Never,
            None => defaults.windows,
        };
        let opaque = || Script::opaque(self.locate(run.span), ACTION, &text);
        let (script, foreign_shell) = match interpreter::options(named.as_deref()) {
            Ok(options) => {
                let script = self.read_script(run, &text, options);
                let differs = windows != Windows::Never && !interpreter::is_plain(&script, &text);
                let foreign = differs.then(|| interpreter::POWERSHELL.to_owned());
                if differs && windows == Windows::Always {
                    (opaque(), foreign)
                } else {
                    (script, foreign)
                }
            }
            Err(name) => (opaque(), Some(name)),
        };
        Ok(Body {
            script,
            tool: None,
            foreign_shell,
        })
    }

    /// What an expression may bring into a script.
    fn find_operator(&self, step: &Node, defaults: &Defaults, job: &str) -> Option<Gap> {
        let run = step.get("run")?;
        let text = run.scalar().filter(|text| text.contains("${{"))?;
        let mut stated = defaults.stated.clone();
        expansion::of(step, &mut stated);
        let at = yaml::written_at(self.file.text, run, expansion::operator(&text, &stated)?);
        let message =
            format!("an expression in a script of job `{job}` may bring an operator of the shell");
        let at = self.locate(Span::new(at, at));
        Some(gap(
            &EXPRESSION_OPERATOR,
            at,
            message,
            EXPRESSION_OPERATOR.fix,
        ))
    }

    fn read_script(&self, run: &Node, text: &str, options: Options) -> Script {
        let offset = |at: usize| yaml::written_at(self.file.text, run, at);
        Script::read(
            text,
            options,
            &Place {
                path: self.file.path,
                lines: self.lines,
                offset: &offset,
                runners: &runners(),
            },
        )
    }

    fn read_action(&self, node: &Node, uses: &Node) -> Read<Body> {
        let Some(name) = uses.as_str() else {
            return refuse(uses, "`uses:` is no text");
        };
        let with: Vec<(String, String)> = node
            .get("with")
            .map_or(&[][..], Node::entries)
            .iter()
            .filter_map(|(key, value)| Some((key.as_str()?.to_owned(), value.scalar()?)))
            .collect();
        let recognised = actions::recognise(name, &with);
        let command = Command {
            label: label(name),
            location: self.locate(uses.span),
            effect: Effect::MayFail,
            capabilities: recognised.capabilities,
            exits_zero: recognised.exits_zero,
            reports_only: recognised.reports_only,
            image: recognised.image,
            prints: false,
            enters: None,
            program: None,
        };
        Ok(Body {
            script: Script::of(command, ACTION),
            tool: Some(Tool {
                prepares: actions::prepares(name),
                uploads_findings: actions::uploads_findings(name),
            }),
            foreign_shell: None,
        })
    }
}

/// The failure of an action reaches its step.
const ACTION: Options = Options {
    errexit: true,
    pipefail: false,
    bash: true,
};

fn first_line(node: &Node) -> Span {
    node.entries().first().map_or(node.span, |(key, value)| {
        let end = if matches!(value.value, Yaml::Mapping(_) | Yaml::Sequence(_)) {
            key.span.end
        } else {
            value.span.end
        };
        Span::new(key.span.start, end)
    })
}
