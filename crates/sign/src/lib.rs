//! Keys, DSSE envelopes, bundles and their verification, compatible with cosign 3 by key.
//!
//! Signatures over files and statements are ECDSA P-256 with SHA-256; the log's checkpoints are
//! Ed25519 signed notes. Key files are encrypted with a password, in cosign's own format.
//!
//! It knows no network: a bundle's transparency-log entries and timestamps are carried along and
//! judge nothing, and a bundle that rests on a certificate instead of a key is refused. It does not
//! read what a statement says, and it decides nobody's trust: the caller names the keys.

mod base64_text;
mod bundle;
mod bundle_json;
pub mod checkpoint;
pub mod dsse;
mod key;
mod key_file;
mod log_key;
mod password;
mod pem;
mod verify;

pub use bundle::{Bundle, BundleError, Content, MAX_BUNDLE_BYTES, MEDIA_TYPE};
pub use dsse::{Envelope, IN_TOTO};
pub use key::{KeyError, PrivateKey, PublicKey};
pub use log_key::{LogKey, LogPublicKey};
pub use password::Password;
pub use verify::{VerifiedStatement, VerifyError, verify_blob, verify_statement};
