//! A later build's writer: rows, hashes and seals by this test's own arithmetic.

use plimsoll_engine::sign::{LogKey, checkpoint};
use plimsoll_model::Digest;
use rusqlite::{Connection, params};
use serde_json::{Value, json};

use super::Later;

/// Writes an event as layout 3 says, sharing no code with the store. Projections are left behind, as by
/// a build that has others.
pub(super) fn append(ledger: &Connection, event: &Later) {
    let (seq, moment): (u64, String) = ledger
        .query_row(
            "SELECT seq + 1, recorded_at FROM event ORDER BY seq DESC LIMIT 1",
            [],
            |row| Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get(1)?)),
        )
        .unwrap();
    let mut keys = vec!["organization:default".to_owned()];
    keys.extend(event.keys.iter().cloned());
    let body = Digest::of(&event.body);
    let subjects = json!(keys).to_string();
    let entry = format!(
        "{{\"attachments\":[],\"body_sha256\":{},\"format\":3,\"kind\":{},\"occurred_at\":{},\"organization\":\"default\",\
         \"recorded_at\":{},\"seq\":{seq},\"subjects\":{subjects}}}",
        json!(body.to_string()),
        json!(event.kind),
        json!(moment),
        json!(moment),
    );
    let at = i64::try_from(seq).unwrap();
    ledger
        .execute(
            "INSERT OR IGNORE INTO blob VALUES ('default', ?1, ?2)",
            params![body.as_bytes(), event.body],
        )
        .unwrap();
    ledger
        .execute(
            "INSERT INTO event VALUES ('default', ?1, 3, ?2, ?3, ?3, ?4, ?5, '[]')",
            params![at, event.kind, moment, subjects, body.as_bytes()],
        )
        .unwrap();
    let leaf = Digest::of(&[&[0], entry.as_bytes()].concat());
    insert_node(ledger, 0, at, &leaf);
    let (mut level, mut position) = (0, at);
    while position % 2 == 1 {
        let left = node(ledger, level, position - 1);
        let right = node(ledger, level, position);
        (level, position) = (level + 1, position / 2);
        insert_node(ledger, level, position, &parent(&left, &right));
    }
}

fn insert_node(ledger: &Connection, level: i64, position: i64, hash: &Digest) {
    ledger
        .execute(
            "INSERT INTO node VALUES ('default', ?1, ?2, ?3)",
            params![level, position, hash.as_bytes()],
        )
        .unwrap();
}

fn node(ledger: &Connection, level: i64, position: i64) -> Digest {
    let select = "SELECT hash FROM node WHERE level = ?1 AND position = ?2";
    let hash = ledger.query_row(select, [level, position], |row| row.get(0));
    Digest::from_bytes(hash.unwrap())
}

fn parent(left: &Digest, right: &Digest) -> Digest {
    Digest::of(&[&[1], left.as_bytes().as_slice(), right.as_bytes()].concat())
}

/// Signs the head, as each append does.
pub(super) fn seal(ledger: &Connection, key: &LogKey) {
    let size: i64 = ledger
        .query_row("SELECT count(*) FROM event", [], |row| row.get(0))
        .unwrap();
    let leaves: Vec<Digest> = (0..size).map(|seq| node(ledger, 0, seq)).collect();
    let root = root_of(&leaves);
    let first = "SELECT bytes FROM blob JOIN event ON sha256 = body_sha256 WHERE seq = 0";
    let first: Vec<u8> = ledger.query_row(first, [], |row| row.get(0)).unwrap();
    let first: Value = serde_json::from_slice(&first).unwrap();
    let origin = first["origin"].as_str().unwrap();
    let note = checkpoint::sign(key, origin, size.unsigned_abs(), &root).unwrap();
    let digest = Digest::of(note.as_bytes());
    ledger
        .execute(
            "INSERT OR IGNORE INTO blob VALUES ('default', ?1, ?2)",
            params![digest.as_bytes(), note.as_bytes()],
        )
        .unwrap();
    ledger
        .execute(
            "INSERT OR IGNORE INTO checkpoint VALUES ('default', ?1, ?2, ?3)",
            params![size, root.as_bytes(), digest.as_bytes()],
        )
        .unwrap();
}

/// The Merkle root (RFC 6962 §2.1), by its definition.
fn root_of(leaves: &[Digest]) -> Digest {
    if let [leaf] = leaves {
        return *leaf;
    }
    let half = leaves.len().next_power_of_two() / 2;
    parent(&root_of(&leaves[..half]), &root_of(&leaves[half..]))
}
