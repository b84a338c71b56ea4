//! The options of a requirements file, taken apart as pip does: words as a shell parts them, and any
//! number of options in one line.

/// One option that decides what is installed. The others choose from where and how.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum PipOption {
    /// `-r`: another requirements file.
    Requirement(String),
    /// `-c`: a file that chooses versions.
    Constraint(String),
    /// `-e`: a folder or an address to install in place.
    Editable(String),
    /// `--require-hashes`: what has no hash is refused.
    Sealed,
}

/// The text is not what pip takes: why, without the text.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PipOptionError {
    #[error("a quotation mark is not closed")]
    Quote,
    #[error("pip has no such option for a requirements file")]
    Unknown,
    #[error("an option has no value")]
    Value,
}

const FLAGS: [&str; 3] = ["--no-index", "--prefer-binary", "--pre"];
const WITH_VALUE: [&str; 12] = [
    "-i",
    "--index-url",
    "--extra-index-url",
    "-f",
    "--find-links",
    "--no-binary",
    "--only-binary",
    "--trusted-host",
    "--use-feature",
    "--global-option",
    "--config-settings",
    "--all-releases",
];

/// The options of a line that says nothing else.
pub(crate) fn parse(text: &str) -> Result<Vec<PipOption>, PipOptionError> {
    let mut options = Vec::new();
    let mut words = words(text)?.into_iter();
    while let Some(word) = words.next() {
        let (name, inline) = name_and_value(&word)?;
        if FLAGS.contains(&name) && inline.is_none() {
            continue;
        }
        if name == "--require-hashes" && inline.is_none() {
            options.push(PipOption::Sealed);
            continue;
        }
        let mut value = || {
            inline
                .map(str::to_owned)
                .or_else(|| words.next())
                .ok_or(PipOptionError::Value)
        };
        match name {
            "-r" | "--requirement" => options.push(PipOption::Requirement(value()?)),
            "-c" | "--constraint" => options.push(PipOption::Constraint(value()?)),
            "-e" | "--editable" => options.push(PipOption::Editable(value()?)),
            other if WITH_VALUE.contains(&other) => {
                value()?;
            }
            _ => return Err(PipOptionError::Unknown),
        }
    }
    Ok(options)
}

/// `--name`, `--name=VALUE`, `-n` or `-nVALUE`.
fn name_and_value(word: &str) -> Result<(&str, Option<&str>), PipOptionError> {
    if word.starts_with("--") {
        return Ok(word
            .split_once('=')
            .map_or((word, None), |(name, value)| (name, Some(value))));
    }
    let second = word
        .strip_prefix('-')
        .and_then(|rest| rest.chars().next())
        .ok_or(PipOptionError::Unknown)?;
    let (name, value) = word.split_at(1 + second.len_utf8());
    Ok((name, (!value.is_empty()).then_some(value)))
}

/// Parts a text into words by the rules of a POSIX shell for quotes and backslashes.
fn words(text: &str) -> Result<Vec<String>, PipOptionError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some(open), _) if character == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, _) if character.is_ascii_whitespace() => words.extend(word.take()),
            (None | Some('"'), '\\') => {
                let escaped = characters.next().ok_or(PipOptionError::Quote)?;
                let word = word.get_or_insert_default();
                if quote.is_some() && !matches!(escaped, '"' | '\\') {
                    word.push('\\');
                }
                word.push(escaped);
            }
            (None | Some(_), other) => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    if quote.is_some() {
        Err(PipOptionError::Quote)
    } else {
        Ok(words)
    }
}

#[cfg(test)]
mod tests {
    use super::{PipOption, PipOptionError, parse};

    #[test]
    fn every_option_of_a_line_counts() {
        let requirement = |path: &str| PipOption::Requirement(path.to_owned());
        let constraint = |path: &str| PipOption::Constraint(path.to_owned());
        let editable = |path: &str| PipOption::Editable(path.to_owned());
        for (text, expected) in [
            ("-r a.txt", vec![requirement("a.txt")]),
            ("-ra.txt", vec![requirement("a.txt")]),
            ("--requirement=a.txt", vec![requirement("a.txt")]),
            ("-r 'a b.txt'", vec![requirement("a b.txt")]),
            (r"-r a\ b.txt", vec![requirement("a b.txt")]),
            (
                "-i https://registry.example -r a.txt",
                vec![requirement("a.txt")],
            ),
            ("--pre -e ./x", vec![editable("./x")]),
            ("-c x -r y", vec![constraint("x"), requirement("y")]),
            ("--find-links=x --no-index", vec![]),
        ] {
            assert_eq!(parse(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_pip_would_refuse_is_refused() {
        for (text, expected) in [
            ("--what", PipOptionError::Unknown),
            ("-x", PipOptionError::Unknown),
            ("--pre name==1", PipOptionError::Unknown),
            ("--pre=1", PipOptionError::Unknown),
            ("-r", PipOptionError::Value),
            ("-r 'a", PipOptionError::Quote),
        ] {
            assert_eq!(parse(text), Err(expected), "{text}");
        }
    }
}
