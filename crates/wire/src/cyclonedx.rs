//! Bills of materials as CycloneDX 1.6 JSON.
//!
//! What the lister could not read stands in the document too: a number, one property each, and the
//! composition of the subject is then called incomplete. Equal input gives equal bytes.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use plimsoll_model::{Component, Digest, Gap, Subject};
use serde_json::{Map, Value, json};

/// The metadata property that says how many gaps a document has.
pub const GAPS_PROPERTY: &str = "plimsoll:gaps";

const GAP_PROPERTY: &str = "plimsoll:gap";
const COMMIT_PROPERTY: &str = "plimsoll:commit";

/// What a bill of materials lists, and about what.
#[derive(Clone, Copy, Debug)]
pub struct Bom<'a> {
    /// The subject's name.
    pub name: &'a str,
    /// The subject's version, where it has one.
    pub version: Option<&'a str>,
    /// The exact bytes it lists the parts of.
    pub subject: Option<&'a Subject>,
    /// The parts; the same package from several files is listed once, with every place.
    pub components: &'a [Component],
    /// What could not be read.
    pub gaps: &'a [Gap],
    /// When it was made.
    pub timestamp: Timestamp,
    /// Its own name, `urn:uuid:…` (RFC 9562); [`serial`] makes one.
    pub serial: &'a str,
}

/// A serial number that follows from a digest: a version 8 UUID (RFC 9562 §5.8) as a URN.
pub fn serial(digest: &Digest) -> String {
    let mut bytes = *digest.as_bytes();
    bytes[6] = (bytes[6] & 0x0F) | 0x80;
    bytes[8] = (bytes[8] & 0x3F) | 0x80;
    let hex = Digest::from_bytes(bytes).hex();
    format!(
        "urn:uuid:{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..32]
    )
}

/// The CycloneDX 1.6 document. Parts are in order of their package URL.
pub fn write(bom: &Bom<'_>) -> Value {
    let parts = parts(bom.components);
    let mut document = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": bom.serial,
        "version": 1,
        "metadata": metadata(bom),
        "components": parts.iter().map(|(key, part)| component(key, part)).collect::<Vec<_>>(),
        "dependencies": dependencies(&parts),
    });
    if !bom.gaps.is_empty() {
        document["compositions"] = json!([{ "aggregate": "incomplete", "assemblies": [ROOT] }]);
    }
    document
}

/// The reference of the subject itself; no package URL and no other reference of ours looks like it.
const ROOT: &str = "subject";

/// The entries of one package version, from every file that names it.
type Parts<'a> = BTreeMap<String, Vec<&'a Component>>;

fn parts(components: &[Component]) -> Parts<'_> {
    let mut parts = Parts::new();
    for component in components {
        parts
            .entry(reference(component))
            .or_default()
            .push(component);
    }
    for entries in parts.values_mut() {
        entries.sort();
    }
    parts
}

fn reference(component: &Component) -> String {
    component.purl().map_or_else(
        || {
            format!(
                "{}/{}@{}",
                component.ecosystem, component.name, component.version
            )
        },
        |purl| purl.to_string(),
    )
}

fn metadata(bom: &Bom<'_>) -> Value {
    json!({
        "timestamp": bom.timestamp.to_string(),
        "tools": { "components": [{
            "type": "application",
            "name": "plimsoll",
            "version": env!("CARGO_PKG_VERSION"),
        }] },
        "component": root(bom),
        "properties": properties(bom.gaps),
    })
}

fn root(bom: &Bom<'_>) -> Value {
    let mut root = json!({ "type": "application", "bom-ref": ROOT, "name": bom.name });
    if let Some(version) = bom.version {
        root["version"] = json!(version);
    }
    match bom.subject {
        None => {}
        Some(Subject::Source { commit, .. }) => {
            root["properties"] = json!([{ "name": COMMIT_PROPERTY, "value": commit }]);
        }
        Some(
            Subject::Artifact { sha256 }
            | Subject::Image {
                manifest_sha256: sha256,
            },
        ) => {
            root["hashes"] = json!([{ "alg": "SHA-256", "content": sha256.hex() }]);
        }
    }
    root
}

fn properties(gaps: &[Gap]) -> Value {
    let count = json!({ "name": GAPS_PROPERTY, "value": gaps.len().to_string() });
    let each = gaps.iter().map(|gap| {
        let place = gap
            .place
            .as_ref()
            .map(|place| format!(" {place}:"))
            .unwrap_or_default();
        json!({ "name": GAP_PROPERTY, "value": format!("{}:{place} {}", gap.id, gap.message) })
    });
    std::iter::once(count).chain(each).collect()
}

fn component(key: &str, entries: &[&Component]) -> Value {
    let first = entries[0];
    let mut part = Map::new();
    part.insert("type".to_owned(), json!("library"));
    part.insert("bom-ref".to_owned(), json!(key));
    let (group, name) = match first.name.split_once('/') {
        Some((scope, name)) if scope.starts_with('@') => (Some(scope), name),
        _ => (None, first.name.as_str()),
    };
    if let Some(group) = group {
        part.insert("group".to_owned(), json!(group));
    }
    part.insert("name".to_owned(), json!(name));
    part.insert("version".to_owned(), json!(first.version));
    let hashes = hashes(entries);
    if !hashes.is_empty() {
        part.insert("hashes".to_owned(), hashes.into());
    }
    if let Some(purl) = first.purl() {
        part.insert("purl".to_owned(), json!(purl));
    }
    part.insert(
        "evidence".to_owned(),
        json!({ "occurrences": occurrences(entries) }),
    );
    part.into()
}

fn hashes(entries: &[&Component]) -> Vec<Value> {
    let checksums: BTreeSet<&str> = entries
        .iter()
        .filter_map(|entry| entry.checksum.as_deref())
        .collect();
    let written = checksums.into_iter().filter_map(|checksum| {
        let (algorithm, content) = checksum.split_once(':')?;
        let (name, digits) = match algorithm {
            "sha256" => ("SHA-256", 64),
            "sha512" => ("SHA-512", 128),
            _ => return None,
        };
        let hexadecimal = content.bytes().all(|byte| byte.is_ascii_hexdigit());
        (hexadecimal && content.len() == digits).then(|| json!({ "alg": name, "content": content }))
    });
    written.collect()
}

fn occurrences(entries: &[&Component]) -> Vec<Value> {
    let places: BTreeSet<_> = entries.iter().map(|entry| &entry.location).collect();
    places
        .into_iter()
        .map(|location| json!({ "location": location.outer_path(), "line": location.start.line }))
        .collect()
}

/// The graph. The subject is said to depend on every part that no other part needs, so that each part
/// can be reached; the lockfiles read here do not all say which ones a project asks for itself.
fn dependencies(parts: &Parts<'_>) -> Vec<Value> {
    let edges: BTreeMap<&str, BTreeSet<&str>> = parts
        .iter()
        .map(|(key, entries)| (key.as_str(), needs(parts, key, entries)))
        .collect();
    let needed: BTreeSet<&str> = edges.values().flatten().copied().collect();
    let roots = edges
        .keys()
        .copied()
        .filter(|key| !needed.contains(key))
        .collect();
    std::iter::once((ROOT, roots))
        .chain(edges)
        .map(|(key, needs)| json!({ "ref": key, "dependsOn": needs }))
        .collect()
}

/// Only parts of this document can be depended on.
fn needs<'a>(parts: &'a Parts<'_>, key: &str, entries: &[&Component]) -> BTreeSet<&'a str> {
    entries
        .iter()
        .flat_map(|entry| &entry.dependencies)
        .filter_map(|purl| parts.get_key_value(purl.as_str()))
        .map(|(needed, _)| needed.as_str())
        .filter(|needed| *needed != key)
        .collect()
}
