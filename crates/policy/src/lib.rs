//! What may pass: thresholds, waivers, requirements, approvals, and the decision over evidence.
