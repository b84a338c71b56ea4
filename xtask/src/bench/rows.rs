//! What is measured, one function a row.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::linear::Database;
use super::measure::{interleaved, timed};
use super::peer::Peer;
use super::plimsoll::{DEPENDENCIES_POLICY, Product, VERDICTS, findings, secrets_policy};
use super::table::Figures;
use super::{Options, corpus, linear, lockfile};

/// What every row is measured with.
pub(super) struct Bench<'a> {
    pub(super) product: &'a Product,
    pub(super) options: &'a Options,
    pub(super) scratch: &'a Path,
}

/// A row by its name.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) measure: fn(&Bench<'_>, &mut Figures) -> Result<()>,
}

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "start",
        measure: start,
    },
    Row {
        name: "secrets",
        measure: secrets,
    },
    Row {
        name: "second-run",
        measure: second_run,
    },
    Row {
        name: "matching",
        measure: matching,
    },
];

/// The names of all rows, for a hint.
pub(super) fn names() -> String {
    ROWS.iter()
        .map(|row| row.name)
        .collect::<Vec<_>>()
        .join(", ")
}

const OURS: &str = "plimsoll";
const ABSENT: &str = "it is neither on the PATH nor in the folder of .ci/peers";
/// How many components the matching row has.
const COMPONENTS: usize = 1_000;

/// From the shell to the version and back, beside two Go programs.
fn start(bench: &Bench<'_>, figures: &mut Figures) -> Result<()> {
    for name in ["gitleaks", "cosign"] {
        let Some(peer) = Peer::find(name) else {
            figures.skip("start", name, ABSENT);
            continue;
        };
        let label = peer.label(&["version"])?;
        let taken = interleaved(
            bench.options.runs.max(20),
            &mut [
                &mut || time(&mut bench.product.version(), &[0]),
                &mut || time(peer.command().arg("version"), &[0]),
            ],
        )?;
        figures.add("start", (OURS, &taken[0]), (&label, &taken[1]), "");
    }
    Ok(())
}

/// A tree of text searched for secrets by one rule file, without a cache of earlier runs.
fn secrets(bench: &Bench<'_>, figures: &mut Figures) -> Result<()> {
    let Some(rules) = bench.rules(figures, "secrets") else {
        return Ok(());
    };
    let Some(peer) = Peer::find("gitleaks") else {
        figures.skip("secrets", "gitleaks", ABSENT);
        return Ok(());
    };
    let (tree, bytes) = bench.tree()?;
    let policy = bench.write("secrets.toml", &secrets_policy(&rules))?;
    let (mut ours, mut theirs) = (0, 0);
    let report = bench.scratch.join("gitleaks.json");
    let taken = interleaved(
        bench.options.runs,
        &mut [
            &mut || {
                let cache = bench.fresh()?;
                let (taken, output) =
                    timed(&mut bench.check(&tree, &policy, cache.path()), VERDICTS)?;
                ours = findings(&output.stdout)?;
                Ok(taken)
            },
            &mut || {
                let taken = time(&mut gitleaks(&peer, &tree, &rules, &report), &[0])?;
                theirs = count(&report)?;
                Ok(taken)
            },
        ],
    )?;
    let speed = |times: &[f64]| mean_speed(bytes, times);
    let note = format!(
        "{} MB, {:.0} MB/s beside {:.0} MB/s, {ours} findings beside {theirs}",
        bytes / 1_000_000,
        speed(&taken[0]),
        speed(&taken[1]),
    );
    figures.add(
        "secrets",
        (OURS, &taken[0]),
        (&peer.label(&["version"])?, &taken[1]),
        note,
    );
    Ok(())
}

/// The same tree twice: what the facts of the first run save the second.
fn second_run(bench: &Bench<'_>, figures: &mut Figures) -> Result<()> {
    let (tree, bytes) = bench.tree()?;
    let policy = bench.write("own-rules.toml", "")?;
    let kept = Cell::new(None);
    let taken = interleaved(
        bench.options.runs,
        &mut [
            &mut || {
                let cache = bench.fresh()?;
                let taken = time(&mut bench.check(&tree, &policy, cache.path()), VERDICTS)?;
                kept.set(Some(cache));
                Ok(taken)
            },
            &mut || {
                let cache = kept
                    .take()
                    .context("the second run comes after the first")?;
                time(&mut bench.check(&tree, &policy, cache.path()), VERDICTS)
            },
        ],
    )?;
    let note = format!("unchanged tree of {} MB", bytes / 1_000_000);
    figures.add(
        "second-run",
        ("plimsoll, second run", &taken[1]),
        ("plimsoll, first run", &taken[0]),
        note,
    );
    Ok(())
}

/// 1,000 components against an imported database, beside reading and comparing every advisory.
fn matching(bench: &Bench<'_>, figures: &mut Figures) -> Result<()> {
    let osv = &bench.options.osv;
    if !osv.join(linear::ZIP).is_file() {
        let because = format!(
            "there is no {} (hint: --osv DIR)",
            osv.join(linear::ZIP).display()
        );
        figures.skip("matching", "a linear evaluator", &because);
        return Ok(());
    }
    let (lock, components) = lockfile::write(&Database::read(osv)?, COMPONENTS)?;
    let tree = bench.scratch.join("components");
    fs::create_dir_all(&tree).context("cannot make the folder of components")?;
    fs::write(tree.join("Cargo.lock"), lock).context("cannot write the lockfile")?;
    let policy = bench.write("dependencies.toml", DEPENDENCIES_POLICY)?;
    timed(
        &mut bench
            .product
            .import(osv, linear::ECOSYSTEM, &bench.databases()),
        VERDICTS,
    )?;
    let kept = Cell::new(None);
    let (mut ours, mut theirs) = (0, 0);
    let taken = interleaved(
        bench.options.runs,
        &mut [
            &mut || {
                let cache = bench.fresh()?;
                let taken = time(&mut bench.check(&tree, &policy, cache.path()), VERDICTS)?;
                kept.set(Some(cache));
                Ok(taken)
            },
            &mut || {
                let cache = kept.take().context("the warm run comes after the first")?;
                let (taken, output) =
                    timed(&mut bench.check(&tree, &policy, cache.path()), VERDICTS)?;
                ours = findings(&output.stdout)?;
                Ok(taken)
            },
            &mut || {
                let begun = Instant::now();
                theirs = Database::read(osv)?.matches(&components);
                Ok(begun.elapsed())
            },
        ],
    )?;
    let note = format!("{COMPONENTS} components, {ours} findings beside {theirs} matches");
    let linear = ("a linear evaluator", taken[2].as_slice());
    figures.add("matching", ("plimsoll, first", &taken[0]), linear, &*note);
    figures.add("matching", ("plimsoll, warm", &taken[1]), linear, note);
    matching_beside_scanner(bench, figures, &tree, &policy)
}

fn matching_beside_scanner(
    bench: &Bench<'_>,
    figures: &mut Figures,
    tree: &Path,
    policy: &Path,
) -> Result<()> {
    let Some(peer) = Peer::find("osv-scanner") else {
        figures.skip("matching", "osv-scanner", ABSENT);
        return Ok(());
    };
    let database = bench.scratch.join("osv-scanner-home");
    let folder = database.join("osv-scanner").join(linear::ECOSYSTEM);
    fs::create_dir_all(&folder).context("cannot make the database of osv-scanner")?;
    fs::copy(bench.options.osv.join(linear::ZIP), folder.join("all.zip"))
        .context("cannot copy the advisories")?;
    let label = peer.label(&["--version"])?;
    let offline = if label.contains(" 1.") {
        "--experimental-offline"
    } else {
        "--offline"
    };
    let mut scan = || {
        let mut command = peer.command();
        command
            .args(["scan", offline, "--format", "json", "--lockfile"])
            .arg(tree.join("Cargo.lock"));
        command.env("OSV_SCANNER_LOCAL_DB_CACHE_DIRECTORY", &database);
        time(&mut command, &[0, 1])
    };
    let cache = bench.fresh()?;
    let taken = interleaved(
        bench.options.runs,
        &mut [
            &mut || time(&mut bench.check(tree, policy, cache.path()), VERDICTS),
            &mut scan,
        ],
    )?;
    let note = format!("{COMPONENTS} components, both offline");
    figures.add(
        "matching",
        ("plimsoll, warm", &taken[0]),
        (&label, &taken[1]),
        note,
    );
    Ok(())
}

impl Bench<'_> {
    fn check(&self, tree: &Path, policy: &Path, cache: &Path) -> Command {
        self.product.check(tree, policy, &self.databases(), cache)
    }

    /// Where the imported advisories are.
    fn databases(&self) -> PathBuf {
        self.scratch.join("advisories")
    }

    /// A folder for the facts of one run.
    fn fresh(&self) -> Result<tempfile::TempDir> {
        tempfile::tempdir_in(self.scratch).context("cannot make a folder for the cache")
    }

    /// The tree to scan and its size in bytes: the given one, or the generated one.
    fn tree(&self) -> Result<(PathBuf, u64)> {
        if let Some(given) = &self.options.corpus {
            return Ok((given.clone(), size(given)?));
        }
        let folder = self.scratch.join("corpus");
        let corpus = corpus::write(&folder, self.options.megabytes)?;
        Ok((folder, corpus.bytes))
    }

    fn rules(&self, figures: &mut Figures, row: &str) -> Option<PathBuf> {
        let found = fs::canonicalize(&self.options.rules).ok();
        if found.is_none() {
            let because = format!(
                "there is no rule file {} (hint: --rules FILE)",
                self.options.rules.display()
            );
            figures.skip(row, "gitleaks", &because);
        }
        found
    }

    fn write(&self, name: &str, text: &str) -> Result<PathBuf> {
        let file = self.scratch.join(name);
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        Ok(file)
    }
}

fn gitleaks(peer: &Peer, tree: &Path, rules: &Path, report: &Path) -> Command {
    let mut command = peer.command();
    command
        .arg("dir")
        .arg(tree)
        .args(["--no-banner", "--exit-code", "0", "--log-level", "error"]);
    command
        .arg("--config")
        .arg(rules)
        .args(["--report-format", "json", "--report-path"])
        .arg(report);
    command
}

fn count(report: &Path) -> Result<usize> {
    let text =
        fs::read_to_string(report).with_context(|| format!("cannot read {}", report.display()))?;
    let leaks: Vec<serde::de::IgnoredAny> =
        serde_json::from_str(&text).context("cannot read the report of gitleaks")?;
    Ok(leaks.len())
}

fn time(command: &mut Command, accepted: &[i32]) -> Result<Duration> {
    timed(command, accepted).map(|(taken, _)| taken)
}

fn size(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in ignore::Walk::new(folder) {
        let entry = entry.with_context(|| format!("cannot walk {}", folder.display()))?;
        bytes += entry.metadata().context("cannot read a file's size")?.len();
    }
    if bytes == 0 {
        bail!("{} holds nothing to scan", folder.display());
    }
    Ok(bytes)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a speed in MB/s needs no more than 52 bits"
)]
fn mean_speed(bytes: u64, times_ms: &[f64]) -> f64 {
    bytes as f64 / 1e3 * times_ms.len() as f64 / times_ms.iter().sum::<f64>()
}
