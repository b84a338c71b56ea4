//! The options of `attest`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{KeyArg, PolicyArgs, StateArg};

/// Sign what was seen, and append it to the ledger
#[derive(Debug, Args)]
pub(crate) struct Attest {
    #[command(subcommand)]
    pub(crate) command: AttestCommand,
}

/// What every kind of evidence needs.
#[derive(Debug, Clone, Args)]
pub(crate) struct AttestArgs {
    #[command(flatten)]
    pub(crate) key: KeyArg,
    #[command(flatten)]
    pub(crate) state: StateArg,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AttestCommand {
    /// Inspect a commit and sign the outcome
    #[command(after_help = "\
Examples:
  plimsoll attest inspection --key builder.key --policy policy.toml@sha256:…")]
    Inspection {
        #[command(flatten)]
        attest: AttestArgs,
        #[command(flatten)]
        policy: PolicyArgs,
        /// The commit
        #[arg(long, default_value = "HEAD", value_name = "REV")]
        rev: String,
        /// The folder with the advisory databases
        #[arg(long, value_name = "DIR", env = "PLIMSOLL_DB")]
        db: Option<PathBuf>,
    },
    /// Run the tests of a clean commit and sign their result
    #[command(after_help = "\
The number of tests is read from what the runner prints (cargo test, pytest, go test -v …); a command that shows no test that ran
proves nothing.

Examples:
  plimsoll attest test --key builder.key -- cargo test --locked")]
    Test {
        #[command(flatten)]
        attest: AttestArgs,
        /// The test command
        #[arg(last = true, required = true)]
        command: Vec<String>,
    },
    /// Run the build and sign where the artifact comes from
    #[command(after_help = "\
Examples:
  plimsoll attest build --key builder.key --builder ci --artifact target/release/shop -- cargo build --release")]
    Build {
        #[command(flatten)]
        attest: AttestArgs,
        /// The id of the [[builder]] whose key signs
        #[arg(long, value_name = "ID")]
        builder: String,
        /// The file that the build makes
        #[arg(long, value_name = "FILE")]
        artifact: PathBuf,
        /// The build command
        #[arg(last = true, required = true)]
        command: Vec<String>,
    },
    /// List the components of an artifact's commit and sign the list
    #[command(after_help = "\
Examples:
  plimsoll attest sbom --key builder.key --artifact target/release/shop")]
    Sbom {
        #[command(flatten)]
        attest: AttestArgs,
        /// The artifact that the list is about
        #[arg(long, value_name = "FILE")]
        artifact: PathBuf,
        /// The commit it was built from
        #[arg(long, default_value = "HEAD", value_name = "REV")]
        rev: String,
    },
}
