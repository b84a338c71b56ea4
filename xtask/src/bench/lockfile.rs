use std::fmt::Write as _;

use anyhow::Result;

use super::linear::Database;
use super::random::Random;

const SEED: u64 = 1_000;

/// A `Cargo.lock` of this many packages, of which every tenth is one that an advisory names.
///
/// Versions are drawn at random, so that some are affected and some are not.
pub(super) fn write(
    database: &Database,
    packages: usize,
) -> Result<(String, Vec<(String, String)>)> {
    let named = database.package_names();
    let mut random = Random::new(SEED);
    let mut components = Vec::with_capacity(packages);
    for at in 0..packages {
        let name = match named.get(at / 10) {
            Some(name) if at % 10 == 0 => (*name).to_owned(),
            _ => format!("bench-package-{at:04}"),
        };
        components.push((
            name,
            format!(
                "{}.{}.{}",
                random.below(3),
                random.below(12),
                random.below(20)
            ),
        ));
    }
    components.sort();
    let mut text = "version = 4\n".to_owned();
    for (name, version) in &components {
        let source = "registry+https://github.com/rust-lang/crates.io-index";
        write!(
            text,
            "\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"{source}\"\n"
        )?;
    }
    Ok((text, components))
}
