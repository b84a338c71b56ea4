//! Conditions as terms: each node once, however often it is used.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::Outcome;

/// A condition: its place among the nodes of its pipeline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Term(pub(crate) u32);

impl Term {
    /// Met in no run.
    pub(crate) const NEVER: Self = Self(0);
    /// Met in every run.
    pub(crate) const ALWAYS: Self = Self(1);
}

/// What a term is made of; parts stand before what they are part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Node {
    Never,
    Always,
    Not(Term),
    And(Term, Term),
    Or(Term, Term),
    Atom(Atom),
}

/// What is asked of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Atom {
    /// This trigger started it.
    Trigger(usize),
    /// An input has this one of its values. It has one also in a run that another trigger started.
    Input { input: usize, value: usize },
    /// A fact has this one of its values.
    Fact { fact: usize, value: usize },
    /// A job, which stands before, ended so.
    Job { job: usize, ended: Outcome },
    /// A step ended so, before or after its tolerance: an earlier one of the same job, or one of a job that stands
    /// before.
    Step {
        job: usize,
        step: usize,
        ended: Outcome,
        tolerated: bool,
    },
    /// Of a job: some job that it waits for, directly or not, ended so. Of a step: some earlier step of its job did.
    Earlier(Outcome),
    /// The run was cancelled before the job began.
    RunCancelled,
}

/// Terms that one pipeline may take.
const MAX_TERMS: usize = 200_000;

/// Makes terms, equal ones once. Past a bound each is [`Term::NEVER`], and the pipeline too complex.
pub(crate) struct Composer {
    nodes: Vec<Node>,
    places: HashMap<Node, Term>,
    overflowed: bool,
}

impl Composer {
    pub(crate) fn new() -> Self {
        let nodes = vec![Node::Never, Node::Always];
        let places = HashMap::from([(Node::Never, Term::NEVER), (Node::Always, Term::ALWAYS)]);
        Self {
            nodes,
            places,
            overflowed: false,
        }
    }

    /// The nodes, and whether a bound was met.
    pub(crate) fn finish(self) -> (Vec<Node>, bool) {
        (self.nodes, self.overflowed)
    }

    /// Stops: the caller met a bound of its own.
    pub(crate) fn give_up(&mut self) {
        self.overflowed = true;
    }

    pub(crate) fn atom(&mut self, atom: Atom) -> Term {
        self.place(Node::Atom(atom))
    }

    pub(crate) fn not(&mut self, a: Term) -> Term {
        match a {
            Term::NEVER => Term::ALWAYS,
            Term::ALWAYS => Term::NEVER,
            _ => self.place(Node::Not(a)),
        }
    }

    pub(crate) fn and(&mut self, a: Term, b: Term) -> Term {
        match (a, b) {
            (Term::NEVER, _) | (_, Term::NEVER) => Term::NEVER,
            (Term::ALWAYS, other) | (other, Term::ALWAYS) => other,
            _ if a == b => a,
            _ => self.place(Node::And(a, b)),
        }
    }

    pub(crate) fn or(&mut self, a: Term, b: Term) -> Term {
        match (a, b) {
            (Term::ALWAYS, _) | (_, Term::ALWAYS) => Term::ALWAYS,
            (Term::NEVER, other) | (other, Term::NEVER) => other,
            _ if a == b => a,
            _ => self.place(Node::Or(a, b)),
        }
    }

    /// `a` and not `b`.
    pub(crate) fn without(&mut self, a: Term, b: Term) -> Term {
        let not = self.not(b);
        self.and(a, not)
    }

    /// Any of them.
    pub(crate) fn any(&mut self, terms: impl IntoIterator<Item = Term>) -> Term {
        let mut any = Term::NEVER;
        for term in terms {
            any = self.or(any, term);
        }
        any
    }

    fn place(&mut self, node: Node) -> Term {
        if let Some(known) = self.places.get(&node) {
            return *known;
        }
        if self.nodes.len() >= MAX_TERMS {
            self.overflowed = true;
            return Term::NEVER;
        }
        let term = Term(u32::try_from(self.nodes.len()).expect("terms are bounded"));
        self.nodes.push(node);
        self.places.insert(node, term);
        term
    }
}
