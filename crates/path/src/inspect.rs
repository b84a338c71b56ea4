use std::collections::BTreeMap;

use plimsoll_model::{Gap, GapKind, Inspection, Location, RuleId, Span, TreePath};
use plimsoll_source::{File, TextFile};
use serde::{Deserialize, Serialize};

use crate::case::Case;
use crate::link::{Scripts, link};
use crate::rules::{Check, rules};
use crate::script::{Options, Place, Script};
use crate::workflow::{Job, Step, Workflow};

/// What one file says about the release path: structure and places, no secret and little text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Facts(Content);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Content {
    Workflow(Box<Workflow>),
    Script(Box<Script>),
    Unreadable(Box<Gap>),
}

/// Whether a file can be part of the release path: a GitHub workflow, or a shell script that one
/// may call.
pub fn claims(path: &TreePath) -> bool {
    is_workflow(path) || extension(path).is_some_and(|extension| matches!(extension, "sh" | "bash"))
}

fn is_workflow(path: &TreePath) -> bool {
    let yaml = extension(path).is_some_and(|extension| matches!(extension, "yml" | "yaml"));
    yaml && path.parent() == ".github/workflows"
}

fn extension(path: &TreePath) -> Option<&str> {
    path.file_name()
        .rsplit_once('.')
        .map(|(_, extension)| extension)
}

/// Reads one file that [`claims`] accepts. It never fails: what cannot be read becomes a gap.
pub fn extract(file: &File) -> Facts {
    match file.as_text() {
        Some(text) => extract_text(&text),
        None => Facts(Content::Unreadable(Box::new(no_text(
            file.address.path_in_tree(),
        )))),
    }
}

fn no_text(path: &TreePath) -> Gap {
    Gap {
        id: gap_id("unreadable-file"),
        kind: GapKind::Unreadable,
        place: Some(Location::file(path.clone()).into()),
        message: format!("{path} should be text and is binary"),
        fix: "restore the file".to_owned(),
    }
}

fn extract_text(file: &TextFile) -> Facts {
    if !is_workflow(file.path) {
        return Facts(Content::Script(Box::new(script(file))));
    }
    match Workflow::parse(file) {
        Ok(workflow) => Facts(Content::Workflow(Box::new(workflow))),
        Err(error) => Facts(Content::Unreadable(Box::new(Gap {
            id: gap_id("unreadable-workflow"),
            kind: GapKind::Unreadable,
            place: Some(file.location(Span::new(error.offset, error.offset)).into()),
            message: format!(
                "the workflow {} cannot be read: {}",
                file.path, error.message
            ),
            fix: "correct the file; GitHub refuses it too".to_owned(),
        }))),
    }
}

/// Options in the first line count; without one a script starts with none.
fn script(file: &TextFile) -> Script {
    let first = file.text.lines().next().unwrap_or_default();
    let shebang: Vec<&str> = first
        .strip_prefix("#!")
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let errexit = shebang
        .iter()
        .skip(1)
        .any(|word| word.starts_with('-') && word.contains('e'));
    let posix = shebang
        .iter()
        .any(|word| word.ends_with("/sh") || word.ends_with("/dash"));
    let options = Options {
        errexit,
        pipefail: false,
        bash: !posix,
    };
    let lines = file.lines();
    Script::read(
        file.text,
        options,
        &Place {
            path: file.path,
            lines: &lines,
            offset: &|at| at,
        },
    )
}

/// Judges all workflows of a tree, with the scripts that they call.
pub fn conclude(facts: &BTreeMap<TreePath, Facts>) -> Inspection {
    let mut inspection = Inspection::default();
    let scripts: Scripts = facts
        .iter()
        .filter_map(|(path, facts)| match &facts.0 {
            Content::Script(script) => Some((path.as_str(), script.as_ref())),
            Content::Workflow(_) | Content::Unreadable(_) => None,
        })
        .collect();
    for facts in facts.values() {
        match &facts.0 {
            Content::Workflow(workflow) => judge(workflow, &scripts, &mut inspection),
            Content::Unreadable(gap) => inspection.gaps.push(gap.as_ref().clone()),
            Content::Script(_) => {}
        }
    }
    inspection.sort();
    inspection
}

fn judge(workflow: &Workflow, scripts: &Scripts, inspection: &mut Inspection) {
    let mut workflow = workflow.clone();
    inspection.gaps.extend(link(&mut workflow, scripts));
    for job in &workflow.jobs {
        inspection.gaps.extend(unread(job));
    }
    for rule in rules() {
        if let Check::File(check) = rule.check {
            inspection.findings.extend(check(&workflow));
        }
    }
    let Some(mut case) = Case::new(&workflow) else {
        inspection.gaps.push(too_complex(&workflow));
        return;
    };
    let of_runs = rules().iter().filter_map(|rule| match rule.check {
        Check::Runs(check) => Some(check),
        Check::File(_) => None,
    });
    let found: Vec<_> = of_runs.flat_map(|check| check(&mut case)).collect();
    if case.reading.diagram.overflowed() {
        inspection.gaps.push(too_complex(&workflow));
    } else {
        inspection.findings.extend(found);
    }
}

fn too_complex(workflow: &Workflow) -> Gap {
    Gap {
        id: gap_id("too-complex"),
        kind: GapKind::Unsupported,
        place: Some(workflow.on.clone().into()),
        message: format!(
            "{} has more conditions and commands than can be proven about",
            workflow.path
        ),
        fix: "split the workflow, or take conditions out of it".to_owned(),
    }
}

/// What a job does that is not known.
fn unread(job: &Job) -> Vec<Gap> {
    let foreign: Vec<(&Step, &String)> = job
        .steps
        .iter()
        .filter_map(|step| Some((step, step.foreign_shell.as_ref()?)))
        .collect();
    let shells = foreign.first().map(|(step, shell)| Gap {
        id: gap_id("foreign-shell"),
        kind: GapKind::Unresolved,
        place: Some(step.location.clone().into()),
        message: format!(
            "{} of the steps of job `{}` run, or may run, in `{shell}`, which is not read",
            foreign.len(),
            job.id
        ),
        fix: "write what gates a release for bash: `shell: bash` works on every runner".to_owned(),
    });
    let scripts = job
        .steps
        .iter()
        .flat_map(|step| &step.script.unread)
        .map(|location| Gap {
            id: gap_id("unreadable-script"),
            kind: GapKind::Unreadable,
            message: format!(
                "a script of job `{}` is no shell that can be read from here on",
                job.id
            ),
            fix: "try the script with `bash -n` and correct it".to_owned(),
            place: Some(location.clone().into()),
        });
    let startup = startup(job).map(|location| Gap {
        id: gap_id("startup-file"),
        kind: GapKind::Unresolved,
        message: format!(
            "`BASH_ENV` names a file that bash runs before the scripts of job `{}`",
            job.id
        ),
        fix: "take `BASH_ENV` out, and run what the file does in a step".to_owned(),
        place: Some(location.clone().into()),
    });
    let operators = job.steps.iter().filter_map(|step| step.operator.as_ref()).map(|location| Gap {
        id: gap_id("expression-operator"),
        kind: GapKind::Unresolved,
        message: format!("an expression in a script of job `{}` may bring an operator of the shell", job.id),
        fix: "write the operator in the script, or pass the value in `env:` and use it as `\"$NAME\"`"
            .to_owned(),
        place: Some(location.clone().into()),
    });
    shells
        .into_iter()
        .chain(scripts)
        .chain(startup)
        .chain(operators)
        .collect()
}

/// Where a job has bash run a file before its scripts.
pub(crate) fn startup(job: &Job) -> Option<&Location> {
    let set = job.startup.as_ref();
    set.or_else(|| {
        job.steps
            .iter()
            .find_map(|step| step.script.startup.as_ref())
    })
}

pub(crate) fn gap_id(name: &str) -> RuleId {
    RuleId::new("path", name)
}
