//! Lockfiles and manifests of known formats that this build has no reader for: each is a gap, so that
//! a project is never called clean because nobody could read it.

use std::collections::BTreeSet;

use plimsoll_model::Location;
use plimsoll_source::TextFile;

use crate::facts::{Covers, Family, Lock, Manifest};
use crate::{Facts, Parser, gap};

pub(crate) static PARSER: Parser = Parser {
    id: "unread/2",
    globs: GLOBS,
    read,
};

const GLOBS: &[&str] = &[
    "**/{yarn.lock,pnpm-lock.yaml,bun.lock,bun.lockb,npm-shrinkwrap.yaml}",
    "**/{poetry.lock,uv.lock,pdm.lock,Pipfile,Pipfile.lock,pylock.toml,pylock.*.toml,conda-lock.yml}",
    "**/{go.mod,go.sum,Gopkg.lock,glide.lock}",
    "**/{Gemfile,Gemfile.lock,gems.rb,gems.locked,*.gemspec}",
    "**/{composer.json,composer.lock}",
    "**/{pom.xml,build.gradle,build.gradle.kts,gradle.lockfile,buildscript-gradle.lockfile,build.sbt,ivy.xml}",
    "**/{packages.lock.json,packages.config,paket.lock,*.csproj,*.fsproj,*.vbproj,Directory.Packages.props}",
    "**/{pubspec.yaml,pubspec.lock,mix.exs,mix.lock,Package.swift,Package.resolved}",
    "**/{Podfile,Podfile.lock,Cartfile.resolved,stack.yaml.lock,cabal.project.freeze,renv.lock}",
    "**/{deno.lock,conan.lock,conanfile.txt,MODULE.bazel.lock,flake.lock}",
];

/// How one file name is judged.
#[derive(Clone, Copy)]
enum Role {
    /// It pins versions, or names them as exactly as its format can.
    Lock,
    /// It asks for packages; a lockfile of its family answers for it.
    Manifest,
}

fn read(file: &TextFile<'_>) -> Facts {
    let (family, role) = judge(file.path.file_name());
    let location = Location::file(file.path.clone());
    match role {
        Role::Lock => Facts {
            gaps: vec![gap::unsupported_lockfile(
                location,
                what(family),
                family.fix(),
            )],
            lock: Some(Lock {
                family,
                covers: Covers::Everything,
                local: Vec::new(),
            }),
            ..Facts::default()
        },
        Role::Manifest => {
            let manifest = Manifest {
                family,
                needs: BTreeSet::new(),
                location,
            };
            Facts {
                manifest: Some(manifest),
                ..Facts::default()
            }
        }
    }
}

fn judge(name: &str) -> (Family, Role) {
    use Family::{
        Bazel, CocoaPods, Conan, Dart, Deno, DotNet, Elixir, Go, Haskell, Jvm, Nix, Node, Php,
        Python, R, Ruby, Swift,
    };
    use Role::{Lock, Manifest};
    let name = name.to_ascii_lowercase();
    match name.as_str() {
        "yarn.lock" | "pnpm-lock.yaml" | "bun.lock" | "bun.lockb" | "npm-shrinkwrap.yaml" => {
            (Node, Lock)
        }
        "pipfile" => (Python, Manifest),
        "go.sum" => (Go, Manifest),
        "go.mod" | "gopkg.lock" | "glide.lock" => (Go, Lock),
        "gemfile" | "gems.rb" => (Ruby, Manifest),
        "gemfile.lock" | "gems.locked" => (Ruby, Lock),
        "composer.json" => (Php, Manifest),
        "composer.lock" => (Php, Lock),
        "pubspec.yaml" => (Dart, Manifest),
        "pubspec.lock" => (Dart, Lock),
        "mix.exs" => (Elixir, Manifest),
        "mix.lock" => (Elixir, Lock),
        "package.swift" => (Swift, Manifest),
        "package.resolved" | "cartfile.resolved" => (Swift, Lock),
        "podfile" => (CocoaPods, Manifest),
        "podfile.lock" => (CocoaPods, Lock),
        "stack.yaml.lock" | "cabal.project.freeze" => (Haskell, Lock),
        "renv.lock" => (R, Lock),
        "deno.lock" => (Deno, Lock),
        "conanfile.txt" => (Conan, Manifest),
        "conan.lock" => (Conan, Lock),
        "module.bazel.lock" => (Bazel, Lock),
        "flake.lock" => (Nix, Lock),
        "packages.lock.json" | "packages.config" | "paket.lock" => (DotNet, Lock),
        "directory.packages.props" => (DotNet, Manifest),
        "poetry.lock" | "uv.lock" | "pdm.lock" | "pipfile.lock" | "conda-lock.yml" => {
            (Python, Lock)
        }
        _ if name.starts_with("pylock.") => (Python, Lock),
        _ if name.ends_with(".gemspec") => (Ruby, Manifest),
        _ if name.ends_with("proj") => (DotNet, Manifest),
        _ => (Jvm, Lock),
    }
}

fn what(family: Family) -> &'static str {
    match family {
        Family::Rust => "a Rust lockfile",
        Family::Node => "a Node.js lockfile",
        Family::Python => "a Python lockfile",
        Family::Go => "a Go module file",
        Family::Ruby => "a Ruby lockfile",
        Family::Php => "a PHP lockfile",
        Family::Jvm => "a build file of the Java world",
        Family::DotNet => "a .NET lockfile",
        Family::Dart => "a Dart lockfile",
        Family::Elixir => "an Elixir lockfile",
        Family::Swift => "a Swift lockfile",
        Family::CocoaPods => "a CocoaPods lockfile",
        Family::Haskell => "a Haskell lockfile",
        Family::R => "an R lockfile",
        Family::Deno => "a Deno lockfile",
        Family::Conan => "a Conan lockfile",
        Family::Bazel => "a Bazel lockfile",
        Family::Nix => "a Nix lockfile",
    }
}
