//! The inspectors that decisions are tested with, and their evidence.

use jiff::SignedDuration;
use plimsoll_model::{
    Body, Digest, Evidence, Extent, Input, Inspector, Ran, Signatory, Subject, Threshold,
};

use super::now;

/// A row whose evidence counts from semantics 3 on.
const fn row(
    id: &'static str,
    gate_key: &'static str,
    default_max_age_days: Option<u32>,
) -> Inspector {
    Inspector {
        id,
        gate_key,
        title: "",
        default_gate: Threshold::High,
        default_max_age_days,
        required_by_default: true,
        semantics: 4,
        accepts_from: 3,
        settings: None,
        rules: || &[],
        family: None,
        gaps: &[],
    }
}

/// The inspectors of the build that decides.
pub(crate) static INSPECTORS: [&Inspector; 3] = [
    &row("secret", "secrets", None),
    &row("dependency", "dependencies", Some(7)),
    &row("path", "path", None),
];

/// An inspector that looked at everything, by advisories of seven days ago that count for seven days.
pub(crate) fn ran(row: &Inspector) -> Ran {
    let advisories = Input {
        name: "advisories for npm".to_owned(),
        sha256: Digest::of(b"npm"),
        as_of: Some(now() - SignedDuration::from_hours(7 * 24)),
    };
    Ran {
        inspector: row.id.to_owned(),
        semantics: 3,
        seen_files: 1,
        scope: Extent::Root,
        inputs: if row.id == "dependency" {
            vec![advisories]
        } else {
            Vec::new()
        },
    }
}

/// A statement that was just recorded.
pub(crate) fn evidence(subject: Subject, signed_by: Signatory, body: Body) -> Evidence {
    Evidence {
        id: Digest::of(b"bundle"),
        subjects: vec![subject],
        signed_by,
        recorded_at: now(),
        body,
    }
}
