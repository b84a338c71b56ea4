//! How the options of a chore are written: pairs of `--name value`.

use std::str::FromStr;

use anyhow::{Context as _, Result, bail};

/// Hands on each pair, in the order in which they are written.
pub(crate) fn read_pairs(
    mut arguments: impl Iterator<Item = String>,
    mut set: impl FnMut(&str, String) -> Result<()>,
) -> Result<()> {
    while let Some(name) = arguments.next() {
        let value = arguments
            .next()
            .with_context(|| format!("`{name}` wants a value"))?;
        set(&name, value)?;
    }
    Ok(())
}

/// The number that an option says, which must be above zero.
pub(crate) fn positive<T: FromStr + Default + PartialOrd>(name: &str, value: &str) -> Result<T> {
    match value.parse::<T>() {
        Ok(number) if number > T::default() => Ok(number),
        _ => bail!("`{name}` wants a whole number above zero, not `{value}`"),
    }
}
