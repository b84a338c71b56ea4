//! `plimsoll db`.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use plimsoll_engine::advisories::{
    Database, ImportOptions, Imported, Limits, Progress, Source, import,
};
use plimsoll_engine::{ADVISORIES_FOLDER, ecosystems};
use plimsoll_model::{Class, Ecosystem, Outcome, Told};

use crate::args::DbCommand;
use crate::commands::open;
use crate::exit::Exit;
use crate::render::clean;

/// Imports or shows databases.
pub(crate) fn run(command: DbCommand) -> Result<Exit, Told> {
    match command {
        DbCommand::Import {
            source,
            into,
            ecosystem,
            as_of,
        } => {
            let into = folder(into)?;
            let options = ImportOptions {
                ecosystems: ecosystem.into_iter().map(Ecosystem::new).collect(),
                as_of,
                rules: ecosystems(),
                now: Timestamp::now(),
                limits: Limits::default(),
            };
            let imported = import(&source_of(&source), &into, &options, &mut show_progress)?;
            show_imported(&imported, &into)
        }
        DbCommand::Status { db } => status(&folder(db)?),
    }
}

fn folder(named: Option<PathBuf>) -> Result<PathBuf, Told> {
    let own = open::home().map(|home| home.join(ADVISORIES_FOLDER));
    named.or(own).ok_or_else(|| {
        Told::new(
            Class::Configuration,
            "neither XDG_DATA_HOME nor HOME is set",
        )
        .with_hint("name the folder with --into or --db")
    })
}

fn source_of(source: &str) -> Source {
    let path = PathBuf::from(source);
    if source.starts_with("https://") || source.starts_with("http://") {
        Source::Bucket(source.to_owned())
    } else if path.is_dir() {
        Source::Folder(path)
    } else {
        Source::Zip(path)
    }
}

fn show_progress(progress: Progress) {
    let mut out = anstream::stderr().lock();
    let shown = match progress {
        Progress::Fetching { ecosystem } => writeln!(out, "fetching {ecosystem} …"),
        Progress::Reading { records } if records.is_multiple_of(10_000) => {
            writeln!(out, "{records} records …")
        }
        _ => Ok(()),
    };
    // Progress that cannot be shown is no reason to stop.
    drop(shown);
}

/// Records that could not be read make the exit code 2: about them nothing is known.
fn show_imported(imported: &Imported, into: &Path) -> Result<Exit, Told> {
    let mut unreadable = 0;
    open::write(None, |out| {
        for database in &imported.databases {
            let identity = &database.identity;
            writeln!(
                out,
                "{:<12} {:>7} records  as of {}  {:>9} bytes  {}",
                identity.ecosystem.as_str(),
                identity.records,
                identity.as_of.strftime("%Y-%m-%d"),
                database.size_bytes,
                identity.digest
            )?;
            unreadable += database.unreadable_count;
            for record in &database.unreadable {
                writeln!(
                    out,
                    "  not read: {}: {}",
                    clean(&record.name),
                    clean(&record.reason)
                )?;
            }
        }
        writeln!(out, "imported into {}", into.display())
    })?;
    Ok(Exit::Decided(if unreadable == 0 {
        Outcome::Allow
    } else {
        Outcome::Unknown
    }))
}

fn status(folder: &Path) -> Result<Exit, Told> {
    let database = Database::open(folder, &ecosystems())?;
    database.verify()?;
    let identities = database.identity();
    open::write(None, |out| {
        for identity in &identities {
            writeln!(
                out,
                "{:<12} {:>7} records  as of {}  {}",
                identity.ecosystem.as_str(),
                identity.records,
                identity.as_of.strftime("%Y-%m-%d %H:%M"),
                identity.digest
            )?;
        }
        if identities.is_empty() {
            writeln!(
                out,
                "no advisory database in {}\nhint: plimsoll db import SOURCE",
                folder.display()
            )?;
        }
        Ok(())
    })?;
    Ok(Exit::Decided(if identities.is_empty() {
        Outcome::Unknown
    } else {
        Outcome::Allow
    }))
}
