//! Bills of materials, judged by the CycloneDX project's own schema.

#![expect(
    clippy::unwrap_used,
    reason = "a failing helper fails its test; a skipped test says so"
)]

use std::path::{Path, PathBuf};

use jsonschema::{Registry, Validator};
use plimsoll_model::{
    Checksum, ChecksumAlgorithm, Component, Digest, EcosystemRules, Gap, GapKind, License,
    LicenseSource, Location, Purl, RuleId, Scope, SourcePackage, Subject, TreePath, Version,
    exact_name,
};
use plimsoll_wire::cyclonedx::{Bom, serial, write};
use serde_json::{Value, json};

/// The rules of an ecosystem, as far as package URLs need them.
fn rules(name: &'static str, purl_type: &'static str) -> EcosystemRules {
    EcosystemRules {
        name,
        purl_type,
        namespace_end: (purl_type == "npm").then_some('/'),
        normalize: exact_name,
        version_key: |_| None,
    }
}

fn component(ecosystem: &'static str, name: &str, version: &str, file: &str) -> Component {
    let place = Location::file(TreePath::new(file));
    let purl_type = match ecosystem {
        "crates.io" => "cargo",
        "PyPI" => "pypi",
        "npm" => "npm",
        _ => "no type of purl",
    };
    rules(ecosystem, purl_type).component(name, version, place)
}

fn components() -> Vec<Component> {
    let mut axum = component("crates.io", "axum", "0.8.1+x", "Cargo.lock");
    axum.checksums = Checksum::new(ChecksumAlgorithm::Sha256, &"a".repeat(64))
        .into_iter()
        .collect();
    axum.dependencies = ["pkg:cargo/serde@1.0.0", "pkg:cargo/absent@1.0.0"]
        .map(Purl::new)
        .to_vec();
    axum.scope = Scope::Optional;
    let mut serde = component("crates.io", "serde", "1.0.0", "Cargo.lock");
    serde.dependencies = vec![Purl::new("pkg:cargo/serde@1.0.0")];
    let mut scoped = component("npm", "@scope/name", "2.0.0", "web/package-lock.json");
    let digests = [
        (ChecksumAlgorithm::Sha512, 128),
        (ChecksumAlgorithm::Sha1, 40),
    ];
    scoped.checksums = digests
        .into_iter()
        .filter_map(|(algorithm, digits)| Checksum::new(algorithm, &"b".repeat(digits)))
        .collect();
    scoped.scope = Scope::Dev;
    scoped.licenses = ["MIT", "see LICENSE"]
        .map(|expression| License {
            expression: expression.to_owned(),
            source: LicenseSource::Lockfile,
        })
        .to_vec();
    let mut strange = component("Haiku", "strange", "1", "x");
    strange.distribution = Some("haiku-r1".to_owned());
    strange.architecture = Some("x86".to_owned());
    strange.source_package = Some(SourcePackage {
        name: "odd".to_owned(),
        version: Version::new("1-1"),
    });
    strange.files = vec![TreePath::new("bin/strange")];
    let again = component("crates.io", "serde", "1.0.0", "tools/Cargo.lock");
    let place = Location::file(TreePath::new("r.txt"));
    let open = rules("PyPI", "pypi").declared_component("open", ">=1", place);
    vec![
        scoped,
        serde,
        axum,
        again,
        strange,
        open,
        component("PyPI", "a", "1", "r.txt"),
    ]
}

fn gaps() -> Vec<Gap> {
    vec![Gap {
        id: RuleId::new("dependency", "unlocked-manifest"),
        kind: GapKind::Unresolved,
        place: Some(Location::file(TreePath::new("requirements.txt")).into()),
        message: "no version".to_owned(),
        fix: "lock it".to_owned(),
    }]
}

fn document(components: &[Component], gaps: &[Gap]) -> Value {
    write(&Bom {
        name: "record-store",
        version: Some("1.2.3"),
        subject: Some(&Subject::Artifact {
            sha256: Digest::of(b"artifact"),
        }),
        components,
        gaps,
        timestamp: "2026-11-22T10:00:00Z".parse().unwrap(),
        serial: &serial(&Digest::of(b"artifact")),
    })
}

fn schema_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/cyclonedx")
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// The validator of CycloneDX 1.6, or `None` where the schemas are not at hand.
fn validator() -> Option<Validator> {
    let folder = schema_folder().join("schema");
    if !folder.is_dir() {
        std::io::Write::write_fmt(
            &mut std::io::stderr(),
            format_args!(
                "SKIPPED: the CycloneDX schema, because {} is absent\n",
                folder.display()
            ),
        )
        .unwrap();
        return None;
    }
    let mut registry = Registry::new();
    for name in ["jsf-0.82.schema.json", "spdx.schema.json"] {
        let address = format!("http://cyclonedx.org/schema/{name}");
        registry = registry.add(address, read(&folder.join(name))).unwrap();
    }
    let registry = registry.prepare().unwrap();
    let schema = read(&folder.join("bom-1.6.schema.json"));
    Some(
        jsonschema::options()
            .should_validate_formats(true)
            .with_registry(&registry)
            .build(&schema)
            .unwrap(),
    )
}

#[test]
fn the_schema_accepts_what_is_written() {
    let Some(validator) = validator() else { return };
    let unrooted = write(&Bom {
        name: "x",
        version: None,
        subject: None,
        components: &[],
        gaps: &[],
        timestamp: jiff::Timestamp::UNIX_EPOCH,
        serial: &serial(&Digest::of(b"")),
    });
    for document in [
        document(&components(), &gaps()),
        document(&[], &[]),
        unrooted,
    ] {
        let errors: Vec<String> = validator
            .iter_errors(&document)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert_eq!(errors, [""; 0], "{document:#}");
    }
    let mut broken = document(&components(), &gaps());
    broken["components"][0]["hashes"] = json!([{ "alg": "SHA-256", "content": "x" }]);
    assert!(
        !validator.is_valid(&broken),
        "the validator refuses nothing"
    );
}

#[test]
fn one_package_is_listed_once_with_every_place() {
    let document = document(&components(), &gaps());
    let listed: Vec<&str> = document["components"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| part["bom-ref"].as_str().unwrap())
        .collect();
    let expected = [
        "Haiku/strange 1",
        "pkg:cargo/axum@0.8.1%2Bx",
        "pkg:cargo/serde@1.0.0",
        "pkg:npm/%40scope/name@2.0.0",
        "pkg:pypi/a@1",
        "pkg:pypi/open",
    ];
    assert_eq!(listed, expected);
    let places = &document["components"][2]["evidence"]["occurrences"];
    assert_eq!(
        places,
        &json!([{ "location": "Cargo.lock", "line": 1 }, { "location": "tools/Cargo.lock", "line": 1 }])
    );
    let digests: Vec<&str> = document["components"][3]["hashes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|hash| hash["alg"].as_str().unwrap())
        .collect();
    assert_eq!(digests, ["SHA-512", "SHA-1"]);
}

#[test]
fn each_range_of_one_package_is_listed() {
    let open = |range: &str, file: &str| {
        let place = Location::file(TreePath::new(file));
        rules("PyPI", "pypi").declared_component("open", range, place)
    };
    let document = document(&[open(">=1", "a.txt"), open(">=2", "b.txt")], &[]);
    for (at, reference, range) in [(0, "pkg:pypi/open", ">=1"), (1, "pkg:pypi/open#2", ">=2")] {
        let part = &document["components"][at];
        assert_eq!(part["bom-ref"], reference);
        assert_eq!(part["properties"][0]["value"], range);
    }
}

#[test]
fn what_a_part_is_needed_for_is_said() {
    let document = document(&components(), &[]);
    let scopes: Vec<&str> = document["components"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| part["scope"].as_str().unwrap())
        .collect();
    let expected = [
        "required", "optional", "required", "excluded", "required", "required",
    ];
    assert_eq!(scopes, expected);
    assert_eq!(
        document["components"][3]["properties"],
        json!([{ "name": "plimsoll:scope", "value": "dev" }])
    );
    let open = &document["components"][5];
    assert_eq!(open["version"], Value::Null);
    assert_eq!(
        open["properties"],
        json!([{ "name": "plimsoll:declared", "value": ">=1" }])
    );
}

#[test]
fn the_graph_names_only_parts_of_the_document() {
    let document = document(&components(), &gaps());
    assert_eq!(
        document["dependencies"],
        json!([
            { "ref": "subject",
              "dependsOn": ["Haiku/strange 1", "pkg:cargo/axum@0.8.1%2Bx", "pkg:npm/%40scope/name@2.0.0", "pkg:pypi/a@1", "pkg:pypi/open"] },
            { "ref": "Haiku/strange 1", "dependsOn": [] },
            { "ref": "pkg:cargo/axum@0.8.1%2Bx", "dependsOn": ["pkg:cargo/serde@1.0.0"] },
            { "ref": "pkg:cargo/serde@1.0.0", "dependsOn": [] },
            { "ref": "pkg:npm/%40scope/name@2.0.0", "dependsOn": [] },
            { "ref": "pkg:pypi/a@1", "dependsOn": [] },
            { "ref": "pkg:pypi/open", "dependsOn": [] },
        ])
    );
}

#[test]
fn gaps_stand_in_the_document_and_make_it_incomplete() {
    let with = document(&components(), &gaps());
    assert_eq!(
        with["metadata"]["properties"][0],
        json!({ "name": "plimsoll:gaps", "value": "1" })
    );
    let told = "dependency/unlocked-manifest: requirements.txt:1:1: no version";
    assert_eq!(with["metadata"]["properties"][1]["value"], told);
    assert_eq!(
        with["compositions"],
        json!([{ "aggregate": "incomplete", "assemblies": ["subject"] }])
    );
    let without = document(&components(), &[]);
    assert_eq!(
        without["metadata"]["properties"],
        json!([{ "name": "plimsoll:gaps", "value": "0" }])
    );
    assert_eq!(without["compositions"], Value::Null);
}

#[test]
fn the_order_of_the_input_does_not_matter() {
    let mut reversed = components();
    reversed.reverse();
    assert_eq!(
        document(&reversed, &gaps()).to_string(),
        document(&components(), &gaps()).to_string()
    );
}
