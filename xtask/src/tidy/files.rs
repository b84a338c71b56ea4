use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};
use ignore::WalkBuilder;

/// The files of a work tree that are not ignored by its `.gitignore`, with their text.
///
/// Bytes that are not UTF-8 are replaced, so that words are found in every file.
pub struct Files {
    texts: BTreeMap<String, String>,
}

impl Files {
    /// Reads the work tree at `root`.
    pub fn read(root: &Path) -> Result<Self> {
        let walk = WalkBuilder::new(root)
            .hidden(false)
            .parents(false)
            .git_global(false)
            .git_exclude(false)
            .require_git(false)
            .filter_entry(|entry| entry.file_name() != ".git")
            .build();
        let mut texts = BTreeMap::new();
        for entry in walk {
            let entry = entry.with_context(|| format!("cannot walk {}", root.display()))?;
            if entry.file_type().is_some_and(|kind| kind.is_file()) {
                texts.insert(relative(root, entry.path())?, read_lossy(entry.path())?);
            }
        }
        Ok(Self { texts })
    }

    /// The text of a file by its path from the root.
    pub fn text(&self, file: &str) -> Option<&str> {
        self.texts.get(file).map(String::as_str)
    }

    /// Whether a file or a folder is there.
    pub fn holds(&self, path: &str) -> bool {
        let folder = format!("{path}/");
        self.texts.contains_key(path) || self.inside(&folder).next().is_some()
    }

    /// The files below a folder, which is written with its last `/`.
    pub fn inside<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.all()
            .skip_while(move |(file, _)| *file < folder)
            .take_while(move |(file, _)| file.starts_with(folder))
    }

    /// Every file, in the order of paths.
    pub fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts
            .iter()
            .map(|(file, text)| (file.as_str(), text.as_str()))
    }

    /// Every file whose name ends so.
    pub fn ending<'a>(&'a self, end: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.all().filter(move |(file, _)| file.ends_with(end))
    }

    /// A small tree for a test, written to a temporary folder and read back.
    #[cfg(test)]
    pub(super) fn written(texts: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (file, text) in texts {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        Self::read(folder.path()).unwrap()
    }
}

fn relative(root: &Path, path: &Path) -> Result<String> {
    let inner = path
        .strip_prefix(root)
        .context("a walked file lies outside its root")?;
    let text = inner
        .to_str()
        .with_context(|| format!("{} is not a UTF-8 name", inner.display()))?;
    Ok(text.replace(std::path::MAIN_SEPARATOR, "/"))
}

fn read_lossy(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::Files;

    #[test]
    fn ignored_files_are_left_out_and_hidden_ones_are_read() {
        let files = Files::written(&[
            (".gitignore", "/target\n"),
            ("target/x", ""),
            (".ci/run", "true\n"),
            ("a/b.rs", ""),
        ]);
        assert_eq!(
            files.all().map(|(file, _)| file).collect::<Vec<_>>(),
            [".ci/run", ".gitignore", "a/b.rs"]
        );
        assert_eq!(files.inside("a/").count(), 1);
        assert!(files.holds("a") && files.holds("a/b.rs") && !files.holds("target"));
    }
}
