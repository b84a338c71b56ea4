//! `plimsoll check`.

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;

use jiff::Timestamp;
use plimsoll_engine::source::Cache;
use plimsoll_engine::{Check, Checked, Options, check, database_folder, secret_rules};

use crate::args;
use crate::commands::open;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render;

/// Inspects, judges, shows.
pub(crate) fn run(args: &args::Check) -> Result<Exit, Failure> {
    let (tree, subject_name, subject) = open::tree(&args.path, args.rev.as_deref())?;
    let trusted = open::policy(&args.policy, &args.path)?;
    let rules = secret_rules(&trusted)?;
    let cache = if args.no_cache {
        None
    } else {
        open::cache(&args.path)
    };
    let user = open::user_databases();
    let progress = Progress::new();
    let checked = check(&Check {
        tree: tree.as_ref(),
        subject_name,
        subject,
        trusted: &trusted,
        options: Options {
            rules: &rules,
            cache: cache.as_ref(),
            progress: &|files| progress.show(files),
        },
        databases: &database_folder(args.db.as_deref(), &trusted, &args.path, user.as_deref())?,
        now: Timestamp::now(),
    });
    progress.clear();
    write(&checked, args.format, args.output.as_deref())?;
    if let Some(Err(error)) = cache.map(Cache::save) {
        // Only the next run is slower: what was found stands all the same.
        anstream::eprintln!(
            "warning: nothing is kept for the next run: {error}: {}\nhint: --no-cache",
            error.source
        );
    }
    Ok(Exit::Decided(checked.report.verdict.outcome))
}

fn write(checked: &Checked, format: args::Format, output: Option<&Path>) -> Result<(), Failure> {
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
