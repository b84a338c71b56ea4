//! Names what extracts facts from files, so that a cache never answers for other code.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// The crates that turn bytes into facts.
const EXTRACTORS: [&str; 7] = [
    "engine", "model", "packages", "path", "secrets", "source", "syntax",
];

fn main() -> io::Result<()> {
    let manifest = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let crates = Path::new(&manifest).join("..");
    let mut files = BTreeSet::from([crates.join("../Cargo.lock")]);
    for name in EXTRACTORS {
        for part in ["src", "rules"].map(|part| crates.join(name).join(part)) {
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
