use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};

use ureq::http::Uri;

use crate::ConfigError;
use crate::config::{check_duration, check_text};

/// How a `process` target runs an artifact on this machine.
#[derive(Clone, PartialEq, Eq)]
pub struct ProcessConfig {
    /// The program and its arguments; `{artifact}` stands for the installed file and must occur.
    pub run: Vec<String>,
    /// The process's environment variables, beside `PATH`, `HOME`, `USER`, `LANG`, `TZ` and `TMPDIR`,
    /// which it inherits. It inherits nothing else.
    pub variables: BTreeMap<String, String>,
    /// When it counts as healthy.
    pub health: HealthCheck,
    /// How long it may take to end by itself before it is killed.
    pub stop_grace_ms: u64,
}

/// When a process counts as healthy: two answers in a row with a 2xx status, from itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthCheck {
    /// The `http://` URL to ask, on a loopback address such as `127.0.0.1`: only there can be told
    /// which process answers.
    pub http: String,
    /// How long it may take to become healthy.
    pub within_ms: u64,
    /// How long to wait between two questions.
    pub interval_ms: u64,
}

impl fmt::Debug for ProcessConfig {
    /// Shows the names of variables, never their values: those may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessConfig")
            .field("run", &self.run)
            .field("variables", &self.variables.keys())
            .field("health", &self.health)
            .field("stop_grace_ms", &self.stop_grace_ms)
            .finish()
    }
}

/// Where a process is asked for its health.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(crate) address: SocketAddr,
}

impl Endpoint {
    pub(crate) fn url(self) -> String {
        format!("http://{}", self.address)
    }
}

pub(crate) const ARTIFACT: &str = "{artifact}";
const RESERVED: &str = "PLIMSOLL_";

impl ProcessConfig {
    /// Checks everything that can be known before anything runs.
    pub(crate) fn check(&self) -> Result<Endpoint, ConfigError> {
        if !self.run.iter().any(|part| part.contains(ARTIFACT)) {
            return Err(ConfigError::NoArtifact);
        }
        for part in &self.run {
            check_text("run", part)?;
        }
        for (name, value) in &self.variables {
            check_variable(name, value)?;
        }
        check_duration("within_ms", self.health.within_ms, 1)?;
        check_duration("interval_ms", self.health.interval_ms, 10)?;
        check_duration("stop_grace_ms", self.stop_grace_ms, 0)?;
        endpoint(&self.health.http)
    }
}

fn check_variable(name: &str, value: &str) -> Result<(), ConfigError> {
    let starts = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    if !starts
        || !name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    {
        return Err(ConfigError::VariableName {
            name: name.to_owned(),
        });
    }
    if name.starts_with(RESERVED) {
        return Err(ConfigError::ReservedVariable {
            name: name.to_owned(),
        });
    }
    check_text("variables", value)
}

fn endpoint(url: &str) -> Result<Endpoint, ConfigError> {
    let refuse = |problem| ConfigError::Url {
        url: url.to_owned(),
        problem,
    };
    let uri: Uri = url.parse().map_err(|_| refuse("is no URL"))?;
    match uri.scheme_str() {
        Some("http") => {}
        Some("https") => {
            return Err(refuse(
                "uses https, which a process target does not support",
            ));
        }
        _ => return Err(refuse("is no http URL")),
    }
    if uri
        .authority()
        .is_none_or(|authority| authority.as_str().contains('@'))
    {
        return Err(refuse("holds a user name"));
    }
    let host = uri
        .host()
        .unwrap_or_default()
        .trim_start_matches('[')
        .trim_end_matches(']');
    let address: IpAddr = host.parse().map_err(|_| refuse("names no IP address"))?;
    let port = uri.port_u16().unwrap_or(80);
    if !address.is_loopback() || port == 0 {
        return Err(refuse("leads away from this machine's loopback"));
    }
    Ok(Endpoint {
        address: SocketAddr::new(address, port),
    })
}

#[cfg(test)]
mod tests {
    use super::{HealthCheck, ProcessConfig};
    use crate::ConfigError;

    fn config(change: impl FnOnce(&mut ProcessConfig)) -> Result<String, ConfigError> {
        let health = HealthCheck {
            http: "http://127.0.0.1:8080/health".to_owned(),
            within_ms: 1000,
            interval_ms: 50,
        };
        let mut config = ProcessConfig {
            run: vec!["{artifact}".to_owned()],
            variables: [("API_TOKEN".to_owned(), "hunter2-hunter2".to_owned())].into(),
            health,
            stop_grace_ms: 0,
        };
        change(&mut config);
        assert!(
            !format!("{config:?}").contains("hunter2"),
            "a value is shown"
        );
        config.check().map(super::Endpoint::url)
    }

    #[test]
    fn only_what_can_be_proven_is_accepted() {
        assert_eq!(config(|_| {}).unwrap(), "http://127.0.0.1:8080");
        assert_eq!(
            config(|it| it.health.http = "http://[::1]/".to_owned()).unwrap(),
            "http://[::1]:80"
        );
        for url in [
            "https://127.0.0.1/",
            "http://shop.example/",
            "http://0.0.0.0:80/",
            "http://localhost:80/",
            "http://user@127.0.0.1/",
            "127.0.0.1:80",
            "/health",
            "",
            "http://127.0.0.1:0/",
            "http://127.0.0.1@shop.example/",
        ] {
            let got = config(|it| url.clone_into(&mut it.health.http));
            assert!(
                matches!(got, Err(ConfigError::Url { .. })),
                "{url}: {got:?}"
            );
        }
        assert_eq!(
            config(|it| it.run = vec!["server".to_owned()]),
            Err(ConfigError::NoArtifact)
        );
        assert_eq!(
            config(|it| it.run.push("\0".to_owned())),
            Err(ConfigError::ZeroByte { key: "run" })
        );
        for name in ["", "1A", "A.B", "A=B", "É", "PLIMSOLL_URL"] {
            assert!(
                config(|it| drop(it.variables.insert(name.to_owned(), String::new()))).is_err(),
                "{name}"
            );
        }
        assert!(
            config(|it| it.health.interval_ms = 0).is_err(),
            "a busy loop"
        );
        assert!(
            config(|it| it.health.within_ms = u64::MAX).is_err(),
            "for ever"
        );
    }
}
