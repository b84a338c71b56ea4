//! Who asks is not who signs, and what counts is the time when it is decided: as a server calls the use-cases.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use plimsoll_engine::sign::{Password, PrivateKey};
use plimsoll_engine::{
    ApprovalRequest, Candidate, Ledger, PolicySource, PromoteError, Promotion, Release, Trusted,
    approve, find_release, load_policy, promote,
};
use plimsoll_model::{Digest, Outcome, Signatory};

use crate::world::World;

/// What a server holds: the ledger, the policy, and a key of its own.
struct Server {
    ledger: Ledger,
    trusted: Trusted,
    release: Release,
    key: PrivateKey,
}

impl Server {
    fn new(world: &World) -> Self {
        let path = world.path("policy.toml");
        let sha256 = Some(Digest::of(&std::fs::read(&path).unwrap()));
        let source = PolicySource::File { path, sha256 };
        let trusted = load_policy(&source, &world.path("project")).unwrap();
        let none = Password::new(String::new());
        let ledger = Ledger::open(&world.path("state"), &none, show_time).unwrap();
        let service = trusted.service(&world.path("project")).unwrap();
        Self {
            release: find_release(&ledger, &service, "one").unwrap(),
            key: read_key(world, "builder"),
            ledger,
            trusted,
        }
    }

    fn candidate<'a>(&'a self, environment: &'a str) -> Candidate<'a> {
        Candidate {
            trusted: &self.trusted,
            release: &self.release,
            environment,
        }
    }

    /// What comes of a promotion to production that somebody asks for.
    fn promote(&self, requester: &Signatory) -> Result<Outcome, PromoteError> {
        let promotion = Promotion {
            candidate: self.candidate("production"),
            requester,
            key: &self.key,
            folder: ".".as_ref(),
        };
        promote(&self.ledger, &promotion, &mut |_| ()).map(|promoted| promoted.verdict.outcome)
    }

    fn approve(&self, key: &PrivateKey) -> Result<Signatory, PromoteError> {
        let asked = ApprovalRequest {
            candidate: self.candidate("production"),
            key,
            valid_for: SignedDuration::from_hours(1),
        };
        approve(&self.ledger, &asked)
    }
}

/// How often the clock has been asked since it was wound, and no times before that.
static ASKED: AtomicI64 = AtomicI64::new(-1);

/// The time; two hours later once the clock was wound and asked for the second time.
fn show_time() -> Timestamp {
    let asked = ASKED.load(Ordering::Relaxed);
    if asked >= 0 {
        ASKED.store(asked + 1, Ordering::Relaxed);
    }
    let hours = if asked > 0 { 2 } else { 0 };
    Timestamp::now() + SignedDuration::from_hours(hours)
}

fn read_key(world: &World, id: &str) -> PrivateKey {
    let pem = std::fs::read_to_string(world.path(&format!("{id}.key"))).unwrap();
    PrivateKey::from_encrypted_pem(&pem, &Password::new("test".to_owned())).unwrap()
}

#[test]
fn under_one_key_each_person_asks_for_themselves_and_the_decision_has_its_own_time() {
    let world = World::new();
    // Nobody but whoever asked is kept from approving.
    let policy = world.policy() + "exclude = [\"requester\"]\n";
    let mut world = world;
    world.set_policy(&policy);
    world.first_release();
    world.says(
        "promote one --to staging --key ../author.key",
        0,
        &["one in staging: healthy"],
    );
    let server = Server::new(&world);
    let [colleague, author] = ["colleague", "author"].map(|id| Signatory::Person(id.to_owned()));

    let stranger = Signatory::Person("nobody".to_owned());
    let refused = server.promote(&stranger).unwrap_err();
    assert!(
        matches!(&refused, PromoteError::Stranger { stranger, .. } if stranger == "`nobody`"),
        "{refused}"
    );
    let asked = server.promote(&colleague).unwrap();
    assert_eq!(asked, Outcome::Unknown, "it waits for an approval");
    let own = server.approve(&read_key(&world, "colleague")).unwrap_err();
    assert!(matches!(own, PromoteError::Refused { .. }), "{own}");
    assert_eq!(server.approve(&read_key(&world, "author")).unwrap(), author);

    // What is done before the decision takes two hours, and the approval counts for one.
    ASKED.store(0, Ordering::Relaxed);
    assert_eq!(
        server.promote(&colleague).unwrap(),
        Outcome::Unknown,
        "the approval has ended by then"
    );
    ASKED.store(-1, Ordering::Relaxed);
    assert_eq!(server.promote(&colleague).unwrap(), Outcome::Allow);
}
