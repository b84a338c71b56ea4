//! `plimsoll attest`.

use std::path::Path;

use jiff::Timestamp;
use plimsoll_engine::{
    AttestError, Build, Check, Checkout, Inspectors, Ledger, Options, attest_build,
    attest_inspection, attest_sbom, attest_test, check,
};
use plimsoll_model::{Digest, Outcome, Told};

use crate::args::{AttestArgs, AttestCommand, PolicyArgs};
use crate::commands::open;
use crate::exit::Exit;
use crate::render;

/// Does what the evidence is about, signs the outcome and records it.
pub(crate) fn run(command: AttestCommand) -> Result<Exit, Told> {
    match command {
        AttestCommand::Inspection {
            attest,
            policy,
            rev,
            db,
        } => inspection(&attest, &policy, &rev, db.as_deref()),
        AttestCommand::Test { attest, command } => test(&attest, &command),
        AttestCommand::Build {
            attest,
            builder,
            artifact,
            command,
        } => {
            let folder = Path::new(".");
            let build = Build {
                folder,
                builder: &builder,
                artifact: &artifact,
                command: &command,
            };
            self::build(&attest, &build)
        }
        AttestCommand::Sbom {
            attest,
            artifact,
            rev,
        } => sbom(&attest, &artifact, &rev),
    }
}

fn inspection(
    attest: &AttestArgs,
    policy: &PolicyArgs,
    rev: &str,
    db: Option<&Path>,
) -> Result<Exit, Told> {
    let (key, ledger) = open(attest)?;
    let root = Path::new(".");
    let named = open::tree(root, Some(rev))?;
    let trusted = open::policy(policy, root)?;
    let home = open::home();
    let site = open::site(&trusted, root, db, home.as_deref());
    let inspectors = Inspectors::prepare(&trusted.effective, &site)?;
    let checked = check(&Check {
        tree: named.tree.as_ref(),
        subject_name: named.name,
        subject: named.subject,
        trusted: &trusted,
        options: Options {
            inspectors: &inspectors,
            cache: None,
            progress: &|_| (),
            site: Some(site),
            scope: named.scope,
        },
        now: site.now,
    });
    let evidence = attest_inspection(&ledger, &key, &checked)?;
    open::write(None, |out| {
        render::verdict(&checked.report.verdict, out)?;
        recorded(out, "inspection", &checked.report.subject_name, &evidence)
    })?;
    Ok(Exit::Decided(checked.report.verdict.outcome))
}

/// A failed test run is signed too: it is evidence, and it denies.
fn test(attest: &AttestArgs, command: &[String]) -> Result<Exit, Told> {
    let (key, ledger) = open(attest)?;
    let (evidence, result) = attest_test(&ledger, &key, Path::new("."), command, &mut echo)?;
    let outcome = match (result.exit_code, result.passed, result.failed) {
        (Some(0), Some(passed), Some(0)) if passed > 0 => Outcome::Allow,
        (Some(0), _, Some(0) | None) => Outcome::Unknown,
        _ => Outcome::Deny,
    };
    let count = |count: Option<u64>| {
        count.map_or_else(|| "an unknown number".to_owned(), |count| count.to_string())
    };
    let what = format!(
        "{} passed, {} failed",
        count(result.passed),
        count(result.failed)
    );
    open::write(None, |out| recorded(out, "test result", &what, &evidence))?;
    Ok(Exit::Decided(outcome))
}

fn build(attest: &AttestArgs, build: &Build<'_>) -> Result<Exit, Told> {
    let (key, ledger) = open(attest)?;
    let made = attest_build(&ledger, &key, build, &mut echo)?;
    let what = format!("{} is {}", build.artifact.display(), made.artifact);
    open::write(None, |out| {
        recorded(out, "provenance", &what, &made.evidence)?;
        if made.provenance.dirty {
            writeln!(
                out,
                "the work tree has uncommitted changes: no environment will accept this artifact"
            )?;
        }
        Ok(())
    })?;
    Ok(Exit::Decided(if made.provenance.dirty {
        Outcome::Unknown
    } else {
        Outcome::Allow
    }))
}

fn sbom(attest: &AttestArgs, artifact: &Path, rev: &str) -> Result<Exit, Told> {
    let (key, ledger) = open(attest)?;
    let checkout = Checkout::open(Path::new("."), rev).map_err(AttestError::from)?;
    let (evidence, components, gaps) =
        attest_sbom(&ledger, &key, &checkout, artifact, Timestamp::now())?;
    let what = format!("{components} components, {} gaps", gaps.len());
    open::write(None, |out| recorded(out, "SBOM", &what, &evidence))?;
    Ok(Exit::Decided(if gaps.is_empty() {
        Outcome::Allow
    } else {
        Outcome::Unknown
    }))
}

fn open(attest: &AttestArgs) -> Result<(plimsoll_engine::sign::PrivateKey, Ledger), Told> {
    let key = open::private_key(&attest.key)?;
    let ledger =
        Ledger::open_or_create(&attest.state.state, &open::log_password()?, Timestamp::now)?;
    Ok((key, ledger))
}

/// Hands on a command's output; where it cannot be shown, the command still runs to its end.
fn echo(line: &[u8]) {
    drop(std::io::Write::write_all(&mut std::io::stderr(), line));
}

fn recorded(
    out: &mut dyn std::io::Write,
    kind: &str,
    what: &str,
    evidence: &Digest,
) -> std::io::Result<()> {
    writeln!(
        out,
        "signed {kind}: {}\nrecorded as {evidence}",
        render::clean(what)
    )
}
