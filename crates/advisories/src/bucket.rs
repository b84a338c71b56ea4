//! Fetches one ecosystem's `all.zip` from an OSV bucket. The only place of this crate that opens a
//! socket.

use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use tempfile::NamedTempFile;
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};

use crate::ecosystem::encode;
use crate::import::ImportError;

/// What a bucket has about one ecosystem.
pub(crate) struct Answer {
    /// The zip, removed when it is dropped.
    pub(crate) zip: NamedTempFile,
    /// Its `Last-Modified`, where the bucket says one (RFC 9110 §8.8.2).
    pub(crate) last_modified: Option<Timestamp>,
}

/// Downloads `<url>/<ecosystem>/all.zip` into a file in `folder`.
///
/// The URL is `https`, trusted by the operating system's certificates; plain `http` only on this
/// machine, because nothing else protects the advisories on their way.
pub(crate) fn fetch(
    url: &str,
    base: &str,
    folder: &Path,
    bytes_max: u64,
) -> Result<Answer, ImportError> {
    let agent = agent(url)?;
    let address = format!("{}/{}/all.zip", url.trim_end_matches('/'), encode(base));
    let fetch_error = |source: ureq::Error| ImportError::Fetch {
        url: address.clone(),
        source: Box::new(source),
    };
    let mut response = agent.get(&address).call().map_err(fetch_error)?;
    let last_modified = response
        .headers()
        .get("last-modified")
        .and_then(|date| date.to_str().ok());
    let last_modified = last_modified
        .and_then(|date| rfc2822::parse(date).ok())
        .map(|date| date.timestamp());
    let write_error = |source| ImportError::Write {
        path: folder.to_owned(),
        source,
    };
    let mut zip = NamedTempFile::new_in(folder).map_err(write_error)?;
    let mut body = response
        .body_mut()
        .as_reader()
        .take(bytes_max.saturating_add(1));
    let copied = io::copy(&mut body, zip.as_file_mut())
        .map_err(|source| fetch_error(ureq::Error::Io(source)))?;
    if copied > bytes_max {
        return Err(ImportError::TooManyBytes { bytes_max });
    }
    Ok(Answer { zip, last_modified })
}

fn agent(url: &str) -> Result<Agent, ImportError> {
    let insecure = || ImportError::InsecureUrl {
        url: url.to_owned(),
    };
    let uri: ureq::http::Uri = url.parse().map_err(|_| insecure())?;
    let host = uri.host().ok_or_else(insecure)?;
    let on_this_machine = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    let encrypted = match uri.scheme_str() {
        Some("https") => true,
        Some("http") if on_this_machine => false,
        _ => return Err(insecure()),
    };
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .build();
    let config = Agent::config_builder()
        .https_only(encrypted)
        .tls_config(tls)
        .timeout_connect(Some(Duration::from_secs(15)))
        .timeout_recv_response(Some(Duration::from_mins(1)))
        .timeout_global(Some(Duration::from_mins(30)))
        .max_redirects(if encrypted { 5 } else { 0 });
    let config = if on_this_machine {
        config.proxy(None)
    } else {
        config
    };
    Ok(config.build().new_agent())
}
