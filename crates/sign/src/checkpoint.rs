//! Checkpoints of a log as C2SP signed notes (C2SP signed-note v1, tlog-checkpoint v1): how many
//! entries a log has, and its root, under the log's own key.
//!
//! Whether a checkpoint fits the log's entries, and whether two checkpoints fit each other, are the
//! ledger's questions.

use plimsoll_model::{Class, Digest, Fault};

use crate::{LogKey, LogPublicKey, base64_text};

/// The largest note that is read.
const MAX_BYTES: usize = 16 * 1024;
/// The most signature lines that are read; witnesses may add theirs.
const MAX_SIGNATURES: usize = 64;
/// The signature type that key ids are made with: Ed25519.
const ED25519_TYPE: u8 = 1;
const DASH: &str = "\u{2014} ";

/// What a checkpoint says of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// How many entries the log has.
    pub size: u64,
    /// The log's Merkle root over them (RFC 6962 §2.1).
    pub root: Digest,
}

/// A checkpoint could not be made, or does not prove what was asked of it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum CheckpointError {
    /// The log's name cannot stand in a signed note.
    #[error("`{0}` cannot name a log; use a name without white space and plus signs")]
    Origin(String),
    /// Not a signed note.
    #[error("the checkpoint is not a signed note: {0}")]
    Note(&'static str),
    /// Another log's.
    #[error("the checkpoint is of the log {found:?}, not of {expected:?}")]
    OtherLog {
        /// The log it names.
        found: String,
        /// The log that was asked for.
        expected: String,
    },
    /// No signature by a key that may sign for the log.
    #[error("the checkpoint of {origin:?} bears no signature by a key of that log")]
    Unsigned {
        /// The log.
        origin: String,
    },
    /// A signature in a key's name that is not the key's.
    #[error(
        "the checkpoint of {origin:?} was changed: its signature by the log's key {key} is wrong"
    )]
    Signature {
        /// The log.
        origin: String,
        /// The id of its key.
        key: Digest,
    },
}

impl Fault for CheckpointError {
    fn class(&self) -> Class {
        match self {
            Self::Origin(_) => Class::Internal,
            Self::Note(_)
            | Self::OtherLog { .. }
            | Self::Unsigned { .. }
            | Self::Signature { .. } => Class::Denied,
        }
    }
}

/// Signs the state of the log `origin`: a note of three lines, a blank one, and one signature.
pub fn sign(
    key: &LogKey,
    origin: &str,
    size: u64,
    root: &Digest,
) -> Result<String, CheckpointError> {
    check_origin(origin)?;
    let text = format!(
        "{origin}\n{size}\n{}\n",
        base64_text::encode(root.as_bytes())
    );
    Ok(sign_note(key, origin, &text))
}

/// Proves that one of these keys, which may sign for the log, signed this checkpoint of the log `origin`.
/// A wrong signature by one of them is not outweighed by a good one of another.
///
/// Lines after the third and signatures by other names (witnesses) are legal and prove nothing here.
pub fn verify(
    note: &str,
    keys: &[LogPublicKey],
    origin: &str,
) -> Result<Checkpoint, CheckpointError> {
    check_origin(origin)?;
    let (text, signatures) = split(note)?;
    let found = text
        .lines()
        .next()
        .ok_or(CheckpointError::Note("it is empty"))?;
    if found != origin {
        let found = found.chars().take(100).collect();
        return Err(CheckpointError::OtherLog {
            found,
            expected: origin.to_owned(),
        });
    }
    check_signatures(text, signatures, keys, origin)?;
    read(text)
}

fn check_origin(origin: &str) -> Result<(), CheckpointError> {
    let bad =
        |character: char| character.is_whitespace() || character.is_control() || character == '+';
    if origin.is_empty() || origin.len() > 200 || origin.contains(bad) {
        return Err(CheckpointError::Origin(origin.chars().take(100).collect()));
    }
    Ok(())
}

fn sign_note(key: &LogKey, name: &str, text: &str) -> String {
    let mut signature = key_hash(name, &key.public()).to_vec();
    signature.extend_from_slice(&key.sign(text.as_bytes()));
    format!("{text}\n{DASH}{name} {}\n", base64_text::encode(&signature))
}

/// The first four bytes of SHA-256(name ‖ newline ‖ type ‖ key) (signed-note, "Signatures").
fn key_hash(name: &str, key: &LogPublicKey) -> [u8; 4] {
    let digest = Digest::of(&[name.as_bytes(), b"\n", &[ED25519_TYPE], key.as_bytes()].concat());
    [0, 1, 2, 3].map(|at| digest.as_bytes()[at])
}

/// The signed text with its closing line break, and the lines of signatures.
fn split(note: &str) -> Result<(&str, &str), CheckpointError> {
    if note.len() > MAX_BYTES {
        return Err(CheckpointError::Note("it is larger than 16 KiB"));
    }
    if note
        .chars()
        .any(|character| character != '\n' && character.is_control())
    {
        return Err(CheckpointError::Note("it holds control characters"));
    }
    let at = note.rfind("\n\n").ok_or(CheckpointError::Note(
        "it has no blank line before signatures",
    ))?;
    let (text, signatures) = (&note[..=at], &note[at + 2..]);
    if signatures.is_empty() || !signatures.ends_with('\n') {
        return Err(CheckpointError::Note(
            "it does not end with a signature line",
        ));
    }
    if signatures.lines().count() > MAX_SIGNATURES {
        return Err(CheckpointError::Note("it has too many signatures"));
    }
    Ok((text, signatures))
}

fn check_signatures(
    text: &str,
    signatures: &str,
    keys: &[LogPublicKey],
    origin: &str,
) -> Result<(), CheckpointError> {
    let mut proven = false;
    for line in signatures.lines() {
        let (name, hash, signature) =
            signature_line(line).ok_or(CheckpointError::Note("a signature line is malformed"))?;
        if name != origin {
            continue;
        }
        for key in keys.iter().filter(|key| hash == key_hash(origin, key)) {
            if !key.verifies(text.as_bytes(), &signature) {
                return Err(CheckpointError::Signature {
                    origin: origin.to_owned(),
                    key: key.id(),
                });
            }
            proven = true;
        }
    }
    if proven {
        Ok(())
    } else {
        Err(CheckpointError::Unsigned {
            origin: origin.to_owned(),
        })
    }
}

fn signature_line(line: &str) -> Option<(&str, [u8; 4], Vec<u8>)> {
    let (name, signature) = line.strip_prefix(DASH)?.split_once(' ')?;
    let signature = base64_text::decode(signature)?;
    let (hash, signature) = signature.split_first_chunk::<4>()?;
    (!name.is_empty() && !signature.is_empty()).then(|| (name, *hash, signature.to_vec()))
}

fn read(text: &str) -> Result<Checkpoint, CheckpointError> {
    let mut lines = text.lines().skip(1);
    let size = lines
        .next()
        .and_then(decimal)
        .ok_or(CheckpointError::Note("its second line is not a size"))?;
    let root = lines
        .next()
        .and_then(base64_text::decode)
        .and_then(|root| root.try_into().ok());
    let root = root
        .map(Digest::from_bytes)
        .ok_or(CheckpointError::Note("its third line is not a root"))?;
    if lines.any(str::is_empty) {
        return Err(CheckpointError::Note("it holds an empty line"));
    }
    Ok(Checkpoint { size, root })
}

/// A number in the one way of writing it: no sign, no leading zero.
fn decimal(text: &str) -> Option<u64> {
    let number = text.parse::<u64>().ok()?;
    (number.to_string() == text).then_some(number)
}

#[cfg(test)]
mod tests {
    use plimsoll_model::Digest;

    use super::{CheckpointError, sign, sign_note, verify};
    use crate::LogKey;

    #[test]
    fn a_published_note_is_signed_to_the_byte() {
        // The example of the Go package golang.org/x/mod/sumdb/note; Ed25519 signs the same way each time.
        let seed =
            crate::base64_text::decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz").unwrap();
        let key = LogKey::from_seed(&seed[1..]);
        let text = "If you think cryptography is the answer to your problem,\n\
                    then you don't know what your problem is.\n";
        let line = "\u{2014} PeterNeumann \
                    x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";
        assert_eq!(
            sign_note(&key, "PeterNeumann", text),
            format!("{text}\n{line}\n")
        );
    }

    #[test]
    fn a_checkpoint_speaks_of_one_log_only() {
        let key = LogKey::generate().unwrap();
        let root = Digest::of(b"root");
        let note = sign(&key, "ledger.example/one", 12, &root).unwrap();
        let read = verify(&note, &[key.public()], "ledger.example/one").unwrap();
        assert_eq!((read.size, read.root), (12, root));
        let other = verify(&note, &[key.public()], "ledger.example/two");
        assert!(
            matches!(other, Err(CheckpointError::OtherLog { .. })),
            "{other:?}"
        );
        let stranger = verify(
            &note,
            &[LogKey::generate().unwrap().public()],
            "ledger.example/one",
        );
        assert!(
            matches!(stranger, Err(CheckpointError::Unsigned { .. })),
            "{stranger:?}"
        );
        let changed = verify(
            &note.replace("\n12\n", "\n13\n"),
            &[LogKey::generate().unwrap().public(), key.public()],
            "ledger.example/one",
        );
        assert!(
            matches!(changed, Err(CheckpointError::Signature { .. })),
            "{changed:?}"
        );
        for origin in ["", "two words", "a+b", "a\nb"] {
            assert!(
                matches!(
                    sign(&key, origin, 1, &root),
                    Err(CheckpointError::Origin(_))
                ),
                "{origin:?}"
            );
        }
    }

    #[test]
    fn signed_nonsense_is_still_nonsense() {
        let key = LogKey::generate().unwrap();
        let root = crate::base64_text::encode(&[0; 32]);
        let texts = [
            format!("log\n01\n{root}\n"),
            format!("log\n-1\n{root}\n"),
            "log\n1\nAAAA\n".to_owned(),
            "log\n".to_owned(),
        ];
        for text in texts {
            let note = sign_note(&key, "log", &text);
            assert!(
                matches!(
                    verify(&note, &[key.public()], "log"),
                    Err(CheckpointError::Note(_))
                ),
                "{text:?}"
            );
        }
        let extended = sign_note(&key, "log", &format!("log\n1\n{root}\nan extension\n"));
        assert!(verify(&extended, &[key.public()], "log").is_ok());
    }
}
