use std::process::{Command, Output};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde::Serialize;

/// The shortest, the middle and the longest of several runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Spread {
    pub(super) min: f64,
    pub(super) median: f64,
    pub(super) max: f64,
}

impl Spread {
    /// Of a list that is not empty.
    pub(super) fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        let median = if values.len().is_multiple_of(2) {
            f64::midpoint(values[middle - 1], values[middle])
        } else {
            values[middle]
        };
        Self {
            min: values[0],
            median,
            max: values[values.len() - 1],
        }
    }
}

/// One side of a comparison: something that runs once and takes time.
pub(super) type Side<'a> = &'a mut dyn FnMut() -> Result<Duration>;

/// Runs the sides in turn, A B A B …, after one round that does not count.
pub(super) fn interleaved(runs: usize, sides: &mut [Side<'_>]) -> Result<Vec<Vec<f64>>> {
    for side in sides.iter_mut() {
        side()?;
    }
    let mut taken = vec![Vec::with_capacity(runs); sides.len()];
    for _ in 0..runs {
        for (side, times) in sides.iter_mut().zip(&mut taken) {
            times.push(side()?.as_secs_f64() * 1e3);
        }
    }
    Ok(taken)
}

/// Runs a command to its end; any exit code but these is an error.
pub(super) fn timed(command: &mut Command, accepted: &[i32]) -> Result<(Duration, Output)> {
    let begun = Instant::now();
    let output = command
        .output()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    let taken = begun.elapsed();
    if !output
        .status
        .code()
        .is_some_and(|code| accepted.contains(&code))
    {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{command:?} ended with {}: {}", output.status, said.trim());
    }
    Ok((taken, output))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::time::Duration;

    use super::{Spread, interleaved};

    #[test]
    fn the_median_is_the_middle_of_the_sorted() {
        assert_eq!(
            Spread::of(vec![9.0, 1.0, 5.0]),
            Spread {
                min: 1.0,
                median: 5.0,
                max: 9.0
            }
        );
        assert_eq!(
            Spread::of(vec![4.0, 1.0]),
            Spread {
                min: 1.0,
                median: 2.5,
                max: 4.0
            }
        );
    }

    #[test]
    fn sides_take_turns_and_the_first_round_does_not_count() {
        let order = RefCell::new(String::new());
        let run = |name: char, ms: u64| {
            order.borrow_mut().push(name);
            Ok(Duration::from_millis(ms))
        };
        let taken = interleaved(2, &mut [&mut || run('a', 1), &mut || run('b', 2)]).unwrap();
        assert_eq!(*order.borrow(), "ababab");
        assert_eq!(taken, [vec![1.0, 1.0], vec![2.0, 2.0]]);
    }
}
