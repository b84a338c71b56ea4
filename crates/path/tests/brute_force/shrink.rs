//! The smallest workflow that still shows what a generated one showed.

use super::expression::Expression;
use super::shell::Shell;
use super::workflow::{Body, Condition, Lenient, Workflow};

/// Simplifies while `shows` stays true.
pub(crate) fn shrink(workflow: &Workflow, shows: &dyn Fn(&Workflow) -> bool) -> Workflow {
    let mut smallest = workflow.clone();
    while let Some(smaller) = simpler(&smallest)
        .into_iter()
        .find(|candidate| shows(candidate))
    {
        smallest = smaller;
    }
    smallest
}

fn simpler(workflow: &Workflow) -> Vec<Workflow> {
    let mut out = Vec::new();
    let mut with = |change: Change<'_>| {
        let mut copy = workflow.clone();
        change(&mut copy);
        out.push(copy);
    };
    let last = workflow.jobs.len() - 1;
    if last > 0 {
        with(&|copy| {
            copy.jobs.pop();
            copy.written.retain(|job| *job != last);
        });
    }
    if workflow.events.len() > 1 {
        for (number, event) in workflow.events.iter().enumerate() {
            if *event != "workflow_dispatch" || workflow.inputs.is_empty() {
                with(&|copy| {
                    copy.events.remove(number);
                });
            }
        }
    }
    if workflow.shell.is_some() {
        with(&|copy| copy.shell = None);
    }
    if !workflow.written.is_sorted() {
        with(&|copy| copy.written.sort_unstable());
    }
    for number in 0..workflow.jobs.len() {
        simpler_jobs(workflow, number, &mut with);
    }
    out
}

/// A change to a copy of the workflow.
type Change<'change> = &'change dyn Fn(&mut Workflow);

fn simpler_jobs(workflow: &Workflow, number: usize, with: &mut dyn FnMut(Change<'_>)) {
    let job = &workflow.jobs[number];
    for condition in simpler_conditions(job.condition.as_ref()) {
        with(&|copy| copy.jobs[number].condition.clone_from(&condition));
    }
    for need in 0..job.needs.len() {
        with(&|copy| {
            copy.jobs[number].needs.remove(need);
        });
    }
    if job.busy {
        with(&|copy| copy.jobs[number].busy = false);
    }
    if job.shell.is_some() {
        with(&|copy| copy.jobs[number].shell = None);
    }
    if job.lenient != Lenient::No {
        with(&|copy| copy.jobs[number].lenient = Lenient::No);
    }
    if job.steps.len() > 1 {
        with(&|copy| {
            copy.jobs[number].steps.pop();
        });
    }
    for (place, step) in job.steps.iter().enumerate() {
        for condition in simpler_conditions(step.condition.as_ref()) {
            with(&|copy| {
                copy.jobs[number].steps[place]
                    .condition
                    .clone_from(&condition)
            });
        }
        if step.shell.is_some() {
            with(&|copy| copy.jobs[number].steps[place].shell = None);
        }
        if step.lenient != Lenient::No {
            with(&|copy| copy.jobs[number].steps[place].lenient = Lenient::No);
        }
        let scripts = match &step.body {
            Body::Uses(_) => vec![vec![Shell::Quiet("true")]],
            Body::Run(script) => simpler_scripts(script),
        };
        for script in scripts {
            with(&|copy| copy.jobs[number].steps[place].body = Body::Run(script.clone()));
        }
    }
}

fn simpler_conditions(condition: Option<&Condition>) -> Vec<Option<Condition>> {
    let Some(Condition {
        expression,
        wrapped,
    }) = condition
    else {
        return Vec::new();
    };
    let of = |expression: &Expression| {
        Some(Condition {
            expression: expression.clone(),
            wrapped: *wrapped,
        })
    };
    let mut out = vec![None];
    match expression {
        Expression::Not(inner) | Expression::Compare(inner, ..) => out.push(of(inner)),
        Expression::And(left, right) | Expression::Or(left, right) => {
            out.extend([of(left), of(right)])
        }
        Expression::Literal(_)
        | Expression::Read(_)
        | Expression::Status(_)
        | Expression::Around(_)
        | Expression::Unknown(..)
        | Expression::Same(..) => {}
    }
    out
}

fn simpler_scripts(script: &[Shell]) -> Vec<Vec<Shell>> {
    let mut out = Vec::new();
    for (place, piece) in script.iter().enumerate() {
        let mut replace = |with: &[Shell]| {
            let mut copy = script.to_vec();
            copy.splice(place..=place, with.iter().cloned());
            out.push(copy);
        };
        if script.len() > 1 {
            replace(&[]);
        }
        match piece {
            Shell::Quiet(text) if *text == "true" => {}
            Shell::Run(_) | Shell::Quiet(_) | Shell::False | Shell::Set(_) | Shell::Exit(_) => {
                replace(&[Shell::Quiet("true")]);
            }
            Shell::Pipe(left, _)
            | Shell::Background(left)
            | Shell::Capture(left)
            | Shell::Swallow(_, left) => replace(&[Shell::Run(*left)]),
            Shell::Not(inner) => replace(&[(**inner).clone()]),
            Shell::And(left, right) | Shell::Or(left, right) => {
                replace(&[(**left).clone()]);
                replace(&[(**right).clone()]);
            }
            Shell::Group(inner) | Shell::Subshell(inner) | Shell::For(inner) => replace(inner),
            Shell::If {
                condition,
                then,
                otherwise,
            } => {
                replace(&[(**condition).clone()]);
                replace(then);
                replace(otherwise);
            }
        }
    }
    out.retain(|script| !script.is_empty());
    out
}
