use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::{Address, Digest, Ecosystem, ObjectPlace, Place, RuleId, Severity, Version};

/// One flaw at one place. The one type for all inspectors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule that was broken.
    pub rule: RuleId,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one sentence for a person. Holds no secret value.
    pub message: String,
    /// Where; the first place is the one to show.
    pub places: Vec<Place>,
    /// What the finding is about, as far as its identity goes; `None` while that is the line of its
    /// first place, which is known once it is masked.
    pub matter: Option<Matter>,
    /// Its identity across runs; set by [`Finding::identify`].
    pub fingerprint: Option<Fingerprint>,
    /// Other names of the flaw: CVE, GHSA, CWE ids.
    pub references: Vec<Reference>,
    /// How to fix it, where that is known.
    pub fix: Option<Fix>,
    /// How it comes about, step by step: for the release path the counterexample.
    pub trace: Vec<TraceStep>,
    /// The source lines to show, already masked.
    pub excerpt: Option<Excerpt>,
}

impl Finding {
    /// A finding with neither references, fix nor trace yet, about the line of its place.
    pub fn new(
        rule: RuleId,
        severity: Severity,
        message: impl Into<String>,
        place: impl Into<Place>,
    ) -> Self {
        Self::at_places(rule, severity, message, vec![place.into()])
    }

    /// A finding at several places, the one to show first, with neither references, fix nor trace yet.
    pub fn at_places(
        rule: RuleId,
        severity: Severity,
        message: impl Into<String>,
        places: Vec<Place>,
    ) -> Self {
        Self {
            rule,
            severity,
            message: message.into(),
            places,
            matter: None,
            fingerprint: None,
            references: Vec::new(),
            fix: None,
            trace: Vec::new(),
            excerpt: None,
        }
    }

    /// Sets the fingerprint from what the finding is about and the ordinal among findings that are
    /// about the same.
    pub fn identify(&mut self, ordinal: u32) {
        let matter = self.matter.as_ref();
        self.fingerprint = Some(Fingerprint::of(&self.rule, matter, ordinal));
    }
}

/// What a finding is about: what its identity rests on besides its rule.
///
/// It never holds what changes with each build: no line number, image layer, resource version or
/// moment, and never which of several places comes first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Matter {
    /// A version of a package, wherever it is locked. Another version is another matter.
    Component {
        /// Whose names and versions these are.
        ecosystem: Ecosystem,
        /// The package's name.
        name: String,
        /// Its version; `None` where only a range is declared.
        version: Option<Version>,
    },
    /// A line of a file. Moved lines and white space do not matter; a renamed file is another matter.
    Line {
        /// The file, without its layer or commit.
        file: Address,
        /// The line with its secrets masked and white space folded.
        text: String,
    },
    /// An object of a cluster or cloud and the field in it. A renamed object is another matter, and so is
    /// one of the same name that another file declares.
    Object {
        /// The file that declares it, without its layer or commit; `None` for an object that runs.
        file: Option<Address>,
        /// The object.
        object: ObjectPlace,
    },
    /// What a server does at a route. A renamed route is another matter.
    Operation {
        /// The method: `GET`.
        method: String,
        /// The route with the names of its parameters, never their values: `/orders/{id}`.
        route: String,
        /// The parameter, header or field that matters, where there is one.
        parameter: Option<String>,
    },
}

impl Matter {
    /// The line of a file, with its secrets masked already.
    pub fn line(file: impl Into<Address>, masked_line: &str) -> Self {
        Self::Line {
            file: file.into().without_origin(),
            text: masked_line.split_whitespace().collect::<Vec<_>>().join(" "),
        }
    }

    /// Its kind and its fields in a fixed order; an absent field and an empty one are the same.
    fn parts(&self) -> Vec<Cow<'_, str>> {
        match self {
            Self::Component {
                ecosystem,
                name,
                version,
            } => {
                let version = version.as_ref().map_or("", Version::as_str);
                borrow(&["component", ecosystem.as_str(), name, version])
            }
            Self::Line { file, text } => {
                vec!["line".into(), file.to_string().into(), text.into()]
            }
            Self::Object { file, object } => {
                let file = file.as_ref().map(Address::to_string);
                let mut parts = vec!["object".into(), file.unwrap_or_default().into()];
                parts.extend(borrow(&[
                    &object.kind,
                    object.namespace.as_deref().unwrap_or(""),
                    &object.name,
                    object.field.as_deref().unwrap_or(""),
                ]));
                parts
            }
            Self::Operation {
                method,
                route,
                parameter,
            } => borrow(&[
                "operation",
                method,
                route,
                parameter.as_deref().unwrap_or(""),
            ]),
        }
    }
}

fn borrow<'a>(parts: &[&'a str]) -> Vec<Cow<'a, str>> {
    parts.iter().copied().map(Cow::Borrowed).collect()
}

/// A finding's identity: survives moved lines, holds no value.
///
/// Version 2 is the SHA-256 of the rule id, of the parts of what the finding is about ([`Matter`]) and of
/// the ordinal among equals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(Digest);

impl Fingerprint {
    fn of(rule: &RuleId, matter: Option<&Matter>, ordinal: u32) -> Self {
        let ordinal = ordinal.to_string();
        let mut parts = borrow(&["plimsoll-fingerprint-v2", rule.as_str(), &ordinal]);
        parts.extend(matter.map(Matter::parts).unwrap_or_default());
        let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
        Self(Digest::of_parts(&parts))
    }
}

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Another name of the same flaw, and where to read about it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Reference {
    /// `CVE-2024-1234`, `GHSA-…`, `CWE-798`.
    pub id: String,
    /// A page about it.
    pub url: Option<String>,
}

/// How to fix a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fix {
    /// What to do, in one sentence for a person.
    pub message: String,
    /// The version that fixes it, for a component.
    pub version: Option<String>,
}

/// One step of how a finding comes about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceStep {
    /// What happens. Holds no secret value.
    pub message: String,
    /// Where, when it is at a place.
    pub place: Option<Place>,
}

/// Source lines around a finding, masked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Excerpt {
    /// The lines in order, of exactly the bytes that were inspected.
    Lines(Vec<ExcerptLine>),
    /// The file is gone or holds other bytes than those that were inspected, so nothing is shown.
    Changed,
}

impl Excerpt {
    /// The lines in order; none when they cannot be shown.
    pub fn lines(&self) -> &[ExcerptLine] {
        match self {
            Self::Lines(lines) => lines,
            Self::Changed => &[],
        }
    }
}

/// One masked source line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExcerptLine {
    /// The line's number, from 1.
    pub number: u32,
    /// Its text with every secret replaced by asterisks, without the line ending.
    pub text: String,
    /// The bytes of `text` to underline.
    pub marked: Option<(usize, usize)>,
}

#[cfg(test)]
mod tests {
    use crate::{Finding, Fingerprint, Location, Matter, ObjectPlace, RuleId, Severity, TreePath};

    fn fingerprint(line: u32, text: &str, ordinal: u32) -> String {
        let mut location = Location::file(TreePath::new("a/b.yml"));
        location.start.line = line;
        let matter = Matter::line(location.address(), text);
        about(location, matter, ordinal).to_string()
    }

    fn about(location: Location, matter: Matter, ordinal: u32) -> Fingerprint {
        let rule = RuleId::new("secret", "github-pat");
        let mut finding = Finding::new(rule, Severity::High, "a token", location);
        finding.matter = Some(matter);
        finding.identify(ordinal);
        finding.fingerprint.unwrap()
    }

    #[test]
    fn an_object_is_told_apart_by_the_file_that_declares_it() {
        let declared = |path: Option<&str>| {
            let object = ObjectPlace {
                kind: "apps/v1/Deployment".to_owned(),
                namespace: None,
                name: "web".to_owned(),
                field: None,
            };
            let file = path.map(|path| TreePath::new(path).into());
            let place = Location::file(TreePath::new("rendered.yml"));
            about(place, Matter::Object { file, object }, 0)
        };
        let staging = declared(Some("k8s/staging/web.yml"));
        assert_ne!(staging, declared(Some("k8s/production/web.yml")));
        assert_ne!(staging, declared(None));
        assert_eq!(staging, declared(Some("k8s/staging/web.yml")));
    }

    #[test]
    fn a_fingerprint_survives_moved_lines_indentation_and_new_places() {
        assert_eq!(
            fingerprint(1, "  token: ********", 0),
            fingerprint(9, "token:  ********", 0)
        );
        assert_ne!(
            fingerprint(1, "token: ********", 0),
            fingerprint(1, "token: ********", 1)
        );
        assert_ne!(
            fingerprint(1, "token: ********", 0),
            fingerprint(1, "key: ********", 0)
        );
    }
}
