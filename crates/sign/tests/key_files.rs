//! Key files: what opens, what is refused, and that nothing secret shows.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

use plimsoll_sign::{KeyError, LogKey, LogPublicKey, Password, PrivateKey, PublicKey};
use serde_json::{Value, json};

/// Made with `cosign generate-key-pair` and the password `pw`; it protects nothing.
const COSIGN_KEY: &str = include_str!("data/cosign.key");
const COSIGN_PUB: &str = include_str!("data/cosign.pub");

#[test]
fn a_key_comes_back_as_it_was_saved() {
    let key = PrivateKey::generate().unwrap();
    let file = key.to_encrypted_pem(&password("p\u{e4}ss word")).unwrap();
    assert!(
        file.starts_with("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n"),
        "{file}"
    );
    let back = PrivateKey::from_encrypted_pem(&file, &password("p\u{e4}ss word")).unwrap();
    assert_eq!(back.public(), key.public());
    let wrong = PrivateKey::from_encrypted_pem(&file, &password("p\u{e4}ss worD"));
    assert!(matches!(wrong, Err(KeyError::Locked)), "{wrong:?}");
    assert_ne!(
        file,
        key.to_encrypted_pem(&password("p\u{e4}ss word")).unwrap(),
        "salt and nonce are new each time"
    );
}

#[test]
fn the_logs_key_comes_back_and_is_no_signing_key() {
    let key = LogKey::generate().unwrap();
    let file = key.to_encrypted_pem(&password("pw")).unwrap();
    assert_eq!(
        LogKey::from_encrypted_pem(&file, &password("pw"))
            .unwrap()
            .public(),
        key.public()
    );
    assert_eq!(
        LogPublicKey::from_pem(&key.public().to_pem()).unwrap(),
        key.public()
    );
    assert!(matches!(
        PrivateKey::from_encrypted_pem(&file, &password("pw")),
        Err(KeyError::Kind { .. })
    ));
    assert!(matches!(
        PublicKey::from_pem(&key.public().to_pem()),
        Err(KeyError::Kind { .. })
    ));
    assert!(matches!(
        LogKey::from_encrypted_pem(COSIGN_KEY, &password("pw")),
        Err(KeyError::Kind { .. })
    ));
    assert!(matches!(
        LogPublicKey::from_pem(COSIGN_PUB),
        Err(KeyError::Kind { .. })
    ));
}

#[test]
fn a_file_of_cosigns_opens_under_either_label() {
    let public = PublicKey::from_pem(COSIGN_PUB).unwrap();
    let old = COSIGN_KEY.replace("SIGSTORE", "COSIGN");
    for file in [COSIGN_KEY, &old, &COSIGN_KEY.replace('\n', "\r\n")] {
        assert_eq!(
            PrivateKey::from_encrypted_pem(file, &password("pw"))
                .unwrap()
                .public(),
            public
        );
    }
    assert_eq!(public.to_pem(), COSIGN_PUB);
}

#[test]
fn each_changed_part_of_a_file_is_refused() {
    let check = |what: &str, change: fn(&mut Value)| {
        let file = changed(change);
        let read = PrivateKey::from_encrypted_pem(&file, &password("pw"));
        let error = read.expect_err(what).to_string();
        assert!(!error.contains("pw"), "{what}: {error}");
        error
    };
    let scheme = "is not read here";
    assert!(
        check("a cost too low", |key| key["kdf"]["params"]["N"] =
            json!(16384))
        .contains(scheme)
    );
    assert!(
        check("a cost too high", |key| key["kdf"]["params"]["N"] =
            json!(1u64 << 40))
        .contains(scheme)
    );
    assert!(
        check("another block size", |key| key["kdf"]["params"]["r"] =
            json!(1024))
        .contains(scheme)
    );
    assert!(
        check("another parallelism", |key| key["kdf"]["params"]["p"] =
            json!(99))
        .contains(scheme)
    );
    assert!(
        check("another derivation", |key| key["kdf"]["name"] =
            json!("pbkdf2"))
        .contains(scheme)
    );
    assert!(
        check("another cipher", |key| key["cipher"]["name"] =
            json!("none"))
        .contains(scheme)
    );
    assert!(
        check("a short nonce", |key| key["cipher"]["nonce"] =
            json!("AAAA"))
        .contains(scheme)
    );
    check("a legal, wrong cost", |key| {
        key["kdf"]["params"]["N"] = json!(32768)
    });
    check("a changed salt", |key| key["kdf"]["salt"] = json!("AAAA"));
    check("an empty ciphertext", |key| key["ciphertext"] = json!(""));
    check("a short ciphertext", |key| {
        key["ciphertext"] = json!("AAAA")
    });
    check("an unknown field", |key| key["comment"] = json!("x"));
    assert!(
        changed(|_| ()) != COSIGN_KEY
            || PrivateKey::from_encrypted_pem(COSIGN_KEY, &password("pw")).is_ok()
    );
}

#[test]
fn foreign_text_is_no_key() {
    let open = |text: &str| PrivateKey::from_encrypted_pem(text, &password("pw")).err();
    for text in [
        "",
        "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----",
        COSIGN_PUB,
        &format!("x{COSIGN_KEY}"),
    ] {
        assert!(matches!(open(text), Some(KeyError::Pem { .. })), "{text:?}");
    }
    assert!(open(&" ".repeat(1 << 20)).is_some());
    // The point is not on the curve.
    let der = PublicKey::from_pem(COSIGN_PUB).unwrap().spki_der().to_vec();
    let mut off_curve = der.clone();
    off_curve[90] ^= 1;
    assert!(PublicKey::from_spki_der(&der).is_ok());
    assert!(PublicKey::from_spki_der(&off_curve).is_err());
    assert!(PublicKey::from_spki_der(&der[..90]).is_err());
}

#[test]
fn debug_shows_no_secret() {
    let key = PrivateKey::generate().unwrap();
    let shown = format!(
        "{:?} {:?} {:?}",
        key,
        password("hunter2hunter2"),
        LogKey::generate().unwrap()
    );
    assert!(!shown.contains("hunter2"), "{shown}");
    let id = key.public().id().to_string();
    assert!(
        shown.starts_with(&format!(
            "PrivateKey(******** of {id}) Password(********) LogKey(********"
        )),
        "{shown}"
    );
}

/// The file of cosign's, with its JSON changed.
fn changed(change: fn(&mut Value)) -> String {
    use base64::Engine as _;
    let engine = base64::engine::general_purpose::STANDARD;
    let body: String = COSIGN_KEY
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect();
    let mut json: Value = serde_json::from_slice(&engine.decode(body).unwrap()).unwrap();
    change(&mut json);
    let label = "ENCRYPTED SIGSTORE PRIVATE KEY-----";
    format!(
        "-----BEGIN {label}\n{}\n-----END {label}\n",
        engine.encode(json.to_string())
    )
}

fn password(text: &str) -> Password {
    Password::new(text.to_owned())
}
