//! The options of the commands about releases in environments.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use plimsoll_model::Digest;

use super::{KeyArg, PolicyArgs, StateArg};

/// Make and list releases
#[derive(Debug, Args)]
pub(crate) struct Release {
    #[command(subcommand)]
    pub(crate) command: ReleaseCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ReleaseCommand {
    /// Make a release of files and images; prints its id
    #[command(after_help = "\
A release belongs to the service that the policy names with `service`, or to the repository's folder.

Examples:
  plimsoll release create --name shop-1.2.0 --artifact target/release/shop
  plimsoll release create --name shop-1.2.0 --artifact shop --image sha256:…")]
    Create {
        /// A name for people, which no other release of the service has
        #[arg(long)]
        name: String,
        /// A file that ships; may be repeated
        #[arg(long, value_name = "FILE", required_unless_present = "image")]
        artifact: Vec<PathBuf>,
        /// The digest of the manifest of an image that ships; may be repeated
        #[arg(long, value_name = "DIGEST")]
        image: Vec<Digest>,
        #[command(flatten)]
        policy: PolicyArgs,
        #[command(flatten)]
        state: StateArg,
    },
    /// List the releases of the service
    List {
        #[command(flatten)]
        policy: PolicyArgs,
        #[command(flatten)]
        state: StateArg,
    },
}

/// What every command about a release in an environment needs.
#[derive(Debug, Clone, Args)]
pub(crate) struct ReleaseArgs {
    /// The release: its id or its name
    pub(crate) release: String,
    /// The environment
    #[arg(long, value_name = "ENVIRONMENT")]
    pub(crate) to: String,
    #[command(flatten)]
    pub(crate) key: KeyArg,
    #[command(flatten)]
    pub(crate) policy: PolicyArgs,
    #[command(flatten)]
    pub(crate) state: StateArg,
}

/// Decide whether a release may enter an environment and, if so, deploy it
#[derive(Debug, Args)]
#[command(after_help = "\
Exit code 2 means that it waits, for example for an approval; run it again then.

Examples:
  plimsoll promote shop-1.2.0 --to staging --key author.key --policy policy.toml@sha256:…")]
pub(crate) struct Promote {
    #[command(flatten)]
    pub(crate) args: ReleaseArgs,
}

/// Sign that a release may enter an environment
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  plimsoll approve shop-1.2.0 --to production --key colleague.key --policy policy.toml@sha256:…")]
pub(crate) struct Approve {
    #[command(flatten)]
    pub(crate) args: ReleaseArgs,
    /// For how many hours the approval counts
    #[arg(long, default_value_t = 24, value_name = "HOURS", value_parser = clap::value_parser!(u16).range(1..=720))]
    pub(crate) valid_for: u16,
}

/// Put the release that was healthy before back into an environment
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  plimsoll rollback --environment production --key author.key --policy policy.toml@sha256:…")]
pub(crate) struct Rollback {
    /// The environment
    #[arg(long)]
    pub(crate) environment: String,
    #[command(flatten)]
    pub(crate) key: KeyArg,
    #[command(flatten)]
    pub(crate) policy: PolicyArgs,
    #[command(flatten)]
    pub(crate) state: StateArg,
}

/// Show what runs where
#[derive(Debug, Args)]
pub(crate) struct Status {
    #[command(flatten)]
    pub(crate) policy: PolicyArgs,
    #[command(flatten)]
    pub(crate) state: StateArg,
    /// Write JSON
    #[arg(long)]
    pub(crate) json: bool,
}
