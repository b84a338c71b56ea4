//! The judge of the prover: another reading of `docs/github-actions.md`, by brute force.
//!
//! Workflows are generated as structures, written as text for the prover, and played in every run that there is. Nothing
//! here shares code with the prover; of the shell, the real one has the last word.

#[path = "brute_force/bash.rs"]
mod bash;
#[path = "brute_force/condition.rs"]
mod condition;
#[path = "brute_force/dice.rs"]
mod dice;
#[path = "brute_force/expression.rs"]
mod expression;
#[path = "brute_force/generate.rs"]
mod generate;
#[path = "brute_force/judge.rs"]
mod judge;
#[path = "brute_force/run.rs"]
mod run;
#[path = "brute_force/script.rs"]
mod script;
#[path = "brute_force/shell.rs"]
mod shell;
#[path = "brute_force/shrink.rs"]
mod shrink;
#[path = "brute_force/text.rs"]
mod text;
#[path = "brute_force/workflow.rs"]
mod workflow;

use std::collections::BTreeSet;
use std::path::Path;

use plimsoll_trial as trial;

/// A sample, and the full count. A generator's first workflows are no simpler than its last.
const WORKFLOWS: (u64, u64) = (300, 2000);
/// The full count is enough to have met every kind of script there is, in every shell.
const SCRIPTS: (u64, u64) = (60, 300);
/// One workflow in so many has each of [`FEATURES`] at least.
const RAREST: usize = 400;

/// What the generated workflows must have, by the words that show it.
const FEATURES: [&str; 44] = [
    " if: ",
    "always()",
    "failure()",
    "success()",
    "cancelled()",
    "if: cancelled()",
    "!failure() && !cancelled()",
    ".result != 'cancelled'",
    "github.event_name",
    "inputs.in0 == 'true'",
    "github.event.inputs.in0 == 'true'",
    "type: boolean",
    "type: choice",
    "type: number",
    "type: string",
    "github.ref == 'refs/heads/main'",
    "vars.DEPLOY",
    ".result == 'success'",
    ".result != 'skipped'",
    ".outputs.ok",
    ".outcome == 'success'",
    ".conclusion",
    "(vars.TARGET || 'staging')",
    "contains(",
    "vars.LEFT == vars.RIGHT",
    "if: false",
    "if: ${{ always() }} && false",
    "continue-on-error: true",
    "continue-on-error: ${{",
    "shell: bash\n",
    "shell: bash {0}",
    "shell: sh",
    "defaults:",
    "|| true",
    "| tee",
    "set +e",
    "if ! ",
    "; then",
    "! cargo",
    " &\n",
    " && ",
    "exit 0",
    "uses:",
    "out=$(",
];

#[test]
fn the_scripts_mean_what_the_shell_says() {
    if !Path::new("/bin/bash").exists() {
        std::io::Write::write_fmt(
            &mut std::io::stderr(),
            format_args!("SKIPPED: the scripts were not judged because there is no /bin/bash\n"),
        )
        .unwrap();
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    bash::install_stubs(folder.path()).unwrap();
    let scripts = usize::try_from(trial::count(SCRIPTS.0, SCRIPTS.1)).unwrap();
    let mut seen = BTreeSet::new();
    let mut runs = 0;
    for workflow in (0..workflows()).map(generate::workflow) {
        for case in bash::Case::all(&workflow) {
            if seen.len() < scripts && seen.insert(case.key()) {
                runs += case.check(folder.path()).unwrap();
            }
        }
    }
    assert_eq!(seen.len(), scripts);
    trial::tell(format_args!("{scripts} scripts in {runs} runs"));
}

fn workflows() -> u64 {
    trial::count(WORKFLOWS.0, WORKFLOWS.1)
}

#[test]
fn held_and_skippable_equal_enumeration() {
    let workflows = workflows();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let tallies: Vec<Tally> = std::thread::scope(|scope| {
        let start = |first| scope.spawn(move || tally((0..workflows).skip(first).step_by(threads)));
        let started: Vec<_> = (0..threads).map(start).collect();
        started
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let sum = |of: fn(&Tally) -> usize| tallies.iter().map(of).sum::<usize>();
    let (held, skippable) = (sum(|tally| tally.held), sum(|tally| tally.skippable));
    println!(
        "{held} held, {skippable} skippable; {} deployments never run",
        sum(|tally| tally.unreachable)
    );
    let mut wrong: Vec<_> = tallies.iter().flat_map(|tally| &tally.wrong).collect();
    wrong.sort();
    assert!(
        wrong.is_empty(),
        "{} of {workflows} workflows are judged otherwise; of each kind one:\n{}",
        wrong.len(),
        report(&wrong)
    );
    assert!(
        held * 5 >= held + skippable && skippable * 5 >= held + skippable,
        "one verdict is rare"
    );
    for (place, feature) in FEATURES.into_iter().enumerate() {
        let count: usize = tallies.iter().map(|tally| tally.features[place]).sum();
        println!("{count:5} workflows have {feature:?}");
        assert!(
            count * RAREST >= usize::try_from(workflows).unwrap(),
            "only {count} workflows have {feature:?}"
        );
    }
    trial::tell(format_args!(
        "{workflows} workflows in {} runs: {held} held, {skippable} skippable",
        sum(|tally| tally.runs)
    ));
}

/// What some of the workflows came to.
struct Tally {
    held: usize,
    skippable: usize,
    unreachable: usize,
    runs: usize,
    features: [usize; FEATURES.len()],
    wrong: Vec<(u64, String)>,
}

fn tally(seeds: impl Iterator<Item = u64>) -> Tally {
    let features = [0; FEATURES.len()];
    let mut tally = Tally {
        held: 0,
        skippable: 0,
        unreachable: 0,
        runs: 0,
        features,
        wrong: Vec::new(),
    };
    for seed in seeds {
        let workflow = generate::workflow(seed);
        tally.runs += run::Choices::of(&workflow).count(&workflow);
        let text = workflow.text();
        for (count, feature) in tally.features.iter_mut().zip(FEATURES) {
            *count += usize::from(text.contains(feature));
        }
        match judge::judge(&workflow) {
            Ok(truths) => truths
                .values()
                .for_each(|truth| match (truth.reachable, truth.holds) {
                    (false, _) => tally.unreachable += 1,
                    (true, true) => tally.held += 1,
                    (true, false) => tally.skippable += 1,
                }),
            Err(problem) => tally.wrong.push((seed, problem)),
        }
    }
    tally
}

/// The smallest workflow for each kind of disagreement.
fn report(wrong: &[&(u64, String)]) -> String {
    let mut seen = BTreeSet::new();
    let first = wrong
        .iter()
        .filter(|(_, problem)| seen.insert(kind(problem)));
    first
        .map(|(seed, problem)| smallest(*seed, problem))
        .collect::<Vec<_>>()
        .join("\n")
}

/// What is wrong, without the place.
fn kind(problem: &str) -> String {
    let line = problem.lines().next().unwrap_or_default();
    line.rsplit("}: ").next().unwrap_or(line).to_owned()
}

fn smallest(seed: u64, problem: &str) -> String {
    let workflow = generate::workflow(seed);
    let smallest = shrink::shrink(&workflow, &|candidate| {
        judge::judge(candidate).is_err_and(|found| kind(&found) == kind(problem))
    });
    let problem = judge::judge(&smallest).expect_err("shrinking keeps the disagreement");
    format!("seed {seed}: {problem}")
}
