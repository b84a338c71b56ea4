//! `cargo xtask`: the project's own chores.
//!
//! `tidy` judges the shape of the work tree, `prove` runs the long tests with their full counts,
//! `bench` measures the release binary beside named peers. Nothing here is part of what users install.

use std::io::{stderr, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use xtask::{bench, cargo, prove, tidy};

const USAGE: &str = "\
cargo xtask tidy                 judge the shape of the work tree
    --shrink          first write into the list of long functions what became shorter
cargo xtask prove [OPTIONS]      run the long tests with their full counts
    --only NAME       one of them
    --scale N         N times the full count (default 1)
cargo xtask bench [OPTIONS]      measure the release binary beside its peers
    --runs N          runs of each side, interleaved (default 5)
    --megabytes N     size of the generated corpus (default 60)
    --corpus DIR      scan this folder instead of the generated corpus
    --osv DIR         OSV advisories in the bucket's layout (default ../shared/data/osv)
    --rules FILE      the gitleaks rule file both scanners use
                      (default ../shared/data/gitleaks/gitleaks.toml)
    --only ROW        one row of: start, secrets, second-run, matching
    --json FILE       where the figures go (default bench.json in the target folder)";

fn main() -> ExitCode {
    match run(std::env::args().skip(1).collect()) {
        Ok(code) => code,
        Err(error) => {
            print_error(&error);
            ExitCode::from(70)
        }
    }
}

fn run(arguments: Vec<String>) -> Result<ExitCode> {
    let root = workspace_root()?;
    let mut arguments = arguments.into_iter();
    match arguments.next().as_deref() {
        Some("tidy") => {
            match arguments.next().as_deref() {
                None => {}
                Some("--shrink") => tidy::shrink(&root)?,
                Some(other) => bail!("`{other}` is no option of tidy\n{USAGE}"),
            }
            tidy::report(&root, &mut stdout())
        }
        Some("prove") => prove::run(&root, &prove::Options::parse(arguments)?, &mut stdout()),
        Some("bench") if cfg!(debug_assertions) => optimised(&root, arguments),
        Some("bench") => {
            let options = bench::Options::parse(&root, arguments)?;
            bench::run(&root, &options, &mut stdout(), &mut stderr())
        }
        _ => bail!("no such chore; hint: one of\n{USAGE}"),
    }
}

/// Starts `bench` again in an optimised build: it holds a peer of its own, which must not be slow
/// for want of a compiler flag.
fn optimised(root: &Path, arguments: impl Iterator<Item = String>) -> Result<ExitCode> {
    let mut cargo = cargo::command(root);
    cargo.args([
        "run",
        "--release",
        "--quiet",
        "--package",
        "xtask",
        "--",
        "bench",
    ]);
    let status = cargo
        .args(arguments)
        .status()
        .context("cannot start `cargo run --release`")?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(70)
    })
}

/// Where Cargo started this from: a build folder may be shared by several clones, and a clone must not
/// be judged in the place of another.
fn workspace_root() -> Result<PathBuf> {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR").context("run this as `cargo xtask`")?;
    Path::new(&manifest)
        .parent()
        .map(Path::to_owned)
        .context("xtask lies in a folder of the workspace")
}

#[expect(
    clippy::print_stderr,
    reason = "this is a command line, and stderr is where its errors go"
)]
fn print_error(error: &anyhow::Error) {
    eprintln!("error: {error:#}");
}
