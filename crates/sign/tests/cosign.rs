//! The second opinion: real cosign 3 and this crate judge each other's keys, bundles and statements.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

use std::path::PathBuf;
use std::process::Command;

use plimsoll_sign::{Bundle, Password, PrivateKey, PublicKey, verify_blob, verify_statement};

const PASSWORD: &str = "correct horse";
const PREDICATE_TYPE: &str = "https://example.com/predicate/v1";

/// One scratch folder with cosign at hand and a key pair that cosign made.
struct Bench {
    cosign: PathBuf,
    folder: tempfile::TempDir,
}

#[test]
fn each_side_reads_the_other_sides_keys() {
    let Some(bench) = Bench::with_cosign_key() else {
        return;
    };
    let theirs = bench.their_key();
    assert_eq!(theirs.public(), bench.their_public());
    assert!(PrivateKey::from_encrypted_pem(&bench.read("cosign.key"), &password("wrong")).is_err());

    let ours = PrivateKey::generate().unwrap();
    bench.write(
        "ours.key",
        ours.to_encrypted_pem(&password(PASSWORD))
            .unwrap()
            .as_bytes(),
    );
    let public = bench
        .run(&["public-key", "--key", "ours.key"])
        .expect("cosign reads the key file");
    assert_eq!(PublicKey::from_pem(&public).unwrap(), ours.public());
    assert_eq!(public, ours.public().to_pem());
}

#[test]
fn cosign_accepts_our_blob_bundle_and_refuses_a_changed_byte() {
    let Some(bench) = Bench::with_cosign_key() else {
        return;
    };
    let key = bench.write_our_public();
    bench.write("blob", b"the bytes that ship\n");
    bench.write(
        "bundle.json",
        &Bundle::blob(&key, b"the bytes that ship\n")
            .unwrap()
            .to_json(),
    );
    let verify = [
        "verify-blob",
        "--key",
        "ours.pub",
        "--bundle",
        "bundle.json",
        "--insecure-ignore-tlog=true",
        "blob",
    ];
    bench.run(&verify).expect("cosign accepts the bundle");

    bench.write("blob", b"the bytes that shiP\n");
    assert!(
        bench.run(&verify).is_err(),
        "cosign accepted a changed file"
    );
    bench.write("blob", b"the bytes that ship\n");
    bench.write(
        "ours.pub",
        PrivateKey::generate().unwrap().public().to_pem().as_bytes(),
    );
    assert!(bench.run(&verify).is_err(), "cosign accepted another key");
}

#[test]
fn we_accept_cosigns_blob_bundle_and_refuse_a_changed_byte() {
    let Some(bench) = Bench::with_cosign_key() else {
        return;
    };
    bench.write("blob", b"the bytes that ship\n");
    let sign = [
        "sign-blob",
        "--key",
        "cosign.key",
        "--signing-config",
        "offline.json",
        "--bundle",
        "bundle.json",
    ];
    bench
        .run(&[&sign[..], &["--yes", "blob"]].concat())
        .expect("cosign signs");
    let bundle = Bundle::from_json(bench.read("bundle.json").as_bytes()).unwrap();
    let public = bench.their_public();
    assert_eq!(bundle.key_hint(), public.hint());
    assert_eq!(
        verify_blob(&bundle, b"the bytes that ship\n", &public),
        Ok(())
    );
    assert!(verify_blob(&bundle, b"the bytes that shiP\n", &public).is_err());
    assert!(
        verify_blob(
            &bundle,
            b"the bytes that ship\n",
            &PrivateKey::generate().unwrap().public()
        )
        .is_err()
    );
}

#[test]
fn cosign_accepts_our_statement_and_refuses_a_changed_byte() {
    let Some(bench) = Bench::with_cosign_key() else {
        return;
    };
    let key = bench.write_our_public();
    bench.write("blob", b"the bytes that ship\n");
    let statement = statement_about(b"the bytes that ship\n");
    let bundle = Bundle::statement(&key, statement.as_bytes())
        .unwrap()
        .to_json();
    bench.write("bundle.json", &bundle);
    let verify = [
        "verify-blob-attestation",
        "--key",
        "ours.pub",
        "--bundle",
        "bundle.json",
    ];
    let verify = [
        &verify[..],
        &[
            "--insecure-ignore-tlog=true",
            "--type",
            PREDICATE_TYPE,
            "blob",
        ],
    ]
    .concat();
    bench.run(&verify).expect("cosign accepts the statement");

    let changed = with_payload(&bundle, &statement.replace("passed", "failed"));
    bench.write("bundle.json", &changed);
    assert!(
        bench.run(&verify).is_err(),
        "cosign accepted a changed statement"
    );
    let changed = Bundle::from_json(&changed).unwrap();
    assert!(verify_statement(&changed, &[key.public()]).is_err());
}

#[test]
fn we_accept_cosigns_statement_and_refuse_a_changed_byte() {
    let Some(bench) = Bench::with_cosign_key() else {
        return;
    };
    bench.write("blob", b"the bytes that ship\n");
    bench.write("predicate.json", b"{\"result\":\"passed\"}");
    let attest = [
        "attest-blob",
        "--key",
        "cosign.key",
        "--signing-config",
        "offline.json",
        "--yes",
        "--bundle",
    ];
    let what = [
        "bundle.json",
        "--predicate",
        "predicate.json",
        "--type",
        PREDICATE_TYPE,
        "blob",
    ];
    bench
        .run(&[&attest[..], &what[..]].concat())
        .expect("cosign attests");
    let json = bench.read("bundle.json");
    let bundle = Bundle::from_json(json.as_bytes()).unwrap();
    let keys = [
        PrivateKey::generate().unwrap().public(),
        bench.their_public(),
    ];
    let verified = verify_statement(&bundle, &keys).unwrap();
    assert_eq!(verified.key, bench.their_public().id());
    let payload = String::from_utf8(verified.payload).unwrap();
    assert!(payload.contains(PREDICATE_TYPE), "{payload}");

    let changed = with_payload(json.as_bytes(), &payload.replace("passed", "failed"));
    assert!(verify_statement(&Bundle::from_json(&changed).unwrap(), &keys).is_err());
    assert!(verify_statement(&bundle, &keys[..1]).is_err());
}

impl Bench {
    /// `None`, said aloud, where cosign cannot be had.
    fn with_cosign_key() -> Option<Self> {
        let cosign = plimsoll_trial::find_peer("cosign", "cosign interoperability")?;
        let bench = Self {
            cosign,
            folder: tempfile::tempdir().unwrap(),
        };
        bench
            .run(&["generate-key-pair"])
            .expect("cosign makes a key pair");
        bench
            .run(&["signing-config", "create", "--out", "offline.json"])
            .expect("cosign writes a signing config");
        Some(bench)
    }

    /// Runs cosign in the scratch folder; its output, or what it complained of.
    fn run(&self, arguments: &[&str]) -> Result<String, String> {
        let output = Command::new(&self.cosign)
            .args(arguments)
            .current_dir(self.folder.path())
            .env("HOME", self.folder.path())
            .env("COSIGN_PASSWORD", PASSWORD)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() {
            Ok(String::from_utf8(output.stdout).unwrap())
        } else {
            Err(said)
        }
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.folder.path().join(name), bytes).unwrap();
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    fn write_our_public(&self) -> PrivateKey {
        let key = PrivateKey::generate().unwrap();
        self.write("ours.pub", key.public().to_pem().as_bytes());
        key
    }

    fn their_key(&self) -> PrivateKey {
        PrivateKey::from_encrypted_pem(&self.read("cosign.key"), &password(PASSWORD)).unwrap()
    }

    fn their_public(&self) -> PublicKey {
        PublicKey::from_pem(&self.read("cosign.pub")).unwrap()
    }
}

fn password(text: &str) -> Password {
    Password::new(text.to_owned())
}

fn statement_about(bytes: &[u8]) -> String {
    let digest = plimsoll_model::Digest::of(bytes).hex();
    format!(
        r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{{"name":"blob","digest":{{"sha256":"{digest}"}}}}],
        "predicateType":"{PREDICATE_TYPE}","predicate":{{"result":"passed"}}}}"#
    )
}

/// The same bundle, with its envelope's payload exchanged and the signature kept.
fn with_payload(bundle: &[u8], payload: &str) -> Vec<u8> {
    use base64::Engine as _;
    let mut json: serde_json::Value = serde_json::from_slice(bundle).unwrap();
    let encoded = base64::engine::general_purpose::STANDARD.encode(payload);
    assert_ne!(
        json["dsseEnvelope"]["payload"],
        encoded.as_str(),
        "nothing was changed"
    );
    json["dsseEnvelope"]["payload"] = encoded.into();
    serde_json::to_vec(&json).unwrap()
}
