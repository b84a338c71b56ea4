//! How bad an advisory is: the highest CVSS base score, else its database's own word, else unrated.

use std::str::FromStr;

use plimsoll_model::Severity;
use serde_json::Value;

use crate::record::{RawAffected, RawSeverity};

/// What is known of how bad a flaw is, in the order in which one rating displaces another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rating {
    /// Nobody has rated it.
    Unrated,
    /// The database's own word.
    Word(Severity),
    /// By CVSS, or malicious by purpose.
    Scored(Severity),
}

impl Rating {
    /// The severity to report.
    pub(crate) fn severity(self) -> Severity {
        match self {
            Self::Unrated => Severity::Unknown,
            Self::Word(severity) | Self::Scored(severity) => severity,
        }
    }
}

/// Rates one record. Malicious packages (`MAL-…`) are always critical.
pub(crate) fn rate(
    id: &str,
    severity: Option<&[RawSeverity]>,
    database_specific: Option<&Value>,
    affected: &[RawAffected],
) -> Rating {
    if id.starts_with("MAL-") {
        return Rating::Scored(Severity::Critical);
    }
    let local = affected
        .iter()
        .filter_map(|affected| affected.severity.as_deref());
    let entries = severity.into_iter().chain(local).flatten().map(rate_entry);
    let own = affected
        .iter()
        .filter_map(|affected| affected.database_specific.as_ref());
    let words = database_specific.into_iter().chain(own).map(rate_word);
    entries.chain(words).max().unwrap_or(Rating::Unrated)
}

fn rate_entry(entry: &RawSeverity) -> Rating {
    if !entry.kind.starts_with("CVSS") {
        return word(&entry.score).map_or(Rating::Unrated, Rating::Word);
    }
    // A vector that the crate cannot read rates nothing; without another rating the flaw stays unrated.
    match cvss::Cvss::from_str(&entry.score) {
        Ok(vector) => match Severity::from_cvss_score(vector.score()) {
            Severity::Unknown => Rating::Unrated,
            severity => Rating::Scored(severity),
        },
        Err(_) => Rating::Unrated,
    }
}

fn rate_word(database_specific: &Value) -> Rating {
    let text = |key| database_specific.get(key).and_then(Value::as_str);
    let rated = text("severity").and_then(word);
    // RustSec marks what is no vulnerability by itself; `unsound` code may be one, so it stays unrated.
    let informational =
        text("informational").filter(|kind| matches!(*kind, "unmaintained" | "notice"));
    rated
        .or(informational.map(|_| Severity::Low))
        .map_or(Rating::Unrated, Rating::Word)
}

fn word(text: &str) -> Option<Severity> {
    match text.to_ascii_lowercase().as_str() {
        "low" | "negligible" | "minor" => Some(Severity::Low),
        "medium" | "moderate" => Some(Severity::Medium),
        "high" | "important" => Some(Severity::High),
        "critical" => Some(Severity::Critical),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::Severity;

    use crate::record::Record;

    #[test]
    fn the_highest_score_counts_then_the_word() {
        let v2 = r#"{"type":"CVSS_V2","score":"AV:N/AC:L/Au:N/C:P/I:P/A:P"}"#; // 7.5
        let v3 = r#"{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}"#; // 9.8
        let v4 = r#"{"type":"CVSS_V4","score":"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N"}"#; // 6.9
        let bad = r#"{"type":"CVSS_V3","score":"CVSS:3.1/AV:X"}"#;
        let low_word = r#"{"severity":"LOW"}"#;
        let cases = [
            ("X-1", v2.to_owned(), "{}", Severity::High),
            ("X-1", v3.to_owned(), low_word, Severity::Critical),
            ("X-1", v4.to_owned(), "{}", Severity::Medium),
            ("X-1", format!("{v4},{v3},{v2}"), "{}", Severity::Critical),
            ("X-1", bad.to_owned(), low_word, Severity::Low),
            ("X-1", bad.to_owned(), "{}", Severity::Unknown),
            (
                "X-1",
                String::new(),
                r#"{"severity":"MODERATE"}"#,
                Severity::Medium,
            ),
            (
                "X-1",
                String::new(),
                r#"{"informational":"unmaintained"}"#,
                Severity::Low,
            ),
            (
                "X-1",
                String::new(),
                r#"{"informational":"unsound"}"#,
                Severity::Unknown,
            ),
            ("X-1", String::new(), r#"{"severity":7}"#, Severity::Unknown),
            ("MAL-2024-1", v4.to_owned(), low_word, Severity::Critical),
        ];
        for (id, severity, specific, expected) in cases {
            let json = format!(
                r#"{{"id":"{id}","modified":"2024-01-01T00:00:00Z","severity":[{severity}],"database_specific":{specific}}}"#
            );
            assert_eq!(
                Record::parse(json.as_bytes(), &[])
                    .unwrap()
                    .rating
                    .severity(),
                expected,
                "{json}"
            );
        }
    }
}
