//! Records that name one another as aliases and affect the same package describe one flaw.
//!
//! A shared alias alone does not join them: a Linux distribution has a record for each package that
//! one CVE touches, and a finding about one package must not name hundreds of others.

use std::collections::BTreeMap;

use crate::rating::Rating;
use crate::record::Record;

/// One flaw, whatever the number of records that describe it.
#[derive(Debug)]
pub(crate) struct Flaw {
    /// Every id that any of its records has or names, sorted.
    pub(crate) ids: Vec<String>,
    /// The highest rating of its records.
    pub(crate) rating: Rating,
}

/// The flaws behind these records of one ecosystem, and for each record the number of its flaw. Numbers
/// follow the order of the records.
pub(crate) fn flaws(base: &str, records: &[&Record]) -> (Vec<u32>, Vec<Flaw>) {
    let mut parents = join(base, records);
    let mut flaws: Vec<Flaw> = Vec::new();
    let mut number_of_root: BTreeMap<usize, u32> = BTreeMap::new();
    let mut numbers = Vec::with_capacity(records.len());
    for (index, record) in records.iter().enumerate() {
        let number = *number_of_root
            .entry(root(&mut parents, index))
            .or_insert_with(|| {
                flaws.push(Flaw {
                    ids: Vec::new(),
                    rating: Rating::Unrated,
                });
                u32::try_from(flaws.len() - 1).expect("the number of records is bounded below 2^31")
            });
        let flaw = &mut flaws[number as usize];
        flaw.ids.push(record.id.clone());
        flaw.ids.extend(record.aliases.iter().cloned());
        flaw.rating = flaw.rating.max(record.rating);
        numbers.push(number);
    }
    for flaw in &mut flaws {
        flaw.ids.sort();
        flaw.ids.dedup();
    }
    (numbers, flaws)
}

/// Joins the records of one flaw into one tree, and says the parent of each record. The root of a tree is
/// the first record of its flaw and its own parent.
fn join(base: &str, records: &[&Record]) -> Vec<usize> {
    let mut first_holders: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    let mut parents: Vec<usize> = (0..records.len()).collect();
    for (index, record) in records.iter().enumerate() {
        for affected in record
            .affected
            .iter()
            .filter(|affected| affected.base == base)
        {
            for id in std::iter::once(&record.id).chain(&record.aliases) {
                let holder = *first_holders
                    .entry((&affected.release, &affected.name, id))
                    .or_insert(index);
                let (left, right) = (root(&mut parents, holder), root(&mut parents, index));
                parents[left.max(right)] = left.min(right);
            }
        }
    }
    parents
}

fn root(parents: &mut [usize], mut index: usize) -> usize {
    while parents[index] != index {
        parents[index] = parents[parents[index]];
        index = parents[index];
    }
    index
}
