//! Bills of materials as CycloneDX 1.6 JSON.
//!
//! What the lister could not read stands in the document too: a number, one property each, and the
//! composition of the subject is then called incomplete. Equal input gives equal bytes.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use plimsoll_model::{
    Checksum, ChecksumAlgorithm, Component, Digest, Gap, License, Place, Scope, Subject,
};
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

/// One entry a package version, by its reference.
type Parts = BTreeMap<String, Component>;

fn parts(components: &[Component]) -> Parts {
    let mut parts = Parts::new();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for component in Component::combine(components.to_vec()) {
        // A package URL says neither range nor distribution nor architecture: parts that differ in these
        // alone share it, and each is listed.
        let reference = reference(&component);
        let count = counts.entry(reference.clone()).or_insert(0);
        *count += 1;
        let key = match *count {
            1 => reference,
            number => format!("{reference}#{number}"),
        };
        parts.insert(key, component);
    }
    parts
}

fn reference(component: &Component) -> String {
    match &component.purl {
        Some(purl) => purl.to_string(),
        None => format!("{}/{}", component.ecosystem, component.label()),
    }
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
            }
            | Subject::Manifests { sha256 }
            | Subject::Tool { sha256, .. },
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

fn component(key: &str, component: &Component) -> Value {
    let (group, name) = match component.name.split_once('/') {
        Some((scope, name)) if scope.starts_with('@') => (Some(scope), name),
        _ => (None, component.name.as_str()),
    };
    let mut part = Map::new();
    part.insert("type".to_owned(), json!("library"));
    part.insert("bom-ref".to_owned(), json!(key));
    if let Some(group) = group {
        part.insert("group".to_owned(), json!(group));
    }
    part.insert("name".to_owned(), json!(name));
    if let Some(version) = &component.version {
        part.insert("version".to_owned(), json!(version));
    }
    part.insert("scope".to_owned(), json!(scope(component.scope)));
    let lists = [
        ("hashes", hashes(&component.checksums)),
        ("licenses", licenses(&component.licenses)),
    ];
    insert_lists(&mut part, lists);
    if let Some(purl) = &component.purl {
        part.insert("purl".to_owned(), json!(purl));
    }
    insert_lists(&mut part, [("properties", part_properties(component))]);
    let occurrences: Vec<Value> = component.places.iter().map(occurrence).collect();
    part.insert("evidence".to_owned(), json!({ "occurrences": occurrences }));
    part.into()
}

/// The schema has no empty lists in the place of absent ones.
fn insert_lists<const N: usize>(part: &mut Map<String, Value>, lists: [(&str, Vec<Value>); N]) {
    for (name, list) in lists {
        if !list.is_empty() {
            part.insert(name.to_owned(), list.into());
        }
    }
}

/// The word of CycloneDX, which has one for all that is not there at run time.
fn scope(scope: Scope) -> &'static str {
    match scope {
        Scope::Runtime => "required",
        Scope::Optional => "optional",
        Scope::Build | Scope::Test | Scope::Dev => "excluded",
    }
}

/// What CycloneDX 1.6 has no field for.
fn part_properties(component: &Component) -> Vec<Value> {
    let property =
        |name: &str, value: &str| json!({ "name": format!("plimsoll:{name}"), "value": value });
    let mut properties = Vec::new();
    if component.scope != Scope::Runtime {
        properties.push(property("scope", component.scope.as_str()));
    }
    let texts = [
        ("declared", &component.declared),
        ("distribution", &component.distribution),
        ("architecture", &component.architecture),
    ];
    for (name, text) in texts {
        properties.extend(text.iter().map(|text| property(name, text)));
    }
    if let Some(source) = &component.source_package {
        let value = format!("{} {}", source.name, source.version);
        properties.push(property("source-package", &value));
    }
    let files = component.files.iter();
    properties.extend(files.map(|file| property("file", file.as_str())));
    properties
}

fn hashes(checksums: &[Checksum]) -> Vec<Value> {
    let written = checksums.iter().map(|checksum| {
        let name = match checksum.algorithm {
            ChecksumAlgorithm::Sha512 => "SHA-512",
            ChecksumAlgorithm::Sha384 => "SHA-384",
            ChecksumAlgorithm::Sha256 => "SHA-256",
            ChecksumAlgorithm::Sha1 => "SHA-1",
        };
        json!({ "alg": name, "content": checksum.digits() })
    });
    written.collect()
}

/// Licences by name: what a lockfile repeats need not be an expression that the schema takes.
fn licenses(licenses: &[License]) -> Vec<Value> {
    let names: BTreeSet<&str> = licenses
        .iter()
        .map(|license| license.expression.as_str())
        .collect();
    let written = names
        .into_iter()
        .map(|name| json!({ "license": { "name": name, "acknowledgement": "declared" } }));
    written.collect()
}

fn occurrence(place: &Place) -> Value {
    match place {
        Place::File(location) => {
            json!({ "location": location.outer_path(), "line": location.start.line })
        }
        Place::Object(_) | Place::Request(_) => json!({ "location": place.to_string() }),
    }
}

/// The graph. The subject is said to depend on every part that no other part needs, so that each part
/// can be reached; the lockfiles read here do not all say which ones a project asks for itself.
fn dependencies(parts: &Parts) -> Vec<Value> {
    let edges: BTreeMap<&str, BTreeSet<&str>> = parts
        .iter()
        .map(|(key, part)| (key.as_str(), needs(parts, key, part)))
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
fn needs<'a>(parts: &'a Parts, key: &str, part: &Component) -> BTreeSet<&'a str> {
    part.dependencies
        .iter()
        .filter_map(|purl| parts.get_key_value(purl.as_str()))
        .map(|(needed, _)| needed.as_str())
        .filter(|needed| *needed != key)
        .collect()
}
