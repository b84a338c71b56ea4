//! Whether each deployment of a pipeline is reached only past its gates. Tests judge the function that the
//! inspection calls, and what it says of each proof.

use plimsoll_model::Location;

use crate::Capability;
use crate::choices::Key;
use crate::diagram::{Guard, Variable};
use crate::pipeline::{Pipeline, TriggerKind};
use crate::reading::{Chosen, Reading};
use crate::run::{CommandRef, Run};
use crate::shell::{Command, Effect};

mod destination;
mod neutralised;

pub(crate) use destination::name_environment;
pub(crate) use neutralised::{Neutralised, Why};

/// How many pairs of a command and one that is judged may be looked at.
const MAX_JUDGEMENTS: usize = 200_000;

/// What is proven about a pipeline.
pub struct Proofs<'p> {
    pub(crate) pipeline: &'p Pipeline,
    pub(crate) reading: Reading<'p>,
    pub(crate) neutralised: Vec<Neutralised>,
    list: Vec<Proof>,
}

/// Whether a gate holds for a deployment.
#[derive(Clone, Debug)]
pub struct Proof {
    /// The command that deploys.
    pub deployment: CommandRef,
    /// The kind of check.
    pub gate: Capability,
    /// What was proven.
    pub verdict: Verdict,
    /// The run that is reported: with the fewest deviations among those in which no gate fails that stops nothing
    /// anyway, as that is reported by itself. `None` when there is none, or when the gate only looks at what the
    /// deployment did.
    pub reported: Option<Run>,
    pub(crate) bypass: Option<Bypass>,
}

/// What is proven about a gate and a deployment.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// The gate passed before the deployment in every run in which that is executed.
    Holds,
    /// It did not in this run, with the fewest deviations.
    Skippable(Run),
    /// No run was found in which it did not, and something of the pipeline is not known: nothing is proven.
    Unread(Location),
}

/// The way around a gate that is reported.
#[derive(Clone, Debug)]
pub(crate) struct Bypass {
    pub(crate) chosen: Chosen,
    /// The one input that decides, when another value of it would let the gate pass.
    pub(crate) input: Option<Variable>,
}

/// Nothing is proven about the pipeline: its runs are too many to be proven about within bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there are more conditions and commands than can be proven about")]
pub struct TooComplex;

/// Proves, for each deployment command and each kind of gate that the pipeline has, whether the
/// gate holds, by the page of its dialect.
///
/// # Errors
/// When a bound was met; nothing may be taken for proven then.
pub fn prove(pipeline: &Pipeline) -> Result<Proofs<'_>, TooComplex> {
    let reading = Reading::new(pipeline);
    if reading.diagram.overflowed() || is_too_long(pipeline) {
        return Err(TooComplex);
    }
    let mut proofs = Proofs {
        pipeline,
        reading,
        neutralised: Vec::new(),
        list: Vec::new(),
    };
    proofs.neutralised = proofs.find_neutralised();
    for deployment in deployments(pipeline) {
        for gate in gates(pipeline) {
            let proof = proofs.prove_one(deployment.clone(), gate);
            proofs.list.push(proof);
        }
    }
    if proofs.are_complete() {
        Ok(proofs)
    } else {
        Err(TooComplex)
    }
}

impl Proofs<'_> {
    /// Each deployment with each kind of gate, in the order of the text.
    pub fn list(&self) -> &[Proof] {
        &self.list
    }

    /// The gates whose failure stops nothing.
    pub fn neutralised(&self) -> impl Iterator<Item = &CommandRef> {
        self.neutralised.iter().map(|each| &each.gate)
    }

    /// Whether no bound was met so far; what is asked afterwards counts too.
    pub(crate) fn are_complete(&self) -> bool {
        !self.reading.diagram.overflowed()
    }

    fn prove_one(&mut self, deployment: CommandRef, gate: Capability) -> Proof {
        let ungated = self
            .reading
            .ungated(&deployment, &|command| command.can(gate));
        let verdict = match (self.reading.cheapest(ungated), self.pipeline.unread()) {
            (Some(chosen), _) => Verdict::Skippable(self.reading.run(&chosen)),
            (None, None) => Verdict::Holds,
            (None, Some(location)) => Verdict::Unread(location.clone()),
        };
        let bypass = self.find_bypass(&deployment, gate, ungated);
        let reported = bypass
            .as_ref()
            .map(|bypass| self.reading.run(&bypass.chosen));
        Proof {
            deployment,
            gate,
            verdict,
            reported,
            bypass,
        }
    }

    fn find_bypass(
        &mut self,
        deployment: &CommandRef,
        gate: Capability,
        ungated: Guard,
    ) -> Option<Bypass> {
        if !self.is_meant_before(gate, deployment) {
            return None;
        }
        let chosen = self.find_reported(ungated, gate)?;
        let executed = self.reading.executed(deployment);
        let input = self.find_deciding_input(&chosen, executed, ungated);
        Some(Bypass { chosen, input })
    }

    /// The run with the fewest deviations among these in which no gate fails that stops nothing anyway: those are
    /// reported by themselves.
    pub(crate) fn find_reported(&mut self, runs: Guard, gate: Capability) -> Option<Chosen> {
        let mut silent: Vec<CommandRef> = Vec::new();
        for Neutralised { gate: name, .. } in &self.neutralised {
            let found = self.pipeline.command(name);
            if found.is_some_and(|(_, _, command)| command.can(gate)) {
                silent.push(name.clone());
            }
        }
        let silent = self.reading.without_failures(&silent);
        let rest = self.reading.diagram.and(runs, silent);
        self.reading.cheapest(rest)
    }

    /// Tests and verifications that only follow a deployment look at its result.
    fn is_meant_before(&self, gate: Capability, deployment: &CommandRef) -> bool {
        if !matches!(gate, Capability::Test | Capability::Verify) {
            return true;
        }
        let Some(job) = self.pipeline.find_job(&deployment.job) else {
            return true;
        };
        let mut checks = self
            .pipeline
            .commands()
            .filter(|(_, _, _, command)| command.can(gate));
        checks.any(|(name, ..)| {
            let at = self.pipeline.find_job(&name.job);
            let same = at == Some(job)
                && (name.step, name.command) > (deployment.step, deployment.command);
            let later = at.is_some_and(|at| self.pipeline.ancestors(at).contains(&job));
            !(same || later)
        })
    }

    /// The input that alone leads around the gate: with another value the deployment runs gated.
    fn find_deciding_input(
        &self,
        chosen: &Chosen,
        executed: Guard,
        ungated: Guard,
    ) -> Option<Variable> {
        let run = self.reading.run(chosen);
        let undisturbed =
            run.failures.is_empty() && run.cancelled.is_empty() && run.cancelled_before.is_empty();
        let mut triggers = self.pipeline.triggers.iter();
        let by_a_person = triggers
            .any(|trigger| trigger.name == run.event && trigger.kind == TriggerKind::Person);
        if !by_a_person || !undisturbed {
            return None;
        }
        let mut variables = chosen.0.iter().map(|(variable, _)| *variable);
        variables.find(|variable| self.decides(*variable, chosen, executed, ungated))
    }

    fn decides(
        &self,
        variable: Variable,
        chosen: &Chosen,
        executed: Guard,
        ungated: Guard,
    ) -> bool {
        let Some(choice) = self.reading.choices.of(variable) else {
            return false;
        };
        matches!(choice.key, Key::Input { .. })
            && (0..choice.values.len()).any(|value| {
                let other = chosen.with(variable, value);
                self.reading.meets(executed, &other) && !self.reading.meets(ungated, &other)
            })
    }
}

/// Each check and each deployment is judged against every command.
fn is_too_long(pipeline: &Pipeline) -> bool {
    let (mut all, mut judged) = (0_usize, 0_usize);
    for (_, _, _, command) in pipeline.commands() {
        all += 1;
        judged += usize::from(!command.capabilities.is_empty());
    }
    all.saturating_mul(judged) > MAX_JUDGEMENTS
}

/// The kinds of gate that the pipeline has.
fn gates(pipeline: &Pipeline) -> Vec<Capability> {
    let mut gates = Vec::new();
    for gate in Capability::ALL.into_iter().filter(|each| each.is_gate()) {
        let mut commands = pipeline.commands();
        if commands.any(|(_, _, _, command)| command.can(gate)) {
            gates.push(gate);
        }
    }
    gates
}

/// The commands that deploy. In a job with an environment that has none the last command that
/// does more than print stands for the deployment.
fn deployments(pipeline: &Pipeline) -> Vec<CommandRef> {
    let mut found = Vec::new();
    for job in &pipeline.jobs {
        let deploys: Vec<CommandRef> = job
            .commands()
            .filter(|(_, _, _, command)| command.can(Capability::Deploy))
            .map(|(name, ..)| name)
            .collect();
        if deploys.is_empty() && job.environment.is_some() {
            let works = job.commands().filter(|(_, _, _, command)| is_work(command));
            found.extend(works.map(|(name, ..)| name).last());
        }
        found.extend(deploys);
    }
    found
}

/// A command that does more than print, and is not known to do something else.
fn is_work(command: &Command) -> bool {
    !command.prints && command.effect != Effect::Succeeds && command.capabilities.is_empty()
}

#[cfg(test)]
mod tests;
