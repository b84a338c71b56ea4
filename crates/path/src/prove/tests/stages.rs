//! A dialect of stages in a row, made by hand: a stage that is unstable or skipped stops nothing, a failure and a
//! cancellation stop all that follow, and a `post` step asks how the stage went.

use plimsoll_model::{LineIndex, Location, Span, TreePath};

use super::{lines, prove};
use crate::dialect::runners;
use crate::pipeline::{
    Atom, Composer, Condition, Job, Outcome, Permissions, Pipeline, Said, Step, Term, Tolerance,
    Trigger, TriggerKind, order,
};
use crate::shell::{Options, Place, Script};

/// A stage: its steps, what its failure or that of its first step ends as, what it asks before it begins, and what the
/// step behind its steps asks of the stage.
struct Stage {
    steps: &'static [&'static str],
    unstable: bool,
    caught: bool,
    when: Option<When>,
    post: Option<(Outcome, &'static str)>,
}

/// What a stage asks besides that nothing before it failed.
#[derive(Clone, Copy)]
enum When {
    /// Nothing before it is unstable.
    Stable,
    /// The first step of the first stage did not fail, caught or not.
    FirstPassed,
}

fn stage(steps: &'static [&'static str]) -> Stage {
    Stage {
        steps,
        unstable: false,
        caught: false,
        when: None,
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

fn begin(terms: &mut Composer, when: Option<When>) -> Term {
    let goes_on = none_earlier(terms, true);
    let refused = match when {
        None => return goes_on,
        Some(When::Stable) => Atom::Earlier(Outcome::Unstable),
        Some(When::FirstPassed) => Atom::Step {
            job: 0,
            step: 0,
            ended: Outcome::Failure,
            tolerated: false,
        },
    };
    let refused = terms.atom(refused);
    terms.without(goes_on, refused)
}

fn tolerance() -> Tolerance {
    Tolerance {
        said: Said {
            text: "unstable".to_owned(),
            location: here(),
        },
        fact: None,
        unstable: true,
    }
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
        if let Some(first) = steps.first_mut() {
            first.tolerance = stage.caught.then(tolerance);
        }
        jobs.push(Job {
            id: format!("stage{at}"),
            name: None,
            location: here(),
            needs: at.checked_sub(1).into_iter().collect(),
            condition: Condition {
                begins: begin(&mut terms, stage.when),
                ..Condition::default()
            },
            tolerance: stage.unstable.then(tolerance),
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

#[test]
fn a_failure_that_is_passed_over_stops_what_asks_for_it() {
    let caught = || Stage {
        caught: true,
        ..stage(&["cargo test"])
    };
    let unstable = || Stage {
        unstable: true,
        ..stage(&["cargo test"])
    };
    let ship = |when| Stage {
        when,
        ..stage(&["cargo publish"])
    };
    let (skipped, between) = ("commit stage0.0.0", || stage(&["make"]));
    // The verdict, and how many checks stop nothing.
    for (stages, expected) in [
        (vec![caught(), ship(None)], (skipped, 1)),
        (vec![caught(), ship(Some(When::Stable))], ("holds", 0)),
        (vec![caught(), ship(Some(When::FirstPassed))], ("holds", 0)),
        (
            vec![caught(), between(), ship(Some(When::FirstPassed))],
            ("holds", 0),
        ),
        (vec![unstable(), ship(None)], (skipped, 1)),
        (vec![unstable(), ship(Some(When::Stable))], ("holds", 0)),
        // How the step ended before its stage was tolerated.
        (
            vec![unstable(), ship(Some(When::FirstPassed))],
            ("holds", 0),
        ),
        // Somebody asks, and it is not the deployment.
        (
            vec![
                caught(),
                Stage {
                    when: Some(When::Stable),
                    ..between()
                },
                ship(None),
            ],
            (skipped, 0),
        ),
    ] {
        let pipeline = pipeline(&stages);
        let proofs = prove(&pipeline).unwrap();
        let found = lines(&pipeline);
        let verdict = found[0].split_once(": ").unwrap().1;
        assert_eq!((verdict, proofs.neutralised.len()), expected, "{found:?}");
    }
}
