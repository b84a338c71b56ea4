//! The long tests with their full counts: `cargo test` runs a sample of each.
//!
//! A long test is listed in [`TRIALS`] and says by itself how much it tried; one that passes and
//! says nothing has skipped, and what was skipped is not proven.

use std::io::Write;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::cargo;

mod options;
mod trials;

pub use options::Options;
pub(crate) use trials::{TRIALS, Trial};

/// Asks a long test for its full count, as many times as it says.
const VARIABLE: &str = "PLIMSOLL_PROVE";
/// Stands before what a long test says it tried.
const MARK: &str = "TRIED: ";
/// Stands before what a test without its judge says.
const SKIPPED: &str = "SKIPPED: ";

/// How one trial ended.
#[derive(Debug, PartialEq)]
enum Outcome {
    /// It held over all that it says it tried.
    Held(String),
    /// It could not run here, and says why.
    Skipped(String),
    /// It does not hold, or no such test was run.
    Failed,
}

/// Runs each long test that was asked for, one after the other, and writes a row about each.
pub fn run(root: &Path, options: &Options, out: &mut dyn Write) -> Result<ExitCode> {
    let trials: Vec<&Trial> = options.trials().collect();
    build(root, &trials)?;
    let mut proven = true;
    for trial in trials {
        let begun = Instant::now();
        let said = play(root, trial, options.scale)?;
        let outcome = judge(&said.text, said.passed);
        proven &= matches!(outcome, Outcome::Held(_));
        if outcome == Outcome::Failed {
            writeln!(out, "{}", said.text).context("cannot write what a test said")?;
        }
        write_row(out, trial.name, begun.elapsed(), &outcome)?;
    }
    Ok(ExitCode::from(u8::from(!proven)))
}

/// Compiles what will run, so that no row's duration is the compiler's.
fn build(root: &Path, trials: &[&Trial]) -> Result<()> {
    let mut cargo = cargo_test(root);
    cargo.arg("--no-run");
    for trial in trials {
        cargo.args(["--test", trial.binary]);
    }
    let status = cargo.status().context("cannot start `cargo test`")?;
    if !status.success() {
        bail!("the tests do not compile");
    }
    Ok(())
}

struct Said {
    text: String,
    passed: bool,
}

fn play(root: &Path, trial: &Trial, scale: u64) -> Result<Said> {
    let mut cargo = cargo_test(root);
    cargo
        .args(["--test", trial.binary])
        .args(["--", "--exact", trial.test, "--nocapture"])
        .env(VARIABLE, scale.to_string())
        .stdin(Stdio::null());
    let output = cargo
        .output()
        .with_context(|| format!("cannot start `cargo test` for {}", trial.name))?;
    let text = [output.stdout, output.stderr].concat();
    Ok(Said {
        text: String::from_utf8_lossy(&text).into_owned(),
        passed: output.status.success(),
    })
}

/// Of the whole workspace, because Cargo would compile foreign crates anew for a part of it.
fn cargo_test(root: &Path) -> Command {
    let mut cargo = cargo::command(root);
    cargo.args(["test", "--workspace", "--quiet"]);
    cargo
}

/// A filter that meets no test passes as well, and so does a test that skips: neither says what it
/// tried.
fn judge(text: &str, passed: bool) -> Outcome {
    let after = |mark: &str| {
        let line = text.lines().find_map(|line| line.split_once(mark));
        line.map(|(_, rest)| rest.trim().to_owned())
    };
    match (passed, after(MARK), after(SKIPPED)) {
        (true, Some(tried), _) => Outcome::Held(tried),
        (true, None, Some(why)) => Outcome::Skipped(why),
        _ => Outcome::Failed,
    }
}

fn write_row(out: &mut dyn Write, name: &str, took: Duration, outcome: &Outcome) -> Result<()> {
    let (word, rest) = match outcome {
        Outcome::Held(tried) => ("held", tried.as_str()),
        Outcome::Skipped(why) => ("SKIPPED", why.as_str()),
        Outcome::Failed => ("FAILED", "what it said stands above"),
    };
    let seconds = took.as_secs_f64();
    writeln!(out, "{name:20} {word:8} {seconds:7.1} s   {rest}")
        .context("cannot write the table")?;
    out.flush().context("cannot write the table")
}

#[cfg(test)]
mod tests {
    use super::{MARK, Outcome, VARIABLE, judge};

    /// The chores link no crate of the product's, so the words are written twice.
    #[test]
    fn the_long_tests_use_the_same_words() {
        let trial = include_str!("../../crates/trial/src/lib.rs");
        for word in [VARIABLE, MARK] {
            assert!(trial.contains(&format!(": &str = \"{word}\";")), "{word}");
        }
    }

    #[test]
    fn only_a_test_that_says_what_it_tried_has_held() {
        let passed = "test a::b ... TRIED: 300 scripts in 900 runs\nok\n";
        let held = Outcome::Held("300 scripts in 900 runs".to_owned());
        assert_eq!(judge(passed, true), held);
        assert_eq!(judge(passed, false), Outcome::Failed);
        assert_eq!(judge("test result: ok. 0 passed", true), Outcome::Failed);
        let skipped = "SKIPPED: the scripts, because there is no shell\nok\n";
        assert_eq!(
            judge(skipped, true),
            Outcome::Skipped("the scripts, because there is no shell".to_owned())
        );
    }
}
