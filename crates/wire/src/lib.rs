//! The formats in which Plimsoll speaks to other tools: in-toto statements, CycloneDX bills of
//! materials, and the reports of `check` as JSON, SARIF and Markdown.
//!
//! Formats have types of their own. What they take from the vocabulary as it is (how an inspector ran,
//! an object, a request, the words for severities) is read as strictly, and golden files fail when a
//! change of it reaches a format. Nothing here signs, decides, reads a clock or opens a file.

pub mod cyclonedx;
pub mod in_toto;

mod json;
mod markdown;
mod plain;
mod report;
mod sarif;
mod shape;

pub use report::{Comparison, Doc, Format, Looked, PolicyIdentity, Report};
