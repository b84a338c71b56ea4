//! Pipelines of systems that no dialect reads yet. They deploy as others do, so each is a gap and none is
//! nothing; a row goes when its dialect comes.

use std::sync::LazyLock;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use plimsoll_model::{Gap, Location, TreePath};

use crate::gaps::{UNSUPPORTED_PIPELINE, gap};

/// A system whose files are not read.
struct System {
    name: &'static str,
    /// Its files. What a system reads at the root of a repository alone is named there alone: packages of
    /// others bring such files along, and nobody runs those.
    globs: &'static [&'static str],
}

const SYSTEMS: [System; 12] = [
    System {
        name: "Jenkins",
        globs: &[
            "**/Jenkinsfile",
            "**/Jenkinsfile.*",
            "**/*.{jenkinsfile,Jenkinsfile}",
        ],
    },
    System {
        name: "GitLab CI",
        globs: &[".gitlab-ci.{yml,yaml}", ".gitlab/ci/**/*.{yml,yaml}"],
    },
    System {
        name: "CircleCI",
        globs: &[".circleci/**/*.{yml,yaml}"],
    },
    System {
        name: "Azure Pipelines",
        globs: &[
            "azure-pipelines*.{yml,yaml}",
            ".azure-pipelines*.{yml,yaml}",
            ".azure-pipelines/**/*.{yml,yaml}",
            ".azuredevops/**/*.{yml,yaml}",
        ],
    },
    System {
        name: "Bitbucket Pipelines",
        globs: &["bitbucket-pipelines.{yml,yaml}"],
    },
    System {
        name: "Tekton",
        globs: &[".tekton/**/*.{yml,yaml}"],
    },
    System {
        name: "Travis CI",
        globs: &[".travis.{yml,yaml}"],
    },
    System {
        name: "Drone",
        globs: &[".drone.{yml,yaml,star,jsonnet}"],
    },
    System {
        name: "Woodpecker",
        globs: &[".woodpecker.{yml,yaml}", ".woodpecker/**/*.{yml,yaml}"],
    },
    System {
        name: "Buildkite",
        globs: &[
            ".buildkite/**/*.{yml,yaml,json}",
            "buildkite.{yml,yaml,json}",
        ],
    },
    System {
        name: "AppVeyor",
        globs: &["appveyor.{yml,yaml}", ".appveyor.{yml,yaml}"],
    },
    System {
        name: "GitHub, as an action that others call",
        globs: &["action.{yml,yaml}"],
    },
];

/// The gap of a file that a system runs and nobody here reads.
pub(crate) fn find_unread(path: &TreePath) -> Option<Gap> {
    let first = GLOBS.matches(path.as_str()).into_iter().min()?;
    let system = SYSTEMS
        .iter()
        .flat_map(|system| system.globs.iter().map(move |_| system.name))
        .nth(first)?;
    Some(gap(
        &UNSUPPORTED_PIPELINE,
        Location::file(path.clone()),
        format!("{path} is run by {system}, which is not supported yet"),
        UNSUPPORTED_PIPELINE.fix,
    ))
}

/// Whether a file is one of them.
pub(crate) fn is_unread(path: &TreePath) -> bool {
    GLOBS.is_match(path.as_str())
}

static GLOBS: LazyLock<GlobSet> = LazyLock::new(|| {
    let mut set = GlobSetBuilder::new();
    for glob in SYSTEMS.iter().flat_map(|system| system.globs) {
        let glob = GlobBuilder::new(glob).literal_separator(true).build();
        set.add(glob.expect("the globs of the table are valid"));
    }
    let set = set.build();
    set.expect("the globs of the table are valid together")
});

#[cfg(test)]
mod tests {
    use plimsoll_model::TreePath;

    use super::{SYSTEMS, find_unread, is_unread};

    #[test]
    fn every_system_has_its_files_and_no_other_has() {
        let files = [
            ("Jenkins", "Jenkinsfile"),
            ("Jenkins", "services/shop/Jenkinsfile.release"),
            ("Jenkins", "ci/build.jenkinsfile"),
            ("GitLab CI", ".gitlab-ci.yml"),
            ("CircleCI", ".circleci/config.yml"),
            ("Azure Pipelines", "azure-pipelines-release.yml"),
            ("Azure Pipelines", ".azure-pipelines/templates/deploy.yaml"),
            ("Bitbucket Pipelines", "bitbucket-pipelines.yml"),
            ("Tekton", ".tekton/push.yaml"),
            ("Travis CI", ".travis.yml"),
            ("Drone", ".drone.star"),
            ("Woodpecker", ".woodpecker/deploy.yml"),
            ("Buildkite", ".buildkite/pipeline.yml"),
            ("AppVeyor", "appveyor.yml"),
            ("GitHub, as an action that others call", "action.yml"),
        ];
        for (system, file) in files {
            let gap = find_unread(&TreePath::new(file)).expect(file);
            assert!(
                gap.message.contains(&format!("run by {system},")),
                "{file}: {gap:?}"
            );
        }
        for system in &SYSTEMS {
            assert!(
                files.iter().any(|(name, _)| *name == system.name),
                "{}",
                system.name
            );
        }
        for other in [
            ".github/workflows/ci.yml",
            "node_modules/a/.travis.yml",
            "docs/Jenkinsfiles.md",
            "vendor/b/action.yml",
        ] {
            assert!(!is_unread(&TreePath::new(other)), "{other}");
        }
    }
}
