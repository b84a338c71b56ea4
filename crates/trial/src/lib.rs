//! How much a long test tries: a sample of its cases under `cargo test`, all of them under
//! `cargo xtask prove`; and where the programs are that judge beside it. Tests alone use it; the
//! product never does.
//!
//! `PLIMSOLL_PROVE` decides: where it is absent a test takes its sample, and a whole number N asks
//! for N times the full count. The choice of cases never depends on chance or on the machine.

mod peer;

use std::fmt::Display;

pub use peer::find_peer;

/// The variable that asks for the full count, and for a multiple of it.
const VARIABLE: &str = "PLIMSOLL_PROVE";

/// Stands before what [`tell`] says, for `cargo xtask prove` to find.
const MARK: &str = "TRIED: ";

/// How many cases to try: `sample`, or `full` and its multiples when everything is asked for.
pub fn count(sample: u64, full: u64) -> u64 {
    asked(times().as_deref(), sample, full)
}

/// Every how manieth place to try where the places are given: `sample`, or each one when everything
/// is asked for.
pub fn stride(sample: usize) -> usize {
    if times().is_some() { 1 } else { sample }
}

/// Says how much was tried; a long test does so at its end, where all of it has held.
#[expect(
    clippy::print_stdout,
    reason = "the harness shows it to who asks for it, and keeps it from others"
)]
pub fn tell(tried: impl Display) {
    println!("{MARK}{tried}");
}

fn times() -> Option<String> {
    let times = std::env::var_os(VARIABLE)?;
    Some(times.to_string_lossy().into_owned())
}

/// A word that is no number is no reason to try less than was meant.
fn asked(times: Option<&str>, sample: u64, full: u64) -> u64 {
    let Some(times) = times else { return sample };
    match times.parse::<u64>() {
        Ok(times) if times > 0 => full.saturating_mul(times),
        _ => panic!("{VARIABLE} is `{times}`; hint: a whole number above zero, or unset it"),
    }
}

#[cfg(test)]
mod tests {
    use super::asked;

    #[test]
    fn a_number_asks_for_multiples_of_the_full_count() {
        assert_eq!(asked(None, 20, 300), 20);
        assert_eq!(asked(Some("1"), 20, 300), 300);
        assert_eq!(asked(Some("3"), 20, 300), 900);
    }

    #[test]
    fn a_word_that_is_no_number_stops_the_test() {
        for word in ["", "0", "-1", "full", "1.5"] {
            let stopped = std::panic::catch_unwind(|| asked(Some(word), 20, 300));
            assert!(stopped.is_err(), "{word:?}");
        }
    }
}
