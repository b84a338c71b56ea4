//! The shape of the work tree, judged by rules that a compiler does not know.
//!
//! Every check is a function from the files to problems. It reads files and `cargo metadata` only:
//! it changes nothing, builds nothing and needs no network.

use std::fmt;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result};

mod edges;
mod files;
mod heads;
mod links;
mod orphans;
mod ratchet;
mod readme;
mod registration;
mod rust;
mod tests_written;
mod trials;
mod words;

pub use files::Files;

/// One thing that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file, relative to the workspace root, with `/` between folders.
    pub file: String,
    /// The line, from 1, where there is one.
    pub line: Option<usize>,
    /// What is wrong and what to do.
    pub message: String,
}

impl Problem {
    fn new(file: &str, line: Option<usize>, message: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line,
            message: message.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.message),
            None => write!(f, "{}: {}", self.file, self.message),
        }
    }
}

/// Runs every check on the work tree at `root`; an empty list means tidy.
pub fn check(root: &Path) -> Result<Vec<Problem>> {
    let files = Files::read(root)?;
    judge(root, &files, &rust::parse(&files)?)
}

fn judge(root: &Path, files: &Files, sources: &[rust::Source]) -> Result<Vec<Problem>> {
    let mut problems = edges::check(&edges::Workspace::read(root)?);
    problems.extend(orphans::check(files, sources));
    problems.extend(registration::check(files, registration::TABLE));
    problems.extend(ratchet::check(files, sources)?);
    problems.extend(words::check(files));
    problems.extend(heads::check(sources));
    problems.extend(tests_written::check(files, sources));
    problems.extend(trials::check(sources));
    problems.extend(links::check(files));
    problems.extend(readme::check(files));
    problems.sort();
    Ok(problems)
}

/// Writes into the list of long files and functions whatever has become shorter.
pub fn shrink(root: &Path) -> Result<()> {
    let files = Files::read(root)?;
    let list = ratchet::shrink(&files, &rust::parse(&files)?)?;
    let path = root.join(ratchet::LIST);
    std::fs::write(&path, list).with_context(|| format!("cannot write {}", path.display()))
}

/// Runs every check and writes the problems, one a line.
pub fn report(root: &Path, out: &mut dyn Write) -> Result<ExitCode> {
    let files = Files::read(root)?;
    let sources = rust::parse(&files)?;
    let problems = judge(root, &files, &sources)?;
    let median = ratchet::median_tokens(&files, &sources);
    writeln!(out, "tidy: the median function holds {median} tokens")
        .context("cannot write the report")?;
    for problem in &problems {
        writeln!(out, "{problem}").context("cannot write the report")?;
    }
    let count = problems.len();
    let verdict = if count == 0 {
        "tidy: nothing to fix".to_owned()
    } else {
        format!("tidy: {count} to fix")
    };
    writeln!(out, "{verdict}").context("cannot write the report")?;
    Ok(ExitCode::from(u8::from(count > 0)))
}
