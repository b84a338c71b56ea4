//! From the YAML document to a workflow.

use plimsoll_model::{LineIndex, Location, Span};
use plimsoll_source::TextFile;
use plimsoll_syntax::{Node, SyntaxError, Value as Yaml, yaml};

use super::expansion::{self, Stated};
use super::shell::{self, Windows};
use super::{
    Condition, Input, InputKind, Job, Permissions, Step, Tolerance, Workflow, WorkflowError,
};
use crate::Value;
use crate::expression::Expression;
use crate::recognise;
use crate::script::STARTUP;
use crate::script::{Command, Effect, Options, Place, Script, label};
use crate::value::text_number;

/// Jobs and steps of one workflow; GitHub itself allows fewer.
const MAX_JOBS: usize = 1_024;
const MAX_STEPS: usize = 4_096;

type Read<T> = Result<T, WorkflowError>;

impl From<SyntaxError> for WorkflowError {
    fn from(error: SyntaxError) -> Self {
        Self {
            message: error.message,
            offset: error.offset,
        }
    }
}

fn refuse<T>(at: &Node, message: impl Into<String>) -> Read<T> {
    Err(WorkflowError {
        message: message.into(),
        offset: at.span.start,
    })
}

pub(super) fn workflow(file: &TextFile) -> Read<Workflow> {
    let documents = yaml::parse(file.text)?;
    let [root] = documents.as_slice() else {
        return Err(WorkflowError {
            message: "not one YAML document".to_owned(),
            offset: 0,
        });
    };
    let Some((on_key, on)) = root.entry("on") else {
        return refuse(root, "the workflow has no `on:`");
    };
    let Some(jobs) = root.get("jobs").filter(|jobs| !jobs.entries().is_empty()) else {
        return refuse(root, "the workflow has no `jobs:`");
    };
    if jobs.entries().len() > MAX_JOBS {
        return refuse(jobs, format!("the workflow has more than {MAX_JOBS} jobs"));
    }
    let lines = file.lines();
    let reader = Reader {
        file,
        lines: &lines,
        shell: default_run(root, "shell"),
        directory: default_run(root, "working-directory"),
        root,
    };
    let ids: Vec<&str> = jobs
        .entries()
        .iter()
        .filter_map(|(id, _)| id.as_str())
        .collect();
    let jobs = jobs
        .entries()
        .iter()
        .map(|(id, job)| reader.job(&ids, id, job))
        .collect::<Read<Vec<_>>>()?;
    if jobs.iter().map(|job| job.steps.len()).sum::<usize>() > MAX_STEPS {
        return refuse(
            root,
            format!("the workflow has more than {MAX_STEPS} steps"),
        );
    }
    let order = order(&jobs).ok_or_else(|| WorkflowError {
        message: "jobs need each other in a circle".to_owned(),
        offset: root.span.start,
    })?;
    Ok(Workflow {
        path: file.path.clone(),
        on: reader.location(on_key.span),
        events: events(on)?,
        inputs: reader.inputs(on),
        permissions: reader.permissions(root),
        jobs,
        order,
    })
}

/// Each job after those it needs; `None` when they need each other.
fn order(jobs: &[Job]) -> Option<Vec<usize>> {
    let mut order = Vec::with_capacity(jobs.len());
    let mut placed = vec![false; jobs.len()];
    while order.len() < jobs.len() {
        let next = (0..jobs.len())
            .find(|job| !placed[*job] && jobs[*job].needs.iter().all(|need| placed[*need]))?;
        placed[next] = true;
        order.push(next);
    }
    Some(order)
}

fn events(on: &Node) -> Read<Vec<String>> {
    let names: Option<Vec<String>> = match &on.value {
        Yaml::String(name) => Some(vec![name.clone()]),
        Yaml::Sequence(items) => items
            .iter()
            .map(|item| item.as_str().map(str::to_owned))
            .collect(),
        Yaml::Mapping(entries) => entries
            .iter()
            .map(|(key, _)| key.as_str().map(str::to_owned))
            .collect(),
        Yaml::Null | Yaml::Bool(_) | Yaml::Number(_) => None,
    };
    match names {
        Some(names) if !names.is_empty() => Ok(names),
        Some(_) | None => refuse(on, "`on:` names no event"),
    }
}

fn default_run(node: &Node, key: &str) -> Option<String> {
    node.get("defaults")?.get("run")?.get(key)?.scalar()
}

struct Reader<'a> {
    file: &'a TextFile<'a>,
    lines: &'a LineIndex<'a>,
    shell: Option<String>,
    directory: Option<String>,
    root: &'a Node,
}

/// What a job says for all its steps.
struct Defaults {
    shell: Option<String>,
    directory: Option<String>,
    windows: Windows,
    /// What its expressions may be by the words of the file.
    stated: Stated,
}

impl Reader<'_> {
    fn location(&self, span: Span) -> Location {
        self.lines.location(self.file.path, span)
    }

    fn inputs(&self, on: &Node) -> Vec<Input> {
        let mut inputs = Vec::new();
        for event in ["workflow_dispatch", "workflow_call"] {
            let declared = on.get(event).and_then(|event| event.get("inputs"));
            for (key, input) in declared.map_or(&[][..], Node::entries) {
                let kind = match input.get("type").and_then(Node::as_str) {
                    Some("boolean") => InputKind::Boolean,
                    Some("number") => InputKind::Number,
                    Some("choice") => {
                        let options = input.get("options").map_or(&[][..], Node::items);
                        InputKind::Choice(options.iter().filter_map(Node::scalar).collect())
                    }
                    Some(_) | None => InputKind::Text,
                };
                inputs.push(Input {
                    event: event.to_owned(),
                    name: key.as_str().unwrap_or_default().to_owned(),
                    default: input
                        .get("default")
                        .and_then(|default| default_value(&kind, default)),
                    kind,
                    location: self.location(key.span),
                });
            }
        }
        inputs
    }

    fn permissions(&self, node: &Node) -> Permissions {
        match node.entry("permissions") {
            None => Permissions::Missing,
            Some((key, value)) if value.as_str() == Some("write-all") => {
                Permissions::WriteAll(self.location(Span::new(key.span.start, value.span.end)))
            }
            Some(_) => Permissions::Stated,
        }
    }

    fn job(&self, ids: &[&str], key: &Node, node: &Node) -> Read<Job> {
        let id = key.as_str().unwrap_or_default().to_owned();
        let needs = node
            .get("needs")
            .map_or(Ok(Vec::new()), |needs| needed(ids, needs))?;
        let calls = node.get("uses").and_then(Node::scalar);
        let defaults = Defaults {
            shell: default_run(node, "shell").or_else(|| self.shell.clone()),
            directory: default_run(node, "working-directory").or_else(|| self.directory.clone()),
            windows: shell::windows(node),
            stated: self.stated(node),
        };
        let steps = match (&calls, node.get("steps")) {
            (Some(called), _) => vec![self.call(called, node)],
            (None, Some(steps)) if !matches!(steps.value, Yaml::Sequence(_)) => {
                return refuse(steps, format!("the steps of job `{id}` are no list"));
            }
            (None, Some(steps)) => steps
                .items()
                .iter()
                .map(|step| self.step(step, &defaults))
                .collect::<Read<Vec<_>>>()?,
            (None, None) => return refuse(key, format!("the job `{id}` has no steps")),
        };
        let environment = node.get("environment").and_then(|named| {
            named
                .get("name")
                .and_then(Node::scalar)
                .or_else(|| named.scalar())
                .filter(|name| !name.is_empty())
        });
        Ok(Job {
            name: node.get("name").and_then(Node::scalar),
            location: self.location(key.span),
            needs,
            condition: self.condition(node),
            tolerance: self.tolerance(node),
            environment,
            permissions: self.permissions(node),
            calls,
            startup: self.startup(node),
            steps,
            id,
        })
    }

    /// The step that stands for a called workflow.
    fn call(&self, called: &str, node: &Node) -> Step {
        let location = self.location(node.entry("uses").map_or(node.span, |(_, uses)| uses.span));
        Step {
            id: None,
            name: None,
            condition: None,
            tolerance: Tolerance::No,
            uses: None,
            directory: None,
            foreign_shell: None,
            operator: None,
            script: Script::opaque(location.clone(), ACTION, called),
            location,
        }
    }

    fn step(&self, node: &Node, defaults: &Defaults) -> Read<Step> {
        let uses = node.get("uses").and_then(Node::as_str).map(str::to_owned);
        let mut foreign_shell = None;
        let script = match (node.get("uses"), node.get("run")) {
            (Some(uses), None) => match uses.as_str() {
                Some(name) => self.action(node, uses, name),
                None => return refuse(uses, "`uses:` is no text"),
            },
            (None, Some(run)) => {
                let Some(text) = run.scalar() else {
                    return refuse(run, "`run:` is no text");
                };
                let named = node
                    .get("shell")
                    .and_then(Node::scalar)
                    .or_else(|| defaults.shell.clone());
                let windows = if named.is_some() {
                    Windows::Never
                } else {
                    defaults.windows
                };
                match shell::options(named.as_deref()) {
                    Ok(options) => {
                        let script = self.script(run, &text, options);
                        let differs = windows != Windows::Never && !shell::is_plain(&script, &text);
                        foreign_shell = differs.then(|| shell::POWERSHELL.to_owned());
                        if differs && windows == Windows::Always {
                            Script::opaque(self.location(run.span), ACTION, &text)
                        } else {
                            script
                        }
                    }
                    Err(name) => {
                        foreign_shell = Some(name);
                        Script::opaque(self.location(run.span), ACTION, &text)
                    }
                }
            }
            (Some(_), Some(_)) | (None, None) => {
                return refuse(node, "a step has either `run:` or `uses:`");
            }
        };
        Ok(Step {
            id: node
                .get("id")
                .and_then(Node::scalar)
                .map(|id| id.to_lowercase()),
            name: node.get("name").and_then(Node::scalar),
            location: self.location(first_line(node)),
            condition: self.condition(node),
            tolerance: self.tolerance(node),
            uses,
            directory: node
                .get("working-directory")
                .and_then(Node::scalar)
                .or_else(|| defaults.directory.clone()),
            foreign_shell,
            operator: self.operator(node, defaults),
            script,
        })
    }

    fn stated(&self, job: &Node) -> Stated {
        let mut stated = Stated::new();
        if let Some(on) = self.root.get("on") {
            expansion::inputs(on, &mut stated);
        }
        expansion::of(self.root, &mut stated);
        expansion::of(job, &mut stated);
        stated
    }

    fn operator(&self, step: &Node, defaults: &Defaults) -> Option<Location> {
        let run = step.get("run")?;
        let text = run.scalar().filter(|text| text.contains("${{"))?;
        let mut stated = defaults.stated.clone();
        expansion::of(step, &mut stated);
        let at = yaml::written_at(self.file.text, run, expansion::operator(&text, &stated)?);
        Some(self.location(Span::new(at, at)))
    }

    /// Where a job or what it stands in sets the variable; each step of a job is told by the first.
    fn startup(&self, job: &Node) -> Option<Location> {
        let steps = job.get("steps").map_or(&[][..], Node::items).iter();
        let places = [Some(self.root), Some(job), job.get("container")]
            .into_iter()
            .flatten()
            .chain(steps);
        let entries = places
            .filter_map(|place| place.get("env"))
            .flat_map(Node::entries);
        let set = |name: &Node| {
            name.as_str()
                .is_some_and(|name| name.eq_ignore_ascii_case(STARTUP))
        };
        entries
            .map(|(name, _)| name)
            .find(|name| set(name))
            .map(|name| self.location(name.span))
    }

    fn script(&self, run: &Node, text: &str, options: Options) -> Script {
        let offset = |at: usize| yaml::written_at(self.file.text, run, at);
        Script::read(
            text,
            options,
            &Place {
                path: self.file.path,
                lines: self.lines,
                offset: &offset,
            },
        )
    }

    fn action(&self, node: &Node, uses: &Node, name: &str) -> Script {
        let with: Vec<(String, String)> = node
            .get("with")
            .map_or(&[][..], Node::entries)
            .iter()
            .filter_map(|(key, value)| Some((key.as_str()?.to_owned(), value.scalar()?)))
            .collect();
        let recognised = recognise::action(name, &with);
        let command = Command {
            label: label(name),
            location: self.location(uses.span),
            effect: Effect::MayFail,
            capabilities: recognised.capabilities,
            exits_zero: recognised.exits_zero,
            reports_only: recognised.reports_only,
            image: recognised.image,
            prints: false,
            enters: None,
            program: None,
        };
        Script::of(command, ACTION)
    }

    fn condition(&self, node: &Node) -> Option<Condition> {
        let (_, value) = node.entry("if")?;
        let text = value.scalar().filter(|text| !text.trim().is_empty())?;
        Some(Condition {
            expression: Expression::parse(&text),
            text: label(&text),
            location: self.location(value.span),
        })
    }

    fn tolerance(&self, node: &Node) -> Tolerance {
        let Some((key, value)) = node.entry("continue-on-error") else {
            return Tolerance::No;
        };
        match &value.value {
            Yaml::Bool(false) | Yaml::Null => Tolerance::No,
            Yaml::Bool(true) => {
                Tolerance::Yes(self.location(Span::new(key.span.start, value.span.end)))
            }
            Yaml::Number(text) | Yaml::String(text) => Tolerance::Unknown(unwrapped(text)),
            Yaml::Sequence(_) | Yaml::Mapping(_) => Tolerance::Unknown(String::new()),
        }
    }
}

/// The failure of an action reaches its step.
const ACTION: Options = Options {
    errexit: true,
    pipefail: false,
    bash: true,
};

fn unwrapped(text: &str) -> String {
    let text = text.trim();
    let inner = text
        .strip_prefix("${{")
        .and_then(|rest| rest.strip_suffix("}}"));
    inner.unwrap_or(text).trim().to_owned()
}

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

fn needed(ids: &[&str], needs: &Node) -> Read<Vec<usize>> {
    let names: Vec<&Node> = match &needs.value {
        Yaml::Sequence(items) => items.iter().collect(),
        Yaml::Null => Vec::new(),
        Yaml::Bool(_) | Yaml::Number(_) | Yaml::String(_) | Yaml::Mapping(_) => vec![needs],
    };
    let mut found = Vec::new();
    for name in names {
        let text = name.scalar().unwrap_or_default();
        match ids.iter().position(|id| id.eq_ignore_ascii_case(&text)) {
            Some(at) => found.push(at),
            None => return refuse(name, format!("no job is called `{text}`")),
        }
    }
    Ok(found)
}

fn default_value(kind: &InputKind, node: &Node) -> Option<Value> {
    let text = node.scalar()?;
    match kind {
        InputKind::Boolean => Some(Value::Bool(text.eq_ignore_ascii_case("true"))),
        InputKind::Number => Some(text_number(&text))
            .filter(|number| !number.is_nan())
            .map(Value::Number),
        InputKind::Choice(_) | InputKind::Text => Some(Value::Text(text)),
    }
}
