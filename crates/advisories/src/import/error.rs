use std::io;
use std::path::PathBuf;

use jiff::Timestamp;
use plimsoll_model::{Class, Ecosystem, Fault};

use crate::database::OpenError;

/// An import ended early. Databases that were there before are untouched, and so is the one that was
/// being made.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file or folder of the source cannot be read.
    #[error("cannot read {}", path.display())]
    ReadFile {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A zip is not one or is damaged.
    #[error("cannot read the zip {}", path.display())]
    ReadZip {
        /// The zip.
        path: PathBuf,
        /// Why.
        source: zip::result::ZipError,
    },
    /// A zip unpacks to far more than its size.
    #[error("the zip {} unpacks to more than {ratio} times its size", path.display())]
    Ratio {
        /// The zip.
        path: PathBuf,
        /// The bound.
        ratio: u64,
    },
    /// There are more records than the bound.
    #[error("there are more than {records_max} records")]
    TooManyRecords {
        /// The bound.
        records_max: u64,
    },
    /// There are more bytes than the bound.
    #[error("there are more than {bytes_max} bytes")]
    TooManyBytes {
        /// The bound.
        bytes_max: u64,
    },
    /// A source without a single advisory would be a clean bill for everything.
    #[error("{origin} holds no advisory for {ecosystem}")]
    Empty {
        /// The source.
        origin: String,
        /// The ecosystem.
        ecosystem: Ecosystem,
    },
    /// The ecosystem cannot be told from the records.
    #[error("{origin} does not say which ecosystem it covers ({seen})")]
    NameEcosystems {
        /// The source.
        origin: String,
        /// What was seen instead.
        seen: String,
    },
    /// Nobody knows the advisories of tomorrow.
    #[error("the advisories cannot be complete as of {as_of}, which is in the future")]
    Future {
        /// What the caller states.
        as_of: Timestamp,
    },
    /// The bucket's address protects nothing on its way.
    #[error("`{url}` is not an https address")]
    InsecureUrl {
        /// The address.
        url: String,
    },
    /// The bucket does not answer with a zip.
    #[error("cannot fetch {url}")]
    Fetch {
        /// The address.
        url: String,
        /// Why.
        source: Box<ureq::Error>,
    },
    /// A database is larger than its format can address.
    #[error("the advisories for {ecosystem} do not fit a database")]
    TooLarge {
        /// The ecosystem.
        ecosystem: Ecosystem,
    },
    /// A database cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A database that was just written does not read back.
    #[error("the advisory database for {ecosystem} does not read back")]
    Verify {
        /// The ecosystem.
        ecosystem: Ecosystem,
        /// Why.
        source: OpenError,
    },
}

impl Fault for ImportError {
    fn class(&self) -> Class {
        match self {
            Self::ReadFile { source, .. } | Self::Write { source, .. } => {
                Class::of_named_file(source)
            }
            Self::ReadZip { .. }
            | Self::Ratio { .. }
            | Self::TooManyRecords { .. }
            | Self::TooManyBytes { .. }
            | Self::Empty { .. }
            | Self::NameEcosystems { .. }
            | Self::Future { .. }
            | Self::InsecureUrl { .. }
            | Self::Fetch { .. } => Class::Configuration,
            Self::TooLarge { .. } | Self::Verify { .. } => Class::Internal,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::ReadFile { .. } => "check the path and its permissions",
            Self::ReadZip { .. } => "fetch it again",
            Self::Ratio { .. } => "check where it comes from",
            Self::TooManyRecords { .. } | Self::TooManyBytes { .. } => {
                "raise the limit if the source is trusted"
            }
            Self::Empty { .. } => "check the ecosystem's name as OSV writes it",
            Self::NameEcosystems { .. } => "name the ecosystems to import",
            Self::Future { .. } => "name the day of the copy",
            Self::InsecureUrl { .. } => {
                "advisories are fetched by https, by http from this machine alone"
            }
            Self::Fetch { .. } => "check the address, the ecosystem's name and the network",
            Self::TooLarge { .. } => "import fewer records",
            Self::Write { .. } => "check that the folder exists and has room",
            Self::Verify { .. } => "check the disk",
        };
        Some(hint.to_owned())
    }
}
