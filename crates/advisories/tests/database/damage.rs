//! A damaged database is refused or becomes a gap. It never panics and never looks like a clean bill.

use std::fs;
use std::path::Path;

use plimsoll_model::{Component, Fault as _, Inspection};
use plimsoll_trial as trial;
use serde_json::{Value, json};

use crate::fixture::{Fixture, component, now, open};

/// Where the sections begin.
const HEAD: usize = 296;

fn fixture() -> Fixture {
    let record = |number: usize| -> Value {
        let events = json!([{"introduced": "1.0.0"}, {"fixed": "2.0.0"}, {"introduced": "3.0.0"}]);
        json!({
            "id": format!("X-{number}"), "modified": "2026-01-01T00:00:00Z", "aliases": [format!("CVE-{}", number / 3)],
            "summary": "a flaw",
            "affected": [
                {"package": {"ecosystem": "npm", "name": format!("p{}", number % 2)},
                 "ranges": [{"type": "SEMVER", "events": events}], "versions": ["2.5.0", "odd"]},
                {"package": {"ecosystem": "npm", "name": "q"}},
            ],
        })
    };
    Fixture::of(&(0..5).map(record).collect::<Vec<_>>(), &["npm"])
}

fn components() -> Vec<Component> {
    let names = ["p0", "p1", "q", "none"];
    let versions = ["0.1.0", "1.5.0", "2.5.0", "9.0.0", "odd"];
    names
        .iter()
        .flat_map(|name| versions.map(|version| component("npm", name, version)))
        .collect()
}

/// What the database says about everything, or `None` when it is refused.
fn look(folder: &Path) -> Option<Inspection> {
    open(folder)
        .ok()
        .map(|database| database.inspect(&components(), now(), None))
}

#[test]
fn every_flipped_byte_is_refused_told_or_harmless() {
    let fixture = fixture();
    let path = fixture.imported.databases[0].path.clone();
    let sound = fs::read(&path).unwrap();
    let clean = look(fixture.folder.path()).unwrap();
    assert!(clean.findings.len() > 5);
    let (mut refused, mut told, mut harmless) = (0, 0, 0);
    for at in places(sound.len(), 11) {
        for mask in [0x01, 0x80] {
            let mut bytes = sound.clone();
            bytes[at] ^= mask;
            fs::write(&path, &bytes).unwrap();
            match look(fixture.folder.path()) {
                None => refused += 1,
                Some(seen)
                    if seen
                        .gaps
                        .iter()
                        .any(|gap| gap.id.name() == "damaged-database") =>
                {
                    told += 1
                }
                Some(seen) => {
                    assert_eq!(
                        seen, clean,
                        "byte {at} flipped by {mask:#x} changed the result unnoticed"
                    );
                    harmless += 1;
                }
            }
            let is_moment = (16..24).contains(&at);
            let verified = open(fixture.folder.path()).and_then(|database| database.verify());
            assert!(
                verified.is_err() || is_moment,
                "byte {at} flipped by {mask:#x} passes verification"
            );
        }
    }
    assert!(refused > 0 && told > 0);
    trial::tell(format_args!(
        "{} flipped bytes: {refused} refused, {told} told, {harmless} harmless",
        refused + told + harmless
    ));
}

/// The head, which all else hangs on, byte by byte, and of the rest every place that is tried.
fn places(length: usize, sample: usize) -> impl Iterator<Item = usize> {
    (0..HEAD.min(length)).chain((HEAD..length).step_by(trial::stride(sample)))
}

#[test]
fn every_truncation_and_extension_is_refused_with_a_hint() {
    let fixture = fixture();
    let path = fixture.imported.databases[0].path.clone();
    let sound = fs::read(&path).unwrap();
    let lengths =
        (0..sound.len())
            .step_by(37)
            .chain([sound.len() - 1, sound.len() + 1, sound.len() + 4096]);
    for length in lengths {
        let mut bytes = sound.clone();
        bytes.resize(length, 0);
        fs::write(&path, &bytes).unwrap();
        let error = open(fixture.folder.path()).expect_err("a wrong length");
        assert!(error.to_string().contains("npm.plimdb"), "{error}");
        assert!(error.hint().is_some_and(|hint| hint.contains("import")));
    }
}

/// Damage that somebody made on purpose has right checks; it may lie, and must not panic.
#[test]
fn hostile_numbers_do_not_panic() {
    let fixture = fixture();
    let path = fixture.imported.databases[0].path.clone();
    let sound = fs::read(&path).unwrap();
    let digest = |bytes: &[u8]| *plimsoll_model::Digest::of(bytes).as_bytes();
    let mut tried = 0;
    for at in (HEAD..sound.len() - 4).step_by(4 * trial::stride(7)) {
        for number in [0, 1, u32::MAX, 0x7fff_ffff] {
            let mut bytes = sound.clone();
            bytes[at..at + 4].copy_from_slice(&u32::to_le_bytes(number));
            let mut start = HEAD;
            for section in 0..6 {
                let entry = 24 + section * 40;
                let length = usize::try_from(u64::from_le_bytes(
                    bytes[entry..entry + 8].try_into().unwrap(),
                ))
                .unwrap();
                let sum = digest(&bytes[start..start + length]);
                bytes[entry + 8..entry + 40].copy_from_slice(&sum);
                start += length;
            }
            let sum = digest(&bytes[..264]);
            bytes[264..HEAD].copy_from_slice(&sum);
            fs::write(&path, &bytes).unwrap();
            look(fixture.folder.path());
            // Verification must come to an end too, whatever it says.
            drop(open(fixture.folder.path()).map(|database| database.verify()));
            tried += 1;
        }
    }
    trial::tell(format_args!("{tried} hostile numbers"));
}

#[test]
fn a_file_under_another_ecosystems_name_is_refused() {
    let fixture = fixture();
    fs::rename(
        &fixture.imported.databases[0].path,
        fixture.folder.path().join("PyPI.plimdb"),
    )
    .unwrap();
    assert!(
        open(fixture.folder.path())
            .unwrap_err()
            .to_string()
            .contains("another ecosystem")
    );
}
