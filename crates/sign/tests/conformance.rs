//! The public conformance cases of sigstore: the ones with a key are judged, the ones that rest on a
//! certificate are refused, and the checkpoints of its newer logs are read.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plimsoll_sign::checkpoint::{self, CheckpointError};
use plimsoll_sign::{Bundle, BundleError, LogPublicKey, PublicKey, verify_blob};
use serde_json::Value;

#[test]
fn keys_are_judged_and_certificates_are_refused() {
    let Some(cases) = cases() else { return };
    let (mut accepted, mut refused, mut keyless) = (0, 0, 0);
    for case in cases {
        let name = case.file_name().unwrap().to_str().unwrap();
        let json = std::fs::read(case.join("bundle.sigstore.json")).unwrap();
        let Ok(key) = std::fs::read_to_string(case.join("key.pub")) else {
            let error = Bundle::from_json(&json).expect_err(name);
            assert!(
                !matches!(error, BundleError::TooLarge { .. } | BundleError::Key(_)),
                "{name}: {error}"
            );
            keyless += usize::from(matches!(error, BundleError::Keyless));
            continue;
        };
        let artifact = [case.join("artifact"), case.join("../a.txt")]
            .into_iter()
            .find(|path| path.is_file());
        let artifact = std::fs::read(artifact.expect("each case has an artifact")).unwrap();
        let bundle = Bundle::from_json(&json).expect(name);
        let proven = PublicKey::from_pem(&key)
            .is_ok_and(|key| verify_blob(&bundle, &artifact, &key).is_ok());
        assert_eq!(proven, !name.ends_with("_fail"), "{name}");
        let again = Bundle::from_json(&bundle.to_json()).unwrap();
        assert_eq!(again, bundle, "{name}: what is read is what is written");
        if proven { accepted += 1 } else { refused += 1 }
    }
    assert!(
        accepted >= 2 && refused >= 1 && keyless >= 20,
        "{accepted}, {refused}, {keyless}: cases are missing"
    );
}

#[test]
fn checkpoints_of_a_real_log_are_read() {
    let Some(cases) = cases() else { return };
    let (mut accepted, mut refused) = (0, 0);
    for case in cases.iter().filter(|case| {
        case.file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .starts_with("rekor2-")
    }) {
        let name = case.file_name().unwrap().to_str().unwrap();
        let (Some((origin, key)), Some(proof)) = (log_key(case), proof(case)) else {
            continue;
        };
        let note = proof["checkpoint"]["envelope"].as_str().unwrap();
        let broken = ["missing-origin", "missing-root", "no-matching-signature"];
        match checkpoint::verify(note, std::slice::from_ref(&key), &origin) {
            Ok(read) => {
                assert!(
                    !broken.iter().any(|part| name.contains(part)),
                    "{name}: accepted"
                );
                assert_eq!(proof["treeSize"], read.size.to_string().as_str(), "{name}");
                assert_eq!(
                    proof["rootHash"],
                    STANDARD.encode(read.root.as_bytes()).as_str(),
                    "{name}"
                );
                assert_each_change_is_refused(note, &key, &origin);
                accepted += 1;
            }
            Err(error) => {
                assert!(
                    broken.iter().any(|part| name.contains(part)),
                    "{name}: {error}"
                );
                refused += 1;
            }
        }
    }
    assert!(
        accepted >= 5 && refused >= 3,
        "{accepted}, {refused}: cases are missing"
    );
}

/// No changed byte of the signed text or of the log's own signature passes.
fn assert_each_change_is_refused(note: &str, key: &LogPublicKey, origin: &str) {
    let own_line = format!("\u{2014} {origin} ");
    let end = note.find(&own_line).unwrap() + own_line.len();
    let end = end + note[end..].find('\n').unwrap();
    for at in (0..end).filter(|at| note.as_bytes()[*at].is_ascii()) {
        let mut changed = note.as_bytes().to_vec();
        changed[at] ^= 1;
        let changed = String::from_utf8(changed).unwrap();
        assert!(
            checkpoint::verify(&changed, std::slice::from_ref(key), origin).is_err(),
            "byte {at} of {note:?}"
        );
    }
    let other = LogPublicKey::from_bytes([7; 32]);
    let error = checkpoint::verify(note, &[other], origin).unwrap_err();
    assert!(matches!(error, CheckpointError::Unsigned { .. }), "{error}");
}

/// The folders of the cases; `None`, said aloud, where the data is not at hand.
fn cases() -> Option<Vec<PathBuf>> {
    let root =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/sigstore-conformance");
    if !root.is_dir() {
        std::io::Write::write_fmt(
            &mut std::io::stderr(),
            format_args!(
                "SKIPPED: sigstore conformance, because ../shared/data/sigstore-conformance is absent\n"
            ),
        )
        .unwrap();
        return None;
    }
    let mut cases: Vec<PathBuf> = std::fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.retain(|path| path.is_dir());
    cases.sort();
    Some(cases)
}

/// The name and key of the case's Ed25519 log, from its trusted root.
fn log_key(case: &Path) -> Option<(String, LogPublicKey)> {
    let root: Value =
        serde_json::from_slice(&std::fs::read(case.join("trusted_root.json")).ok()?).unwrap();
    let note = proof(case)?["checkpoint"]["envelope"].as_str()?.to_owned();
    let mut logs = Vec::new();
    for log in root["tlogs"].as_array()? {
        let origin = log["baseUrl"]
            .as_str()?
            .trim_start_matches("https://")
            .to_owned();
        let der = STANDARD
            .decode(log["publicKey"]["rawBytes"].as_str()?)
            .unwrap();
        if log["publicKey"]["keyDetails"] == "PKIX_ED25519" {
            logs.push((
                origin,
                LogPublicKey::from_bytes(der[12..].try_into().unwrap()),
            ));
        }
    }
    // A note that names none of the logs is judged as if it were the first one's.
    let named = logs
        .iter()
        .position(|(origin, _)| note.contains(&format!(" {origin} ")));
    (!logs.is_empty()).then(|| logs.swap_remove(named.unwrap_or(0)))
}

/// The inclusion proof of the case's only log entry.
fn proof(case: &Path) -> Option<Value> {
    let bundle: Value =
        serde_json::from_slice(&std::fs::read(case.join("bundle.sigstore.json")).ok()?).ok()?;
    let proof = &bundle["verificationMaterial"]["tlogEntries"][0]["inclusionProof"];
    (!proof.is_null()).then(|| proof.clone())
}
