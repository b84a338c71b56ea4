use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::{Gap, Inspection, Location, Span, TreePath};
use plimsoll_source::{File, TextFile, UNREADABLE_FILE};
use serde::{Deserialize, Serialize};

use crate::dialect::{Dialect, runners};
use crate::gaps::{
    STARTUP_FILE, TOO_COMPLEX, UNREADABLE_SCRIPT, UNREADABLE_WORKFLOW, UNSTATED_COMMAND, gap,
    is_unresolved, unresolved,
};
use crate::pipeline::{Job, Pipeline};
use crate::prove::prove;
use crate::rules::{Check, rules};
use crate::shell::link::{Scripts, link};
use crate::shell::{Options, Place, Script};
use crate::unread::{find_unread, is_unread};

/// What one file says about the release path: structure and places, no secret and little text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Facts(Content);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Content {
    Pipeline(Box<Pipeline>),
    Script(Box<Script>),
    Unreadable(Box<Gap>),
}

impl Facts {
    /// Whether it is a pipeline that was read: rules judge these, and scripts only as parts of them.
    pub(crate) fn is_pipeline(&self) -> bool {
        matches!(self.0, Content::Pipeline(_))
    }
}

/// Whether a file can be part of the release path: one that a dialect claims, one of a system that none reads
/// yet, or a shell script that they may call.
pub fn claims(path: &TreePath) -> bool {
    let extension = path.file_name().rsplit_once('.').map(|(_, end)| end);
    Dialect::find(path).is_some() || is_unread(path) || matches!(extension, Some("sh" | "bash"))
}

/// Reads one file that [`claims`] accepts. It never fails: what cannot be read becomes a gap.
pub fn extract(file: &File) -> Facts {
    if let Some(gap) = find_unread(&file.address.path) {
        return Facts(Content::Unreadable(Box::new(gap)));
    }
    match file.as_text() {
        Some(text) => extract_text(&text),
        None => Facts(Content::Unreadable(Box::new(no_text(&file.address.path)))),
    }
}

fn no_text(path: &TreePath) -> Gap {
    gap(
        &UNREADABLE_FILE,
        Location::file(path.clone()),
        format!("{path} should be text and is binary"),
        "restore the file",
    )
}

fn extract_text(file: &TextFile) -> Facts {
    let Some(dialect) = Dialect::find(file.path) else {
        return Facts(Content::Script(Box::new(read_script(file))));
    };
    match (dialect.read)(file) {
        Ok(pipeline) => Facts(Content::Pipeline(Box::new(pipeline))),
        Err(error) => Facts(Content::Unreadable(Box::new(gap(
            &UNREADABLE_WORKFLOW,
            file.location(Span::new(error.offset, error.offset)),
            format!(
                "the {} {} cannot be read: {}",
                dialect.noun, file.path, error.message
            ),
            format!("correct the file; {} refuses it too", dialect.refuses),
        )))),
    }
}

/// Options in the first line count, `-e` but not the letter in `--noprofile`; without one a script starts with none.
fn read_script(file: &TextFile) -> Script {
    let first = file.text.lines().next().unwrap_or_default();
    let shebang: Vec<&str> = first
        .strip_prefix("#!")
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let errexit = shebang
        .iter()
        .skip(1)
        .any(|word| word.starts_with('-') && !word.starts_with("--") && word.contains('e'));
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
            runners: &runners(),
        },
    )
}

/// Judges all pipelines of a tree, with the scripts that they call.
pub fn conclude(facts: &BTreeMap<TreePath, Facts>) -> Inspection {
    let mut inspection = Inspection::default();
    let scripts: Scripts = facts
        .iter()
        .filter_map(|(path, facts)| match &facts.0 {
            Content::Script(script) => Some((path.as_str(), script.as_ref())),
            Content::Pipeline(_) | Content::Unreadable(_) => None,
        })
        .collect();
    for facts in facts.values() {
        match &facts.0 {
            Content::Pipeline(pipeline) => judge(pipeline, &scripts, &mut inspection),
            Content::Unreadable(gap) => inspection.gaps.push(gap.as_ref().clone()),
            Content::Script(_) => {}
        }
    }
    inspection.sort();
    inspection
}

fn judge(pipeline: &Pipeline, scripts: &Scripts, inspection: &mut Inspection) {
    let mut pipeline = pipeline.clone();
    call_scripts(&mut pipeline, scripts);
    inspection.gaps.extend(told_once(&pipeline.gaps));
    inspection
        .gaps
        .extend(pipeline.jobs.iter().flat_map(unread));
    for rule in rules() {
        if let Check::File(check) = rule.check {
            inspection.findings.extend(check(&pipeline));
        }
    }
    let Ok(mut proofs) = prove(&pipeline) else {
        inspection.gaps.push(too_complex(&pipeline));
        return;
    };
    let mut found = Vec::new();
    for rule in rules() {
        if let Check::Runs(check) = rule.check {
            found.extend(check(&mut proofs));
        }
    }
    if proofs.are_complete() {
        inspection.findings.extend(found);
    } else {
        inspection.gaps.push(too_complex(&pipeline));
    }
}

/// Puts the scripts of the tree in the place of their calls; what is not there is a gap.
fn call_scripts(pipeline: &mut Pipeline, scripts: &Scripts) {
    let runners = runners();
    for step in pipeline.jobs.iter_mut().flat_map(|job| &mut job.steps) {
        let directory = step.directory.as_deref().unwrap_or_default();
        for call in link(&mut step.script, directory, scripts, &runners) {
            let what = format!("the script `{}`", call.path);
            pipeline.gaps.push(unresolved(&call.location, &what));
        }
    }
}

/// What is called from several places is told at the first.
fn told_once(gaps: &[Gap]) -> Vec<Gap> {
    let mut told = BTreeSet::new();
    let mut gaps = gaps.to_vec();
    gaps.retain(|gap| !is_unresolved(gap) || told.insert(gap.message.clone()));
    gaps
}

fn too_complex(pipeline: &Pipeline) -> Gap {
    let message = format!(
        "{} has more conditions and commands than can be proven about",
        pipeline.path
    );
    gap(
        &TOO_COMPLEX,
        pipeline.start.clone(),
        message,
        TOO_COMPLEX.fix,
    )
}

/// What is not known of the scripts of a job.
fn unread(job: &Job) -> Vec<Gap> {
    let scripts = job.steps.iter().flat_map(|step| &step.script.unread);
    let scripts = scripts.map(|location| {
        let message = format!(
            "a script of job `{}` is no shell that can be read from here on",
            job.id
        );
        (&UNREADABLE_SCRIPT, location, message)
    });
    let hidden = job.steps.iter().flat_map(|step| &step.script.hidden);
    let hidden = hidden.map(|location| {
        let message = format!(
            "a command of job `{}` runs what is not stated in the script",
            job.id
        );
        (&UNSTATED_COMMAND, location, message)
    });
    let startup = job.startup_file().map(|location| {
        let message = format!(
            "`BASH_ENV` names a file that bash runs before the scripts of job `{}`",
            job.id
        );
        (&STARTUP_FILE, location, message)
    });
    scripts
        .chain(hidden)
        .chain(startup)
        .map(|(doc, location, message)| gap(doc, location.clone(), message, doc.fix))
        .collect()
}
