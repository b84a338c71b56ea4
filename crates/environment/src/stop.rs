use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::EnvironmentError;
use crate::linux::{self, Identity};

const POLL: Duration = Duration::from_millis(10);
const KILL_WITHIN: Duration = Duration::from_secs(10);

/// Ends a family of processes (SIGTERM, the grace, SIGKILL) and says whether any had to be killed.
pub(crate) fn end(
    main: Option<Identity>,
    marker: &str,
    grace: Duration,
) -> Result<bool, EnvironmentError> {
    // The group is known by its leader only as long as that lives, so its members are kept in mind.
    let mut known = linux::family(main, marker)?;
    for process in &known {
        linux::signal(*process, Signal::TERM)?;
    }
    let until = Instant::now() + grace;
    loop {
        known = survivors(main, marker, known)?;
        if known.is_empty() {
            return Ok(false);
        }
        if Instant::now() >= until {
            break;
        }
        std::thread::sleep(POLL);
    }
    let until = Instant::now() + KILL_WITHIN;
    while !known.is_empty() && Instant::now() < until {
        for process in &known {
            linux::signal(*process, Signal::KILL)?;
        }
        std::thread::sleep(POLL);
        known = survivors(main, marker, known)?;
    }
    if known.is_empty() {
        Ok(true)
    } else {
        Err(EnvironmentError::StillRunning {
            pids: known.iter().map(|process| process.pid).collect(),
        })
    }
}

/// Who of the known processes still lives, and who has joined them.
fn survivors(
    main: Option<Identity>,
    marker: &str,
    known: Vec<Identity>,
) -> Result<Vec<Identity>, EnvironmentError> {
    let mut family = linux::family(main, marker)?;
    for process in known {
        if !family.contains(&process) && linux::is_live(process)? {
            family.push(process);
        }
    }
    Ok(family)
}
