//! Deploy targets: start, health, smoke, rollback, lease.
