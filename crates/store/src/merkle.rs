//! Merkle trees over SHA-256 (RFC 6962 §2.1): hashes, proofs and their verification, without storage.
//!
//! A tree is kept as its complete subtrees: `node(level, position)` is the hash over the `2^level`
//! leaves that begin at `position * 2^level`. Every other hash is made from those.

use std::ops::Range;

use plimsoll_model::Digest;

/// A proof does not prove what was asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The sizes or the index make no sense together.
    #[error("the proof is about entries that such a log cannot have")]
    Range,
    /// Too few or too many hashes.
    #[error("the proof has not the number of hashes that these sizes need")]
    Length,
    /// The hashes lead to another root.
    #[error("the proof leads to another root")]
    Root,
}

/// The hash of an entry (RFC 6962 §2.1: SHA-256 of a zero byte and the entry).
pub fn leaf_hash(entry: &[u8]) -> Digest {
    Digest::of(&[&[0], entry].concat())
}

/// The hash over two subtrees (RFC 6962 §2.1: SHA-256 of a one byte, left and right).
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    Digest::of(&[&[1], left.as_bytes().as_slice(), right.as_bytes()].concat())
}

/// The root over leaf hashes; of none, the SHA-256 of nothing.
pub fn root(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => Digest::of(&[]),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(
                split(leaves.len() as u64)
                    .try_into()
                    .expect("below the length"),
            );
            node_hash(&root(left), &root(right))
        }
    }
}

/// The hash over a range of leaves, from complete subtrees that `node(level, position)` gives.
///
/// The range begins at a multiple of the smallest power of two that is not below its length, as the
/// ranges of [`inclusion_ranges`] and [`consistency_ranges`] and every range from zero do.
pub fn range_hash<E>(
    range: Range<u64>,
    node: &mut impl FnMut(u32, u64) -> Result<Digest, E>,
) -> Result<Digest, E> {
    let length = range.end - range.start;
    if length == 0 {
        return Ok(Digest::of(&[]));
    }
    if length.is_power_of_two() {
        return node(length.trailing_zeros(), range.start / length);
    }
    let middle = range.start + split(length);
    let left = range_hash(range.start..middle, node)?;
    let right = range_hash(middle..range.end, node)?;
    Ok(node_hash(&left, &right))
}

/// The ranges whose hashes prove that the entry `index` is in a log of `size`
/// (RFC 6962 §2.1.1, in the order of the proof).
pub fn inclusion_ranges(index: u64, size: u64) -> Result<Vec<Range<u64>>, ProofError> {
    if index >= size {
        return Err(ProofError::Range);
    }
    let mut ranges = Vec::new();
    let (mut start, mut end) = (0, size);
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            ranges.push(middle..end);
            end = middle;
        } else {
            ranges.push(start..middle);
            start = middle;
        }
    }
    ranges.reverse();
    Ok(ranges)
}

/// The ranges whose hashes prove that a log of `size1` grew into one of `size2`
/// (RFC 6962 §2.1.2, in the order of the proof).
pub fn consistency_ranges(size1: u64, size2: u64) -> Result<Vec<Range<u64>>, ProofError> {
    if size1 == 0 || size1 > size2 {
        return Err(ProofError::Range);
    }
    let mut ranges = Vec::new();
    let (mut start, mut end) = (0, size2);
    while end != size1 {
        let middle = start + split(end - start);
        if size1 <= middle {
            ranges.push(middle..end);
            end = middle;
        } else {
            ranges.push(start..middle);
            start = middle;
        }
    }
    // The verifier knows the old root itself; any smaller subtree must be told.
    if start > 0 {
        ranges.push(start..end);
    }
    ranges.reverse();
    Ok(ranges)
}

/// Proves that the leaf is the entry `index` of the log of `size` under `root` (RFC 9162 §2.1.3.2).
pub fn verify_inclusion(
    leaf: &Digest,
    index: u64,
    size: u64,
    proof: &[Digest],
    root: &Digest,
) -> Result<(), ProofError> {
    let ranges = inclusion_ranges(index, size)?;
    if ranges.len() != proof.len() {
        return Err(ProofError::Length);
    }
    let found = ranges
        .iter()
        .zip(proof)
        .fold(*leaf, |hash, (range, sibling)| {
            if range.start > index {
                node_hash(&hash, sibling)
            } else {
                node_hash(sibling, &hash)
            }
        });
    if found == *root {
        Ok(())
    } else {
        Err(ProofError::Root)
    }
}

/// Proves that the log of `size2` under `root2` begins with the log of `size1` under `root1`
/// (RFC 9162 §2.1.4.2). An empty log is consistent with everything, so a proof about it is refused.
pub fn verify_consistency(
    size1: u64,
    root1: &Digest,
    size2: u64,
    root2: &Digest,
    proof: &[Digest],
) -> Result<(), ProofError> {
    let ranges = consistency_ranges(size1, size2)?;
    if ranges.len() != proof.len() {
        return Err(ProofError::Length);
    }
    // The first hash is the subtree that ends where the old log ended: told, or the old root itself.
    let told = ranges.first().is_some_and(|range| range.end == size1);
    let first = if told { proof[0] } else { *root1 };
    let (mut old, mut new) = (first, first);
    for (range, sibling) in ranges.iter().zip(proof).skip(usize::from(told)) {
        if range.start < size1 {
            old = node_hash(sibling, &old);
            new = node_hash(sibling, &new);
        } else {
            new = node_hash(&new, sibling);
        }
    }
    if old == *root1 && new == *root2 {
        Ok(())
    } else {
        Err(ProofError::Root)
    }
}

/// The largest power of two below `length`, which is at least two.
fn split(length: u64) -> u64 {
    1 << (u64::BITS - 1 - (length - 1).leading_zeros())
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::ops::Range;

    use plimsoll_model::Digest;

    use super::{
        ProofError, consistency_ranges, inclusion_ranges, leaf_hash, range_hash, root,
        verify_consistency, verify_inclusion,
    };

    /// Every proof of every small log holds, and only for its own entry and size.
    #[test]
    fn what_is_proven_is_verified() {
        let leaves: Vec<Digest> = (0..40_u8).map(|entry| leaf_hash(&[entry])).collect();
        let part = |range: Range<u64>| {
            let [start, end] = [range.start, range.end].map(|at| usize::try_from(at).unwrap());
            &leaves[start..end]
        };
        let hash = |range: Range<u64>| {
            let mut node = |level: u32, position: u64| {
                Ok::<_, Infallible>(root(part(position << level..(position + 1) << level)))
            };
            range_hash(range, &mut node).unwrap()
        };
        for size in 1..=leaves.len() as u64 {
            let head = root(part(0..size));
            assert_eq!(hash(0..size), head);
            for index in 0..size {
                let proof: Vec<Digest> = inclusion_ranges(index, size)
                    .unwrap()
                    .into_iter()
                    .map(hash)
                    .collect();
                let leaf = root(part(index..index + 1));
                assert_eq!(verify_inclusion(&leaf, index, size, &proof, &head), Ok(()));
                let other = (index + 1) % (size + 1);
                assert!(
                    verify_inclusion(&leaf, other, size, &proof, &head).is_err(),
                    "{index} of {size}"
                );
            }
            for old in 1..=size {
                let proof: Vec<Digest> = consistency_ranges(old, size)
                    .unwrap()
                    .into_iter()
                    .map(hash)
                    .collect();
                assert_eq!(
                    verify_consistency(old, &root(part(0..old)), size, &head, &proof),
                    Ok(()),
                    "{old} to {size}"
                );
                let other = leaf_hash(b"another history");
                assert_eq!(
                    verify_consistency(old, &other, size, &head, &proof),
                    Err(ProofError::Root)
                );
            }
        }
    }
}
