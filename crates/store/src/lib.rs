//! The ledger: append-only events, blobs, Merkle log with signed checkpoints, projections.
