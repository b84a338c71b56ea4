//! Who listens on an address, by the kernel's own tables (`/proc/net/tcp`, proc(5)): a foreign process that
//! answers there must never count as ours.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::EnvironmentError;
use crate::linux::{self, Identity, is_gone};

/// Who listens where a process is asked for its health.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Listeners {
    /// Nobody.
    None,
    /// Processes of the given family and nobody else.
    Ours,
    /// Somebody else, described for a person.
    Foreign(String),
}

/// Who listens on `address`, or on a wildcard address that covers it.
pub(crate) fn listeners(
    address: SocketAddr,
    family: &[Identity],
) -> Result<Listeners, EnvironmentError> {
    let mut sockets = listening("/proc/net/tcp", address)?;
    sockets.extend(listening("/proc/net/tcp6", address)?);
    if sockets.is_empty() {
        return Ok(Listeners::None);
    }
    for process in family {
        for socket in sockets_of(process.pid)? {
            sockets.remove(&socket);
        }
    }
    if sockets.is_empty() {
        Ok(Listeners::Ours)
    } else {
        Ok(Listeners::Foreign(owners(&sockets)?))
    }
}

const LISTEN: &str = "0A";

/// The inodes of the listening sockets of one table that serve `address`.
fn listening(table: &str, address: SocketAddr) -> Result<BTreeSet<u64>, EnvironmentError> {
    let text = match std::fs::read_to_string(table) {
        Ok(text) => text,
        // A kernel without IPv6 has no such table, and nobody listens there.
        Err(error) if is_gone(&error) => return Ok(BTreeSet::new()),
        Err(source) => return Err(EnvironmentError::file("read", table)(source)),
    };
    Ok(text
        .lines()
        .skip(1)
        .filter_map(listening_socket)
        .filter(|(own, _)| serves(*own, address))
        .map(|(_, inode)| inode)
        .collect())
}

fn listening_socket(line: &str) -> Option<(SocketAddr, u64)> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let (address, port) = fields.get(1)?.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let inode = fields.get(9)?.parse().ok()?;
    (*fields.get(3)? == LISTEN).then_some((SocketAddr::new(parse_address(address)?, port), inode))
}

/// The kernel prints an address as words of 32 bits as they lie in memory.
fn parse_address(hex: &str) -> Option<IpAddr> {
    let words: Vec<u32> = (0..hex.len() / 8)
        .map(|word| u32::from_str_radix(hex.get(word * 8..word * 8 + 8)?, 16).ok())
        .collect::<Option<_>>()?;
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes)
            .ok()
            .map(|octets| Ipv4Addr::from(octets).into()),
        16 => <[u8; 16]>::try_from(bytes)
            .ok()
            .map(|octets| Ipv6Addr::from(octets).into()),
        _ => None,
    }
}

fn serves(own: SocketAddr, wanted: SocketAddr) -> bool {
    let own_address = own.ip().to_canonical();
    own.port() == wanted.port() && (own_address.is_unspecified() || own_address == wanted.ip())
}

/// The sockets that a process holds; none when it ended meanwhile or is another user's.
fn sockets_of(pid: u32) -> Result<Vec<u64>, EnvironmentError> {
    let path = format!("/proc/{pid}/fd");
    let entries = match std::fs::read_dir(&path) {
        Ok(entries) => entries,
        Err(error) if is_gone(&error) || error.kind() == std::io::ErrorKind::PermissionDenied => {
            return Ok(Vec::new());
        }
        Err(source) => return Err(EnvironmentError::file("list", path)(source)),
    };
    // A descriptor that was closed meanwhile is no longer held.
    let links = entries.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
    Ok(links
        .filter_map(|link| socket_inode(link.to_str()?))
        .collect())
}

fn socket_inode(link: &str) -> Option<u64> {
    link.strip_prefix("socket:[")?
        .strip_suffix(']')?
        .parse()
        .ok()
}

fn owners(sockets: &BTreeSet<u64>) -> Result<String, EnvironmentError> {
    for pid in linux::pids()? {
        if sockets_of(pid)?
            .iter()
            .any(|socket| sockets.contains(socket))
        {
            return Ok(format!("process {pid} ({})", linux::name(pid)));
        }
    }
    Ok("a process that cannot be seen from here".to_owned())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::time::Duration;

    use super::{Listeners, listeners};
    use crate::linux::live;

    const POLL: Duration = Duration::from_millis(10);

    #[test]
    fn a_listener_belongs_to_who_holds_its_socket() {
        for (bound, asked) in [
            ("127.0.0.1:0", "127.0.0.1"),
            ("0.0.0.0:0", "127.0.0.1"),
            ("[::]:0", "127.0.0.1"),
            ("[::1]:0", "::1"),
        ] {
            let listener = TcpListener::bind(bound).unwrap();
            let address = std::net::SocketAddr::new(
                asked.parse().unwrap(),
                listener.local_addr().unwrap().port(),
            );
            let me = live(std::process::id()).unwrap().unwrap().identity;
            assert_eq!(
                listeners(address, &[me]).unwrap(),
                Listeners::Ours,
                "{bound}"
            );
            let foreign = listeners(address, &[]).unwrap();
            let expected = format!("process {} ", std::process::id());
            assert!(
                matches!(&foreign, Listeners::Foreign(by) if by.starts_with(&expected)),
                "{foreign:?}"
            );
            drop(listener);
            // A child that another test is just starting may hold a copy for a moment.
            let is_free = || listeners(address, &[me]).unwrap() == Listeners::None;
            assert!(
                (0..200).any(|_| is_free() || {
                    std::thread::sleep(POLL);
                    false
                }),
                "{bound}"
            );
        }
    }

    #[test]
    fn another_address_on_the_same_port_is_not_ours_to_judge() {
        let listener = TcpListener::bind("127.0.0.2:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let listeners = listeners(std::net::SocketAddr::new([127, 0, 0, 1].into(), port), &[]);
        assert_eq!(listeners.unwrap(), Listeners::None);
    }
}
