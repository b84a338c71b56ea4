//! Literal credentials in text, by rules in the gitleaks dialect.
