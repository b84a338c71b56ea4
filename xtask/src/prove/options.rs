use anyhow::{Result, bail};

use super::{TRIALS, Trial};
use crate::options::{positive, read_pairs};

/// What to prove, and how thoroughly.
pub struct Options {
    /// How many times the full count each long test tries.
    pub scale: u64,
    /// The one long test to run; `None` for all.
    pub only: Option<String>,
}

impl Options {
    /// Reads `--name value` pairs.
    pub fn parse(arguments: impl Iterator<Item = String>) -> Result<Self> {
        let mut options = Self {
            scale: 1,
            only: None,
        };
        read_pairs(arguments, |name, value| options.set(name, value))?;
        Ok(options)
    }

    fn set(&mut self, name: &str, value: String) -> Result<()> {
        match name {
            "--scale" => self.scale = positive(name, &value)?,
            "--only" if TRIALS.iter().any(|trial| trial.name == value) => self.only = Some(value),
            "--only" => bail!("there is no long test `{value}`; hint: one of {}", names()),
            _ => bail!("prove has no option `{name}`"),
        }
        Ok(())
    }

    pub(super) fn trials(&self) -> impl Iterator<Item = &'static Trial> {
        TRIALS
            .iter()
            .filter(|trial| self.only.as_deref().is_none_or(|only| only == trial.name))
    }
}

fn names() -> String {
    let names: Vec<&str> = TRIALS.iter().map(|trial| trial.name).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::Options;

    fn parse(line: &str) -> Result<Options, String> {
        Options::parse(line.split_whitespace().map(str::to_owned))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn one_test_and_a_multiple_can_be_asked_for() {
        let options = parse("--only workflows --scale 5").ok().unwrap();
        let names: Vec<&str> = options.trials().map(|trial| trial.name).collect();
        assert_eq!((names, options.scale), (vec!["workflows"], 5));
        assert!(parse("").ok().unwrap().trials().count() > 5);
    }

    #[test]
    fn a_wrong_option_is_answered_with_what_there_is() {
        let said = |line| parse(line).err().unwrap();
        assert!(said("--only moon").contains("hint: one of workflows, "));
        assert!(said("--scale 0").contains("above zero"));
        assert!(said("--only").contains("wants a value"));
        assert!(said("--fast 1").contains("no option `--fast`"));
    }
}
