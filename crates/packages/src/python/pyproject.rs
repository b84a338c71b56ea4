//! `pyproject.toml`: what a Python project asks for to run (PEP 621, and Poetry's own table).
//!
//! Extras, dependency groups and build requirements are left out: the lockfiles that are read here
//! are those of what ships.

use std::collections::BTreeMap;

use plimsoll_model::Span;
use plimsoll_source::TextFile;
use serde::Deserialize;
use toml::Spanned;

use super::requirement::{Requirement, normalize, parse};
use crate::facts::Manifest;
use crate::{Facts, Parser, gap};

pub(crate) static PARSER: Parser = Parser {
    globs: &["**/pyproject.toml"],
    read,
};

/// Stands for what a build script computes; no lockfile names it.
const COMPUTED: &str = "(computed by the build)";

#[derive(Deserialize)]
struct PyProject {
    project: Option<Project>,
    #[serde(default)]
    tool: Tool,
}

#[derive(Deserialize)]
struct Project {
    #[serde(default)]
    dependencies: Vec<Spanned<String>>,
    #[serde(default)]
    dynamic: Vec<Spanned<String>>,
}

#[derive(Default, Deserialize)]
struct Tool {
    poetry: Option<Poetry>,
}

#[derive(Deserialize)]
struct Poetry {
    #[serde(default)]
    dependencies: BTreeMap<Spanned<String>, toml::Value>,
}

fn read(file: &TextFile<'_>) -> Facts {
    let pyproject: PyProject = match plimsoll_syntax::toml::from_str(file.text) {
        Ok(pyproject) => pyproject,
        Err(error) => {
            let offset = error.offset;
            let gap =
                gap::unreadable_manifest(file.location(Span::new(offset, offset)), &error.message);
            return Facts::gap(gap);
        }
    };
    let needs = needs(&pyproject);
    let manifest = needs.iter().map(|(_, at)| *at).min().map(|at| {
        let names = needs.iter().map(|(name, _)| name.clone());
        Manifest::by_name(names, file.location(Span::new(at, at)))
    });
    Facts {
        manifest,
        ..Facts::default()
    }
}

/// Each package it asks for and the offset at which it does.
fn needs(pyproject: &PyProject) -> Vec<(String, usize)> {
    let mut needs = Vec::new();
    if let Some(project) = &pyproject.project {
        needs.extend(
            project
                .dependencies
                .iter()
                .map(|text| (asked(text.get_ref()), text.span().start)),
        );
        let computed = project
            .dynamic
            .iter()
            .filter(|field| field.get_ref() == "dependencies");
        needs.extend(computed.map(|field| (COMPUTED.to_owned(), field.span().start)));
    }
    if let Some(poetry) = &pyproject.tool.poetry {
        let packages = poetry
            .dependencies
            .keys()
            .filter(|key| key.get_ref() != "python");
        needs.extend(packages.map(|key| (normalize(key.get_ref()).into_owned(), key.span().start)));
    }
    needs
}

/// The name of a requirement; a text that is none stands for itself, and no lockfile names it.
fn asked(text: &str) -> String {
    match parse(text) {
        Ok(
            Requirement::Pinned { name, .. }
            | Requirement::Open { name, .. }
            | Requirement::Foreign { name, .. },
        ) => name,
        Ok(Requirement::Folder { .. }) | Err(_) => text.to_owned(),
    }
}
