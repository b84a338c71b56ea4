//! Fetches one ecosystem's `all.zip` from an OSV bucket. The only place of this crate that opens a
//! socket.

use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tempfile::NamedTempFile;
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};

use crate::ecosystem::encode;
use crate::import::ImportError;

/// Downloads `<url>/<ecosystem>/all.zip` into a file in `folder` that is removed when it is dropped.
///
/// The URL is `https`, trusted by the operating system's certificates; plain `http` only on this
/// machine, because nothing else protects the advisories on their way.
pub(crate) fn fetch(
    url: &str,
    base: &str,
    folder: &Path,
    bytes_max: u64,
) -> Result<NamedTempFile, ImportError> {
    let agent = agent(url)?;
    let address = format!("{}/{}/all.zip", url.trim_end_matches('/'), encode(base));
    let fetch_error =
        |source: ureq::Error| ImportError::Fetch { url: address.clone(), source: Box::new(source) };
    let mut response = agent.get(&address).call().map_err(fetch_error)?;
    let write_error = |source| ImportError::Write { path: folder.to_owned(), source };
    let mut file = NamedTempFile::new_in(folder).map_err(write_error)?;
    let mut body = response.body_mut().as_reader().take(bytes_max.saturating_add(1));
    let copied =
        io::copy(&mut body, file.as_file_mut()).map_err(|source| fetch_error(ureq::Error::Io(source)))?;
    if copied > bytes_max {
        return Err(ImportError::TooManyBytes { bytes_max });
    }
    Ok(file)
}

fn agent(url: &str) -> Result<Agent, ImportError> {
    let insecure = || ImportError::InsecureUrl { url: url.to_owned() };
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
    let config = if on_this_machine { config.proxy(None) } else { config };
    Ok(config.build().new_agent())
}
