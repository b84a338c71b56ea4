//! The chores of the project as functions, so that tests run them too.

pub mod bench;
pub mod cargo;
mod options;
pub mod prove;
pub mod tidy;
