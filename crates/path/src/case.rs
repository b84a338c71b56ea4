//! What the rules judge: a workflow, its proofs, and the gates that cannot fail.

use crate::diagram::{Guard, Variable};
use crate::expression::Expression;
use crate::prove::{deployments, gates};
use crate::reading::{Chosen, Key, Reading};
use crate::script::{Effect, ExitStatus};
use crate::workflow::{Job, Step, Tolerance, Workflow};
use crate::{Capability, CommandRef};

/// How many pairs of a command and one that is judged may be looked at.
const MAX_JUDGEMENTS: usize = 200_000;

/// A workflow under judgement.
pub(crate) struct Case<'w> {
    pub(crate) workflow: &'w Workflow,
    pub(crate) reading: Reading<'w>,
    pub(crate) neutralised: Vec<Neutralised>,
    pub(crate) bypasses: Vec<Bypass>,
}

/// A gate whose failure has no effect.
pub(crate) struct Neutralised {
    pub(crate) gate: CommandRef,
    pub(crate) why: Why,
}

/// What takes a gate's effect away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    ExitZero,
    StepContinues,
    JobContinues,
    Shell,
    ReportsOnly,
}

/// A way to a deployment on which a kind of gate did not pass.
pub(crate) struct Bypass {
    pub(crate) deployment: CommandRef,
    pub(crate) gate: Capability,
    pub(crate) environment: String,
    pub(crate) chosen: Chosen,
    /// The one input that decides, when another value of it would let the gate pass.
    pub(crate) input: Option<Variable>,
}

impl<'w> Case<'w> {
    /// Prepares a case; `None` when the workflow is too complex.
    pub(crate) fn new(workflow: &'w Workflow) -> Option<Self> {
        let reading = Reading::new(workflow);
        if reading.diagram.overflowed() || is_too_long(workflow) {
            return None;
        }
        let mut case = Self {
            workflow,
            reading,
            neutralised: Vec::new(),
            bypasses: Vec::new(),
        };
        case.neutralised = case.find_neutralised();
        case.bypasses = case.find_bypasses();
        (!case.reading.diagram.overflowed()).then_some(case)
    }

    fn find_bypasses(&mut self) -> Vec<Bypass> {
        let mut bypasses = Vec::new();
        for deployment in deployments(self.workflow) {
            for gate in gates(self.workflow) {
                if !self.is_meant_before(gate, &deployment) {
                    continue;
                }
                let ungated = self
                    .reading
                    .ungated(&deployment, &|command| command.can(gate));
                let Some(chosen) = self.beyond_neutralised(ungated, gate) else {
                    continue;
                };
                let executed = self.reading.executed(&deployment);
                let input = self.deciding_input(&chosen, executed, ungated);
                let environment = environment(self.workflow, &deployment);
                bypasses.push(Bypass {
                    deployment: deployment.clone(),
                    gate,
                    environment,
                    chosen,
                    input,
                });
            }
        }
        bypasses
    }

    /// The cheapest of these runs in which no gate that cannot fail anyway fails: those are reported
    /// by themselves.
    pub(crate) fn beyond_neutralised(&mut self, runs: Guard, gate: Capability) -> Option<Chosen> {
        let known: Vec<CommandRef> = self
            .neutralised
            .iter()
            .filter(|each| {
                self.workflow
                    .command(&each.gate)
                    .is_some_and(|(_, _, command)| command.can(gate))
            })
            .map(|each| each.gate.clone())
            .collect();
        let silent = self.reading.without_failures(&known);
        let rest = self.reading.diagram.and(runs, silent);
        self.reading.cheapest(rest)
    }

    /// Tests and verifications that only follow a deployment look at its result.
    fn is_meant_before(&self, gate: Capability, deployment: &CommandRef) -> bool {
        if !matches!(gate, Capability::Test | Capability::Verify) {
            return true;
        }
        let Some(job) = self
            .workflow
            .jobs
            .iter()
            .position(|job| job.id == deployment.job)
        else {
            return true;
        };
        self.workflow
            .commands()
            .filter(|(_, _, _, command)| command.can(gate))
            .any(|(name, ..)| {
                let at = self.workflow.jobs.iter().position(|job| job.id == name.job);
                let same = at == Some(job)
                    && (name.step, name.command) > (deployment.step, deployment.command);
                let later = at.is_some_and(|at| self.workflow.ancestors(at).contains(&job));
                !(same || later)
            })
    }

    /// The input that alone leads around the gate: with another value the deployment runs gated.
    fn deciding_input(&self, chosen: &Chosen, executed: Guard, ungated: Guard) -> Option<Variable> {
        let run = self.reading.run(chosen);
        let undisturbed =
            run.failures.is_empty() && run.cancelled.is_empty() && run.cancelled_before.is_empty();
        if run.event != "workflow_dispatch" || !undisturbed {
            return None;
        }
        let decides = |variable: &Variable| {
            let Some(choice) = self.reading.choices.of(*variable) else {
                return false;
            };
            matches!(choice.key, Key::Input { .. })
                && (0..choice.values.len()).any(|value| {
                    let other = chosen.with(*variable, value);
                    self.reading.meets(executed, &other) && !self.reading.meets(ungated, &other)
                })
        };
        chosen.0.iter().map(|(variable, _)| *variable).find(decides)
    }

    fn find_neutralised(&mut self) -> Vec<Neutralised> {
        let workflow = self.workflow;
        let gates = workflow
            .commands()
            .filter(|(_, _, _, command)| command.capabilities.iter().any(|each| each.is_gate()));
        let mut found = Vec::new();
        for (gate, job, step, command) in gates {
            let why = if command.exits_zero {
                Some(Why::ExitZero)
            } else if matches!(step.tolerance, Tolerance::Yes(_)) && !is_asked(job, step) {
                Some(Why::StepContinues)
            } else if matches!(job.tolerance, Tolerance::Yes(_)) {
                Some(Why::JobContinues)
            } else if self.is_swallowed(&gate, step) {
                Some(Why::Shell)
            } else if command.reports_only {
                Some(Why::ReportsOnly)
            } else {
                None
            };
            found.extend(why.map(|why| Neutralised { gate, why }));
        }
        found
    }

    /// Whether the shell passes the failure of a command on to nobody: not to the step, and to no
    /// other command of the script that does more than print.
    fn is_swallowed(&mut self, gate: &CommandRef, step: &Step) -> bool {
        // A status that is kept in a variable may be the gate's.
        let kept = |command: usize| {
            let effect = &step.script.commands[command].effect;
            matches!(
                effect,
                Effect::Exit(ExitStatus::Unknown) | Effect::Return(ExitStatus::Unknown)
            )
        };
        let others: Vec<CommandRef> = (0..step.script.commands.len())
            .filter(|command| *command != gate.command && !kept(*command))
            .map(|command| CommandRef {
                command,
                ..gate.clone()
            })
            .collect();
        let alone = self.reading.without_failures(&others);
        let Some(job) = self.workflow.jobs.iter().position(|job| job.id == gate.job) else {
            return false;
        };
        let read = &self.reading.jobs[job].steps[gate.step];
        let step_failed = read.failed;
        let executions: Vec<_> = read
            .executions
            .iter()
            .map(|each| (each.command, each.executed, each.failed))
            .collect();
        let own = || executions.iter().filter(|each| each.0 == gate.command);
        let executed = self.reading.any(own().map(|each| each.1));
        let failed = self.reading.any(own().map(|each| each.2));
        let diagram = &mut self.reading.diagram;
        // A gate that stands behind the failure of another command, as in an `else`, is judged whatever
        // the others do.
        let undisturbed = diagram.and(failed, alone);
        let among = if undisturbed.is_never() {
            executed
        } else {
            diagram.and(executed, alone)
        };
        let failing = diagram.and(failed, among);
        let passing = diagram.without(among, failed);
        let reached = diagram.and(failing, step_failed);
        if failing.is_never() || !reached.is_never() {
            return false;
        }
        !executions.iter().any(|(command, executed, _)| {
            let works = !step.script.commands[*command].prints && *command != gate.command;
            let when_failing = diagram.and(*executed, failing);
            let when_passing = diagram.and(*executed, passing);
            works && !executed.is_never() && (when_failing.is_never() != when_passing.is_never())
        })
    }
}

/// Each check and each deployment is judged against every command.
pub(crate) fn is_too_long(workflow: &Workflow) -> bool {
    let (mut all, mut judged) = (0_usize, 0_usize);
    for (_, _, _, command) in workflow.commands() {
        all += 1;
        judged += usize::from(!command.capabilities.is_empty());
    }
    all.saturating_mul(judged) > MAX_JUDGEMENTS
}

/// Whether a condition of the job asks how a step ended.
fn is_asked(job: &Job, step: &Step) -> bool {
    let Some(id) = &step.id else { return false };
    job.steps
        .iter()
        .filter_map(|step| step.condition.as_ref())
        .any(|condition| asks(&condition.expression, id))
}

fn asks(expression: &Expression, id: &str) -> bool {
    match expression {
        Expression::Path(parts) => parts.len() == 3 && parts[0] == "steps" && parts[1] == id,
        Expression::Not(inner) => asks(inner, id),
        Expression::And(a, b) | Expression::Or(a, b) => asks(a, id) || asks(b, id),
        Expression::Equal { left, right, .. } => asks(left, id) || asks(right, id),
        Expression::Unknown(text) | Expression::Text(text) => {
            text.to_lowercase().contains(&format!("steps.{id}."))
        }
        Expression::Literal(_) | Expression::Status(_) => false,
    }
}

/// The environment a deployment goes to: the job's own word, else a guess from names; empty when
/// nothing tells.
pub(crate) fn environment(workflow: &Workflow, deployment: &CommandRef) -> String {
    let Some((job, step, command)) = workflow.command(deployment) else {
        return String::new();
    };
    if let Some(stated) = &job.environment {
        return stated.clone();
    }
    let names = [
        Some(&job.id),
        job.name.as_ref(),
        step.name.as_ref(),
        Some(&command.label),
    ];
    let text = names
        .into_iter()
        .flatten()
        .map(|name| name.to_lowercase())
        .collect::<Vec<_>>()
        .join(" ");
    let words: Vec<&str> = text
        .split(|char: char| !char.is_ascii_alphanumeric())
        .collect();
    let table = [
        ("production", &["prod", "production", "live"][..]),
        ("staging", &["staging", "stage", "stg"]),
        ("preview", &["preview", "previews"]),
        ("development", &["dev", "development"]),
        ("test", &["qa", "uat"]),
    ];
    let guess = table
        .iter()
        .find(|(_, signs)| signs.iter().any(|sign| words.contains(sign)));
    guess.map_or_else(String::new, |(name, _)| (*name).to_owned())
}
