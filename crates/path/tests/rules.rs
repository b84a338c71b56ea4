//! Each rule against a workflow that must be found and one that must not, and against real workflows.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use plimsoll_model::{Address, Finding, Inspection, Masks, Place, TreePath};
use plimsoll_path::{DIALECTS, Dialect, Facts, ReleasePath, claims, conclude, extract, rules};
use plimsoll_source::{File, Inspect as _};

fn inspect(files: &[(&str, &str)]) -> Inspection {
    let masks = Masks::default();
    let facts: BTreeMap<TreePath, Facts> = files
        .iter()
        .map(|(path, text)| {
            let path = TreePath::new(*path);
            assert!(claims(&path), "{path}");
            let facts = extract(&File::text(&Address::new(path.clone()), text, &masks));
            (path, facts)
        })
        .collect();
    conclude(&facts)
}

/// The whole of what a person is told.
fn shown(inspection: &Inspection) -> String {
    let findings = inspection.findings.iter().flat_map(lines);
    let gaps = inspection
        .gaps
        .iter()
        .map(|gap| format!("gap {} {}: {}", gap.id, gap.kind.as_str(), gap.message));
    findings.chain(gaps).map(|line| line + "\n").collect()
}

fn lines(finding: &Finding) -> Vec<String> {
    let mut lines = vec![format!(
        "{} [{}] {}",
        finding.rule, finding.severity, finding.message
    )];
    lines.extend(
        finding
            .places
            .iter()
            .map(|location| format!("  at {location}")),
    );
    for step in &finding.trace {
        let at = step
            .place
            .as_ref()
            .and_then(Place::file)
            .map(|at| format!(" ({}:{})", at.start.line, at.start.column));
        lines.push(format!("  - {}{}", step.message, at.unwrap_or_default()));
    }
    lines.extend(
        finding
            .fix
            .iter()
            .map(|fix| format!("  fix: {}", fix.message)),
    );
    lines
}

fn fixture(rule: &str, name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(rule)
        .join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_rule_finds_the_bad_and_leaves_the_good() {
    for rule in rules() {
        let path = ".github/workflows/release.yml";
        let bad = inspect(&[(path, &fixture(rule.name, "bad.yml"))]);
        assert!(
            bad.findings.iter().any(|finding| finding.rule == rule.id()),
            "{} misses its bad workflow",
            rule.name
        );
        insta::assert_snapshot!(rule.name, shown(&bad));
        let good = inspect(&[(path, &fixture(rule.name, "good.yml"))]);
        assert_eq!(shown(&good), "", "{} reports its good workflow", rule.name);
    }
}

#[test]
fn every_dialect_claims_what_its_page_is_about() {
    for dialect in DIALECTS {
        let page = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../docs")
            .join(dialect.page);
        let text = std::fs::read_to_string(&page).unwrap();
        assert!(text.starts_with("# How Plimsoll reads"), "{}", dialect.id);
        for glob in dialect.globs {
            let path = TreePath::new(glob.replace('*', "release"));
            assert_eq!(Dialect::find(&path).unwrap().id, dialect.id, "{path}");
            let below = TreePath::new(glob.replace('*', "more/release"));
            assert!(!claims(&below), "{below}");
        }
    }
}

#[test]
fn every_rule_explains_itself() {
    for rule in rules() {
        let doc = ReleasePath.about().rule(rule.name).unwrap();
        assert_eq!((doc.title, doc.why), (rule.what.into(), rule.why.into()));
        let mut fix = rule.fix.to_owned();
        for (dialect, example) in rule.examples {
            assert!(DIALECTS.iter().any(|known| known.id == *dialect));
            fix.extend(["\n\nIn ", dialect, ":\n\n", example]);
        }
        assert_eq!(doc.fix, fix);
        assert!(!rule.examples.is_empty() && !rule.fix.contains("```"));
    }
    assert_eq!(ReleasePath.about().rule("nothing"), None);
}

#[test]
fn called_scripts_are_looked_into() {
    let workflow = |run: &str| {
        format!(
            "on: push\npermissions: {{}}\njobs:\n  ship:\n    runs-on: x\n    steps:\n      - run: cargo test\n        if: github.actor != 'bot'\n      - run: {run}\n"
        )
    };
    let path = ".github/workflows/ship.yml";
    let deploy = (
        "scripts/deploy.sh",
        "#!/bin/bash\nset -e\ncd k8s\nkubectl apply -f prod.yml\n",
    );
    for run in [
        "./scripts/deploy.sh",
        "bash scripts/deploy.sh prod",
        "cd scripts && source ./deploy.sh",
    ] {
        let inspection = inspect(&[(path, &workflow(run)), deploy]);
        let found: Vec<_> = inspection
            .findings
            .iter()
            .map(|finding| finding.rule.name())
            .collect();
        assert_eq!(found, ["gate-skippable"], "{run}");
        assert_eq!(
            inspection.findings[0].places[0].to_string(),
            "scripts/deploy.sh:4:1",
            "{run}"
        );
        assert_eq!(inspection.gaps, [], "{run}");
    }
    let absent = inspect(&[(path, &workflow("./scripts/deploy.sh"))]);
    assert_eq!(absent.gaps[0].id.as_str(), "path/unresolved-call");
    assert_eq!(absent.findings, []);
}

#[test]
fn the_first_line_of_a_script_counts_where_it_is_run_by_its_path() {
    for (first, run, expected) in [
        ("#!/bin/bash -e", "./t.sh", &[][..]),
        ("#!/bin/bash -e", "bash t.sh", &["gate-cannot-fail"]),
        ("#!/bin/bash", "bash -e t.sh", &[]),
        ("#!/bin/bash --noprofile", "./t.sh", &["gate-cannot-fail"]),
    ] {
        let workflow = format!(
            "on: push\npermissions: {{}}\njobs:\n  a:\n    steps:\n      - run: {run}\n      - run: cargo publish\n"
        );
        let script = format!("{first}\ncargo test\necho done\n");
        let inspection = inspect(&[(".github/workflows/a.yml", &workflow), ("t.sh", &script)]);
        let found: Vec<_> = inspection
            .findings
            .iter()
            .map(|finding| finding.rule.name())
            .collect();
        assert_eq!(found, expected, "{first} {run}");
        assert_eq!(inspection.gaps, [], "{first} {run}");
    }
}

#[test]
fn what_cannot_be_read_or_proven_is_a_gap() {
    // Facts that are asked for far from each other make every order of them a bad one.
    let step =
        |run: &str, fact: usize| format!("      - run: {run}\n        if: vars.A{fact} == 'x'\n");
    let tests: Vec<String> = (0..60)
        .map(|each| {
            step(&format!("a{each}"), each)
                + &step(&format!("a{each} || cargo test"), (each * 7) % 60)
        })
        .collect();
    let many = tests.concat();
    let complex = format!(
        "on: push\npermissions: {{}}\njobs:\n  a:\n    runs-on: x\n    steps:\n{many}      - run: cargo publish\n"
    );
    for (text, gap) in [
        ("jobs: [", "path/unreadable-workflow"),
        (
            "on: push\njobs:\n  a:\n    steps: {}\n",
            "path/unreadable-workflow",
        ),
        (
            "on: push\njobs:\n  a:\n    steps:\n      - run: [x]\n",
            "path/unreadable-workflow",
        ),
        (
            "on: push\njobs:\n  a:\n    needs: b\n    steps: []\n",
            "path/unreadable-workflow",
        ),
        (
            "on: push\njobs:\n  a:\n    needs: a\n    steps: []\n",
            "path/unreadable-workflow",
        ),
        (
            "on: push\npermissions: {}\njobs:\n  a:\n    uses: ./.github/workflows/b.yml\n",
            "path/unresolved-call",
        ),
        (
            "on: push\npermissions: {}\njobs:\n  a:\n    steps:\n      - uses: ./act\n",
            "path/unresolved-call",
        ),
        (
            "on: push\npermissions: {}\njobs:\n  a:\n    steps:\n      - run: if x; then\n",
            "path/unreadable-script",
        ),
        (
            "on: push\npermissions: {}\njobs:\n  a:\n    steps:\n      - run: x\n        shell: pwsh\n",
            "path/foreign-shell",
        ),
        (&complex, "path/too-complex"),
    ] {
        let inspection = inspect(&[(".github/workflows/x.yml", text)]);
        let gaps: Vec<_> = inspection.gaps.iter().map(|gap| gap.id.as_str()).collect();
        assert_eq!(gaps, [gap], "{}", text.get(..200).unwrap_or(text));
    }
}

#[test]
fn a_gate_in_one_of_two_branches_can_be_swallowed_too() {
    let script = |body: &str| ("scripts/test.sh", format!("#!/bin/bash\nset -e\n{body}\n"));
    let workflow = "on: push\npermissions: {}\njobs:\n  a:\n    steps:\n      - run: ./scripts/test.sh || true\n";
    let strict = workflow.replace(" || true", "");
    for (body, lines) in [
        (
            "if [ -n \"$CI\" ]; then\n  go test ./...\nelse\n  gotestsum\nfi",
            &[4, 6][..],
        ),
        (
            "if [ -n \"$SKIP\" ]; then\n  echo no\nelse\n  go test ./...\nfi",
            &[6],
        ),
        ("if [ -n \"$X\" ]; then\n  exit 0\nfi\ngo test ./...", &[6]),
        (
            "if go test ./...; then\n  ./publish\nelse\n  echo no\nfi",
            &[],
        ),
        ("go test ./... || notify-send failed", &[]),
    ] {
        let (path, text) = script(body);
        let found = |workflow: &str| -> Vec<u32> {
            let inspection = inspect(&[(".github/workflows/a.yml", workflow), (path, &text)]);
            let gates = inspection
                .findings
                .iter()
                .filter(|each| each.rule.name() == "gate-cannot-fail");
            gates
                .map(|finding| finding.places[0].file().unwrap().start.line)
                .collect()
        };
        assert_eq!(found(workflow), lines, "{body}");
        assert_eq!(found(&strict), [0; 0], "{body}");
    }
}

#[test]
fn a_backslash_at_the_end_continues_into_nothing() {
    let workflow = |run: &str| {
        format!(
            "on: push\npermissions: {{}}\njobs:\n  a:\n    steps:\n      - run: |\n          {run}\n"
        )
    };
    for run in [
        "go test \\\n            ${{ inputs.flags }} \\",
        "go test ./... \\",
        "echo \\\\",
    ] {
        assert_eq!(
            shown(&inspect(&[(".github/workflows/a.yml", &workflow(run))])),
            "",
            "{run}"
        );
    }
}

/// Real workflows that people start from. Every finding in the snapshot was read and judged; a new
/// one is a decision.
#[test]
fn starter_workflows_stay_quiet() {
    let folder: PathBuf =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/starter-workflows");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        std::io::Write::write_fmt(
            &mut std::io::stderr(),
            format_args!(
                "SKIPPED: starter workflows, because {} is not there\n",
                folder.display()
            ),
        )
        .unwrap();
        return;
    };
    let mut files: Vec<(String, String)> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yml" || extension == "yaml")
        })
        .map(|path| {
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                path,
            )
        })
        .filter(|(name, _)| {
            !name.starts_with(".github__") || name.starts_with(".github__workflows__")
        })
        .map(|(name, path)| {
            (
                format!(".github/workflows/{name}"),
                std::fs::read_to_string(path).unwrap(),
            )
        })
        .collect();
    files.sort();
    let borrowed: Vec<(&str, &str)> = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    let inspection = inspect(&borrowed);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for finding in &inspection.findings {
        *counts
            .entry(format!("{} {}", finding.rule, finding.severity))
            .or_default() += 1;
    }
    for gap in &inspection.gaps {
        *counts.entry(gap.id.to_string()).or_default() += 1;
    }
    if let Ok(path) = std::env::var("PLIMSOLL_SHOW") {
        std::fs::write(path, shown(&inspection)).unwrap();
    }
    insta::assert_snapshot!(
        "starter-workflows",
        format!("{} workflows\n{counts:#?}", files.len())
    );
}
