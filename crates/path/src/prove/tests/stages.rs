//! A dialect of stages in a row, made by hand: a stage that is unstable or skipped stops nothing, a failure and a
//! cancellation stop all that follow, and a `post` step asks how the stage went.

use plimsoll_model::{LineIndex, Location, Span, TreePath};

use super::lines;
use crate::dialect::runners;
use crate::pipeline::{
    Atom, Composer, Condition, Job, Outcome, Permissions, Pipeline, Said, Step, Term, Tolerance,
    Trigger, TriggerKind, order,
};
use crate::shell::{Options, Place, Script};

/// A stage: its steps, what its failure ends as, and what the step behind them asks of the stage.
struct Stage {
    steps: &'static [&'static str],
    unstable: bool,
    post: Option<(Outcome, &'static str)>,
}

fn stage(steps: &'static [&'static str]) -> Stage {
    Stage {
        steps,
        unstable: false,
        post: None,
    }
}

fn here() -> Location {
    LineIndex::new("x").location(&TreePath::new("Stages"), Span::new(0, 1))
}

fn step(text: &str, begins: Term, asks_status: bool) -> Step {
    let path = TreePath::new("Stages");
    let options = Options {
        errexit: true,
        pipefail: false,
        bash: false,
    };
    let place = Place {
        path: &path,
        lines: &LineIndex::new(text),
        offset: &|at| at,
        runners: &runners(),
    };
    Step {
        id: None,
        name: None,
        location: here(),
        condition: Condition {
            begins,
            asks_status,
            ..Condition::default()
        },
        tolerance: None,
        tool: None,
        directory: None,
        foreign: false,
        script: Script::read(text, options, &place),
    }
}

fn none_earlier(terms: &mut Composer, run: bool) -> Term {
    let mut stopped = terms.atom(Atom::Earlier(Outcome::Failure));
    let cancelled = terms.atom(Atom::Earlier(Outcome::Cancelled));
    stopped = terms.or(stopped, cancelled);
    if run {
        let cancelled = terms.atom(Atom::RunCancelled);
        stopped = terms.or(stopped, cancelled);
    }
    terms.not(stopped)
}

fn pipeline(stages: &[Stage]) -> Pipeline {
    let mut terms = Composer::new();
    let mut jobs = Vec::new();
    for (at, stage) in stages.iter().enumerate() {
        let goes_on = none_earlier(&mut terms, false);
        let mut steps: Vec<Step> = stage
            .steps
            .iter()
            .map(|text| step(text, goes_on, false))
            .collect();
        if let Some((ended, text)) = stage.post {
            let asked = terms.atom(Atom::Earlier(ended));
            steps.push(step(text, asked, true));
        }
        let said = Said {
            text: "unstable".to_owned(),
            location: here(),
        };
        jobs.push(Job {
            id: format!("stage{at}"),
            name: None,
            location: here(),
            needs: at.checked_sub(1).into_iter().collect(),
            condition: Condition {
                begins: none_earlier(&mut terms, true),
                ..Condition::default()
            },
            tolerance: stage.unstable.then_some(Tolerance {
                said,
                fact: None,
                unstable: true,
            }),
            environment: None,
            permissions: Permissions::Stated,
            startup: None,
            steps,
        });
    }
    let (nodes, too_complex) = terms.finish();
    Pipeline {
        path: TreePath::new("Stages"),
        start: here(),
        triggers: vec![Trigger {
            name: "commit".to_owned(),
            kind: TriggerKind::Change,
        }],
        inputs: Vec::new(),
        facts: Vec::new(),
        nodes,
        too_complex,
        permissions: Permissions::Stated,
        least: None,
        order: order(&jobs).unwrap(),
        jobs,
        gaps: Vec::new(),
    }
}

#[test]
fn another_status_policy_needs_no_other_prover() {
    let ship = || stage(&["cargo publish"]);
    let unstable = |steps| Stage {
        unstable: true,
        ..stage(steps)
    };
    let post = |steps, ended| Stage {
        post: Some((ended, "cargo publish")),
        ..stage(steps)
    };
    for (stages, expected) in [
        (vec![stage(&["cargo test"]), ship()], "holds"),
        // What is unstable is no failure, so that the next stage begins.
        (vec![unstable(&["cargo test"]), ship()], "commit stage0.0.0"),
        // Nor is what leaves the check out.
        (
            vec![unstable(&["make", "cargo test"]), ship()],
            "commit stage0.1.0",
        ),
        (
            vec![stage(&["cargo test"]), unstable(&["make"]), ship()],
            "holds",
        ),
        (vec![post(&["cargo test"], Outcome::Success)], "holds"),
        (
            vec![post(&["cargo test"], Outcome::Failure)],
            "commit stage0.0.0",
        ),
        (
            vec![post(&["make", "cargo test"], Outcome::Skipped)],
            "commit stage0.0.0",
        ),
    ] {
        let found = lines(&pipeline(&stages));
        let verdict = found[0].split_once(": ").unwrap().1;
        assert_eq!((found.len(), verdict), (1, expected), "{found:?}");
    }
}
