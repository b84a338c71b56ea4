use crate::Threshold;

/// What the program knows of an inspector without running it. Each inspector states its own; the
/// register of inspectors lists them, and whoever judges or writes gets that list as data.
#[derive(Debug)]
pub struct Inspector {
    /// The first part of its rule ids: `secret`.
    pub id: &'static str,
    /// Its key in `[gate]` and in `requires`: `secrets`.
    pub gate_key: &'static str,
    /// From which severity on its findings deny when the policy does not say.
    pub default_gate: Threshold,
}
