//! Contents that a source knows by an identity, and that were read before: they are not read again.

use plimsoll_model::{Digest, TreePath};
use plimsoll_source::{Identity, Offer, Wanted};
use serde::{Deserialize, Serialize};

use super::{EXTRACTOR_VERSION, Map, Read, Worker};
use crate::register::{Facts, Kept};

/// A content that was read before: what is counted of it, and the digest by which its facts are cached.
#[derive(Serialize, Deserialize)]
struct Known {
    digest: Digest,
    /// The length of its text; `None` where it holds none.
    text_bytes: Option<u64>,
}

/// The key of what is known of a content at a path. Who claims the path is part of it: others may refuse
/// to take it for what these took it for.
fn known_key(identity: Identity, path: &TreePath, claiming: &[&Worker<'_>]) -> Digest {
    let claims = claiming.iter().map(|worker| {
        let claim = worker.ready.claims(path);
        format!("{} {claim:?}", worker.ready.about().id)
    });
    let claims: Vec<String> = claims.collect();
    let mut parts = vec![
        EXTRACTOR_VERSION.as_bytes(),
        b"known",
        identity.as_bytes(),
        path.as_str().as_bytes(),
    ];
    parts.extend(claims.iter().map(String::as_bytes));
    Digest::of_parts(&parts)
}

impl Map<'_> {
    /// What is wanted of a file: nothing more where all that it says is cached under its identity.
    pub(super) fn claim(&self, offer: &Offer<'_>) -> Wanted {
        let claiming = self.find_claiming(&offer.address.path);
        if claiming.is_empty() {
            Wanted::No
        } else if self.take_known(offer, &claiming).is_some() {
            Wanted::Taken
        } else {
            Wanted::Bytes
        }
    }

    /// Takes in a file whose content was read before, by what all who claim it made of it then; `None`
    /// where any of that is missing.
    fn take_known(&self, offer: &Offer<'_>, claiming: &[&Worker<'_>]) -> Option<()> {
        let cache = self.options.cache?;
        let key = known_key(offer.identity?, &offer.address.path, claiming);
        let known: Known = serde_json::from_slice(&cache.get(&key)?).ok()?;
        let facts = claiming.iter().map(|worker| {
            let key = self.key(worker, offer.address, offer.metadata, &known.digest);
            let facts = cache.get(&key)?;
            worker.ready.unpack(&facts)
        });
        let facts: Vec<Facts> = facts.collect::<Option<_>>()?;
        let mut said = false;
        for (worker, facts) in claiming.iter().zip(facts) {
            said |= worker.run.keep(offer.address, facts) == Kept::Said;
        }
        self.count(
            known.text_bytes,
            said.then_some((offer.address, known.digest)),
        );
        Some(())
    }

    /// Lets the next inspection know a content by its identity.
    pub(super) fn remember(&self, read: &Read, claiming: &[&Worker<'_>]) {
        let (Some(cache), Some(identity)) = (self.options.cache, read.identity) else {
            return;
        };
        let known = Known {
            digest: read.digest,
            text_bytes: read.text_bytes(),
        };
        let known = serde_json::to_vec(&known).expect("it holds only text and a number");
        cache.put(known_key(identity, &read.address.path, claiming), known);
    }
}
