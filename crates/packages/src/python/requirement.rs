//! One requirement as Python tools write it: PEP 508, versions by PEP 440, names by PEP 503, and the
//! paths and addresses that pip takes besides.

use std::borrow::Cow;

/// What one requirement asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Requirement<'a> {
    /// Exactly one version.
    Pinned {
        /// Normalised.
        name: String,
        version: &'a str,
    },
    /// Any version in a range; every version when the range is empty.
    Open {
        /// Normalised.
        name: String,
        range: String,
    },
    /// A package from elsewhere than the index.
    Foreign {
        /// What to call it.
        name: String,
        /// What kind of place it comes from.
        source: &'static str,
    },
    /// A folder, whose own manifest says what it asks for.
    Folder {
        /// As written, without extras.
        path: &'a str,
    },
}

/// The text is no requirement: why, without the text.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RequirementError {
    #[error("no package name stands at its beginning")]
    Name,
    #[error("a bracket is not closed")]
    Bracket,
    #[error("a version is not of the form `==1.2.3`")]
    Version,
    #[error("an environment variable stands for a part of it")]
    Variable,
}

/// Reads a requirement without comment and options. Markers are not judged: what is asked for on
/// some machines only is asked for.
pub(crate) fn parse(text: &str) -> Result<Requirement<'_>, RequirementError> {
    let text = text.trim();
    if has_variable(text) {
        return Err(RequirementError::Variable);
    }
    if let Some(place) = place(text) {
        return Ok(place);
    }
    let (name, rest) = name(text)?;
    let name = normalize(name).into_owned();
    let rest = extras(rest)?.trim_start();
    if let Some(address) = rest.strip_prefix('@') {
        return Ok(Requirement::Foreign {
            name,
            source: kind_of_address(address.trim()),
        });
    }
    let clauses = rest.split(';').next().unwrap_or(rest).trim();
    let clauses = match clauses.strip_prefix('(') {
        Some(inner) => inner.strip_suffix(')').ok_or(RequirementError::Bracket)?,
        None => clauses,
    };
    let clauses = specifiers(clauses)?;
    if let Some(version) = clauses.iter().find_map(Specifier::pin) {
        return Ok(Requirement::Pinned { name, version });
    }
    let range: Vec<String> = clauses
        .iter()
        .map(|clause| format!("{}{}", clause.operator, clause.version))
        .collect();
    Ok(Requirement::Open {
        name,
        range: range.join(","),
    })
}

/// A package name as the index knows it (PEP 503).
pub(crate) fn normalize(name: &str) -> Cow<'_, str> {
    let is_normal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.chars().all(is_normal) && !name.contains("--") {
        return Cow::Borrowed(name);
    }
    let mut out = String::with_capacity(name.len());
    for character in name.chars() {
        match character {
            '-' | '_' | '.' if out.ends_with('-') => {}
            '-' | '_' | '.' => out.push('-'),
            other => out.push(other.to_ascii_lowercase()),
        }
    }
    Cow::Owned(out)
}

struct Specifier<'a> {
    operator: &'static str,
    version: &'a str,
}

impl<'a> Specifier<'a> {
    fn pin(&self) -> Option<&'a str> {
        let exact = matches!(self.operator, "==" | "===") && !self.version.ends_with(".*");
        exact.then_some(self.version)
    }
}

fn specifiers(text: &str) -> Result<Vec<Specifier<'_>>, RequirementError> {
    const OPERATORS: [&str; 8] = ["===", "==", "~=", "!=", "<=", ">=", "<", ">"];
    let clauses = text
        .split(',')
        .map(str::trim)
        .filter(|clause| !clause.is_empty());
    clauses
        .map(|clause| {
            let operator = OPERATORS
                .into_iter()
                .find(|operator| clause.starts_with(operator));
            let operator = operator.ok_or(RequirementError::Version)?;
            let version = clause[operator.len()..].trim();
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._*+!-".contains(&byte);
            if version.is_empty() || !version.bytes().all(plain) {
                return Err(RequirementError::Version);
            }
            Ok(Specifier { operator, version })
        })
        .collect()
}

fn name(text: &str) -> Result<(&str, &str), RequirementError> {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let end = text
        .bytes()
        .position(|byte| !word(byte))
        .unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    if edge(name.as_bytes().first()) && edge(name.as_bytes().last()) {
        Ok((name, rest))
    } else {
        Err(RequirementError::Name)
    }
}

fn extras(rest: &str) -> Result<&str, RequirementError> {
    match rest.trim_start().strip_prefix('[') {
        Some(inner) => inner
            .split_once(']')
            .map(|(_, rest)| rest)
            .ok_or(RequirementError::Bracket),
        None => Ok(rest),
    }
}

/// pip replaces `${NAME}` by the variable of its environment.
fn has_variable(text: &str) -> bool {
    text.split("${").skip(1).any(|rest| {
        let name = rest.split('}').next().unwrap_or(rest);
        let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        rest.len() > name.len() && !name.is_empty() && name.bytes().all(plain)
    })
}

/// A path or an address where a name could stand, as pip tells them apart.
fn place(text: &str) -> Option<Requirement<'_>> {
    const ARCHIVES: [&str; 8] = [
        ".whl",
        ".zip",
        ".tar.gz",
        ".tgz",
        ".tar",
        ".tar.bz2",
        ".tar.xz",
        ".tar.lzma",
    ];
    let first = text.split([' ', ';']).next().unwrap_or(text);
    let path = first.split('[').next().unwrap_or(first);
    let file = path.rsplit('/').next().unwrap_or(path);
    if first.contains("://") || first.starts_with("file:") {
        let name = first
            .split_once("egg=")
            .map(|(_, egg)| egg.split(['&', '[']).next().unwrap_or(egg));
        let name = name.map_or_else(
            || "a package".to_owned(),
            |name| normalize(name).into_owned(),
        );
        return Some(Requirement::Foreign {
            name,
            source: kind_of_address(first),
        });
    }
    if ARCHIVES
        .iter()
        .any(|ending| path.to_ascii_lowercase().ends_with(ending))
    {
        return Some(Requirement::Foreign {
            name: file.to_owned(),
            source: "a file",
        });
    }
    let folder = path == "."
        || path.starts_with("./")
        || path.starts_with("..")
        || path.contains(['/', '\\']);
    folder.then_some(Requirement::Folder { path })
}

fn kind_of_address(address: &str) -> &'static str {
    if address.starts_with("git+") {
        "a Git repository"
    } else if address.starts_with("file:") {
        "a file"
    } else if ["hg+", "svn+", "bzr+"]
        .iter()
        .any(|prefix| address.starts_with(prefix))
    {
        "a repository"
    } else {
        "an address of its own"
    }
}

#[cfg(test)]
mod tests {
    use super::{Requirement, RequirementError, normalize, parse};

    fn check(text: &str) -> String {
        match parse(text) {
            Ok(Requirement::Pinned { name, version }) => format!("{name} is {version}"),
            Ok(Requirement::Open { name, range }) => format!("{name} in [{range}]"),
            Ok(Requirement::Foreign { name, source }) => format!("{name} from {source}"),
            Ok(Requirement::Folder { path }) => format!("folder {path}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_requirement_is_a_pin_a_range_or_another_place() {
        for (text, expected) in [
            ("Django==4.2.1", "django is 4.2.1"),
            (
                "zope.interface[test] == 5.0 ; python_version<'3'",
                "zope-interface is 5.0",
            ),
            ("a (==1.0)", "a is 1.0"),
            ("a===1.0+local.2", "a is 1.0+local.2"),
            ("a>=1,==1.5", "a is 1.5"),
            ("a==1.*", "a in [==1.*]"),
            ("a", "a in []"),
            ("a ~= 1.4 , != 1.5", "a in [~=1.4,!=1.5]"),
            (
                "a @ git+https://code.example/a.git@v1",
                "a from a Git repository",
            ),
            (
                "a@ https://code.example/a-1.0.zip",
                "a from an address of its own",
            ),
            (
                "git+https://code.example/a.git#egg=My_A[x]&subdirectory=b",
                "my-a from a Git repository",
            ),
            (
                "./wheels/a-1.0-py3-none-any.whl",
                "a-1.0-py3-none-any.whl from a file",
            ),
            ("./lib[dev]", "folder ./lib"),
            (".", "folder ."),
        ] {
            assert_eq!(check(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_requirement_is_refused() {
        for (text, expected) in [
            ("==1.0", RequirementError::Name),
            ("-a==1", RequirementError::Name),
            ("a[x==1", RequirementError::Bracket),
            ("a==", RequirementError::Version),
            ("a=1.0", RequirementError::Version),
            ("a==1 .0", RequirementError::Version),
            ("a==${VERSION}", RequirementError::Variable),
        ] {
            assert_eq!(parse(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn runs_of_separators_become_one_hyphen() {
        assert_eq!(normalize("A._-b__C"), "a-b-c");
        assert_eq!(normalize("a--b"), "a-b");
    }
}
