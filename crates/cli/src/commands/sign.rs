//! `plimsoll sign` and `plimsoll verify`: one file and its bundle.

use std::path::Path;

use plimsoll_engine::sign::{Bundle, verify_blob};
use plimsoll_model::Told;

use crate::args;
use crate::commands::open;
use crate::exit::Exit;

/// Signs a file.
pub(crate) fn sign(args: &args::Sign) -> Result<Exit, Told> {
    let bytes = read(&args.file)?;
    let bundle = Bundle::blob(&open::private_key(&args.key)?, &bytes)?;
    open::write(Some(&args.bundle), |out| out.write_all(&bundle.to_json()))?;
    Ok(Exit::Done)
}

/// Verifies a file; a signature that does not hold is an error that denies.
pub(crate) fn verify(args: &args::Verify) -> Result<Exit, Told> {
    let bytes = read(&args.file)?;
    let key = open::public_key(&args.key)?;
    let bundle = Bundle::from_json(&read(&args.bundle)?).map_err(|error| {
        Told::from(error).while_doing(format!("cannot use the bundle {}", args.bundle.display()))
    })?;
    verify_blob(&bundle, &bytes, &key).map_err(|error| {
        Told::from(error).while_doing(format!(
            "{} is not what the bundle signs",
            args.file.display()
        ))
    })?;
    open::write(None, |out| {
        writeln!(
            out,
            "verified: {} is signed by {}",
            args.file.display(),
            key.id()
        )
    })?;
    Ok(Exit::Done)
}

fn read(path: &Path) -> Result<Vec<u8>, Told> {
    std::fs::read(path)
        .map_err(|error| Told::about_file(format!("cannot read {}", path.display()), &error))
}
