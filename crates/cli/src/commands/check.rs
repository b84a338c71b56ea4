//! `plimsoll check`.

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;

use plimsoll_engine::source::Cache;
use plimsoll_engine::{Check, Checked, Inspectors, Options, check};
use plimsoll_model::Told;

use crate::args;
use crate::commands::open;
use crate::exit::Exit;
use crate::render;

/// Inspects, judges, shows.
pub(crate) fn run(args: &args::Check) -> Result<Exit, Told> {
    let named = open::tree(&args.path, args.rev.as_deref())?;
    let trusted = open::policy(&args.policy, &args.path)?;
    let home = open::home();
    let site = open::site(&trusted, &args.path, args.db.as_deref(), home.as_deref());
    let inspectors = Inspectors::prepare(&trusted.effective, &site)?;
    let cache = if args.no_cache {
        None
    } else {
        open::cache(&args.path)
    };
    let progress = Progress::new();
    let checked = check(&Check {
        tree: named.tree.as_ref(),
        subject_name: named.name,
        subject: named.subject,
        trusted: &trusted,
        options: Options {
            inspectors: &inspectors,
            cache: cache.as_ref(),
            progress: &|files| progress.show(files),
            site: Some(site),
            scope: named.scope,
        },
        now: site.now,
    });
    progress.clear();
    write(&checked, args.format, args.output.as_deref())?;
    save(cache);
    Ok(Exit::Decided(checked.report.verdict.outcome))
}

/// Keeps what was extracted for the next run.
fn save(cache: Option<Cache>) {
    if let Some(Err(error)) = cache.map(Cache::save) {
        // Only the next run is slower: what was found stands all the same.
        anstream::eprintln!(
            "warning: nothing is kept for the next run: {error}: {}\nhint: --no-cache",
            error.source
        );
    }
}

fn write(checked: &Checked, format: args::Format, output: Option<&Path>) -> Result<(), Told> {
    let format = match format {
        args::Format::Text => return open::write(output, |out| render::report(checked, out)),
        args::Format::Json => plimsoll_engine::Format::Json,
        args::Format::Sarif => plimsoll_engine::Format::Sarif,
        args::Format::Markdown => plimsoll_engine::Format::Markdown,
    };
    open::write(output, |out| format.write(&checked.report, out))
}

/// The number of files on a terminal's standard error, while it grows.
struct Progress {
    shown: bool,
}

impl Progress {
    fn new() -> Self {
        Self {
            shown: std::io::stderr().is_terminal(),
        }
    }

    fn show(&self, files: u64) {
        if self.shown && files.is_multiple_of(512) {
            show_on_stderr(&format!("\r{files} files"));
        }
    }

    fn clear(&self) {
        if self.shown {
            show_on_stderr("\r\u{1b}[K");
        }
    }
}

/// Progress that cannot be shown is no reason to stop.
fn show_on_stderr(text: &str) {
    let mut out = std::io::stderr().lock();
    drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}
