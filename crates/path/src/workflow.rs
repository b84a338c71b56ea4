use plimsoll_source::File;

/// A workflow as it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct Workflow {}

/// The file is no workflow that can be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct WorkflowError {
    /// What is wrong.
    pub message: String,
    /// The byte where it shows.
    pub offset: usize,
}

impl Workflow {
    /// Reads a workflow file.
    ///
    /// # Errors
    /// When it is no YAML, or lacks what every workflow has.
    pub fn parse(_file: &File) -> Result<Self, WorkflowError> {
        Err(WorkflowError { message: "reading workflows is not built yet".to_owned(), offset: 0 })
    }
}
