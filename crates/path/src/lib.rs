//! The release path: CI workflows as a graph, and proofs about its gates.

mod capability;
mod diagram;
mod expression;
mod prove;
mod reading;
mod recognise;
mod script;
mod value;
mod workflow;

pub use capability::Capability;
pub use prove::{CommandRef, Proof, Run, TooComplex, prove};
pub use value::Value;
pub use workflow::{Workflow, WorkflowError};
