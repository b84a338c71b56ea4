//! Key files in cosign's format: PEM over JSON that names scrypt and `nacl/secretbox`, over PKCS#8.

use aws_lc_rs::rand;
use crypto_secretbox::aead::Aead as _;
use crypto_secretbox::{KeyInit as _, Nonce, XSalsa20Poly1305};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::base64_text::Base64;
use crate::{KeyError, Password, pem};

/// The label that cosign 2 and 3 write.
const LABEL: &str = "ENCRYPTED SIGSTORE PRIVATE KEY";
/// The label that cosign 1 wrote.
const OLD_LABEL: &str = "ENCRYPTED COSIGN PRIVATE KEY";

const KDF: &str = "scrypt";
const CIPHER: &str = "nacl/secretbox";
const SALT_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// The cost that new files get, which is the one that cosign 3 gives its own: 64 MiB.
const LOG_COST: u8 = 16;
/// The costs that are read. Any other is refused, so that a file can neither weaken the protection
/// unseen nor ask for gigabytes.
const LOG_COSTS: [u8; 3] = [15, 16, 17];

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    kdf: Kdf,
    cipher: Cipher,
    ciphertext: Base64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kdf {
    name: String,
    params: Cost,
    salt: Base64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cost {
    #[serde(rename = "N")]
    n: u64,
    r: u32,
    p: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cipher {
    name: String,
    nonce: Base64,
}

/// Encrypts a PKCS#8 document.
pub(crate) fn seal(pkcs8: &[u8], password: &Password) -> Result<String, KeyError> {
    let mut salt = vec![0; SALT_BYTES];
    let mut nonce = vec![0; NONCE_BYTES];
    rand::fill(&mut salt).map_err(|_| KeyError::Random)?;
    rand::fill(&mut nonce).map_err(|_| KeyError::Random)?;
    let ciphertext = secretbox(password, &salt, LOG_COST)?
        .encrypt(Nonce::from_slice(&nonce), pkcs8)
        .map_err(|_| KeyError::Seal)?;
    let sealed = Sealed {
        kdf: Kdf {
            name: KDF.to_owned(),
            params: Cost {
                n: 1 << LOG_COST,
                r: 8,
                p: 1,
            },
            salt: Base64(salt),
        },
        cipher: Cipher {
            name: CIPHER.to_owned(),
            nonce: Base64(nonce),
        },
        ciphertext: Base64(ciphertext),
    };
    let json = serde_json::to_vec(&sealed).expect("strings and numbers are always JSON");
    Ok(pem::encode(&json, LABEL))
}

/// Decrypts a PKCS#8 document.
pub(crate) fn open(text: &str, password: &Password) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let json = pem::decode(text, LABEL).or_else(|| pem::decode(text, OLD_LABEL));
    let json = json.ok_or(KeyError::Pem { expected: LABEL })?;
    let sealed: Sealed = serde_json::from_slice(&json).map_err(KeyError::Json)?;
    let log_cost = check_scheme(&sealed)?;
    secretbox(password, &sealed.kdf.salt.0, log_cost)?
        .decrypt(
            Nonce::from_slice(&sealed.cipher.nonce.0),
            sealed.ciphertext.0.as_slice(),
        )
        .map(Zeroizing::new)
        .map_err(|_| KeyError::Locked)
}

/// The logarithm of the file's scrypt cost, when every parameter is one that this build reads.
fn check_scheme(sealed: &Sealed) -> Result<u8, KeyError> {
    let Kdf { name, params, .. } = &sealed.kdf;
    let log_cost = LOG_COSTS.into_iter().find(|log| params.n == 1 << log);
    match log_cost {
        Some(log_cost)
            if name == KDF
                && (params.r, params.p) == (8, 1)
                && sealed.cipher.name == CIPHER
                && sealed.cipher.nonce.0.len() == NONCE_BYTES =>
        {
            Ok(log_cost)
        }
        _ => Err(KeyError::Scheme {
            n: params.n,
            r: params.r,
            p: params.p,
        }),
    }
}

fn secretbox(password: &Password, salt: &[u8], log_cost: u8) -> Result<XSalsa20Poly1305, KeyError> {
    let mut key = Zeroizing::new([0; 32]);
    let params = scrypt::Params::new(log_cost, 8, 1, key.len()).map_err(|_| KeyError::Seal)?;
    scrypt::scrypt(password.as_bytes(), salt, &params, key.as_mut_slice())
        .map_err(|_| KeyError::Seal)?;
    Ok(XSalsa20Poly1305::new(key.as_slice().into()))
}
