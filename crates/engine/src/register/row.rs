//! The one place where inspectors of different settings and facts become one kind: a row gets ready
//! with its settings, and what is ready runs over the files of one inspection.

use std::any::Any;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use plimsoll_model::{Address, Digest, Fault, Inspector, Masks, RuleDoc, Seen, Span, TreePath};
use plimsoll_policy::{Policy, PolicyError};
use plimsoll_source::{Claim, Conclusion, File, Files, Inspect, Site, TextFile, Trees};
use serde::de::DeserializeOwned;

/// An inspector of the register.
pub(crate) trait Row: Sync {
    /// What is known of it without running it.
    fn about(&self) -> &'static Inspector;
    /// Refuses a table of its own that cannot be read.
    fn check_table(&self, policy: &Policy) -> Result<(), PolicyError>;
    /// Reads its settings from the policy.
    fn prepare(&'static self, policy: &Policy, site: &Site<'_>) -> Result<Box<dyn Ready>, Refusal>;
}

/// Why settings cannot be used.
pub(crate) type Refusal = Box<dyn Fault + Send + Sync>;

/// What a file says to one inspector, in the shape of that inspector.
pub(crate) type Facts = Box<dyn Any + Send>;

/// An inspector with its settings.
pub(crate) trait Ready: Sync {
    fn about(&self) -> &'static Inspector;
    fn rules(&self) -> Vec<RuleDoc>;
    fn identity(&self) -> Digest;
    fn claims(&self, path: &TreePath) -> Option<Claim>;
    fn names(&self, file: &TextFile<'_>) -> Vec<Span>;
    fn sees_secrets(&self) -> bool;
    fn reads_metadata(&self) -> bool;
    fn extract(&self, file: &File<'_>) -> Facts;
    /// Its facts as a cache keeps them.
    fn pack(&self, facts: &Facts) -> Vec<u8>;
    /// Its facts out of a cache; `None` when they are of another build.
    fn unpack(&self, bytes: &[u8]) -> Option<Facts>;
    /// What nobody else may see of a text with these facts of its own.
    fn masks(&self, file: &TextFile<'_>, facts: &Facts, names: &[Span]) -> Masks;
    fn start(&self) -> Box<dyn Run + '_>;
}

/// An inspector at work on the files of one inspection.
pub(crate) trait Run: Sync {
    /// Takes in what a file says.
    fn keep(&self, address: &Address, facts: Facts) -> Kept;
    /// How many files it took in, and how many of them its rules judge.
    fn seen(&self) -> Seen;
    /// What all of them say; with a site, by what is gathered there and from the inspected files.
    fn conclude(&self, site: Option<&Site<'_>>, files: &dyn Files) -> Conclusion;
}

/// What became of a file's facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// They say nothing.
    Silent,
    /// They are part of what is concluded from.
    Said,
}

impl<I: Inspect> Row for I {
    fn about(&self) -> &'static Inspector {
        Inspect::about(self)
    }

    fn check_table(&self, policy: &Policy) -> Result<(), PolicyError> {
        read_table::<I::Table>(policy, Inspect::about(self)).map(drop)
    }

    fn prepare(&'static self, policy: &Policy, site: &Site<'_>) -> Result<Box<dyn Ready>, Refusal> {
        let table = read_table(policy, Inspect::about(self)).map_err(refuse)?;
        let max_age_days = policy.gate.rule(Inspect::about(self).id).max_age_days;
        let settings = Inspect::prepare(self, table, max_age_days, site).map_err(refuse)?;
        Ok(Box::new(Prepared {
            inspector: self,
            settings,
        }))
    }
}

/// Nobody gets facts of another inspector: what would be taken for none could hide what it says.
const OWN: &str = "facts come back to the inspector that extracted them";

struct Prepared<I: Inspect> {
    inspector: &'static I,
    settings: I::Settings,
}

impl<I: Inspect> Ready for Prepared<I> {
    fn about(&self) -> &'static Inspector {
        Inspect::about(self.inspector)
    }

    fn rules(&self) -> Vec<RuleDoc> {
        self.inspector.rules(&self.settings)
    }

    fn identity(&self) -> Digest {
        self.inspector.identity(&self.settings)
    }

    fn claims(&self, path: &TreePath) -> Option<Claim> {
        self.inspector.claims(path, &self.settings)
    }

    fn names(&self, file: &TextFile<'_>) -> Vec<Span> {
        self.inspector.names(file)
    }

    fn sees_secrets(&self) -> bool {
        self.inspector.sees_secrets()
    }

    fn reads_metadata(&self) -> bool {
        self.inspector.reads_metadata()
    }

    fn extract(&self, file: &File<'_>) -> Facts {
        Box::new(self.inspector.extract(file, &self.settings))
    }

    fn pack(&self, facts: &Facts) -> Vec<u8> {
        let facts: &I::Facts = facts.downcast_ref().expect(OWN);
        serde_json::to_vec(facts).expect("facts hold only text, numbers and lists")
    }

    fn unpack(&self, bytes: &[u8]) -> Option<Facts> {
        let facts: I::Facts = serde_json::from_slice(bytes).ok()?;
        Some(Box::new(facts))
    }

    fn masks(&self, file: &TextFile<'_>, facts: &Facts, names: &[Span]) -> Masks {
        let facts = facts.downcast_ref().expect(OWN);
        self.inspector.masks(file, facts, names, &self.settings)
    }

    fn start(&self) -> Box<dyn Run + '_> {
        Box::new(Running {
            prepared: self,
            facts: Mutex::default(),
            taken: AtomicU64::new(0),
            judged: AtomicU64::new(0),
        })
    }
}

struct Running<'a, I: Inspect> {
    prepared: &'a Prepared<I>,
    facts: Mutex<Trees<I::Facts>>,
    taken: AtomicU64,
    judged: AtomicU64,
}

impl<I: Inspect> Running<'_, I> {
    fn facts(&self) -> MutexGuard<'_, Trees<I::Facts>> {
        // A thread that panicked between two inserts left a whole map behind.
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<I: Inspect> Run for Running<'_, I> {
    fn keep(&self, address: &Address, facts: Facts) -> Kept {
        let facts: Box<I::Facts> = facts.downcast().expect(OWN);
        let inspector = self.prepared.inspector;
        let judged = u64::from(inspector.judges(&facts));
        self.taken.fetch_add(1, Ordering::Relaxed);
        self.judged.fetch_add(judged, Ordering::Relaxed);
        if inspector.is_silent(&facts) {
            return Kept::Silent;
        }
        self.facts().insert(address, *facts);
        Kept::Said
    }

    fn seen(&self) -> Seen {
        Seen {
            taken: self.taken.load(Ordering::Relaxed),
            judged: self.judged.load(Ordering::Relaxed),
            ..Seen::files()
        }
    }

    fn conclude(&self, site: Option<&Site<'_>>, files: &dyn Files) -> Conclusion {
        let Prepared {
            inspector,
            settings,
        } = self.prepared;
        let facts = self.facts();
        let inputs = site.map(|site| inspector.gather(&facts, settings, site, files));
        inspector.conclude(&facts, settings, inputs.as_ref())
    }
}

fn refuse(fault: impl Fault + Send + Sync + 'static) -> Refusal {
    Box::new(fault)
}

/// An inspector's own table of the policy, in its own shape.
fn read_table<T: DeserializeOwned>(policy: &Policy, row: &Inspector) -> Result<T, PolicyError> {
    policy.settings(row.settings)
}

#[cfg(test)]
mod tests;
