//! The address under which a registry of npm's protocol holds an archive. npm installs what stands at
//! the address that a lockfile names, and does not compare it with the name and version beside it.

/// Whether an address ends as that of this very version does: `NAME/-/BASE-VERSION.tgz`, where BASE is
/// the name without its scope; some registries repeat the scope behind `/-/`. Any host may be a mirror.
pub(crate) fn names(address: &str, name: &str, version: &str) -> bool {
    let path = address.split(['?', '#']).next().unwrap_or(address);
    let path = path
        .replace("%2f", "/")
        .replace("%2F", "/")
        .replace("%40", "@");
    let base = name.rsplit('/').next().unwrap_or(name);
    [base, name]
        .into_iter()
        .any(|file| path.ends_with(&format!("/{name}/-/{file}-{version}.tgz")))
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn an_address_names_one_version() {
        for (address, name, version) in [
            ("https://registry.example/a/-/a-1.0.0.tgz", "a", "1.0.0"),
            (
                "https://registry.example/npm/@s/c/-/c-1.0.0-rc.1.tgz#0123",
                "@s/c",
                "1.0.0-rc.1",
            ),
            (
                "https://registry.example/@s%2fc/-/c-1.0.0.tgz?x=1",
                "@s/c",
                "1.0.0",
            ),
            (
                "https://registry.example/api/@s/c/-/@s/c-1.0.0.tgz",
                "@s/c",
                "1.0.0",
            ),
        ] {
            assert!(names(address, name, version), "{address}");
        }
        for (address, name, version) in [
            ("https://registry.example/a/-/a-1.0.0.tgz", "a", "1.0.1"),
            ("https://registry.example/a/-/a-1.0.0.tgz", "b", "1.0.0"),
            (
                "https://registry.example/@t/c/-/c-1.0.0.tgz",
                "@s/c",
                "1.0.0",
            ),
            (
                "https://code.example/tar.gz/0123?/a/-/a-1.0.0.tgz",
                "a",
                "1.0.0",
            ),
            ("https://code.example/a-1.0.0.tgz", "a", "1.0.0"),
        ] {
            assert!(!names(address, name, version), "{address}");
        }
    }
}
