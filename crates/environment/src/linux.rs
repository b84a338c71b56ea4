//! What the kernel says about processes (proc(5)). A process is named by its id and its start time:
//! an id alone is reused.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::PathBuf;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use serde::{Deserialize, Serialize};

use crate::EnvironmentError;

/// The environment variable that marks every process of one start.
pub(crate) const MARKER: &str = "PLIMSOLL_START";

/// One process for as long as this kernel runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(crate) pid: u32,
    /// In clock ticks since boot.
    pub(crate) started: u64,
}

/// A process that has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Live {
    pub(crate) identity: Identity,
    pub(crate) group: u32,
}

/// The process with this id, unless it has ended; one that nobody has waited for has ended.
pub(crate) fn live(pid: u32) -> Result<Option<Live>, EnvironmentError> {
    let path = PathBuf::from(format!("/proc/{pid}/stat"));
    let stat = match std::fs::read(&path) {
        Ok(stat) => stat,
        Err(error) if is_gone(&error) => return Ok(None),
        Err(source) => return Err(EnvironmentError::file("read", path)(source)),
    };
    match parse_stat(pid, &stat) {
        Some(Stat::Live(live)) => Ok(Some(live)),
        Some(Stat::Ended) => Ok(None),
        None => Err(EnvironmentError::file("understand", path)(
            ErrorKind::InvalidData.into(),
        )),
    }
}

/// Whether this very process still runs.
pub(crate) fn is_live(identity: Identity) -> Result<bool, EnvironmentError> {
    Ok(live(identity.pid)?.is_some_and(|live| live.identity == identity))
}

/// The process itself and every process that carries the marker or belongs to its group.
///
/// The group counts only while its leader lives: afterwards its number may be another's.
pub(crate) fn family(
    main: Option<Identity>,
    marker: &str,
) -> Result<Vec<Identity>, EnvironmentError> {
    let leader = match main {
        Some(main) if is_live(main)? => Some(main),
        _ => None,
    };
    let mut family = Vec::new();
    for pid in pids()?.into_iter().filter(|pid| *pid != std::process::id()) {
        let Some(live) = live(pid)? else { continue };
        let is_group = leader.is_some_and(|leader| live.group == leader.pid);
        if is_group || leader == Some(live.identity) || carries(pid, marker) {
            family.push(live.identity);
        }
    }
    Ok(family)
}

/// Sends a signal to exactly this process; one that has ended in the meantime gets none.
pub(crate) fn signal(identity: Identity, signal: Signal) -> Result<(), EnvironmentError> {
    let Some(pid) = i32::try_from(identity.pid).ok().and_then(Pid::from_raw) else {
        return Ok(());
    };
    // The descriptor is taken first: what is then seen under the id is what the descriptor names.
    let sent = match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(descriptor) if is_live(identity)? => pidfd_send_signal(descriptor, signal),
        Ok(_) => return Ok(()),
        Err(error) => Err(error),
    };
    match sent {
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(error) => {
            let path = format!("/proc/{}", identity.pid);
            Err(EnvironmentError::file("signal", path)(error.into()))
        }
    }
}

/// The id of this boot of the kernel; process ids and start times mean nothing after another.
pub(crate) fn boot() -> Result<String, EnvironmentError> {
    read_line("/proc/sys/kernel/random/boot_id")
}

/// A new random id, made by the kernel.
pub(crate) fn random_id() -> Result<String, EnvironmentError> {
    read_line("/proc/sys/kernel/random/uuid")
}

/// The short name of a process, for a message.
pub(crate) fn name(pid: u32) -> String {
    read_line(&format!("/proc/{pid}/comm")).unwrap_or_else(|_| "unknown".to_owned())
}

/// Every process id there is.
pub(crate) fn pids() -> Result<Vec<u32>, EnvironmentError> {
    let failed = || EnvironmentError::file("list", "/proc");
    let mut pids = Vec::new();
    for entry in std::fs::read_dir("/proc").map_err(failed())? {
        let name = entry.map_err(failed())?.file_name();
        pids.extend(name.to_str().and_then(|name| name.parse::<u32>().ok()));
    }
    Ok(pids)
}

/// What a line of `/proc/PID/stat` says.
#[derive(Debug, PartialEq, Eq)]
enum Stat {
    Live(Live),
    Ended,
}

fn parse_stat(pid: u32, stat: &[u8]) -> Option<Stat> {
    // The name stands in parentheses and may itself hold any byte, so the last parenthesis counts.
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    let fields: Vec<&str> = std::str::from_utf8(stat.get(end + 1..)?)
        .ok()?
        .split_whitespace()
        .collect();
    let started = fields.get(19)?.parse().ok()?;
    // While the kernel releases a process, its group is written as -1.
    match (*fields.first()?, fields.get(2)?.parse::<i64>().ok()?) {
        ("Z" | "X" | "x", _) | (_, -1) => Some(Stat::Ended),
        (_, group) => {
            let group = u32::try_from(group).ok()?;
            Some(Stat::Live(Live {
                identity: Identity { pid, started },
                group,
            }))
        }
    }
}

/// Whether a process was started with the marker in its environment. One whose environment we may not
/// read is another user's.
fn carries(pid: u32, marker: &str) -> bool {
    let wanted = format!("{MARKER}={marker}").into_bytes();
    let mut environment = Vec::new();
    File::open(format!("/proc/{pid}/environ"))
        .and_then(|file| {
            file.take(MAX_ENVIRONMENT_BYTES)
                .read_to_end(&mut environment)
        })
        .is_ok_and(|_| {
            environment
                .split(|byte| *byte == 0)
                .any(|entry| entry == wanted)
        })
}

const MAX_ENVIRONMENT_BYTES: u64 = 16 << 20;

fn read_line(path: &str) -> Result<String, EnvironmentError> {
    let text = std::fs::read_to_string(path).map_err(EnvironmentError::file("read", path))?;
    Ok(text.trim_end().to_owned())
}

/// A process that ends while it is read gives one of these, depending on the moment.
pub(crate) fn is_gone(error: &std::io::Error) -> bool {
    error.kind() == ErrorKind::NotFound
        || error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use rustix::process::Signal;

    use super::{Identity, Live, Stat, is_live, live, parse_stat, signal};

    #[test]
    fn a_name_with_parentheses_and_spaces_does_not_confuse() {
        let rest = "S 1 42 42 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 777 0 0";
        let stat = format!("7 (a) Z 1 (b) {rest}");
        let live = Live {
            identity: Identity {
                pid: 7,
                started: 777,
            },
            group: 42,
        };
        assert_eq!(parse_stat(7, stat.as_bytes()), Some(Stat::Live(live)));
        for ended in [
            stat.replace(") S", ") Z"),
            stat.replace("1 42 42", "0 -1 -1"),
        ] {
            assert_eq!(parse_stat(7, ended.as_bytes()), Some(Stat::Ended));
        }
        assert_eq!(parse_stat(7, b"7 a S"), None);
    }

    #[test]
    fn a_process_of_another_start_time_is_never_signalled() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let identity = live(child.id()).unwrap().unwrap().identity;
        let other = Identity {
            started: identity.started + 1,
            ..identity
        };
        signal(other, Signal::KILL).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(50));
        assert!(is_live(identity).unwrap() && !is_live(other).unwrap());
        let started = Command::new("ps")
            .args(["-o", "pgid=", "-p", &child.id().to_string()])
            .output()
            .unwrap();
        let group: u32 = String::from_utf8(started.stdout)
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        assert_eq!(
            live(child.id()).unwrap().unwrap().group,
            group,
            "as ps says"
        );
        signal(identity, Signal::KILL).unwrap();
        child.wait().unwrap();
        assert!(!is_live(identity).unwrap());
        signal(identity, Signal::KILL).unwrap();
    }
}
