//! Puts the scripts of the tree in the place of the commands that call them.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::{Gap, GapKind, Location};

use crate::inspect::gap_id;
use crate::script::{Effect, Flow, Options, Script};
use crate::workflow::Workflow;

/// The scripts of the tree by their path.
pub(crate) type Scripts<'a> = BTreeMap<&'a str, &'a Script>;

/// How deep scripts may call each other, and how many commands one step may come to.
const MAX_DEPTH: usize = 8;
const MAX_COMMANDS: usize = 2_000;

/// Inlines every script that is called and is there; what is not there is a gap.
pub(crate) fn link(workflow: &mut Workflow, scripts: &Scripts) -> Vec<Gap> {
    let mut gaps = Vec::new();
    for job in &mut workflow.jobs {
        if let Some(called) = &job.calls {
            gaps.push(unresolved(&job.steps[0].location, &format!("the workflow `{called}`")));
        }
        for step in &mut job.steps {
            if let Some(uses) = step.uses.as_deref().filter(|uses| uses.starts_with("./")) {
                gaps.push(unresolved(&step.location, &format!("the action `{uses}`")));
            }
            let directory = step.directory.clone().unwrap_or_default();
            let mut linker = Linker { scripts, directory: &directory, gaps: &mut gaps };
            linker.list(&mut step.script, None, 0);
        }
    }
    let mut told = BTreeSet::new();
    gaps.retain(|gap| told.insert(gap.message.clone()));
    gaps
}

fn unresolved(at: &Location, what: &str) -> Gap {
    Gap {
        id: gap_id("unresolved-call"),
        kind: GapKind::Unresolved,
        location: Some(at.clone()),
        message: format!(
            "{what} is called and was not looked into, so its gates and deployments are not known"
        ),
        mend: "keep gates and deployments in the workflow or in a script of this tree".to_owned(),
    }
}

struct Linker<'a> {
    scripts: &'a Scripts<'a>,
    directory: &'a str,
    gaps: &'a mut Vec<Gap>,
}

impl Linker<'_> {
    /// Links the flow of a script, or a part of it.
    fn list(&mut self, script: &mut Script, part: Option<Vec<Flow>>, depth: usize) -> Vec<Flow> {
        let whole = part.is_none();
        let flows = part.unwrap_or_else(|| std::mem::take(&mut script.flow));
        let linked: Vec<Flow> = flows.into_iter().map(|flow| self.flow(flow, script, depth)).collect();
        if whole {
            script.flow = linked;
            return Vec::new();
        }
        linked
    }

    fn boxed(&mut self, flow: Flow, script: &mut Script, depth: usize) -> Box<Flow> {
        Box::new(self.flow(flow, script, depth))
    }

    fn flow(&mut self, flow: Flow, script: &mut Script, depth: usize) -> Flow {
        let part =
            |this: &mut Self, flows: Vec<Flow>, script: &mut Script| this.list(script, Some(flows), depth);
        match flow {
            Flow::Command { command, substitutions } => {
                let substitutions =
                    substitutions.into_iter().map(|inner| part(self, inner, script)).collect::<Vec<_>>();
                self.command(command, substitutions, script, depth)
            }
            Flow::Called { command, body, options, sourced } => {
                Flow::Called { command, body: part(self, body, script), options, sourced }
            }
            Flow::Background(inner) => Flow::Background(self.boxed(*inner, script, depth)),
            Flow::Pipeline(stages) => Flow::Pipeline(part(self, stages, script)),
            Flow::And(a, b) => {
                let a = self.boxed(*a, script, depth);
                Flow::And(a, self.boxed(*b, script, depth))
            }
            Flow::Or(a, b) => {
                let a = self.boxed(*a, script, depth);
                Flow::Or(a, self.boxed(*b, script, depth))
            }
            Flow::Not(inner) => Flow::Not(self.boxed(*inner, script, depth)),
            Flow::Group(inner) => Flow::Group(part(self, inner, script)),
            Flow::Subshell(inner) => Flow::Subshell(part(self, inner, script)),
            Flow::If { branches, otherwise } => {
                let branches = branches
                    .into_iter()
                    .map(|(condition, body)| (part(self, condition, script), part(self, body, script)))
                    .collect();
                Flow::If { branches, otherwise: part(self, otherwise, script) }
            }
            Flow::While { until, condition, body } => {
                let condition = part(self, condition, script);
                Flow::While { until, condition, body: part(self, body, script) }
            }
            Flow::For { certain, body, at } => Flow::For { certain, body: part(self, body, script), at },
            Flow::Case { arms, at } => {
                let arms = arms.into_iter().map(|(all, body)| (all, part(self, body, script))).collect();
                Flow::Case { arms, at }
            }
            Flow::Function { name, body } => Flow::Function { name, body: self.boxed(*body, script, depth) },
        }
    }

    fn command(
        &mut self,
        command: usize,
        substitutions: Vec<Vec<Flow>>,
        script: &mut Script,
        depth: usize,
    ) -> Flow {
        let Effect::Script { path, errexit, sourced } = script.commands[command].effect.clone() else {
            return Flow::Command { command, substitutions };
        };
        let found = [join(self.directory, &path), join("", &path)]
            .into_iter()
            .find_map(|path| self.scripts.get(path?.as_str()).copied());
        let fits = depth < MAX_DEPTH
            && found.is_some_and(|found| script.commands.len() + found.commands.len() <= MAX_COMMANDS);
        let Some(found) = found.filter(|_| fits) else {
            self.gaps.push(unresolved(&script.commands[command].location, &format!("the script `{path}`")));
            return Flow::Command { command, substitutions };
        };
        let first = script.commands.len();
        script.commands.extend(found.commands.iter().cloned());
        script.unread.extend(found.unread.iter().cloned());
        script.startup = script.startup.take().or_else(|| found.startup.clone());
        let body: Vec<Flow> = found.flow.iter().map(|flow| moved(flow, first)).collect();
        let options = Options { errexit: errexit || found.options.errexit, ..found.options };
        let body = self.list(script, Some(body), depth + 1);
        Flow::Called { command, body, options, sourced }
    }
}

/// The path below the root of the tree; `None` when it leaves the tree.
fn join(directory: &str, path: &str) -> Option<String> {
    let path = path.strip_prefix("$GITHUB_WORKSPACE/").unwrap_or(path);
    let mut parts: Vec<&str> = Vec::new();
    for part in directory.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The same flow over commands that stand further on.
fn moved(flow: &Flow, by: usize) -> Flow {
    let list = |flows: &[Flow]| -> Vec<Flow> { flows.iter().map(|flow| moved(flow, by)).collect() };
    let boxed = |flow: &Flow| Box::new(moved(flow, by));
    match flow {
        Flow::Command { command, substitutions } => Flow::Command {
            command: command + by,
            substitutions: substitutions.iter().map(|inner| list(inner)).collect(),
        },
        Flow::Called { command, body, options, sourced } => {
            Flow::Called { command: command + by, body: list(body), options: *options, sourced: *sourced }
        }
        Flow::Background(inner) => Flow::Background(boxed(inner)),
        Flow::Pipeline(stages) => Flow::Pipeline(list(stages)),
        Flow::And(a, b) => Flow::And(boxed(a), boxed(b)),
        Flow::Or(a, b) => Flow::Or(boxed(a), boxed(b)),
        Flow::Not(inner) => Flow::Not(boxed(inner)),
        Flow::Group(inner) => Flow::Group(list(inner)),
        Flow::Subshell(inner) => Flow::Subshell(list(inner)),
        Flow::If { branches, otherwise } => Flow::If {
            branches: branches.iter().map(|(condition, body)| (list(condition), list(body))).collect(),
            otherwise: list(otherwise),
        },
        Flow::While { until, condition, body } => {
            Flow::While { until: *until, condition: list(condition), body: list(body) }
        }
        Flow::For { certain, body, at } => Flow::For { certain: *certain, body: list(body), at: at.clone() },
        Flow::Case { arms, at } => {
            Flow::Case { arms: arms.iter().map(|(all, body)| (*all, list(body))).collect(), at: at.clone() }
        }
        Flow::Function { name, body } => Flow::Function { name: name.clone(), body: boxed(body) },
    }
}
