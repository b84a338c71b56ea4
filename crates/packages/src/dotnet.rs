//! .NET packages of `NuGet` and Paket.

use crate::family::{CHECK_BY_OTHER_MEANS, Family};
use crate::lockfiles;

pub(crate) static FAMILY: Family = Family {
    lockfile: "a .NET lockfile",
    ecosystem: None,
    parsers: &[],
    unread_locks: &["**/{packages.lock.json,packages.config,paket.lock}"],
    unread_manifests: &["**/{*.csproj,*.fsproj,*.vbproj,Directory.Packages.props}"],
    fix: CHECK_BY_OTHER_MEANS,
    resolve: lockfiles::resolve,
};
