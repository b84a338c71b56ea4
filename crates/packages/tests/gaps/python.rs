//! Gaps of Python projects and requirements files.

use plimsoll_model::{Masks, Span};

use super::{check, facts, inspect};

#[test]
fn a_python_project_is_locked_when_everything_it_asks_for_is_pinned() {
    let project = "[project]\nname = \"p\"\ndependencies = [\n  \"A_b>=1\",\n  \"c\",\n]\n";
    check(
        &[("pyproject.toml", project)],
        &["unlocked-manifest pyproject.toml:4"],
    );
    check(
        &[
            ("pyproject.toml", project),
            ("requirements.txt", "a-b==1.0\nC==2\n--require-hashes\n"),
        ],
        &[],
    );
    check(
        &[
            ("pyproject.toml", project),
            ("requirements.txt", "a-b==1.0\n--require-hashes\n"),
        ],
        &["unlocked-manifest pyproject.toml:4"],
    );
    check(
        &[("pyproject.toml", project), ("uv.lock", "")],
        &["unsupported-lockfile uv.lock:1"],
    );
    check(
        &[("pyproject.toml", "[tool.black]\nline-length = 100\n")],
        &[],
    );
    check(
        &[("setup.py", "setup(\n  install_requires=['a'],\n)")],
        &["unlocked-manifest setup.py:2"],
    );
    check(&[("setup.py", "setup(name='a')")], &[]);
}

#[test]
fn open_requirements_are_one_gap_a_file_unless_a_constraint_pins_them() {
    let open = "# web\nfastapi >= 0.110\nuvicorn\nrich==13.0.0\n";
    check(
        &[("requirements.txt", open)],
        &["unlocked-manifest requirements.txt:2"],
    );
    let inspection = inspect(&[("requirements.txt", open)]);
    assert_eq!(
        inspection.gaps[0].message,
        "2 of 3 requirements of requirements.txt name no exact version, so they were not checked: \
         fastapi>=0.110 (from 0.110 on), uvicorn"
    );
    let components = inspection.components.iter();
    let pinned = components.filter(|component| component.version.is_some());
    assert_eq!(pinned.count(), 1);
    check(
        &[
            (
                "requirements.txt",
                "-c pip/constraints.txt\nfastapi>=0.110\n--require-hashes",
            ),
            ("pip/constraints.txt", "fastapi==0.111.0\nstarlette>=0.37\n"),
        ],
        &[],
    );
    check(
        &[
            ("requirements.txt", "fastapi>=0.110\n"),
            ("constraints.txt", "fastapi==0.111.0\n"),
        ],
        &["unlocked-manifest requirements.txt:1"],
    );
    check(
        &[
            ("requirements.in", "a\n"),
            ("requirements.txt", "a==1 --hash=sha256:0\n"),
        ],
        &[],
    );
    check(
        &[("requirements.in", "a\n")],
        &["unlocked-manifest requirements.in:1"],
    );
}

#[test]
fn files_that_are_drawn_in_must_be_there() {
    let base = ("base-requirements.txt", "a==1 --hash=sha256:0\n");
    check(
        &[("requirements.txt", "-r base-requirements.txt\n"), base],
        &[],
    );
    check(
        &[
            ("requirements.txt", "--pre -r base-requirements.txt\n"),
            base,
        ],
        &[],
    );
    check(
        &[("requirements.txt", "--require-hashes\n-r deps.txt\n")],
        &["missing-include requirements.txt:2"],
    );
    for hidden in [
        "-i https://registry.example -r deps.txt",
        "--pre --constraint deps.txt",
        "-f x -rdeps.txt",
    ] {
        check(
            &[("requirements.txt", hidden)],
            &["missing-include requirements.txt:1"],
        );
    }
    check(
        &[("requirements.txt", "--requirement=../x.txt\n")],
        &["missing-include requirements.txt:1"],
    );
    let inspection = inspect(&[(
        "requirements.txt",
        "-c https://user:pass@code.example/upper.txt\n",
    )]);
    assert!(
        !format!("{inspection:?}").contains("pass@"),
        "{inspection:?}"
    );
    assert_eq!(inspection.gaps.len(), 1);
}

#[test]
fn a_folder_that_is_installed_must_have_a_manifest_in_the_tree() {
    let project = ("tools/lib/pyproject.toml", "[project]\nname = \"lib\"\n");
    for place in [
        "./lib",
        "-e ./lib",
        "-e lib",
        "--pre --editable=lib[dev]",
        "-e tools/lib",
    ] {
        check(&[("tools/requirements.txt", place), project], &[]);
        check(
            &[("tools/requirements.txt", place)],
            &["missing-include tools/requirements.txt:1"],
        );
    }
    // pip installs this archive, of a kind that nobody expects.
    check(
        &[("requirements.txt", "./wheels/a-1.0.tbz")],
        &["missing-include requirements.txt:1"],
    );
    check(
        &[("requirements.txt", "-e ../outside")],
        &["missing-include requirements.txt:1"],
    );
    check(
        &[("requirements.txt", "-e ${PLACE}/lib")],
        &["unreadable-requirement requirements.txt:1"],
    );
}

/// pip installs what the pins ask for as well, unless a hash makes it refuse what has none.
#[test]
fn pins_without_hashes_need_not_be_all() {
    let hashed = "a==1 --hash=sha256:00\n";
    check(
        &[("requirements.txt", "# one\na==1\n")],
        &["unsealed-requirements requirements.txt:2"],
    );
    check(&[("requirements.txt", hashed)], &[]);
    check(
        &[
            (
                "requirements.txt",
                "--require-hashes\n-r b-requirements.txt",
            ),
            ("b-requirements.txt", hashed),
        ],
        &[],
    );
    check(&[("constraints.txt", "a==1\n")], &[]);
}

#[test]
fn a_file_that_is_drawn_in_as_requirements_is_no_constraints_file() {
    let open = ("my-constraints.txt", "a>=1\n");
    check(&[open], &[]);
    check(&[("requirements.txt", "-c my-constraints.txt"), open], &[]);
    check(
        &[("requirements.txt", "-r my-constraints.txt"), open],
        &["unlocked-manifest my-constraints.txt:1"],
    );
    check(
        &[("constraints-requirements.txt", "a>=1")],
        &["unlocked-manifest constraints-requirements.txt:1"],
    );
}

#[test]
fn a_declared_encoding_other_than_utf_8_is_a_gap() {
    for name in ["utf-7", "unicode_escape", "latin-1", "UTF_16"] {
        let text = format!("# -*- coding: {name} -*-\n# +AAo-a==1.0\n");
        check(
            &[("requirements.txt", &text)],
            &["unreadable-requirement requirements.txt:1"],
        );
    }
    check(&[("requirements.txt", "# coding=Utf_8\n")], &[]);
    check(&[("requirements.txt", "\n\n# coding: utf-7\n")], &[]);
}

#[test]
fn prose_with_the_name_of_a_requirements_file_is_one_gap() {
    let prose = "Constraints\n\nEach of them is checked\nby the database.\n".repeat(12);
    check(
        &[("docs/constraints.txt", &prose)],
        &["no-requirements docs/constraints.txt:3"],
    );
    let pinned = format!("{prose}a==1\n--require-hashes\n");
    check(
        &[("docs/constraints.txt", &pinned)],
        &["unreadable-requirement docs/constraints.txt:3"],
    );
    assert_eq!(
        inspect(&[("docs/constraints.txt", &pinned)])
            .components
            .len(),
        1
    );
    let short = "not a requirement\n".repeat(9);
    check(
        &[("requirements.txt", &short)],
        &["unreadable-requirement requirements.txt:1"],
    );
}

#[test]
fn blanked_values_in_a_lockfile_are_a_gap() {
    let text = "--require-hashes\n--index-url https://user:xxxxxxxx@registry.example/simple\n";
    let at = text.find("xxxxxxxx").unwrap();
    let masked = facts(
        "requirements.txt",
        text,
        &Masks::new(vec![Span::new(at, at + 8)]),
    )
    .unwrap();
    let names: Vec<_> = masked.gaps.iter().map(|gap| gap.id.to_string()).collect();
    assert_eq!(names, ["dependency/masked-lockfile"]);
    assert_eq!(
        masked.gaps[0]
            .place
            .as_ref()
            .unwrap()
            .file()
            .unwrap()
            .start
            .line,
        2
    );
    assert_eq!(
        facts("requirements.txt", text, &Masks::default())
            .unwrap()
            .gaps,
        []
    );
}
