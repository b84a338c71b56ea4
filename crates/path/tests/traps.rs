//! Workflows in which a check looks as if it stood before a deployment and a run ships without it, with what must be
//! said about each; and what people write in good faith, of which nothing may be said.

use std::collections::BTreeMap;

use plimsoll_model::{Address, Masks, TreePath};
use plimsoll_path::{conclude, extract};
use plimsoll_source::File;

#[path = "traps/unstated.rs"]
mod unstated;

/// The names of findings and gaps.
fn told(workflow: &str, scripts: &[(&str, &str)]) -> Vec<String> {
    let masks = Masks::default();
    let files =
        std::iter::once((".github/workflows/release.yml", workflow)).chain(scripts.iter().copied());
    let facts: BTreeMap<TreePath, _> = files
        .map(|(path, text)| {
            let path = TreePath::new(path);
            let facts = extract(&File::text(&Address::new(path.clone()), text, &masks));
            (path, facts)
        })
        .collect();
    let inspection = conclude(&facts);
    let findings = inspection
        .findings
        .iter()
        .map(|finding| finding.rule.name().to_owned());
    findings
        .chain(inspection.gaps.iter().map(|gap| gap.id.name().to_owned()))
        .collect()
}

/// One job of these steps: each a script, and behind `##` what else the step says.
fn job(steps: &[&str]) -> String {
    let mut text =
        "on: push\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n"
            .to_owned();
    for step in steps {
        let (script, more) = step.split_once("##").unwrap_or((step, ""));
        text += "      - run: |\n";
        script
            .lines()
            .for_each(|line| text.extend(["          ", line, "\n"]));
        more.lines()
            .for_each(|line| text.extend(["        ", line, "\n"]));
    }
    text
}

const SHIP: &str = "cargo publish";
const SOMETIMES: &str = "cargo test##if: github.actor != 'bot'";

#[test]
fn a_check_that_is_none_holds_nothing() {
    for script in [
        "if [ -n \"$S\" ]; then t() { :; }; else t() { cargo test; }; fi\nt",
        "exec true\ncargo test",
        "set -n\ncargo test",
        "set -o noexec\ncargo test",
        "cd app || exit 00\ncargo test",
        "on() { [ \"$1\" = true ]; }\non \"$A\" || exit 1\non \"$B\" || exit 0\ncargo test",
    ] {
        assert_eq!(
            told(&job(&[script, SHIP]), &[]),
            ["gate-skippable"],
            "{script}"
        );
    }
    for script in [
        "trap 'exit 0' EXIT\ncargo test",
        "trap 'rm -f x; exit 256' Err\ncargo test",
        "end() { rm -f x; exit 0; }\ntrap end EXIT\ncargo test",
        "bash -c 'cargo test || true'",
        "make -ki test",
    ] {
        assert_eq!(
            told(&job(&[script, SHIP]), &[]),
            ["gate-cannot-fail"],
            "{script}"
        );
    }
    let told_of = |script| told(&job(&[script, SHIP]), &[("lib.sh", "cargo() { :; }\n")]);
    assert_eq!(
        told_of("cargo() { :; }\ncargo test"),
        ["gate-cannot-fail", "gate-skippable"]
    );
    assert_eq!(told_of("source ./lib.sh\ncargo test"), ["gate-skippable"]);
    let predicate = "on() { [ \"$1\" = true ]; }\nif on \"$T\"; then cargo test; fi\nif on \"$D\"; then cargo publish; fi";
    assert_eq!(told(&job(&[predicate]), &[]), ["gate-skippable"]);
}

#[test]
fn what_is_run_in_good_faith_holds() {
    for script in [
        "cargo test",
        "trap 'rm -rf \"$tmp\"' EXIT\ncargo test",
        "end() { rm -rf x; }\ntrap end EXIT\ncargo test",
        "trap 'code=$?; rm -f x; exit $code' EXIT\ncargo test",
        "trap 'echo stopped; exit 1' INT TERM ERR\ncargo test",
        "exec cargo test",
        "exec > log 2>&1\ncargo test",
        "cd app\ncargo test\ncd ..",
        "(cd app && cargo test)",
        "check() { cargo test; }\ncheck",
        "check() { cargo test \"$1\"; }\ncheck a\ncheck b",
        "bash -c 'cargo test'",
        "bash -euo pipefail -c 'cargo test | tee log'",
        "eval \"$(ssh-agent -s)\"\ncargo test",
        "bash <<'EOF'\ncargo test\nEOF",
        "set -- a b\nset -- -e\ncargo test",
        "time check\ncargo test",
    ] {
        assert_eq!(told(&job(&[script, SHIP]), &[]), [""; 0], "{script}");
    }
}

#[test]
fn a_deployment_behind_another_command_is_seen() {
    for script in [
        "bash -c \"cargo publish --token $TOKEN\"",
        "sudo bash -c 'cd x && cargo publish'",
        "bash -euo pipefail -c 'sh -c \"cargo publish\"'",
        "bash <<'EOF'\ncargo publish\nEOF",
        "bash -s <<EOF\ncargo publish $X\nEOF",
        "eval 'cargo publish'",
        "sudo -u ci kubectl apply -f x",
        "make deploy",
        "exec ./deploy.sh",
        "sudo ./deploy.sh",
        "timeout -k 5 60 /bin/bash -euo pipefail deploy.sh",
    ] {
        let scripts = [("deploy.sh", "set -e\ncargo publish\n")];
        assert_eq!(
            told(&job(&[SOMETIMES, script]), &scripts),
            ["gate-skippable"],
            "{script}"
        );
    }
}

#[test]
fn a_look_at_a_tool_is_no_check() {
    for (look, check) in [
        ("pytest --version", "pytest"),
        ("deno run -A build.ts", "deno test"),
        ("snyk monitor", "snyk test"),
        ("git secrets --install", "git secrets --scan"),
        ("cargo deny fetch", "cargo deny check"),
        ("bash -n ./t.sh", "cargo test"),
    ] {
        let check = format!("{check}##if: github.actor != 'bot'");
        let scripts = [("t.sh", "cargo test\n")];
        assert_eq!(
            told(&job(&[look, &check, SHIP]), &scripts),
            ["gate-skippable"],
            "{look}"
        );
    }
}

#[test]
fn a_text_around_an_expression_is_always_true() {
    let condition = "always() && steps.t.outcome == 'success'";
    for (condition, expected) in [
        (format!("${{{{ {condition} }}}}"), &[][..]),
        (format!("|-\n  ${{{{ {condition} }}}}"), &[]),
        (format!("|\n  {condition}"), &[]),
        (format!("|\n  ${{{{ {condition} }}}}"), &["gate-skippable"]),
        (format!("\"${{{{ {condition} }}}} \""), &["gate-skippable"]),
        (
            format!(
                "${{{{ always() }}}} && ({})",
                "steps.t.outcome == 'success'"
            ),
            &["gate-skippable"],
        ),
        ("${{ github.ref }} == 'refs/heads/main'".to_owned(), &[]),
    ] {
        let ship = format!("{SHIP}##if: {condition}");
        assert_eq!(
            told(&job(&["cargo test##id: t", &ship]), &[]),
            expected,
            "{condition}"
        );
    }
}

#[test]
fn facts_of_the_same_words_are_not_the_same() {
    let tolerated = job(&[
        "echo##if: ${{ !matrix.experimental }}",
        "cargo test##continue-on-error: ${{ matrix.experimental }}",
        SHIP,
    ]);
    assert_eq!(told(&tolerated, &[]), ["gate-skippable"]);
    let one = |id: &str, needs: &str, condition: &str, run: &str| {
        format!(
            "  {id}:\n    needs: [{needs}]\n    if: {condition}\n    steps:\n      - run: {run}\n"
        )
    };
    let all = "always() && !contains(needs.*.result, 'skipped')";
    let jobs = [
        one("a", "", "github.actor != 'bot'", "echo"),
        one("gate", "a", all, "cargo test"),
        one("mid", "gate", "${{ !failure() }}", "echo"),
        one(
            "deploy",
            "mid",
            &format!("{all} && needs.mid.result == 'success'"),
            SHIP,
        ),
    ];
    let text = format!("on: push\npermissions: {{}}\njobs:\n{}", jobs.concat());
    assert_eq!(told(&text, &[]), ["gate-skippable"]);
}

#[test]
fn what_grows_without_bound_is_refused() {
    let calls = |name: usize| vec![format!("f{}", name + 1); 8].join("; ");
    let functions: Vec<String> = (0..16)
        .map(|name| format!("f{name}() {{ {}; }}", calls(name)))
        .collect();
    let functions = format!("{}\nf16() {{ cargo test; }}\nf0", functions.join("\n"));
    let branches = format!(
        "if a; then b\n{}fi\ncargo test",
        "elif a; then b\n".repeat(5_000)
    );
    let many: Vec<String> = (0..2_000)
        .map(|job| format!("  j{job}:\n    steps: []\n"))
        .collect();
    let many = many.concat();
    for (text, gap) in [
        (job(&[&functions, SHIP]), "too-complex"),
        (job(&[&branches, SHIP]), "unreadable-script"),
        (
            job(&[&"cargo publish; cargo test\n".repeat(900)]),
            "too-complex",
        ),
        (
            job(&[&"cargo publish; cargo test\n".repeat(20_000)]),
            "unreadable-script",
        ),
        (
            job(&[&format!("case $x in\n{}esac", "a) b;;\n".repeat(20_000))]),
            "unreadable-script",
        ),
        (
            format!("on: push\npermissions: {{}}\njobs:\n{many}"),
            "unreadable-workflow",
        ),
    ] {
        let told = told(&text, &[]);
        assert!(told.iter().any(|name| name == gap), "{told:?}: {gap}");
    }
}

#[test]
fn a_person_is_told_what_is_cancelled() {
    let text = |condition: &str| {
        format!(
            "on: push\npermissions: {{}}\njobs:\n  test:\n    steps:\n      - run: cargo test\n  ship:\n    needs: test\n    if: {condition}\n    steps:\n      - run: cargo publish\n"
        )
    };
    for (condition, expected) in [
        ("success()", &[][..]),
        (
            "'!failure()'",
            &["job `test` is cancelled while its step `cargo test` runs"],
        ),
        (
            "cancelled()",
            &["the run is cancelled before job `test` begins"],
        ),
    ] {
        let (path, masks, text) = (
            TreePath::new(".github/workflows/x.yml"),
            Masks::default(),
            text(condition),
        );
        let facts = extract(&File::text(&Address::new(path.clone()), &text, &masks));
        let inspection = conclude(&BTreeMap::from([(path, facts)]));
        let steps = inspection
            .findings
            .iter()
            .flat_map(|finding| &finding.trace);
        let told: Vec<&str> = steps.map(|step| step.message.as_str()).collect();
        let told: Vec<&str> = told
            .into_iter()
            .filter(|message| message.contains("cancelled "))
            .collect();
        assert_eq!(told, expected, "{condition}");
    }
}

#[test]
fn a_file_that_bash_runs_first_is_a_gap() {
    let plain = job(&["cargo test", SHIP]);
    let at_job = plain.replace(
        "    runs-on",
        "    env:\n      BASH_ENV: ci/env\n    runs-on",
    );
    for (text, scripts, expected) in [
        (plain.clone(), &[][..], &[][..]),
        (
            plain.replace(
                "permissions: {}",
                "permissions: {}\nenv:\n  BASH_ENV: ci/env",
            ),
            &[],
            &["startup-file"],
        ),
        (
            plain.replace(
                "permissions: {}",
                "permissions: {}\nenv:\n  RUST_LOG: ci/env",
            ),
            &[],
            &[],
        ),
        (at_job.clone(), &[], &["startup-file"]),
        (
            at_job.replace("env:", "container:\n     env:"),
            &[],
            &["startup-file"],
        ),
        (
            job(&["cargo test##env:\n  BASH_ENV: ci/env", SHIP]),
            &[],
            &["startup-file"],
        ),
        (
            job(&["echo BASH_ENV=ci/env >> $GITHUB_ENV", "cargo test", SHIP]),
            &[],
            &["startup-file"],
        ),
        (
            job(&["./x.sh", "cargo test", SHIP]),
            &[("x.sh", "export BASH_ENV=y\n")],
            &["startup-file"],
        ),
    ] {
        assert_eq!(told(&text, scripts), expected, "{text}");
    }
}

#[test]
fn a_leg_on_windows_runs_in_another_shell() {
    let of = |runs_on: &str, script: &str| {
        job(&[script, SHIP]).replace("runs-on: ubuntu-latest", runs_on)
    };
    let matrix = |os: &str| {
        format!("strategy:\n      matrix:\n        os: {os}\n    runs-on: ${{{{ matrix.os }}}}")
    };
    let two = "cargo build\ncargo test";
    for (runs_on, script, expected) in [
        (
            "runs-on: windows-2022".to_owned(),
            two,
            &["foreign-shell"][..],
        ),
        (
            matrix("[ubuntu-latest, windows-latest]"),
            two,
            &["foreign-shell"],
        ),
        (
            matrix("${{ fromJSON(inputs.os) }}"),
            two,
            &["foreign-shell"],
        ),
        (
            "runs-on: ${{ inputs.runner }}".to_owned(),
            two,
            &["foreign-shell"],
        ),
        (
            "runs-on: [self-hosted, '${{ inputs.os }}']".to_owned(),
            two,
            &["foreign-shell"],
        ),
        (
            "runs-on: ${{ inputs.runner }}".to_owned(),
            "cargo test $X",
            &["foreign-shell"],
        ),
        (
            "runs-on: ${{ inputs.runner }}".to_owned(),
            "cargo test || exit 1",
            &["foreign-shell"],
        ),
        (
            matrix("[ubuntu-latest, windows-latest]"),
            "cargo test || true",
            &["gate-cannot-fail", "foreign-shell"],
        ),
        (matrix("[ubuntu-latest, macos-14]"), two, &[]),
        (
            matrix("[ubuntu-latest, windows-latest]"),
            "cargo build\ncargo test##shell: bash",
            &[],
        ),
        (
            matrix("[ubuntu-latest, windows-latest]"),
            "cargo test --target ${{ matrix.os }}",
            &[],
        ),
        ("runs-on: windows-2022".to_owned(), "cargo test", &[]),
    ] {
        assert_eq!(
            told(&of(&runs_on, script), &[]),
            expected,
            "{runs_on} {script}"
        );
    }
}

#[test]
fn a_script_is_looked_for_where_the_shell_is() {
    let scripts = [
        ("t.sh", "cargo test\n"),
        ("sub/t.sh", "cargo fetch\n"),
        ("sub/in/t.sh", "cargo test\n"),
    ];
    let of = |script: &str| {
        told(
            &job(&[SOMETIMES, &format!("set -e\n{script}"), SHIP]),
            &scripts,
        )
    };
    let (held, decoy, gap) = (
        &[][..],
        &["gate-skippable"][..],
        &["gate-skippable", "unresolved-call"][..],
    );
    for (script, expected) in [
        ("./t.sh", held),
        ("cd sub && ./t.sh", decoy),
        ("cd sub\n./t.sh", decoy),
        ("cd sub && cd .. && ./t.sh", held),
        ("cd sub/in\n./t.sh", held),
        ("(cd sub && ls)\n./t.sh", held),
        ("cd sub | cat\n./t.sh", held),
        ("cd sub || exit 1\n./t.sh", decoy),
        ("pushd sub\ncd \"$GITHUB_WORKSPACE\"\n./t.sh", held),
        ("cd sub\n\"$GITHUB_WORKSPACE/t.sh\"", held),
        ("if a; then cd sub; ./t.sh; else ./t.sh; fi", decoy),
        ("bash -c 'cd sub && ./t.sh'", decoy),
        ("./t.sh##working-directory: sub", decoy),
        ("./t.sh##working-directory: elsewhere", gap),
        ("./t.sh##working-directory: ${{ matrix.folder }}", gap),
        ("cd elsewhere && ./t.sh", gap),
        ("cd $X && ./t.sh", gap),
        ("cd\n./t.sh", gap),
        ("cd sub\ncd -\n./t.sh", gap),
        ("if a; then cd sub; fi\n./t.sh", gap),
        ("a && cd sub\n./t.sh", gap),
        ("for d in a b; do cd sub; ./t.sh; done", gap),
        ("f() { ./t.sh; }\ncd sub\nf", gap),
        ("/t.sh", gap),
    ] {
        assert_eq!(of(script), expected, "{script}");
    }
}

#[test]
fn a_script_without_a_suffix_is_a_gap() {
    for script in [
        "bash scripts/deploy",
        "bash deploy",
        "sh -e ci/deploy --now",
        "./scripts/deploy",
        "sudo ./deploy",
        "ci/deploy",
        ". ci/functions",
        "source functions",
        "\"$FOLDER/deploy.sh\"",
        "bash $FOLDER/deploy.sh",
    ] {
        assert_eq!(
            told(&job(&["cargo test", script]), &[]),
            ["unresolved-call"],
            "{script}"
        );
    }
    for script in [
        "./gradlew assemble",
        "target/release/x",
        "node_modules/.bin/x",
        "./build.py",
        ". venv/bin/activate",
        "source ~/.bashrc",
        "\"$HOME/bin/x\"",
        "/usr/local/bin/x",
        "bash --version",
    ] {
        assert_eq!(
            told(&job(&["cargo test", script]), &[]),
            [""; 0],
            "{script}"
        );
    }
}

#[test]
fn an_expression_that_may_bring_an_operator_is_a_gap() {
    let with = |script: &str, more: &str| {
        job(&[script, SHIP]).replace("    runs-on", &format!("    {more}\n    runs-on"))
    };
    let matrix = |values: &str| format!("strategy:\n      matrix:\n        x: {values}");
    let env = |value: &str| format!("env:\n      X: {value}");
    for (script, more, is_gap) in [
        (
            "cargo test ${{ matrix.x && '|| true' }}",
            matrix("[a]"),
            true,
        ),
        ("cargo test ${{ matrix.x }}", matrix("[a, '|| true']"), true),
        (
            "cargo test ${{ matrix['x'] }}",
            matrix("[a, '; true']"),
            true,
        ),
        (
            "cargo test ${{ matrix.x.flags }}",
            matrix("[{flags: '& true'}]"),
            true,
        ),
        (
            "cargo test ${{ matrix.y }}",
            "strategy:\n      matrix:\n        include: [{y: '$(x)'}]".to_owned(),
            true,
        ),
        ("cargo test ${{ env.X }}", env("'|| true'"), true),
        (
            "cargo test ${{ env.x }}",
            env("${{ inputs.a && '|| true' }}"),
            true,
        ),
        (
            "cargo test ${{ env.X }}##env:\n  X: '|| true'",
            matrix("[a]"),
            true,
        ),
        (
            "cargo test ${{ matrix.x }}",
            matrix("[a, '--all --locked', '>=3']"),
            false,
        ),
        (
            "cargo test ${{ matrix.x && '--release' || '' }}",
            matrix("[a]"),
            false,
        ),
        (
            "cargo test ${{ env.X }}",
            env("${{ inputs.a || 'b' }}"),
            false,
        ),
        (
            "cargo test ${{ env.X }}",
            "env:\n      Y: '|| true'".to_owned(),
            false,
        ),
        (
            "cargo test ${{ env.X }}",
            format!("{}\n      Y: '; true'", env("${{ env.Y }}")),
            true,
        ),
        ("cargo test ${{ env.X }}", env("${{ env.X }}"), false),
        ("cargo test $X", env("'|| true'"), false),
        (
            "cargo +${{ matrix.toolchain }} test ${{ inputs.args }}",
            matrix("[a]"),
            false,
        ),
    ] {
        let text = with(script, &more);
        let expected: &[&str] = if is_gap {
            &["expression-operator"]
        } else {
            &[]
        };
        assert_eq!(told(&text, &[]), expected, "{text}");
    }
}
