//! Decision diagrams over variables with several values: a condition on runs as a graph, equal
//! conditions as the same node.

use std::collections::HashMap;

/// A condition on runs: a node of the diagram that made it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Guard(u32);

impl Guard {
    /// Met in no run.
    pub(crate) const NEVER: Self = Self(0);
    /// Met in every run.
    pub(crate) const ALWAYS: Self = Self(1);

    pub(crate) fn is_never(self) -> bool {
        self == Self::NEVER
    }
}

/// A variable of the diagram; earlier ones are decided first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Variable(u32);

struct Node {
    variable: u32,
    children: Box<[Guard]>,
}

/// All conditions that were made, each once. When a bound is met every result is
/// [`Guard::NEVER`] and [`Diagram::overflowed`] says so: ask before believing anything.
pub(crate) struct Diagram {
    nodes: Vec<Node>,
    unique: HashMap<(u32, Box<[Guard]>), Guard>,
    memo: HashMap<(Guard, Guard, Guard), Guard>,
    /// What each value of each variable costs.
    costs: Vec<Vec<u64>>,
    overflowed: bool,
}

/// Nodes and remembered results that one pipeline may take.
const MAX_NODES: usize = 300_000;
const MAX_MEMO: usize = 3_000_000;
/// Variables that one pipeline may have; it bounds the depth of recursion.
const MAX_VARIABLES: usize = 2_000;

impl Diagram {
    pub(crate) fn new() -> Self {
        let leaf = || Node {
            variable: u32::MAX,
            children: Box::new([]),
        };
        Self {
            nodes: vec![leaf(), leaf()],
            unique: HashMap::new(),
            memo: HashMap::new(),
            costs: Vec::new(),
            overflowed: false,
        }
    }

    pub(crate) fn overflowed(&self) -> bool {
        self.overflowed
    }

    /// Stops: the caller met a bound of its own.
    pub(crate) fn give_up(&mut self) {
        self.overflowed = true;
    }

    /// A variable with one value for each cost; at least one costs nothing.
    pub(crate) fn variable(&mut self, costs: Vec<u64>) -> Variable {
        self.overflowed |= self.costs.len() >= MAX_VARIABLES;
        self.costs.push(costs);
        Variable(u32::try_from(self.costs.len() - 1).unwrap_or(u32::MAX))
    }

    /// The runs in which the variable has this value.
    pub(crate) fn is(&mut self, variable: Variable, value: usize) -> Guard {
        let count = self.costs[variable.0 as usize].len();
        let children: Box<[Guard]> = (0..count)
            .map(|each| {
                if each == value {
                    Guard::ALWAYS
                } else {
                    Guard::NEVER
                }
            })
            .collect();
        self.node(variable.0, children)
    }

    pub(crate) fn not(&mut self, a: Guard) -> Guard {
        self.either(a, Guard::NEVER, Guard::ALWAYS)
    }

    pub(crate) fn and(&mut self, a: Guard, b: Guard) -> Guard {
        self.either(a, b, Guard::NEVER)
    }

    pub(crate) fn or(&mut self, a: Guard, b: Guard) -> Guard {
        self.either(a, Guard::ALWAYS, b)
    }

    /// `a` and not `b`.
    pub(crate) fn without(&mut self, a: Guard, b: Guard) -> Guard {
        let not = self.not(b);
        self.and(a, not)
    }

    /// `then` in the runs of `condition`, `otherwise` in the others.
    pub(crate) fn either(&mut self, condition: Guard, then: Guard, otherwise: Guard) -> Guard {
        if self.overflowed {
            return Guard::NEVER;
        }
        match condition {
            Guard::ALWAYS => return then,
            Guard::NEVER => return otherwise,
            _ if then == otherwise => return then,
            _ if then == Guard::ALWAYS && otherwise == Guard::NEVER => return condition,
            _ => {}
        }
        let key = (condition, then, otherwise);
        if let Some(known) = self.memo.get(&key) {
            return *known;
        }
        let top = [condition, then, otherwise].map(|guard| self.nodes[guard.0 as usize].variable);
        let variable = top.into_iter().min().expect("three nodes were asked");
        let count = self.costs[variable as usize].len();
        let mut children = Vec::with_capacity(count);
        for value in 0..count {
            let [a, b, c] =
                [condition, then, otherwise].map(|guard| self.restricted(guard, variable, value));
            children.push(self.either(a, b, c));
        }
        let result = self.node(variable, children.into_boxed_slice());
        self.overflowed |= self.memo.len() >= MAX_MEMO;
        self.memo.insert(key, result);
        result
    }

    fn restricted(&self, guard: Guard, variable: u32, value: usize) -> Guard {
        let node = &self.nodes[guard.0 as usize];
        if node.variable == variable {
            node.children[value]
        } else {
            guard
        }
    }

    fn node(&mut self, variable: u32, children: Box<[Guard]>) -> Guard {
        if children.iter().all(|child| *child == children[0]) {
            return children[0];
        }
        if self.nodes.len() >= MAX_NODES {
            self.overflowed = true;
            return Guard::NEVER;
        }
        let next = Guard(u32::try_from(self.nodes.len()).expect("nodes are bounded"));
        let (nodes, unique) = (&mut self.nodes, &mut self.unique);
        *unique
            .entry((variable, children))
            .or_insert_with_key(|(variable, children)| {
                nodes.push(Node {
                    variable: *variable,
                    children: children.clone(),
                });
                next
            })
    }

    /// The choice of values that meets the condition at the least cost; only variables that matter
    /// are named, the others take the value that costs nothing. `None` when no run meets it.
    pub(crate) fn cheapest(&self, guard: Guard) -> Option<Vec<(Variable, usize)>> {
        let mut best: HashMap<Guard, (u64, usize)> = HashMap::new();
        self.measure(guard, &mut best);
        let mut choice = Vec::new();
        let mut at = guard;
        while at != Guard::ALWAYS {
            let (_, value) = *best.get(&at).filter(|(cost, _)| *cost < u64::MAX)?;
            let node = &self.nodes[at.0 as usize];
            choice.push((Variable(node.variable), value));
            at = node.children[value];
        }
        Some(choice)
    }

    fn measure(&self, guard: Guard, best: &mut HashMap<Guard, (u64, usize)>) -> u64 {
        match guard {
            Guard::ALWAYS => return 0,
            Guard::NEVER => return u64::MAX,
            _ => {}
        }
        if let Some((cost, _)) = best.get(&guard) {
            return *cost;
        }
        let node = &self.nodes[guard.0 as usize];
        let costs = &self.costs[node.variable as usize];
        let mut least = (u64::MAX, 0);
        for (value, child) in node.children.iter().enumerate() {
            let cost = self.measure(*child, best).saturating_add(costs[value]);
            if cost < least.0 {
                least = (cost, value);
            }
        }
        best.insert(guard, least);
        least.0
    }

    /// Whether a run meets the condition; `value_of` gives each variable's value.
    pub(crate) fn meets(&self, guard: Guard, value_of: impl Fn(Variable) -> usize) -> bool {
        let mut at = guard;
        while at != Guard::ALWAYS && at != Guard::NEVER {
            let node = &self.nodes[at.0 as usize];
            at = node.children[value_of(Variable(node.variable))];
        }
        at == Guard::ALWAYS
    }
}

#[cfg(test)]
mod tests {
    use super::{Diagram, Guard};

    #[test]
    fn equal_conditions_are_one_node() {
        let mut diagram = Diagram::new();
        let (a, b) = (
            diagram.variable(vec![0, 1, 2]),
            diagram.variable(vec![0, 5]),
        );
        let (x, y) = (diagram.is(a, 1), diagram.is(b, 1));
        let both = diagram.and(x, y);
        let (not_x, not_y) = (diagram.not(x), diagram.not(y));
        let neither = diagram.or(not_x, not_y);
        assert_eq!(diagram.not(neither), both, "De Morgan");
        let other = diagram.is(a, 2);
        assert_eq!(
            diagram.and(x, other),
            Guard::NEVER,
            "a variable has one value"
        );
        assert_eq!(diagram.cheapest(both), Some(vec![(a, 1), (b, 1)]));
        let any = diagram.or(both, other);
        assert_eq!(
            diagram.cheapest(any),
            Some(vec![(a, 2)]),
            "2 costs less than 1 + 5"
        );
        assert!(diagram.meets(any, |variable| if variable == a { 2 } else { 0 }));
        assert_eq!(diagram.cheapest(Guard::NEVER), None);
    }

    #[test]
    fn a_bound_is_said_and_nothing_is_believed() {
        let mut diagram = Diagram::new();
        // The hidden weighted bit is exponential in every order; pairing far variables is enough here.
        let variables: Vec<_> = (0..60).map(|_| diagram.variable(vec![0, 1])).collect();
        let mut all = Guard::ALWAYS;
        for pair in 0..30 {
            let (a, b) = (
                diagram.is(variables[pair], 1),
                diagram.is(variables[pair + 30], 1),
            );
            let either = diagram.or(a, b);
            all = diagram.and(all, either);
        }
        assert!(diagram.overflowed());
        assert!(all.is_never());
    }
}
