//! Documents with spans: YAML, TOML, JSON, shell.
