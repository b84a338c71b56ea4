use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::{plimsoll, rows};
use crate::options::{positive, read_pairs};

/// What to measure, and on what.
pub struct Options {
    /// Runs of each side.
    pub runs: usize,
    /// The size of the generated corpus in millions of bytes.
    pub megabytes: usize,
    /// A folder to scan instead of the generated corpus.
    pub corpus: Option<PathBuf>,
    /// OSV advisories in the bucket's layout: `<ECOSYSTEM>/all.zip`.
    pub osv: PathBuf,
    /// The gitleaks rule file that both scanners read.
    pub rules: PathBuf,
    /// The one row to measure; `None` for all.
    pub only: Option<String>,
    /// Where the figures go.
    pub json: PathBuf,
}

impl Options {
    /// Reads `--name value` pairs.
    pub fn parse(root: &Path, arguments: impl Iterator<Item = String>) -> Result<Self> {
        let shared = root.join("../shared/data");
        let mut options = Self {
            runs: 5,
            megabytes: 60,
            corpus: None,
            osv: shared.join("osv"),
            rules: shared.join("gitleaks/gitleaks.toml"),
            only: None,
            json: plimsoll::target_folder(root)?.join("bench.json"),
        };
        read_pairs(arguments, |name, value| options.set(name, value))?;
        Ok(options)
    }

    fn set(&mut self, name: &str, value: String) -> Result<()> {
        match name {
            "--runs" => self.runs = positive(name, &value)?,
            "--megabytes" => self.megabytes = positive(name, &value)?,
            "--corpus" => self.corpus = Some(value.into()),
            "--osv" => self.osv = value.into(),
            "--rules" => self.rules = value.into(),
            "--json" => self.json = value.into(),
            "--only" if rows::ROWS.iter().any(|row| row.name == value) => self.only = Some(value),
            "--only" => bail!("there is no row `{value}`; hint: one of {}", rows::names()),
            _ => bail!("bench has no option `{name}`"),
        }
        Ok(())
    }
}
