//! The vocabulary that every other crate speaks: what was found, what was seen, what could not be
//! checked, about which bytes, and what was decided.
//!
//! It knows no files, no network, no clock and no threads. Nobody redefines these types; wire
//! formats (SARIF, CycloneDX, in-toto) have types of their own in `plimsoll-wire`.

mod address;
mod baseline;
mod checksum;
mod component;
mod digest;
mod ecosystem;
mod evidence;
mod evidence_kind;
mod fault;
mod finding;
mod gap;
mod id;
mod inspection;
mod inspector;
mod key;
mod license;
mod mask;
mod name;
mod place;
mod ran;
mod severity;
mod step;
mod subject;
mod text;
mod threshold;
mod told;
mod verdict;
mod version_key;

pub use address::{Address, AddressError, Origin, TreeAddress};
pub use baseline::Baseline;
pub use checksum::{Checksum, ChecksumAlgorithm};
pub use component::{Component, Ecosystem, Purl, Scope, SourcePackage, Version};
pub use digest::{Digest, DigestError};
pub use ecosystem::{EcosystemRules, exact_name};
pub use evidence::{
    Approval, Body, DeploymentOutcome, DeploymentRecord, Evidence, Inspected, Provenance, Signatory,
};
pub use evidence_kind::{About, Answers, Claim, EvidenceKind, PredicateError};
pub use fault::{Class, Fault};
pub use finding::{Excerpt, ExcerptLine, Finding, Fingerprint, Fix, Matter, Reference, TraceStep};
pub use gap::{Gap, GapKind};
pub use id::{OwnId, RuleId, RuleIdError};
pub use inspection::Inspection;
pub use inspector::{Aging, GapDoc, Inspector, Over, RuleDoc, RuleFamily};
pub use key::{Key, KeyError};
pub use license::{License, LicenseSource};
pub use mask::{Masks, masked_form};
pub use name::{Service, ServiceError, is_name};
pub use place::{LineIndex, Location, ObjectPlace, Place, Position, RequestPlace, Span, TreePath};
pub use ran::{Extent, Input, Ran, Seen, Tool};
pub use severity::{Severity, SeverityError};
pub use step::Step;
pub use subject::{CommitId, Subject};
pub use threshold::Threshold;
pub use told::Told;
pub use verdict::{Outcome, Reason, ReasonDoc, Verdict};
pub use version_key::VersionKey;
