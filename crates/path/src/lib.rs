//! The release path: CI pipelines read as programs, and proofs about their gates.
//!
//! A [`Dialect`] brings its files into a neutral [`Pipeline`], whose runs are every choice of event,
//! inputs, facts, failures and cancellations.
//! [`prove`] decides exactly whether a check always passes before a deployment, or gives the run in which
//! it does not; the rules turn that into findings. Nothing is executed, nothing is fetched, and what
//! cannot be read or decided is a gap.

mod capability;
mod choices;
mod diagram;
mod dialect;
mod gaps;
mod inspect;
mod inspector;
mod pipeline;
mod prove;
mod reading;
mod recognise;
mod rules;
mod run;
mod shell;
mod story;
mod unread;
mod value;

pub use capability::Capability;
pub use dialect::{DIALECTS, Dialect, PipelineError};
pub use inspect::{Facts, claims, conclude, extract};
pub use inspector::ReleasePath;
pub use pipeline::Pipeline;
pub use prove::{Proof, Proofs, TooComplex, Verdict, prove};
pub use rules::{Rule, rules};
pub use run::{CommandRef, Run};
pub use value::Value;
