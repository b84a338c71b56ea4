//! Bundles: what is refused, and that no change of a signed byte passes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

use plimsoll_sign::{
    Bundle, BundleError, PrivateKey, VerifyError, dsse, verify_blob, verify_statement,
};
use serde_json::{Value, json};

const FILE: &[u8] = b"the bytes that ship\n";
const STATEMENT: &[u8] = b"{ \"_type\":\"https://in-toto.io/Statement/v1\" , \"n\": 1.0 }\n";

#[test]
fn a_statement_comes_back_byte_for_byte_with_its_signer() {
    let (ours, other) = (
        PrivateKey::generate().unwrap(),
        PrivateKey::generate().unwrap(),
    );
    let bundle =
        Bundle::from_json(&Bundle::statement(&ours, STATEMENT).unwrap().to_json()).unwrap();
    let verified = verify_statement(&bundle, &[other.public(), ours.public()]).unwrap();
    assert_eq!(
        (verified.payload.as_slice(), verified.key),
        (STATEMENT, ours.public().id())
    );
    assert!(matches!(
        verify_statement(&bundle, &[other.public()]),
        Err(VerifyError::Signature { tried: 1, .. })
    ));
    assert!(matches!(
        verify_statement(&bundle, &[]),
        Err(VerifyError::Signature { tried: 0, .. })
    ));
    assert_eq!(
        verify_blob(&bundle, STATEMENT, &ours.public()),
        Err(VerifyError::NotABlob)
    );
}

#[test]
fn a_file_and_a_statement_never_stand_for_each_other() {
    let key = PrivateKey::generate().unwrap();
    let bundle = Bundle::blob(&key, FILE).unwrap();
    assert_eq!(verify_blob(&bundle, FILE, &key.public()), Ok(()));
    assert_eq!(
        verify_statement(&bundle, &[key.public()]),
        Err(VerifyError::NotAStatement)
    );
    // Whoever may have a file signed must not get a statement signed.
    let disguised = dsse::pae(dsse::IN_TOTO, STATEMENT);
    assert!(matches!(
        Bundle::blob(&key, &disguised),
        Err(BundleError::Ambiguous)
    ));
    let other_type = dsse::sign(&key, "text/plain", STATEMENT).unwrap();
    assert!(other_type.is_signed_by(&key.public()));
    let mut json = parsed(&Bundle::statement(&key, STATEMENT).unwrap());
    json["dsseEnvelope"]["payloadType"] = json!("text/plain");
    let error = verify_statement(&read(&json).unwrap(), &[key.public()]).unwrap_err();
    assert_eq!(error, VerifyError::PayloadType("text/plain".to_owned()));
}

#[test]
fn no_changed_byte_of_a_bundle_changes_what_it_proves() {
    let key = PrivateKey::generate().unwrap();
    let keys = [key.public()];
    let statement = Bundle::statement(&key, STATEMENT).unwrap().to_json();
    let blob = Bundle::blob(&key, FILE).unwrap().to_json();
    for at in 0..statement.len() {
        let Ok(bundle) = Bundle::from_json(&flipped(&statement, at)) else {
            continue;
        };
        if let Ok(verified) = verify_statement(&bundle, &keys) {
            assert_eq!(verified.payload, STATEMENT, "byte {at}");
            assert_ne!(
                bundle.key_hint(),
                key.public().hint(),
                "byte {at} is neither signed nor the hint"
            );
        }
    }
    for at in 0..blob.len() {
        let Ok(bundle) = Bundle::from_json(&flipped(&blob, at)) else {
            continue;
        };
        let verdict = verify_blob(&bundle, FILE, &keys[0]);
        assert!(
            verdict.is_err() || bundle.key_hint() != key.public().hint(),
            "byte {at}"
        );
    }
    for at in 0..FILE.len() {
        let bundle = Bundle::from_json(&blob).unwrap();
        assert!(
            verify_blob(&bundle, &flipped(FILE, at), &keys[0]).is_err(),
            "byte {at} of the file"
        );
    }
}

#[test]
fn other_shapes_are_refused_by_name() {
    let key = PrivateKey::generate().unwrap();
    let check = |expected: &str, change: fn(&mut Value)| {
        let mut json = parsed(&Bundle::statement(&key, STATEMENT).unwrap());
        change(&mut json);
        let error = read(&json).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
    };
    let material = "verificationMaterial";
    check("media type", |json| {
        json["mediaType"] = json!("application/vnd.dev.sigstore.bundle+json;version=0.1")
    });
    check("media type", |json| {
        json["mediaType"] = json!("application/vnd.dev.sigstore.bundle.v0.4+json")
    });
    check("keyless", |json| {
        json["verificationMaterial"]["certificate"] = json!({"rawBytes": "AAAA"})
    });
    check("keyless", |json| {
        json["verificationMaterial"] =
            json!({"x509CertificateChain": {"certificates": [{"rawBytes": "AAAA"}]}});
    });
    check("one publicKey", |json| {
        json["verificationMaterial"] = json!({})
    });
    check("one messageSignature or dsseEnvelope", |json| {
        json.as_object_mut().unwrap().remove("dsseEnvelope");
    });
    check("one messageSignature or dsseEnvelope", |json| {
        json["messageSignature"] =
            json!({"messageDigest": {"algorithm": "SHA2_256", "digest": ""}, "signature": ""});
    });
    check("one signature", |json| {
        json["dsseEnvelope"]["signatures"] = json!([])
    });
    check("one signature", |json| {
        let one = json["dsseEnvelope"]["signatures"][0].clone();
        json["dsseEnvelope"]["signatures"] = json!([one, one]);
    });
    check("in JSON", |json| json["dsseEnvelope"]["extra"] = json!(1));
    check("in JSON", |json| {
        json["dsseEnvelope"]["payload"] = json!("not base64")
    });
    check("in JSON", |json| json["verificationMaterial"] = Value::Null);
    let twice = Bundle::statement(&key, STATEMENT).unwrap().to_json();
    let twice =
        String::from_utf8(twice)
            .unwrap()
            .replacen('{', &format!("{{\"{material}\":{{}},"), 1);
    assert!(
        matches!(
            Bundle::from_json(twice.as_bytes()),
            Err(BundleError::Json(_))
        ),
        "a field given twice"
    );
    assert!(matches!(
        Bundle::from_json(&vec![b' '; (64 << 20) + 1]),
        Err(BundleError::TooLarge { .. })
    ));
    assert!(matches!(
        Bundle::from_json("[".repeat(100_000).as_bytes()),
        Err(BundleError::Json(_))
    ));
}

fn parsed(bundle: &Bundle) -> Value {
    serde_json::from_slice(&bundle.to_json()).unwrap()
}

fn read(json: &Value) -> Result<Bundle, BundleError> {
    Bundle::from_json(&serde_json::to_vec(json).unwrap())
}

fn flipped(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] ^= 1;
    bytes
}
