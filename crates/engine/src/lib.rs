//! The use-cases: inspect, attest, record, decide, promote, roll back.
