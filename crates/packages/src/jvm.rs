//! Packages of the Java world: Maven, Gradle, sbt and Ivy. A build file names versions as exactly as any
//! file of theirs.

use crate::family::{CHECK_BY_OTHER_MEANS, Family};
use crate::lockfiles;

pub(crate) static FAMILY: Family = Family {
    lockfile: "a build file of the Java world",
    ecosystem: None,
    parsers: &[],
    unread_locks: &[
        "**/{pom.xml,build.gradle,build.gradle.kts,gradle.lockfile,buildscript-gradle.lockfile,build.sbt,ivy.xml}",
    ],
    unread_manifests: &[],
    fix: CHECK_BY_OTHER_MEANS,
    resolve: lockfiles::resolve,
};
