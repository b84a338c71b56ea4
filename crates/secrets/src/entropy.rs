/// The Shannon entropy of the bytes of `text`, in bits for each byte: 0 for one repeated byte, 6 for
/// evenly used base64.
pub(crate) fn entropy(text: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in text {
        counts[usize::from(*byte)] += 1;
    }
    let share = |count: u32| f64::from(count) / precise(text.len());
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| -share(*count) * share(*count).log2())
        .sum()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a text of 2^52 bytes does not fit in memory"
)]
fn precise(length: usize) -> f64 {
    length as f64
}

#[cfg(test)]
mod tests {
    use super::entropy;

    #[test]
    fn entropy_of_known_distributions() {
        for (text, bits) in [
            ("", 0.0),
            ("aaaa", 0.0),
            ("abab", 1.0),
            ("abcd", 2.0),
            ("aabc", 1.5),
        ] {
            assert!((entropy(text.as_bytes()) - bits).abs() < 1e-9, "{text}");
        }
    }
}
