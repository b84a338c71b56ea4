use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use crate::EnvironmentError;

/// Creates a folder that nobody else can look into.
pub(crate) fn create(path: &Path) -> Result<(), EnvironmentError> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(EnvironmentError::file("create", path))
}
