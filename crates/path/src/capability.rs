use std::fmt;

use serde::{Deserialize, Serialize};

/// What a command is for on the way of a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Capability {
    /// Runs tests.
    Test,
    /// Looks for secrets in the source.
    SecretScan,
    /// Analyses the source.
    StaticAnalysis,
    /// Matches dependencies with advisories.
    DependencyScan,
    /// Looks into a container image.
    ImageScan,
    /// Verifies a signature or provenance.
    Verify,
    /// Lists components.
    Sbom,
    /// Signs something.
    Sign,
    /// Builds an artifact or image.
    Build,
    /// Pushes an image to a registry.
    Push,
    /// Brings something into an environment, or publishes a package.
    Deploy,
    /// Waits for a person.
    Approve,
    /// Tells somebody.
    Notify,
}

impl Capability {
    /// Every capability.
    pub const ALL: [Self; 13] = [
        Self::Test,
        Self::SecretScan,
        Self::StaticAnalysis,
        Self::DependencyScan,
        Self::ImageScan,
        Self::Verify,
        Self::Sbom,
        Self::Sign,
        Self::Build,
        Self::Push,
        Self::Deploy,
        Self::Approve,
        Self::Notify,
    ];

    /// Whether it is a check that a deployment can depend on; the prover proves about these.
    pub fn is_gate(self) -> bool {
        match self {
            Self::Test
            | Self::SecretScan
            | Self::StaticAnalysis
            | Self::DependencyScan
            | Self::ImageScan
            | Self::Verify => true,
            Self::Sbom
            | Self::Sign
            | Self::Build
            | Self::Push
            | Self::Deploy
            | Self::Approve
            | Self::Notify => false,
        }
    }

    /// The word for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::SecretScan => "secret scan",
            Self::StaticAnalysis => "static analysis",
            Self::DependencyScan => "dependency scan",
            Self::ImageScan => "image scan",
            Self::Verify => "verification",
            Self::Sbom => "SBOM",
            Self::Sign => "signature",
            Self::Build => "build",
            Self::Push => "push",
            Self::Deploy => "deployment",
            Self::Approve => "approval",
            Self::Notify => "notification",
        }
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
