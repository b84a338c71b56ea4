//! The formats in which Plimsoll speaks to other tools: in-toto statements, CycloneDX bills of
//! materials, and the reports of `check` as JSON, SARIF and Markdown.
//!
//! Every format has types of its own, so that a change of the vocabulary never changes a format by
//! accident. Nothing here signs, decides, reads a clock or opens a file.

pub mod cyclonedx;
pub mod in_toto;

mod json;
mod markdown;
mod plain;
mod report;
mod sarif;
mod shape;

pub use report::{Comparison, Doc, Format, Looked, PolicyIdentity, Report};
