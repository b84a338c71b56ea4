//! OSV advisories: import, compact mapped database, version order, matching.
