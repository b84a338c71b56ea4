//! The command line: every command, its options and its help.

mod evidence;
mod releases;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;
use jiff::tz::TimeZone;

pub(crate) use evidence::{Attest, AttestArgs, AttestCommand};
pub(crate) use releases::{
    Approve, Promote, Release, ReleaseArgs, ReleaseCommand, Rollback, Status,
};

/// Stands between a commit and production: inspects what is about to ship, signs what it saw, lets a
/// release into an environment only when the evidence says so, deploys it and rolls it back.
#[derive(Debug, Parser)]
#[command(name = "plimsoll", version, propagate_version = true, max_term_width = 100, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub(crate) color: Color,
}

const EXIT_CODES: &str = "\
Exit codes:
  0   allowed
  1   something denies
  2   nothing denies, but something could not be checked or is not proven
  64  the command line is wrong
  65  something that it names is absent or cannot be used: a policy, a key, a revision, a file
  70  an internal error
  75  a deployment failed and was rolled back";

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Check(Check),
    Sbom(Sbom),
    Db(Db),
    Key(Key),
    Sign(Sign),
    Verify(Verify),
    Attest(Attest),
    Release(Release),
    Promote(Promote),
    Approve(Approve),
    Rollback(Rollback),
    Status(Status),
    Ledger(Ledger),
    Explain(Explain),
    Init(Init),
    Demo(Demo),
}

/// Inspect a folder or a commit and judge it by the policy
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  plimsoll check
  plimsoll check --rev HEAD --policy /etc/plimsoll.toml@sha256:…
  plimsoll check --base origin/main --format sarif --output plimsoll.sarif")]
pub(crate) struct Check {
    /// The folder to inspect
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,

    /// Inspect this revision of the folder's repository instead of the files on disk
    #[arg(long, value_name = "REV")]
    pub(crate) rev: Option<String>,

    #[command(flatten)]
    pub(crate) policy: PolicyArgs,

    /// The folder with the advisory databases
    #[arg(long, value_name = "DIR", env = "PLIMSOLL_DB")]
    pub(crate) db: Option<PathBuf>,

    /// How to write the report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,

    /// Write the report to a file
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Read every file anew, and keep nothing for the next run
    #[arg(long)]
    pub(crate) no_cache: bool,
}

/// Where the policy comes from.
#[derive(Debug, Clone, Args)]
pub(crate) struct PolicyArgs {
    /// The trusted policy: a file, pinned by the digest of its bytes
    #[arg(
        long,
        value_name = "FILE[@sha256:DIGEST]",
        env = "PLIMSOLL_POLICY",
        conflicts_with = "base"
    )]
    pub(crate) policy: Option<String>,

    /// Take the trusted policy from plimsoll.toml at this protected revision
    #[arg(long, value_name = "REV")]
    pub(crate) base: Option<String>,
}

/// The form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For a person at a terminal.
    Text,
    /// Plimsoll's own JSON.
    Json,
    /// SARIF 2.1.0.
    Sarif,
    /// Markdown for a comment.
    Markdown,
}

/// List the components of a folder or a commit as CycloneDX 1.6
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  plimsoll sbom --output sbom.cdx.json
  plimsoll sbom --rev HEAD")]
pub(crate) struct Sbom {
    /// The folder
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,

    /// List this revision of the folder's repository instead of the files on disk
    #[arg(long, value_name = "REV")]
    pub(crate) rev: Option<String>,

    /// Write to a file
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// Import and show advisory databases
#[derive(Debug, Args)]
pub(crate) struct Db {
    #[command(subcommand)]
    pub(crate) command: DbCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DbCommand {
    /// Import OSV advisories from a zip, a folder or a bucket
    #[command(after_help = "\
Examples:
  plimsoll db import advisories/ --into .plimsoll/advisories
  plimsoll db import all.zip --as-of 2026-11-20
  plimsoll db import https://advisories.example/osv --ecosystem crates.io --ecosystem npm")]
    Import {
        /// A zip of OSV records, a folder of them, or the URL of a bucket
        source: String,
        /// Where to keep the databases; the user's data folder by default
        #[arg(long, value_name = "DIR", env = "PLIMSOLL_DB")]
        into: Option<PathBuf>,
        /// Only these ecosystems, by their OSV names; needed for a bucket
        #[arg(long, value_name = "NAME")]
        ecosystem: Vec<String>,
        /// The day (UTC) up to which the source is complete; by default that of its newest change
        #[arg(long, value_name = "DATE", value_parser = day)]
        as_of: Option<Timestamp>,
    },
    /// Show the databases, their digests and their age
    Status {
        /// The folder; the user's data folder by default
        #[arg(long, value_name = "DIR", env = "PLIMSOLL_DB")]
        db: Option<PathBuf>,
    },
}

/// Make and show keys
#[derive(Debug, Args)]
pub(crate) struct Key {
    #[command(subcommand)]
    pub(crate) command: KeyCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a P-256 key pair that cosign can read: NAME.key and NAME.pub
    #[command(after_help = "\
The private key is encrypted under the password in PLIMSOLL_PASSWORD or COSIGN_PASSWORD.

Examples:
  plimsoll key generate builder")]
    Generate {
        /// The path of the two files without their endings
        name: PathBuf,
    },
    /// Show the id of a public key, as `[[person]]` and `[[builder]]` name it
    Show {
        /// The public key
        file: PathBuf,
    },
}

/// Sign a file; cosign verifies the bundle
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  plimsoll sign record-store --key builder.key --bundle record-store.bundle
  cosign verify-blob --key builder.pub --bundle record-store.bundle --insecure-ignore-tlog record-store")]
pub(crate) struct Sign {
    /// The file
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) key: KeyArg,
    /// Where to write the bundle
    #[arg(long, value_name = "FILE")]
    pub(crate) bundle: PathBuf,
}

/// The key that signs.
#[derive(Debug, Clone, Args)]
pub(crate) struct KeyArg {
    /// The private key; its password is in `PLIMSOLL_PASSWORD` or `COSIGN_PASSWORD`
    #[arg(long, value_name = "FILE", env = "PLIMSOLL_KEY")]
    pub(crate) key: PathBuf,
}

/// Verify a signed file, also one signed by cosign
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  plimsoll verify record-store --key builder.pub --bundle record-store.bundle")]
pub(crate) struct Verify {
    /// The file
    pub(crate) file: PathBuf,
    /// The public key that must have signed it
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
    /// The bundle
    #[arg(long, value_name = "FILE")]
    pub(crate) bundle: PathBuf,
}

/// The folder with the ledger.
#[derive(Debug, Clone, Args)]
pub(crate) struct StateArg {
    /// The folder with the ledger and what is deployed
    #[arg(
        long,
        value_name = "DIR",
        env = "PLIMSOLL_STATE",
        default_value = ".plimsoll"
    )]
    pub(crate) state: PathBuf,
}

/// Read and prove the history
#[derive(Debug, Args)]
pub(crate) struct Ledger {
    #[command(subcommand)]
    pub(crate) command: LedgerCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LedgerCommand {
    /// Prove that nothing in the history was changed, removed or put in between
    #[command(after_help = "\
Whoever can write to the ledger's folder can also rewrite all of it: keep checkpoints elsewhere and name one with --checkpoint.

Examples:
  plimsoll ledger verify
  plimsoll ledger verify --checkpoint checkpoint-2026-06-01.txt")]
    Verify {
        #[command(flatten)]
        state: StateArg,
        /// A checkpoint that was kept elsewhere, which the history must still contain
        #[arg(long, value_name = "FILE")]
        checkpoint: Option<PathBuf>,
    },
    /// List the events
    Log {
        #[command(flatten)]
        state: StateArg,
        /// Write JSON lines
        #[arg(long)]
        json: bool,
    },
    /// Print the newest signed checkpoint, to be kept elsewhere
    Checkpoint {
        #[command(flatten)]
        state: StateArg,
    },
}

/// Explain a rule, gap or reason: what it finds, leaves unchecked or says, why that matters, what to do
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  plimsoll explain path/push-before-scan
  plimsoll explain dependency/unlocked-manifest
  plimsoll explain decision/origin-unsigned
  plimsoll explain")]
pub(crate) struct Explain {
    /// The id of the rule, gap or reason; all are listed without one
    pub(crate) rule: Option<String>,
}

/// Write a plimsoll.toml to start from
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The folder
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
}

/// Run the whole line once, in a scratch folder: a flawed shop is denied, fixed, proven and shipped
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Keep the scratch folder and work in this one, which must not exist yet
    #[arg(long, value_name = "DIR")]
    pub(crate) into: Option<PathBuf>,
    /// The example shop
    #[arg(long, value_name = "DIR", env = "PLIMSOLL_EXAMPLE")]
    pub(crate) example: Option<PathBuf>,
}

/// The beginning of a day in UTC.
fn day(text: &str) -> Result<Timestamp, jiff::Error> {
    let day: jiff::civil::Date = text.parse()?;
    Ok(day.to_zoned(TimeZone::UTC)?.timestamp())
}
