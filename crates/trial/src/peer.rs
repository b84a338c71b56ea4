use std::path::PathBuf;

/// The program that gives a second opinion: the one that `PLIMSOLL_NAME` names, else from the folder that
/// `.ci/peers` fills, else from the search path. Where there is none the reason why `what` is not
/// judged is said aloud.
pub fn find_peer(name: &str, what: &str) -> Option<PathBuf> {
    let found = places(name).into_iter().find(|program| program.is_file());
    if found.is_none() {
        say_skipped(name, what);
    }
    found
}

fn places(name: &str) -> Vec<PathBuf> {
    let named = std::env::var_os(format!("PLIMSOLL_{}", name.to_uppercase()));
    if let Some(named) = named {
        return vec![PathBuf::from(named)];
    }
    let peers = std::env::var_os("PLIMSOLL_PEERS").map(PathBuf::from);
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let peers = peers.or_else(|| Some(home?.join(".cache/plimsoll/peers")));
    let mut folders: Vec<PathBuf> = peers.map(|peers| peers.join("bin")).into_iter().collect();
    let path = std::env::var_os("PATH").unwrap_or_default();
    folders.extend(std::env::split_paths(&path));
    folders.iter().map(|folder| folder.join(name)).collect()
}

#[expect(clippy::print_stderr, reason = "what was not judged must be seen")]
fn say_skipped(name: &str, what: &str) {
    eprintln!("SKIPPED: {what}, because no {name} was found; run .ci/peers");
}
