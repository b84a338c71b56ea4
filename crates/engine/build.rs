//! Names what extracts facts from files, so that a cache never answers for other code.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let manifest = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let crates = Path::new(&manifest).join("..");
    let mut rooms = BTreeSet::new();
    enter("engine", &crates, &mut rooms)?;
    let mut files = BTreeSet::from([crates.join("../Cargo.lock")]);
    for room in rooms {
        for part in ["src", "rules"].map(|part| crates.join(&room).join(part)) {
            if part.is_dir() {
                println!("cargo::rerun-if-changed={}", part.display());
                list(&part, &mut files)?;
            }
        }
    }
    println!(
        "cargo::rerun-if-changed={}",
        crates.join("../Cargo.lock").display()
    );
    let mut hasher = DefaultHasher::new();
    for file in &files {
        file.strip_prefix(&crates).unwrap_or(file).hash(&mut hasher);
        fs::read(file)?.hash(&mut hasher);
    }
    println!(
        "cargo::rustc-env=PLIMSOLL_EXTRACTORS={:016x}",
        hasher.finish()
    );
    Ok(())
}

/// Adds a room and every room that it stands on, as the manifests name them: any of them may be part of
/// how facts come about.
fn enter(room: &str, crates: &Path, rooms: &mut BTreeSet<String>) -> io::Result<()> {
    if !rooms.insert(room.to_owned()) {
        return Ok(());
    }
    let manifest = crates.join(room).join("Cargo.toml");
    println!("cargo::rerun-if-changed={}", manifest.display());
    // Wherever a manifest names a room, also in a form that none has today.
    for after in fs::read_to_string(manifest)?.split("plimsoll-").skip(1) {
        let end = after.find(|letter: char| !letter.is_ascii_lowercase() && letter != '-');
        enter(&after[..end.unwrap_or(after.len())], crates, rooms)?;
    }
    Ok(())
}

fn list(folder: &Path, files: &mut BTreeSet<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            list(&entry.path(), files)?;
        } else {
            files.insert(entry.path());
        }
    }
    Ok(())
}
