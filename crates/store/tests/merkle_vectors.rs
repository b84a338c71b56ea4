//! Every public RFC 6962 vector of transparency-dev/merkle, those that must fail included.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plimsoll_model::Digest;
use plimsoll_store::merkle::{verify_consistency, verify_inclusion};
use serde_json::Value;

#[test]
fn every_vector_is_judged_as_published() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/merkle");
    if !root.is_dir() {
        std::io::Write::write_fmt(
            &mut std::io::stderr(),
            format_args!("SKIPPED: Merkle vectors, because ../shared/data/merkle is absent\n"),
        )
        .unwrap();
        return;
    }
    let mut files = Vec::new();
    collect(&root, &mut files);
    let (mut proven, mut refused) = (0, 0);
    for file in files {
        let case: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        let verdict = if case["leafHash"].is_null() {
            consistency(&case)
        } else {
            inclusion(&case)
        };
        let verdict = verdict.is_some();
        assert_eq!(
            verdict,
            !case["wantErr"].as_bool().unwrap(),
            "{}",
            file.display()
        );
        if verdict { proven += 1 } else { refused += 1 }
    }
    assert_eq!((proven, refused), (12, 184));
}

fn inclusion(case: &Value) -> Option<()> {
    let (leaf, root) = (digest(&case["leafHash"])?, digest(&case["root"])?);
    let (index, size) = (case["leafIdx"].as_u64()?, case["treeSize"].as_u64()?);
    verify_inclusion(&leaf, index, size, &proof(case)?, &root).ok()
}

fn consistency(case: &Value) -> Option<()> {
    let (size1, size2) = (case["size1"].as_u64()?, case["size2"].as_u64()?);
    let (root1, root2) = (digest(&case["root1"])?, digest(&case["root2"])?);
    verify_consistency(size1, &root1, size2, &root2, &proof(case)?).ok()
}

fn proof(case: &Value) -> Option<Vec<Digest>> {
    case["proof"]
        .as_array()
        .map_or(Some(Vec::new()), |proof| proof.iter().map(digest).collect())
}

/// An empty hash is none. Some vectors have hashes of yet another length, which only need to be equal
/// or unequal.
fn digest(text: &Value) -> Option<Digest> {
    let bytes = STANDARD.decode(text.as_str()?).unwrap();
    let digest = <[u8; 32]>::try_from(bytes.as_slice());
    let digest = digest.map_or_else(|_| Digest::of_parts(&[&bytes]), Digest::from_bytes);
    (!bytes.is_empty()).then_some(digest)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}
