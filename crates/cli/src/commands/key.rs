//! `plimsoll key`.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use plimsoll_engine::sign::PrivateKey;

use crate::args::KeyCommand;
use crate::commands::open;
use crate::exit::Exit;

/// Makes or shows keys.
pub(crate) fn run(command: KeyCommand) -> anyhow::Result<Exit> {
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
fn create(path: &Path, mode: u32, text: &str) -> anyhow::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .with_context(|| format!("cannot make {}", path.display()))?;
    file.write_all(text.as_bytes())
        .with_context(|| format!("cannot write {}", path.display()))
}
