//! Zips, folders and a bucket, their bounds, and that equal records give equal bytes.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;

use plimsoll_advisories::{ImportError, ImportOptions, Limits, Progress, Source, import};
use serde_json::{Value, json};
use zip::write::SimpleFileOptions;

use crate::fixture::{Fixture, component, import_quietly, now, open, options, shared_osv};

fn record(id: &str, ecosystems: &[&str]) -> Value {
    let affected = |ecosystem: &&str| {
        json!({"package": {"ecosystem": ecosystem, "name": "a"},
            "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "2.0.0"}]}]})
    };
    let affected: Vec<Value> = ecosystems.iter().map(affected).collect();
    json!({"id": id, "modified": "2026-01-01T00:00:00Z", "affected": affected})
}

fn zip(path: &Path, entries: &[(&str, String)]) {
    let mut writer = zip::ZipWriter::new(fs::File::create(path).unwrap());
    for (name, text) in entries {
        writer
            .start_file(*name, SimpleFileOptions::default())
            .unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap();
}

fn ecosystems(folder: &Path) -> Vec<String> {
    let database = open(folder).unwrap();
    database.verify().unwrap();
    database
        .identity()
        .iter()
        .map(|identity| identity.ecosystem.to_string())
        .collect()
}

#[test]
fn a_folder_in_the_buckets_layout_gives_one_database_an_ecosystem() {
    let (source, into) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for (ecosystem, file) in [("npm", "all.zip"), ("PyPI", "X-2.json")] {
        fs::create_dir(source.path().join(ecosystem)).unwrap();
        let path = source.path().join(ecosystem).join(file);
        // A record about two ecosystems founds no database about the second one.
        let text = record("X-1", &[ecosystem, "Maven"]).to_string();
        if file == "all.zip" {
            zip(&path, &[("X-1.json", text)])
        } else {
            fs::write(path, text).unwrap()
        }
    }
    import_quietly(&Source::Folder(source.path().to_owned()), into.path(), &[]);
    assert_eq!(ecosystems(into.path()), ["PyPI", "npm"]);
    let only = tempfile::tempdir().unwrap();
    import_quietly(
        &Source::Folder(source.path().to_owned()),
        only.path(),
        &["npm"],
    );
    assert_eq!(ecosystems(only.path()), ["npm"]);
    let absent = import(
        &Source::Folder(source.path().to_owned()),
        only.path(),
        &options(&["Go"]),
        &mut |_| {},
    );
    assert!(
        matches!(absent, Err(ImportError::Empty { .. })),
        "{absent:?}"
    );
}

#[test]
fn a_mixed_zip_must_be_told_which_ecosystems_it_covers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all.zip");
    zip(
        &path,
        &[
            ("a.json", record("X-1", &["npm"]).to_string()),
            ("b.json", record("X-2", &["PyPI"]).to_string()),
        ],
    );
    let into = folder.path().join("db");
    let unnamed = import(
        &Source::Zip(path.clone()),
        &into,
        &options(&[]),
        &mut |_| {},
    );
    assert!(
        matches!(unnamed, Err(ImportError::NameEcosystems { .. })),
        "{unnamed:?}"
    );
    import_quietly(&Source::Zip(path), &into, &["npm", "PyPI"]);
    assert_eq!(ecosystems(&into), ["PyPI", "npm"]);
}

#[test]
fn every_bound_holds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all.zip");
    let filler =
        json!({"id": "X-9", "modified": "2026-01-01T00:00:00Z", "details": " ".repeat(3 << 20)});
    let first = record("X-1", &["npm"]).to_string();
    zip(
        &path,
        &[
            ("a.json", first),
            ("b.json", filler.to_string()),
            ("c.txt", String::new()),
        ],
    );
    let run = |limits: Limits| {
        let options = ImportOptions {
            limits,
            ..options(&[])
        };
        import(
            &Source::Zip(path.clone()),
            &folder.path().join("db"),
            &options,
            &mut |_| {},
        )
    };
    let limits = Limits {
        zip_ratio: 10_000,
        ..Limits::default()
    };
    assert!(run(limits.clone()).is_ok());
    assert!(matches!(
        run(Limits {
            records: 1,
            ..limits.clone()
        }),
        Err(ImportError::TooManyRecords { .. })
    ));
    assert!(matches!(
        run(Limits {
            total_bytes: 1 << 20,
            ..limits.clone()
        }),
        Err(ImportError::TooManyBytes { .. })
    ));
    assert!(matches!(
        run(Limits {
            zip_ratio: 2,
            ..limits.clone()
        }),
        Err(ImportError::Ratio { .. })
    ));
    let imported = run(Limits {
        record_bytes: 1 << 20,
        ..limits
    })
    .unwrap();
    assert_eq!(imported.databases[0].unreadable[0].name, "b.json");
}

#[test]
fn a_failed_import_leaves_the_old_database_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (path, into) = (folder.path().join("all.zip"), folder.path().join("db"));
    zip(&path, &[("a.json", record("X-1", &["npm"]).to_string())]);
    import_quietly(&Source::Zip(path.clone()), &into, &[]);
    let before = fs::read(into.join("npm.plimdb")).unwrap();
    for bytes in [&b"PK"[..], b"", &fs::read(&path).unwrap()[..60]] {
        fs::write(&path, bytes).unwrap();
        assert!(
            import(
                &Source::Zip(path.clone()),
                &into,
                &options(&["npm"]),
                &mut |_| {}
            )
            .is_err()
        );
        assert_eq!(fs::read(into.join("npm.plimdb")).unwrap(), before);
    }
    let left: Vec<_> = fs::read_dir(&into)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["npm.plimdb"]);
}

#[test]
fn equal_records_give_equal_bytes_in_whatever_order_they_come() {
    let folder = tempfile::tempdir().unwrap();
    let mut entries: Vec<(&str, String)> = Vec::new();
    let names = ["a.json", "b.json", "c.json", "d.json"];
    for (index, name) in names.into_iter().enumerate() {
        entries.push((name, record(&format!("X-{index}"), &["npm"]).to_string()));
    }
    let mut older = record("X-1", &["npm"]);
    older["modified"] = json!("2025-01-01T00:00:00Z");
    entries.push(("e.json", older.to_string()));
    let import_in_order = |name: &str, entries: &[(&str, String)], seconds: i64| {
        let path = folder.path().join(name);
        zip(&path, entries);
        let mut options = options(&[]);
        options.as_of = Some(now() - jiff::SignedDuration::from_secs(seconds));
        let into = folder.path().join(format!("{name}-db"));
        let imported = import(&Source::Zip(path), &into, &options, &mut |_| {}).unwrap();
        (
            fs::read(into.join("npm.plimdb")).unwrap(),
            imported.databases[0].identity.digest,
        )
    };
    let first = import_in_order("1", &entries, 0);
    entries.reverse();
    assert_eq!(first, import_in_order("2", &entries, 0));
    let earlier = import_in_order("3", &entries, 60);
    assert_ne!(first.0, earlier.0, "the moment is in the bytes");
    assert_eq!(first.1, earlier.1, "and not in the identity");
    entries.pop();
    assert_ne!(first.1, import_in_order("4", &entries, 0).1);
}

/// Serves the files of a folder over HTTP on this machine, one connection after another.
fn serve(folder: std::path::PathBuf) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut byte = [0];
            while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
                request.push(byte[0]);
            }
            let line = String::from_utf8(request).unwrap();
            let path = line
                .split(' ')
                .nth(1)
                .unwrap()
                .trim_start_matches('/')
                .replace("%20", " ");
            let (status, body) = match fs::read(folder.join(path)) {
                Ok(body) => ("200 OK", body),
                Err(_) => ("404 Not Found", Vec::new()),
            };
            let head = format!(
                "HTTP/1.1 {status}\r\nLast-Modified: Wed, 01 Apr 2026 00:00:00 GMT\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            stream
                .write_all(&[head.as_bytes(), &body].concat())
                .unwrap();
        }
    });
    format!("http://{address}/")
}

#[test]
fn a_bucket_is_fetched_for_the_named_ecosystems() {
    let (source, into) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for ecosystem in ["npm", "GitHub Actions"] {
        fs::create_dir(source.path().join(ecosystem)).unwrap();
        let text = record("X-1", &[ecosystem]).to_string();
        zip(
            &source.path().join(ecosystem).join("all.zip"),
            &[("X-1.json", text)],
        );
    }
    let url = serve(source.path().to_owned());
    let mut told = Vec::new();
    let bucket = Source::Bucket(url);
    import(
        &bucket,
        into.path(),
        &options(&["npm", "GitHub Actions"]),
        &mut |progress| told.push(progress),
    )
    .unwrap();
    assert_eq!(ecosystems(into.path()), ["GitHub Actions", "npm"]);
    assert!(into.path().join("GitHub%20Actions.plimdb").is_file());
    assert!(
        told.iter()
            .any(|step| matches!(step, Progress::Fetching { .. }))
    );
    assert!(
        told.iter()
            .any(|step| matches!(step, Progress::Written { records: 1, .. }))
    );
    let found = open(into.path())
        .unwrap()
        .inspect(&[component("npm", "a", "1.0.0")], now(), None);
    assert_eq!(
        found.findings[0].fix.as_ref().unwrap().version.as_deref(),
        Some("2.0.0")
    );

    let absent = import(&bucket, into.path(), &options(&["Go"]), &mut |_| {});
    assert!(
        matches!(absent, Err(ImportError::Fetch { .. })),
        "{absent:?}"
    );
    let unnamed = import(&bucket, into.path(), &options(&[]), &mut |_| {});
    assert!(
        matches!(unnamed, Err(ImportError::NameEcosystems { .. })),
        "{unnamed:?}"
    );
    let small = ImportOptions {
        limits: Limits {
            download_bytes: 10,
            ..Limits::default()
        },
        ..options(&["npm"])
    };
    assert!(matches!(
        import(&bucket, into.path(), &small, &mut |_| {}),
        Err(ImportError::TooManyBytes { .. })
    ));
}

#[test]
fn an_old_copy_stays_old_however_late_it_is_imported() {
    let (source, into) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let bucket = source.path().join("npm");
    fs::create_dir(&bucket).unwrap();
    let path = bucket.join("all.zip");
    let mut of_the_future = record("X-2", &["npm"]);
    of_the_future["modified"] = json!("9999-01-01T00:00:00Z");
    let texts = [
        record("X-1", &["npm"]).to_string(),
        of_the_future.to_string(),
    ];
    zip(
        &path,
        &[
            ("X-1.json", texts[0].clone()),
            ("X-2.json", texts[1].clone()),
        ],
    );
    let as_of = |source: &Source, stated: Option<&str>, now: &str| {
        let stated = stated.map(|date| date.parse().unwrap());
        let options = ImportOptions {
            as_of: stated,
            now: now.parse().unwrap(),
            ..options(&["npm"])
        };
        import(source, into.path(), &options, &mut |_| {})
            .map(|imported| imported.databases[0].identity.as_of.to_string())
    };
    let (zip, url) = (
        Source::Zip(path),
        Source::Bucket(serve(source.path().to_owned())),
    );
    let noon = "2026-06-01T12:00:00Z";
    assert_eq!(
        as_of(&zip, None, noon).unwrap(),
        "2026-01-01T00:00:00Z",
        "the newest change"
    );
    assert_eq!(
        as_of(&zip, Some("2026-05-01T00:00:00Z"), noon).unwrap(),
        "2026-05-01T00:00:00Z",
        "stated"
    );
    assert_eq!(
        as_of(&url, None, noon).unwrap(),
        "2026-04-01T00:00:00Z",
        "what the bucket says"
    );
    for (stated, now) in [
        (Some("2026-06-01T12:00:01Z"), noon),
        (None, "2025-06-01T12:00:00Z"),
    ] {
        let future = as_of(&zip, stated, now);
        assert!(
            matches!(future, Err(ImportError::Future { .. })),
            "{future:?}"
        );
    }
}

#[test]
fn only_a_moment_takes_a_record_back() {
    for (written, withdrawn, unreadable) in [
        (json!(null), 0, 0),
        (json!("2026-01-02T00:00:00Z"), 1, 0),
        (json!(""), 0, 1),
        (json!(false), 0, 1),
        (json!("yes"), 0, 1),
    ] {
        let mut record_of_it = record("X-1", &["npm"]);
        record_of_it["withdrawn"] = written.clone();
        let fixture = Fixture::of(&[record_of_it, record("X-2", &["npm"])], &["npm"]);
        let database = &fixture.imported.databases[0];
        assert_eq!(
            (database.withdrawn, database.unreadable_count),
            (withdrawn, unreadable),
            "{written}"
        );
    }
}

#[test]
fn plain_http_to_another_machine_is_refused() {
    let into = tempfile::tempdir().unwrap();
    for url in [
        "http://advisories.example/",
        "http://127.0.0.1.example/",
        "ftp://localhost/",
        "advisories",
    ] {
        let refused = import(
            &Source::Bucket(url.to_owned()),
            into.path(),
            &options(&["npm"]),
            &mut |_| {},
        );
        assert!(
            matches!(refused, Err(ImportError::InsecureUrl { .. })),
            "{url}: {refused:?}"
        );
    }
    // An encrypted address gets as far as the connection, so that the encryption is really there.
    let unreachable = import(
        &Source::Bucket("https://127.0.0.1:9/".into()),
        into.path(),
        &options(&["npm"]),
        &mut |_| {},
    );
    assert!(
        matches!(unreachable, Err(ImportError::Fetch { .. })),
        "{unreachable:?}"
    );
}

#[test]
fn every_published_ecosystem_is_imported_without_an_unreadable_record() {
    let Some(osv) = shared_osv("all published ecosystems") else {
        return;
    };
    let published = fs::read_to_string(osv.join("ecosystems.txt")).unwrap();
    let mut published: Vec<&str> = published.lines().filter(|line| !line.is_empty()).collect();
    published.sort_unstable();
    let into = tempfile::tempdir().unwrap();
    let imported = import_quietly(&Source::Folder(osv.clone()), into.path(), &[]);
    for database in &imported.databases {
        let identity = &database.identity;
        eprintln!(
            "{}: {} records, {} withdrawn, {} undecided, {} bytes",
            identity.ecosystem,
            identity.records,
            database.withdrawn,
            database.undecided,
            database.size_bytes
        );
        assert_eq!(database.unreadable, []);
    }
    assert_eq!(ecosystems(into.path()), published);
}
