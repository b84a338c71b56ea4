//! The predicates of Plimsoll's own, for what no standard predicate says: what inspectors saw, who
//! approved a release, and how its deployment ended. Version 1 of each.

use std::collections::BTreeMap;

use jiff::Timestamp;
use plimsoll_model::{
    About, Approval, Baseline, Body, DeploymentOutcome, DeploymentRecord, Digest, EvidenceKind,
    Finding, Gap, Inspected, Outcome, OwnId, Ran, Service,
};
use serde::{Deserialize, Serialize};

use super::{Say, read_shape};
use crate::shape::{FindingShape, GapShape};

/// What inspectors saw of a source. Each inspector's row says which requirement that answers.
pub static INSPECTION: EvidenceKind = EvidenceKind {
    name: "inspection",
    predicate_type: "https://plimsoll.dev/attestation/inspection/v1",
    about: About::One,
    answers: None,
    read: |text| {
        Ok(Body::Inspection(
            read_shape::<InspectionPredicate>(text)?.into(),
        ))
    },
};

/// A person lets a release into an environment.
pub static APPROVAL: EvidenceKind = EvidenceKind {
    name: "approval",
    predicate_type: "https://plimsoll.dev/attestation/approval/v1",
    about: About::Release,
    answers: None,
    read: |text| {
        Ok(Body::Approval(
            read_shape::<ApprovalPredicate>(text)?.into(),
        ))
    },
};

/// How a deployment of a release ended.
pub static DEPLOYMENT: EvidenceKind = EvidenceKind {
    name: "deployment",
    predicate_type: "https://plimsoll.dev/attestation/deployment/v1",
    about: About::Release,
    answers: None,
    read: |text| {
        Ok(Body::Deployment(
            read_shape::<DeploymentPredicate>(text)?.into(),
        ))
    },
};

impl Say for Inspected {
    const KIND: &'static EvidenceKind = &INSPECTION;

    fn predicate(&self) -> impl Serialize {
        InspectionPredicate::from(self)
    }
}

impl Say for Approval {
    const KIND: &'static EvidenceKind = &APPROVAL;

    fn predicate(&self) -> impl Serialize {
        ApprovalPredicate::from(self)
    }
}

impl Say for DeploymentRecord {
    const KIND: &'static EvidenceKind = &DEPLOYMENT;

    fn predicate(&self) -> impl Serialize {
        DeploymentPredicate::from(self)
    }
}

/// The predicate of `https://plimsoll.dev/attestation/inspection/v1`
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct InspectionPredicate {
    inspectors: Vec<Ran>,
    policy_sha256: Digest,
    baselines: Vec<Baseline>,
    gates: BTreeMap<String, OutcomeShape>,
    findings: Vec<FindingShape>,
    gaps: Vec<GapShape>,
}

/// The predicate of `https://plimsoll.dev/attestation/approval/v1`
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ApprovalPredicate {
    service: Service,
    release: OwnId,
    environment: String,
    policy_sha256: Digest,
    expires_at: Timestamp,
}

/// The predicate of `https://plimsoll.dev/attestation/deployment/v1`
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DeploymentPredicate {
    service: Service,
    release: OwnId,
    environment: String,
    outcome: EndShape,
}

/// What a gate said.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum OutcomeShape {
    Allow,
    Unknown,
    Deny,
}

/// How a deployment ended.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum EndShape {
    Healthy,
    RolledBack,
    Failed,
}

impl From<&Inspected> for InspectionPredicate {
    fn from(body: &Inspected) -> Self {
        Self {
            inspectors: body.inspectors.clone(),
            policy_sha256: body.policy_sha256,
            baselines: body.baselines.clone(),
            gates: shape_gates(&body.gates),
            findings: body.findings.iter().map(FindingShape::from).collect(),
            gaps: body.gaps.iter().map(GapShape::from).collect(),
        }
    }
}

impl From<InspectionPredicate> for Inspected {
    fn from(predicate: InspectionPredicate) -> Self {
        Self {
            inspectors: predicate.inspectors,
            findings: predicate.findings.into_iter().map(Finding::from).collect(),
            gaps: predicate.gaps.into_iter().map(Gap::from).collect(),
            policy_sha256: predicate.policy_sha256,
            baselines: predicate.baselines,
            gates: read_gates(predicate.gates),
        }
    }
}

fn shape_gates(gates: &BTreeMap<String, Outcome>) -> BTreeMap<String, OutcomeShape> {
    let gates = gates.iter().map(|(inspector, outcome)| {
        let outcome = match outcome {
            Outcome::Allow => OutcomeShape::Allow,
            Outcome::Unknown => OutcomeShape::Unknown,
            Outcome::Deny => OutcomeShape::Deny,
        };
        (inspector.clone(), outcome)
    });
    gates.collect()
}

fn read_gates(gates: BTreeMap<String, OutcomeShape>) -> BTreeMap<String, Outcome> {
    let gates = gates.into_iter().map(|(inspector, outcome)| {
        let outcome = match outcome {
            OutcomeShape::Allow => Outcome::Allow,
            OutcomeShape::Unknown => Outcome::Unknown,
            OutcomeShape::Deny => Outcome::Deny,
        };
        (inspector, outcome)
    });
    gates.collect()
}

impl From<&Approval> for ApprovalPredicate {
    fn from(body: &Approval) -> Self {
        Self {
            service: body.service.clone(),
            release: body.release.clone(),
            environment: body.environment.clone(),
            policy_sha256: body.policy_sha256,
            expires_at: body.expires_at,
        }
    }
}

impl From<ApprovalPredicate> for Approval {
    fn from(predicate: ApprovalPredicate) -> Self {
        Self {
            service: predicate.service,
            release: predicate.release,
            environment: predicate.environment,
            policy_sha256: predicate.policy_sha256,
            expires_at: predicate.expires_at,
        }
    }
}

impl From<&DeploymentRecord> for DeploymentPredicate {
    fn from(body: &DeploymentRecord) -> Self {
        let outcome = match body.outcome {
            DeploymentOutcome::Healthy => EndShape::Healthy,
            DeploymentOutcome::RolledBack => EndShape::RolledBack,
            DeploymentOutcome::Failed => EndShape::Failed,
        };
        Self {
            service: body.service.clone(),
            release: body.release.clone(),
            environment: body.environment.clone(),
            outcome,
        }
    }
}

impl From<DeploymentPredicate> for DeploymentRecord {
    fn from(predicate: DeploymentPredicate) -> Self {
        let outcome = match predicate.outcome {
            EndShape::Healthy => DeploymentOutcome::Healthy,
            EndShape::RolledBack => DeploymentOutcome::RolledBack,
            EndShape::Failed => DeploymentOutcome::Failed,
        };
        Self {
            service: predicate.service,
            release: predicate.release,
            environment: predicate.environment,
            outcome,
        }
    }
}
