//! Terms over all runs at once: the runs in which each is met.

use std::collections::HashMap;

use super::{Reading, Scope};
use crate::choices::Key;
use crate::diagram::Guard;
use crate::pipeline::{Atom, Node, Term};
use crate::value::Value;

/// What the parts of a condition came to at one place.
type Known = HashMap<Term, Guard>;

impl Reading<'_> {
    /// The runs in which a condition is met where it stands.
    pub(super) fn meet(&mut self, term: Term, scope: Scope) -> Guard {
        self.meet_part(term, scope, &mut Known::new())
    }

    fn meet_part(&mut self, term: Term, scope: Scope, known: &mut Known) -> Guard {
        if let Some(guard) = known.get(&term) {
            return *guard;
        }
        let guard = match self.pipeline.nodes[term.0 as usize] {
            Node::Never => Guard::NEVER,
            Node::Always => Guard::ALWAYS,
            Node::Not(inner) => {
                let inner = self.meet_part(inner, scope, known);
                self.diagram.not(inner)
            }
            Node::And(a, b) => {
                let a = self.meet_part(a, scope, known);
                let b = self.meet_part(b, scope, known);
                self.diagram.and(a, b)
            }
            Node::Or(a, b) => {
                let a = self.meet_part(a, scope, known);
                let b = self.meet_part(b, scope, known);
                self.diagram.or(a, b)
            }
            Node::Atom(atom) => self.meet_atom(atom, scope),
        };
        known.insert(term, guard);
        guard
    }

    fn meet_atom(&mut self, atom: Atom, scope: Scope) -> Guard {
        match atom {
            Atom::Trigger(trigger) => {
                let name = self.pipeline.triggers[trigger].name.clone();
                self.choices
                    .is(&mut self.diagram, &Key::Trigger, &Value::Text(name))
            }
            Atom::Input { input, value } => {
                let pipeline = self.pipeline;
                let input = &pipeline.inputs[input];
                let key = Key::Input {
                    trigger: pipeline.triggers[input.trigger].name.clone(),
                    name: input.name.clone(),
                };
                self.choices.is_at(&mut self.diagram, &key, value)
            }
            Atom::Fact { fact, value } => {
                let later = self.tell_changes(fact, scope);
                self.fact(fact, value, &later)
            }
            Atom::Job { job, ended } => self.job_ended(job, ended),
            Atom::Step {
                job,
                step,
                ended,
                tolerated,
            } => self.step_ended(job, step, ended, tolerated),
            Atom::Earlier(ended) => self.earlier_ended(scope, ended),
            Atom::RunCancelled => self.jobs[scope.job].late,
        }
    }

    /// What tells a fact from the same one before a step changed it; a script that names the file may have.
    fn tell_changes(&self, fact: usize, scope: Scope) -> String {
        let (Some(store), Some(at)) = (&self.pipeline.facts[fact].changed_by, scope.step) else {
            return String::new();
        };
        let earlier = &self.pipeline.jobs[scope.job].steps[..at];
        let changes = earlier
            .iter()
            .filter(|step| step.script.stores.contains(&store.file))
            .count();
        if changes == 0 {
            String::new()
        } else {
            format!(" after {changes} changes of {}", store.of)
        }
    }
}
