//! From the YAML document to a workflow.

use plimsoll_model::{Gap, LineIndex, Location, Span};
use plimsoll_source::TextFile;
use plimsoll_syntax::{Node, SyntaxError, Value as Yaml, yaml};

use super::condition::lower;
use super::domain::Domains;
use super::expansion::{self, Stated};
use super::expression::Expression;
use super::input::{Declared, InputKind};
use super::interpreter::{self, Windows};
use super::step::{DraftSteps, foreign_shells};
use super::written::{Asked, Lenient, Words, Written};
use crate::dialect::PipelineError;
use crate::pipeline::{
    Condition, Input, Job, Least, Permissions, Pipeline, Said, Trigger, TriggerKind, order,
};
use crate::shell::{STARTUP, label};

/// Jobs and steps of one workflow; GitHub itself allows fewer.
const MAX_JOBS: usize = 1_024;
const MAX_STEPS: usize = 4_096;

/// Why a key has a text.
pub(super) const KEYS: &str = "the keys of a mapping are text";

pub(super) type Read<T> = Result<T, PipelineError>;

impl From<SyntaxError> for PipelineError {
    fn from(error: SyntaxError) -> Self {
        Self {
            message: error.message,
            offset: error.offset,
        }
    }
}

pub(super) fn refuse<T>(at: &Node, message: impl Into<String>) -> Read<T> {
    Err(PipelineError {
        message: message.into(),
        offset: at.span.start,
    })
}

/// Reads a workflow: events, jobs, needs that exist and make no circle.
pub(super) fn read_workflow(file: &TextFile) -> Read<Pipeline> {
    let documents = yaml::parse(file.text)?;
    let [root] = documents.as_slice() else {
        return Err(PipelineError {
            message: "not one YAML document".to_owned(),
            offset: 0,
        });
    };
    let Some((on_key, on)) = root.entry("on") else {
        return refuse(root, "the workflow has no `on:`");
    };
    let lines = file.lines();
    let reader = Reader {
        file,
        lines: &lines,
        shell: default_run(root, "shell"),
        directory: default_run(root, "working-directory"),
        root,
    };
    let (mut jobs, written, gaps) = reader.read_jobs(root)?;
    let order = order(&jobs).ok_or_else(|| PipelineError {
        message: "jobs need each other in a circle".to_owned(),
        offset: root.span.start,
    })?;
    let triggers = read_events(on)?;
    let declared = reader.read_inputs(on, &triggers);
    let domains = Domains::of(&written);
    let lowered = lower(&written, &triggers, &declared, &domains, &mut jobs);
    let inputs = declared.into_iter().map(|input| Input {
        values: domains.input_values(&input),
        trigger: input.trigger,
        name: input.name,
        location: input.location,
    });
    Ok(Pipeline {
        path: file.path.clone(),
        start: reader.locate(on_key.span),
        triggers,
        inputs: inputs.collect(),
        facts: lowered.facts,
        nodes: lowered.nodes,
        too_complex: lowered.too_complex,
        permissions: reader.read_permissions(root),
        least: Some(least()),
        jobs,
        order,
        gaps,
    })
}

fn least() -> Least {
    Least {
        key: "permissions:".to_owned(),
        fix: "state `permissions: contents: read` at the top, and more only where it is needed"
            .to_owned(),
    }
}

/// Jobs whose conditions are still the words of the file, those words, and what could not be read.
type Drafts = (Vec<Job>, Vec<Written>, Vec<Gap>);

/// A job whose conditions are still the words of the file.
struct Draft {
    job: Job,
    written: Written,
    gaps: Vec<Gap>,
}

fn read_events(on: &Node) -> Read<Vec<Trigger>> {
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
    let mut triggers: Vec<Trigger> = Vec::new();
    for name in names.into_iter().flatten() {
        let kind = find_kind(&name);
        if triggers.iter().all(|known| known.name != name) {
            triggers.push(Trigger { name, kind });
        }
    }
    if triggers.is_empty() {
        return refuse(on, "`on:` names no event");
    }
    Ok(triggers)
}

fn find_kind(event: &str) -> TriggerKind {
    match event {
        "push" => TriggerKind::Change,
        "workflow_dispatch" => TriggerKind::Person,
        "workflow_call" => TriggerKind::Caller,
        _ => TriggerKind::Other,
    }
}

fn default_run(node: &Node, key: &str) -> Option<String> {
    node.get("defaults")?.get("run")?.get(key)?.scalar()
}

pub(super) struct Reader<'a> {
    pub(super) file: &'a TextFile<'a>,
    pub(super) lines: &'a LineIndex<'a>,
    shell: Option<String>,
    directory: Option<String>,
    root: &'a Node,
}

/// What a job says for all its steps.
pub(super) struct Defaults {
    pub(super) shell: Option<String>,
    pub(super) directory: Option<String>,
    pub(super) windows: Windows,
    /// What its expressions may be by the words of the file.
    pub(super) stated: Stated,
}

impl Reader<'_> {
    pub(super) fn locate(&self, span: Span) -> Location {
        self.lines.location(self.file.path, span)
    }

    fn read_jobs(&self, root: &Node) -> Read<Drafts> {
        let Some(jobs) = root.get("jobs").filter(|jobs| !jobs.entries().is_empty()) else {
            return refuse(root, "the workflow has no `jobs:`");
        };
        if jobs.entries().len() > MAX_JOBS {
            return refuse(jobs, format!("the workflow has more than {MAX_JOBS} jobs"));
        }
        let entries = jobs.entries();
        let ids: Vec<&str> = entries.iter().filter_map(|(id, _)| id.as_str()).collect();
        let (mut read, mut written, mut gaps) = (Vec::new(), Vec::new(), Vec::new());
        for (id, job) in entries {
            let mut draft = self.read_job(&ids, id, job)?;
            read.push(draft.job);
            written.push(draft.written);
            gaps.append(&mut draft.gaps);
        }
        if read.iter().map(|job| job.steps.len()).sum::<usize>() > MAX_STEPS {
            let message = format!("the workflow has more than {MAX_STEPS} steps");
            return refuse(root, message);
        }
        Ok((read, written, gaps))
    }

    fn read_inputs(&self, on: &Node, triggers: &[Trigger]) -> Vec<Declared> {
        let mut inputs = Vec::new();
        for event in ["workflow_dispatch", "workflow_call"] {
            let declared = on.get(event).and_then(|event| event.get("inputs"));
            let Some(trigger) = triggers.iter().position(|trigger| trigger.name == event) else {
                continue;
            };
            for (key, input) in declared.map_or(&[][..], Node::entries) {
                let kind = InputKind::read(input);
                inputs.push(Declared {
                    trigger,
                    name: key.as_str().expect(KEYS).to_lowercase(),
                    default: kind.read_default(input),
                    kind,
                    location: self.locate(key.span),
                });
            }
        }
        inputs
    }

    fn read_permissions(&self, node: &Node) -> Permissions {
        match node.entry("permissions") {
            None => Permissions::Missing,
            Some((key, value)) if value.as_str() == Some("write-all") => {
                Permissions::Everything(Said {
                    text: "permissions: write-all".to_owned(),
                    location: self.locate(Span::new(key.span.start, value.span.end)),
                })
            }
            Some(_) => Permissions::Stated,
        }
    }

    fn read_job(&self, ids: &[&str], key: &Node, node: &Node) -> Read<Draft> {
        let id = key.as_str().expect(KEYS).to_owned();
        let needs = node
            .get("needs")
            .map_or(Ok(Vec::new()), |needs| needed(ids, needs))?;
        let draft = self.read_steps(key, node, &id)?;
        let mut gaps = draft.gaps;
        gaps.extend(foreign_shells(&draft.foreign, &id));
        let job = Job {
            name: node.get("name").and_then(Node::scalar),
            location: self.locate(key.span),
            needs,
            condition: Condition::default(),
            tolerance: None,
            environment: name_environment(node),
            permissions: self.read_permissions(node),
            startup: self.find_startup(node),
            steps: draft.steps,
            id: id.clone(),
        };
        let written = Written {
            id,
            words: self.read_words(node)?,
            steps: draft.written,
        };
        Ok(Draft { job, written, gaps })
    }

    fn read_steps(&self, key: &Node, node: &Node, id: &str) -> Read<DraftSteps> {
        let defaults = Defaults {
            shell: default_run(node, "shell").or_else(|| self.shell.clone()),
            directory: default_run(node, "working-directory").or_else(|| self.directory.clone()),
            windows: interpreter::windows(node),
            stated: self.find_stated(node),
        };
        let calls = node.get("uses").and_then(Node::scalar);
        let steps = match (&calls, node.get("steps")) {
            (Some(called), _) => vec![self.read_call(called, node)],
            (None, Some(steps)) if !matches!(steps.value, Yaml::Sequence(_)) => {
                return refuse(steps, format!("the steps of job `{id}` are no list"));
            }
            (None, Some(steps)) => steps
                .items()
                .iter()
                .map(|step| self.read_step(step, &defaults, id))
                .collect::<Read<Vec<_>>>()?,
            (None, None) => return refuse(key, format!("the job `{id}` has no steps")),
        };
        let mut draft = DraftSteps::default();
        for step in steps {
            draft.add(step);
        }
        Ok(draft)
    }

    fn find_stated(&self, job: &Node) -> Stated {
        let mut stated = Stated::new();
        if let Some(on) = self.root.get("on") {
            expansion::inputs(on, &mut stated);
        }
        expansion::of(self.root, &mut stated);
        expansion::of(job, &mut stated);
        stated
    }

    /// Where a job or what it stands in sets the variable; each step of a job is told by the first.
    fn find_startup(&self, job: &Node) -> Option<Location> {
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
            .map(|name| self.locate(name.span))
    }

    pub(super) fn read_words(&self, node: &Node) -> Read<Words> {
        Ok(Words {
            condition: self.read_condition(node)?,
            tolerance: self.read_tolerance(node),
        })
    }

    /// A condition that is a list or a table means nothing: to read it as none would make a step of it that always runs.
    fn read_condition(&self, node: &Node) -> Read<Option<Asked>> {
        let Some((_, value)) = node.entry("if") else {
            return Ok(None);
        };
        if matches!(value.value, Yaml::Sequence(_) | Yaml::Mapping(_)) {
            return refuse(value, "`if` is no expression");
        }
        let Some(text) = value.scalar().filter(|text| !text.trim().is_empty()) else {
            return Ok(None);
        };
        Ok(Some(Asked {
            expression: Expression::parse(&text),
            said: Said {
                text: format!("if: {}", label(&text)),
                location: self.locate(value.span),
            },
        }))
    }

    fn read_tolerance(&self, node: &Node) -> Option<Lenient> {
        let (key, value) = node.entry("continue-on-error")?;
        let text = match &value.value {
            Yaml::Bool(false) | Yaml::Null => return None,
            Yaml::Bool(true) => None,
            Yaml::Number(text) | Yaml::String(text) => Some(unwrapped(text)),
            Yaml::Sequence(_) | Yaml::Mapping(_) => Some(String::new()),
        };
        let span = Span::new(key.span.start, value.span.end);
        Some(Lenient {
            said: Said {
                text: "continue-on-error".to_owned(),
                location: self.locate(span),
            },
            text,
        })
    }
}

/// The name of the environment that a job states.
fn name_environment(job: &Node) -> Option<String> {
    let named = job.get("environment")?;
    let name = named.get("name").and_then(Node::scalar);
    name.or_else(|| named.scalar())
        .filter(|name| !name.is_empty())
}

fn unwrapped(text: &str) -> String {
    let text = text.trim();
    let inner = text
        .strip_prefix("${{")
        .and_then(|rest| rest.strip_suffix("}}"));
    inner.unwrap_or(text).trim().to_owned()
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
