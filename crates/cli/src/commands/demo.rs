//! `plimsoll demo`: the whole line once. A flawed shop is denied, fixed, proven, shipped, and a bad
//! release of it is rolled back; each step is a command that a user would type, run by this binary.

mod scratch;
mod session;

use std::fs::OpenOptions;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use jiff::Timestamp;
use plimsoll_engine::{Ledger, PolicySource, load_base, stop};
use plimsoll_model::{Class, Told};

use crate::args;
use crate::commands::open;
use crate::exit::Exit;

use scratch::Scratch;
use session::{Session, chapter, say};

const ARTIFACT: &str = "target/debug/record-store";
const GOOD: &str = "record-store-1.0.0";
const BAD: &str = "record-store-1.1.0";

/// Runs the seven chapters.
pub(crate) fn run(args: &args::Demo) -> Result<Exit, Told> {
    play(args).map_err(|error| match error.downcast() {
        Ok(failure) => failure,
        Err(error) => Told::new(Class::Internal, format!("{error:#}")),
    })
}

fn play(args: &args::Demo) -> anyhow::Result<Exit> {
    let example = args
        .example
        .clone()
        .unwrap_or_else(|| PathBuf::from("examples/record-store"));
    let scratch = Scratch::new(args.into.as_deref(), &example)?;
    let mut session = Session::new(&scratch.shop)?;
    let ended = chapters(&scratch, &mut session);
    let stopped = stop_everything(&scratch);
    ended.and(stopped)?;
    say("green meant proven, seven times")?;
    Ok(Exit::Done)
}

fn chapters(scratch: &Scratch, session: &mut Session) -> anyhow::Result<()> {
    prepare(scratch, session)?;
    chapter(1, "The shop as it is: denied")?;
    session.plimsoll("check", 1)?;
    fix(scratch, session)?;
    attest(session)?;
    staging(session)?;
    production(session)?;
    rolled_back(session)?;
    history(scratch, session)
}

fn prepare(scratch: &Scratch, session: &mut Session) -> anyhow::Result<()> {
    scratch.git(&["init", "--quiet", "--initial-branch=main"])?;
    scratch.git(&["add", "--all"])?;
    scratch.git(&["commit", "--quiet", "--message", "the shop as it is"])?;
    std::fs::create_dir(scratch.root.join("keys"))?;
    chapter(0, "Keys, a policy outside the tree, advisories")?;
    session.export("PLIMSOLL_PASSWORD", "demo".to_owned())?;
    session.export("PLIMSOLL_STATE", "../.plimsoll".to_owned())?;
    session.export(
        "XDG_CACHE_HOME",
        scratch.root.join("cache").display().to_string(),
    )?;
    session.export("CARGO_TARGET_DIR", "target".to_owned())?;
    let mut keys = Vec::new();
    for id in ["builder", "author", "colleague"] {
        session.plimsoll(&format!("key generate ../keys/{id}"), 0)?;
        let shown = session.read(&format!("key show ../keys/{id}.pub"))?;
        let key = shown
            .split_whitespace()
            .next()
            .context("no key id was shown")?;
        keys.push((id, key.to_owned()));
    }
    let pin = scratch.write_policy(&keys)?;
    session.plimsoll("db import advisories --into ../.plimsoll/advisories", 0)?;
    say("the release engineers' policy names these keys; the tree cannot change it")?;
    session.export("PLIMSOLL_POLICY", format!("../policy.toml@{pin}"))
}

fn fix(scratch: &Scratch, session: &Session) -> anyhow::Result<()> {
    chapter(2, "Fixed: allowed")?;
    for file in scratch.fix()? {
        say(&format!("mv {file}.fixed {file}"))?;
    }
    scratch.git(&["add", "--all"])?;
    scratch.git(&["commit", "--quiet", "--message", "fix what plimsoll found"])?;
    session.plimsoll("check", 0)
}

fn attest(session: &Session) -> anyhow::Result<()> {
    chapter(3, "Built, tested, listed, signed")?;
    session.run("cargo", "fetch --locked --quiet")?;
    session.plimsoll(
        "attest test --key ../keys/builder.key -- cargo test --offline --locked --quiet",
        0,
    )?;
    session.plimsoll("sbom --rev HEAD --output ../record-store.cdx.json", 0)?;
    attest_artifact(session, "")?;
    session.plimsoll("attest inspection --key ../keys/builder.key", 0)?;
    session.plimsoll(
        &format!("sign {ARTIFACT} --key ../keys/builder.key --bundle ../record-store.bundle"),
        0,
    )?;
    session.plimsoll(
        &format!("verify {ARTIFACT} --key ../keys/builder.pub --bundle ../record-store.bundle"),
        0,
    )
}

fn attest_artifact(session: &Session, features: &str) -> anyhow::Result<()> {
    let build = format!("cargo build --offline --locked --quiet {features}");
    session.plimsoll(
        &format!("attest build --key ../keys/builder.key --builder builder --artifact {ARTIFACT} -- {build}"),
        0,
    )?;
    session.plimsoll(
        &format!("attest sbom --key ../keys/builder.key --artifact {ARTIFACT}"),
        0,
    )
}

fn staging(session: &Session) -> anyhow::Result<()> {
    chapter(4, "Staging: the policy decides on evidence")?;
    session.plimsoll(
        &format!("release create --name {GOOD} --artifact {ARTIFACT}"),
        0,
    )?;
    session.plimsoll(
        &format!("promote {GOOD} --to staging --key ../keys/author.key"),
        0,
    )
}

fn production(session: &Session) -> anyhow::Result<()> {
    chapter(5, "Production: waits for somebody who did not write it")?;
    session.plimsoll(
        &format!("promote {GOOD} --to production --key ../keys/author.key"),
        2,
    )?;
    session.plimsoll(
        &format!("approve {GOOD} --to production --key ../keys/author.key"),
        1,
    )?;
    session.plimsoll(
        &format!("promote {GOOD} --to production --key ../keys/author.key"),
        2,
    )?;
    session.plimsoll(
        &format!("approve {GOOD} --to production --key ../keys/colleague.key"),
        0,
    )?;
    session.plimsoll(
        &format!("promote {GOOD} --to production --key ../keys/author.key"),
        0,
    )
}

fn rolled_back(session: &Session) -> anyhow::Result<()> {
    chapter(
        6,
        "A release that starts and then fails: rolled back by itself",
    )?;
    say("it needs a setting that staging has and production lacks")?;
    attest_artifact(session, "--features broken-health")?;
    session.plimsoll(
        &format!("release create --name {BAD} --artifact {ARTIFACT}"),
        0,
    )?;
    session.plimsoll(
        &format!("promote {BAD} --to staging --key ../keys/author.key"),
        0,
    )?;
    session.plimsoll(
        &format!("promote {BAD} --to production --key ../keys/author.key"),
        2,
    )?;
    session.plimsoll(
        &format!("approve {BAD} --to production --key ../keys/colleague.key"),
        0,
    )?;
    session.plimsoll(
        &format!("promote {BAD} --to production --key ../keys/author.key"),
        75,
    )?;
    session.plimsoll("status", 0)
}

fn history(scratch: &Scratch, session: &Session) -> anyhow::Result<()> {
    chapter(7, "The history: proven, and one changed byte found")?;
    session.plimsoll("ledger log", 0)?;
    session.plimsoll("ledger verify", 0)?;
    let copy = scratch.root.join("tampered");
    std::fs::create_dir(&copy)?;
    for file in ["ledger.db", "log.key", "log.pub"] {
        std::fs::copy(scratch.root.join(".plimsoll").join(file), copy.join(file))?;
    }
    let byte = change_one_byte(&copy.join("ledger.db"))?;
    say(&format!(
        "a copy of the ledger in which byte {byte} was changed: one letter of a release's name"
    ))?;
    session.plimsoll("ledger verify --state ../tampered", 1)
}

/// Changes one letter of the good release's name where the ledger keeps it.
fn change_one_byte(database: &Path) -> anyhow::Result<u64> {
    let mut file = OpenOptions::new().read(true).write(true).open(database)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let written = format!("\"name\":\"{GOOD}\"");
    let at = bytes
        .windows(written.len())
        .position(|window| window == written.as_bytes());
    let at = at.context("the ledger does not hold the release's name")? + "\"name\":\"".len();
    ensure!(bytes[at] == b'r');
    file.seek(SeekFrom::Start(at as u64))?;
    file.write_all(b"R")?;
    Ok(at as u64)
}

/// Ends the shops that the demo started, and nothing else.
fn stop_everything(scratch: &Scratch) -> anyhow::Result<()> {
    let state = scratch.root.join(".plimsoll");
    let policy = scratch.root.join("policy.toml");
    if !state.join("ledger.db").exists() || !policy.exists() {
        return Ok(());
    }
    let source = PolicySource::File {
        path: policy,
        sha256: None,
    };
    let trusted = load_base(&source, &scratch.shop)?;
    let ledger = Ledger::open(&state, &open::log_password()?, Timestamp::now)?;
    stop(&ledger, &trusted, &trusted.service(&scratch.shop)?)?;
    Ok(())
}
