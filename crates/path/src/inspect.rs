use std::collections::BTreeMap;

use plimsoll_model::{Gap, GapKind, Inspection, Inspector, Location, RuleId, Span, TreePath};
use plimsoll_source::File;
use serde::{Deserialize, Serialize};

use crate::case::Case;
use crate::link::{Scripts, link};
use crate::rules::rules;
use crate::script::{Options, Place, Script};
use crate::workflow::{Step, Workflow};

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
    path.file_name().rsplit_once('.').map(|(_, extension)| extension)
}

/// Reads one file that [`claims`] accepts. It never fails: what cannot be read becomes a gap.
pub fn extract(file: &File) -> Facts {
    if !is_workflow(file.path) {
        return Facts(Content::Script(Box::new(script(file))));
    }
    match Workflow::parse(file) {
        Ok(workflow) => Facts(Content::Workflow(Box::new(workflow))),
        Err(error) => Facts(Content::Unreadable(Box::new(Gap {
            id: gap_id("unreadable-workflow"),
            kind: GapKind::Unreadable,
            location: Some(file.location(Span::new(error.offset, error.offset))),
            message: format!("the workflow {} cannot be read: {}", file.path, error.message),
            mend: "correct the file; GitHub refuses it too".to_owned(),
        }))),
    }
}

/// Options in the first line count; without one a script starts with none.
fn script(file: &File) -> Script {
    let first = file.text.lines().next().unwrap_or_default();
    let shebang: Vec<&str> = first.strip_prefix("#!").unwrap_or_default().split_whitespace().collect();
    let errexit = shebang.iter().skip(1).any(|word| word.starts_with('-') && word.contains('e'));
    let posix = shebang.iter().any(|word| word.ends_with("/sh") || word.ends_with("/dash"));
    let options = Options { errexit, pipefail: false, bash: !posix };
    let lines = file.lines();
    Script::read(file.text, options, &Place { path: file.path, lines: &lines, offset: &|at| at })
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
        for step in &job.steps {
            inspection.gaps.extend(unread(step));
        }
    }
    let Some(mut case) = Case::new(&workflow) else {
        inspection.gaps.push(too_complex(&workflow));
        return;
    };
    let found: Vec<_> = rules().iter().flat_map(|rule| (rule.check)(&mut case)).collect();
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
        location: Some(workflow.on.clone()),
        message: format!("{} has more conditions and commands than can be proven about", workflow.path),
        mend: "split the workflow, or take conditions out of it".to_owned(),
    }
}

/// What a step does that is not known.
fn unread(step: &Step) -> Vec<Gap> {
    let mut gaps = Vec::new();
    if let Some(shell) = &step.foreign_shell {
        gaps.push(Gap {
            id: gap_id("foreign-shell"),
            kind: GapKind::Unresolved,
            location: Some(step.location.clone()),
            message: format!("the step `{}` is written for `{shell}`, which is not read", step.title()),
            mend: "write what gates a release for bash, as `shell: bash` does on every runner".to_owned(),
        });
    }
    gaps.extend(step.script.unread.iter().map(|location| unread_script(location.clone())));
    gaps
}

fn unread_script(location: Location) -> Gap {
    Gap {
        id: gap_id("unreadable-script"),
        kind: GapKind::Unresolved,
        message: "a part of the script is no shell that can be read".to_owned(),
        mend: "try the script with `bash -n` and correct it".to_owned(),
        location: Some(location),
    }
}

pub(crate) fn gap_id(name: &str) -> RuleId {
    RuleId::new(Inspector::Path, name)
}
