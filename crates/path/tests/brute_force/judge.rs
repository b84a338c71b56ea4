//! Prover and enumeration, side by side. The one place that knows the prover's types.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::{Masks, TreePath};
use plimsoll_path::{Capability, CommandRef, Pipeline, Proof, Value, Verdict, prove};
use plimsoll_source::TextFile;

use super::expression::Literal;
use super::run::{self, Choice, Choices, Run, Truth};
use super::workflow::{Gate, Place, Role, Workflow};

/// What enumeration says of each deployment and gate, or why the prover is wrong about the workflow.
pub(crate) fn judge(workflow: &Workflow) -> Result<BTreeMap<(usize, Gate), Truth>, String> {
    let places = workflow.places();
    let gates: BTreeSet<_> = places
        .keys()
        .filter_map(|command| gate(workflow, *command))
        .collect();
    let mut truths = run::enumerate(workflow, &BTreeSet::new());
    truths.retain(|(_, gate), _| gates.contains(gate));
    let pipeline = read(workflow)?;
    let proven = prove(&pipeline).map_err(|error| format!("not proven: {error:?}"))?;
    let neutralised: Vec<&CommandRef> = proven.neutralised().collect();
    let mut proofs: Vec<&Proof> = proven.list().iter().collect();
    for ((deploy, gate), truth) in &truths {
        let place = reference(&places[deploy]);
        let about = format!("{gate:?} before {place:?}");
        let found = proofs
            .iter()
            .position(|proof| proof.deployment == place && proof.gate == capability(*gate));
        let proof = proofs.swap_remove(found.ok_or_else(|| format!("{about}: no proof"))?);
        let holds = proof.verdict == Verdict::Holds;
        if holds != truth.holds {
            let shown = shown(workflow, proof);
            return Err(format!(
                "{about}: prover says {holds}, enumeration {}\n{shown}",
                truth.holds
            ));
        }
        if let Some(problem) = replay(workflow, *deploy, *gate, proof)? {
            return Err(format!("{about}: {problem}\n{}", shown(workflow, proof)));
        }
        let silent: BTreeSet<usize> = places
            .iter()
            .filter(|(command, place)| {
                self::gate(workflow, **command) == Some(*gate)
                    && neutralised.contains(&&reference(place))
            })
            .map(|(command, _)| *command)
            .collect();
        let expected = is_reported(workflow, (*deploy, *gate), *truth, &silent);
        if proof.reported.is_some() != expected {
            let shown = shown(workflow, proof);
            return Err(format!(
                "{about}: reported otherwise than {expected}\n{shown}"
            ));
        }
    }
    match proofs.as_slice() {
        [] => Ok(truths),
        [proof, ..] => Err(format!("a proof about nothing: {proof:?}")),
    }
}

/// Whether the inspection reports the pair: some run goes around the gate in which none of these checks fails, which
/// stop nothing and are reported by themselves; and the check does not only look at what was deployed.
fn is_reported(
    workflow: &Workflow,
    pair: (usize, Gate),
    truth: Truth,
    silent: &BTreeSet<usize>,
) -> bool {
    let skippable = if silent.is_empty() {
        !truth.holds
    } else {
        !run::enumerate(workflow, silent)[&pair].holds
    };
    skippable && is_meant_before(workflow, pair)
}

fn is_meant_before(workflow: &Workflow, (deploy, kind): (usize, Gate)) -> bool {
    let places = workflow.places();
    let deploy = places[&deploy];
    let mut checks = places
        .iter()
        .filter(|(command, _)| gate(workflow, **command) == Some(kind));
    kind != Gate::Test
        || checks.any(|(_, check)| {
            let behind = check.job == deploy.job && *check > deploy;
            !behind && !workflow.ancestors(check.job).contains(&deploy.job)
        })
}

fn read(workflow: &Workflow) -> Result<Pipeline, String> {
    let path = TreePath::new(".github/workflows/generated.yml");
    let (text, masks) = (workflow.text(), Masks::new(Vec::new()));
    let file = TextFile {
        path: &path,
        text: &text,
        masks: &masks,
    };
    Pipeline::read(&file).map_err(|error| format!("not read: {error:?}"))
}

fn gate(workflow: &Workflow, command: usize) -> Option<Gate> {
    match workflow.commands[command].role {
        Role::Gate(gate) => Some(gate),
        Role::Deploy | Role::Other => None,
    }
}

fn capability(gate: Gate) -> Capability {
    match gate {
        Gate::Test => Capability::Test,
        Gate::SecretScan => Capability::SecretScan,
        Gate::ImageScan => Capability::ImageScan,
    }
}

fn reference(place: &Place) -> CommandRef {
    CommandRef {
        job: format!("job{}", place.job),
        step: place.step,
        command: place.number,
    }
}

/// Plays the prover's counterexample and the run that it reports; says what is wrong with them.
fn replay(
    workflow: &Workflow,
    deploy: usize,
    gate: Gate,
    proof: &Proof,
) -> Result<Option<String>, String> {
    let counterexample = match &proof.verdict {
        Verdict::Skippable(run) => Some(run),
        Verdict::Holds | Verdict::Unread(_) => None,
    };
    let choices = Choices::of(workflow);
    for theirs in counterexample.into_iter().chain(&proof.reported) {
        let run = translate(workflow, &choices, theirs)?;
        let deployments = run::play(workflow, &choices, &run);
        let mut deployments = deployments.iter();
        match deployments.find(|deployment| deployment.command == deploy) {
            None => {
                return Ok(Some(
                    "the counterexample does not reach the deployment".to_owned(),
                ));
            }
            Some(deployment) if deployment.passed[&gate] => {
                return Ok(Some("the gate passed in the counterexample".to_owned()));
            }
            Some(_) => {}
        }
    }
    Ok(None)
}

/// The prover's run in our terms. What it names and we do not know is an error.
fn translate(
    workflow: &Workflow,
    choices: &Choices,
    theirs: &plimsoll_path::Run,
) -> Result<Run, String> {
    let mut run = Run::default();
    let event = workflow
        .events
        .iter()
        .position(|event| *event == theirs.event);
    let event = event.ok_or_else(|| format!("no event {}", theirs.event))?;
    run.chosen.insert(Choice::Event, event);
    for (name, value) in &theirs.inputs {
        let number = (0..workflow.inputs.len()).find(|number| *name == format!("in{number}"));
        let number = number.ok_or_else(|| format!("no input {name}"))?;
        let place =
            find(&choices.inputs[number], value).ok_or_else(|| format!("{name} = {value:?}"))?;
        run.chosen.insert(Choice::Input(number), place);
    }
    for (name, value) in &theirs.facts {
        let fact = workflow
            .facts
            .iter()
            .position(|fact| scoped(fact.job, &fact.path) == *name);
        let unknowns = workflow.unknowns.iter();
        let unknown = unknowns
            .map(|unknown| scoped(unknown.job, &unknown.text))
            .position(|text| text.eq_ignore_ascii_case(name));
        match (fact, unknown, value) {
            (_, Some(unknown), Value::Bool(value)) => {
                run.chosen
                    .insert(Choice::Unknown(unknown), usize::from(*value));
            }
            (Some(fact), ..) => {
                let place = find(&choices.facts[fact], value);
                let place = place.ok_or_else(|| format!("{name} = {value:?}"))?;
                run.chosen.insert(Choice::Fact(fact), place);
            }
            _ => return Err(format!("no fact {name} = {value:?}")),
        }
    }
    let places = workflow.places();
    for failure in &theirs.failures {
        let command = places
            .iter()
            .find(|(_, place)| reference(place) == *failure);
        let (command, _) = command.ok_or_else(|| format!("{failure:?} cannot fail"))?;
        run.chosen.insert(Choice::Fails(*command), 1);
    }
    let job = |name: &str| (0..workflow.jobs.len()).find(|job| *name == format!("job{job}"));
    for (name, step) in &theirs.cancelled {
        let job = job(name).ok_or_else(|| format!("no job {name}"))?;
        run.chosen.insert(Choice::Cancelled(job), step + 1);
    }
    for name in &theirs.cancelled_before {
        let job = job(name).ok_or_else(|| format!("no job {name}"))?;
        run.chosen.insert(Choice::Late(job), 1);
    }
    Ok(run)
}

fn scoped(job: Option<usize>, text: &str) -> String {
    match job {
        Some(job) => format!("job{job}:{text}"),
        None => text.to_owned(),
    }
}

/// The place of a value in a domain, whose first is the one that equals no literal where the domain is open.
fn find(domain: &[Literal], value: &Value) -> Option<usize> {
    let same = |literal: &Literal| match (literal, value) {
        (Literal::Null, Value::Null) => true,
        (Literal::Bool(ours), Value::Bool(theirs)) => ours == theirs,
        (Literal::Number(ours), Value::Number(theirs)) => {
            (f64::from(*ours) - theirs).abs() < f64::EPSILON
        }
        (Literal::Text(ours), Value::Text(theirs)) => ours.eq_ignore_ascii_case(theirs),
        _ => false,
    };
    let other = match (&domain[0], value) {
        (Literal::Text(other), Value::Text(text)) => other == "other" && !text.is_empty(),
        (Literal::Number(_), Value::Number(number)) => *number != 0.0,
        _ => false,
    };
    domain.iter().position(same).or(other.then_some(0))
}

fn shown(workflow: &Workflow, proof: &Proof) -> String {
    format!("{:#?}\n{}", proof, workflow.text())
}
