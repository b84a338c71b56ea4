//! `plimsoll key`.

use std::path::{Path, PathBuf};

use plimsoll_engine::sign::PrivateKey;
use plimsoll_model::Told;

use crate::args::KeyCommand;
use crate::commands::open;
use crate::exit::Exit;

/// Makes or shows keys.
pub(crate) fn run(command: KeyCommand) -> Result<Exit, Told> {
    let (public, files) = match command {
        KeyCommand::Generate { name } => {
            let key = PrivateKey::generate()?;
            let private = with_ending(&name, "key");
            let public = with_ending(&name, "pub");
            create(&private, 0o600, &key.to_encrypted_pem(&open::password()?)?)?;
            create(&public, 0o644, &key.public().to_pem())?;
            (
                key.public(),
                format!("{} {}", private.display(), public.display()),
            )
        }
        KeyCommand::Show { file } => (open::public_key(&file)?, file.display().to_string()),
    };
    open::write(None, |out| writeln!(out, "{}  {files}", public.id()))?;
    Ok(Exit::Done)
}

fn with_ending(name: &Path, ending: &str) -> PathBuf {
    let mut path = name.as_os_str().to_owned();
    path.push(".");
    path.push(ending);
    PathBuf::from(path)
}

/// Writes a new file; a key that is there is never replaced.
fn create(path: &Path, mode: u32, text: &str) -> Result<(), Told> {
    plimsoll_durable::create(path, mode, text.as_bytes())
        .map_err(|error| Told::about_file(format!("cannot make {}", path.display()), &error))
}
