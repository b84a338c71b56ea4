//! The report as SARIF 2.1.0, for code-scanning services.
//!
//! A gap is a notification of the run, not a result: it is no flaw, but a run with an unreadable file
//! or stale data was not successful. The verdict itself has no place in SARIF; it stands in the
//! run's properties.

use std::collections::BTreeMap;
use std::io::{self, Write};

use plimsoll_model::{
    Finding, Gap, GapKind, Location, Outcome, Place, RuleId, Severity, TraceStep, TreePath,
};
use serde_json::{Map, Value, json};

use crate::plain::plain;
use crate::shape::word;
use crate::{Comparison, Report};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json";
const ROOT: &str = "%SRCROOT%";

/// Writes the report as one SARIF log with one run.
pub(crate) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let log = json!({ "$schema": SCHEMA, "version": "2.1.0", "runs": [run(report)] });
    serde_json::to_writer_pretty(&mut *out, &log)?;
    out.write_all(b"\n")
}

fn run(report: &Report) -> Value {
    let rules = Rules::new(&report.inspection.findings, &report.inspection.gaps);
    json!({
        "tool": { "driver": {
            "name": "plimsoll",
            "semanticVersion": env!("CARGO_PKG_VERSION"),
            "rules": rules.results.iter().map(|(id, worst)| rule(report, id, *worst)).collect::<Vec<_>>(),
            "notifications": rules.notifications.keys().map(|id| json!(described(report, id))).collect::<Vec<_>>(),
        } },
        "invocations": [invocation(report)],
        "originalUriBaseIds": { ROOT: { "description": { "text": "The root of the inspected tree." } } },
        "columnKind": "unicodeCodePoints",
        "results": report.inspection.findings.iter().map(|finding| compared(finding, &rules, report.comparison.as_ref())).collect::<Vec<_>>(),
        "properties": {
            "verdict": word(report.verdict.outcome),
            "policySha256": report.policy.sha256,
            "policyFileSha256": report.policy.file_sha256,
            "policyTrusted": report.policy.trusted,
        },
    })
}

/// The rules that this run names, each with its place in the list.
struct Rules<'a> {
    /// With the worst severity that the rule has here.
    results: BTreeMap<&'a RuleId, Severity>,
    notifications: BTreeMap<&'a RuleId, GapKind>,
}

impl<'a> Rules<'a> {
    fn new(findings: &'a [Finding], gaps: &'a [Gap]) -> Self {
        let mut results = BTreeMap::new();
        for finding in findings {
            let worst = results.entry(&finding.rule).or_insert(finding.severity);
            *worst = (*worst).max(finding.severity);
        }
        Self {
            results,
            notifications: gaps.iter().map(|gap| (&gap.id, gap.kind)).collect(),
        }
    }

    fn index(&self, id: &RuleId) -> usize {
        self.results.keys().take_while(|known| **known < id).count()
    }
}

fn rule(report: &Report, id: &RuleId, worst: Severity) -> Value {
    let mut rule = described(report, id);
    let level = json!({ "level": level(worst) });
    rule.insert("defaultConfiguration".to_owned(), level);
    let properties =
        json!({ "tags": ["security", id.inspector()], "security-severity": score(worst) });
    rule.insert("properties".to_owned(), properties);
    rule.into()
}

/// A rule or gap with its documentation.
fn described(report: &Report, id: &RuleId) -> Map<String, Value> {
    let mut described = Map::new();
    described.insert("id".to_owned(), json!(id));
    described.insert("name".to_owned(), json!(id.name()));
    if let Some(doc) = report.docs.get(id) {
        let full = format!("{}\n\n{}", doc.title, doc.why);
        let help = format!(
            "{}\n\nRun `plimsoll explain {id}` to read this again.",
            doc.fix
        );
        for (key, text) in [
            ("shortDescription", first_sentence(&doc.title)),
            ("fullDescription", full.as_str()),
            ("help", help.as_str()),
        ] {
            described.insert(key.to_owned(), json!({ "text": words(text) }));
        }
    }
    described
}

fn first_sentence(text: &str) -> &str {
    text.split_once(". ").map_or(text, |(first, _)| first)
}

/// A result, with its state against the revision that it was compared with.
fn compared(finding: &Finding, rules: &Rules<'_>, comparison: Option<&Comparison>) -> Value {
    let mut result = result(finding, rules);
    if let Some(comparison) = comparison {
        let is_new = comparison.is_new(finding);
        result["baselineState"] = json!(if is_new { "new" } else { "unchanged" });
    }
    result
}

fn result(finding: &Finding, rules: &Rules<'_>) -> Value {
    let mut result = Map::new();
    result.insert("ruleId".to_owned(), json!(finding.rule));
    result.insert("ruleIndex".to_owned(), json!(rules.index(&finding.rule)));
    result.insert("level".to_owned(), json!(level(finding.severity)));
    result.insert("message".to_owned(), json!({ "text": message(finding) }));
    let locations: Vec<Value> = finding.places.iter().map(location).collect();
    if let Some((first, related)) = locations.split_first() {
        result.insert("locations".to_owned(), json!([first]));
        if !related.is_empty() {
            result.insert("relatedLocations".to_owned(), json!(related));
        }
    }
    if let Some(fingerprint) = finding.fingerprint {
        result.insert(
            "partialFingerprints".to_owned(),
            json!({ "plimsoll/v2": fingerprint }),
        );
    }
    if !finding.trace.is_empty() {
        result.insert("codeFlows".to_owned(), json!([code_flow(&finding.trace)]));
    }
    result.insert("properties".to_owned(), properties(finding));
    result.into()
}

/// The fix stands in the message: a SARIF `fix` is an edit of the file, which a finding does not have.
fn message(finding: &Finding) -> String {
    match &finding.fix {
        Some(fix) => words(&format!("{}\nFix: {}", finding.message, fix.message)),
        None => words(&finding.message),
    }
}

/// Text without links: SARIF reads `[text](target)` in a message as one (§3.11.6).
fn words(text: &str) -> String {
    plain(text).replace("](", "] (")
}

fn properties(finding: &Finding) -> Value {
    let references = finding.references.iter().map(|reference| {
        let mut entry = json!({ "id": reference.id });
        if let Some(url) = &reference.url {
            entry["url"] = json!(url);
        }
        entry
    });
    json!({ "severity": finding.severity, "references": references.collect::<Vec<_>>() })
}

fn code_flow(trace: &[TraceStep]) -> Value {
    let steps = trace.iter().map(|step| {
        let mut place = step.place.as_ref().map_or_else(|| json!({}), location);
        place["message"] = json!({ "text": words(&step.message) });
        json!({ "location": place })
    });
    json!({ "threadFlows": [{ "locations": steps.collect::<Vec<_>>() }] })
}

/// A file is a physical location of the tree, a request one by its URL, an object a logical location.
fn location(place: &Place) -> Value {
    match place {
        Place::File(location) => region(location),
        Place::Object(object) => json!({ "logicalLocations": [{
            "name": plain(&object.name),
            "kind": "resource",
            "fullyQualifiedName": plain(&object.to_string()),
        }] }),
        Place::Request(request) => json!({ "physicalLocation": {
            "address": { "fullyQualifiedName": plain(&request.to_string()) },
        } }),
    }
}

/// SARIF counts as the model does: from 1, the end column one past the last character.
fn region(location: &Location) -> Value {
    let mut region =
        json!({ "startLine": location.start.line, "startColumn": location.start.column });
    if location.end > location.start {
        region["endLine"] = json!(location.end.line);
        region["endColumn"] = json!(location.end.column);
    }
    json!({ "physicalLocation": {
        "artifactLocation": { "uri": uri(location.outer_path()), "uriBaseId": ROOT },
        "region": region,
    } })
}

/// A relative URI reference (RFC 3986 §4.2): whatever is not unreserved or a slash is escaped.
fn uri(path: &TreePath) -> String {
    use std::fmt::Write as _;
    let mut uri = String::with_capacity(path.as_str().len());
    for byte in path.as_str().bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            write!(uri, "%{byte:02X}").expect("writing to a String cannot fail");
        }
    }
    uri
}

fn invocation(report: &Report) -> Value {
    let gaps = &report.inspection.gaps;
    let blind = gaps.iter().any(|gap| match gap.kind {
        GapKind::Unreadable | GapKind::Stale => true,
        GapKind::Unresolved | GapKind::Unsupported => false,
    });
    json!({
        "executionSuccessful": !blind,
        "exitCode": report.verdict.outcome.exit_code(),
        "exitCodeDescription": exit(report.verdict.outcome),
        "toolExecutionNotifications": gaps.iter().map(notification).collect::<Vec<_>>(),
    })
}

fn notification(gap: &Gap) -> Value {
    let level = match gap.kind {
        GapKind::Unreadable | GapKind::Stale => "error",
        GapKind::Unresolved | GapKind::Unsupported => "warning",
    };
    let mut notification = json!({
        "descriptor": { "id": gap.id },
        "level": level,
        "message": { "text": words(&format!("{}\nFix: {}", gap.message, gap.fix)) },
        "properties": { "kind": gap.kind },
    });
    if let Some(place) = &gap.place {
        notification["locations"] = json!([location(place)]);
    }
    notification
}

fn exit(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Allow => "everything that was asked for was proven",
        Outcome::Deny => "something speaks against it",
        Outcome::Unknown => "something could not be checked",
    }
}

/// A severity that nobody rated is shown as the highest: it meets every threshold.
fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "note",
        Severity::Medium => "warning",
        Severity::High | Severity::Critical | Severity::Unknown => "error",
    }
}

/// The number by which code scanning sorts, inside the bands of CVSS v3.1 §5.
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "2.0",
        Severity::Medium => "5.0",
        Severity::High => "8.0",
        Severity::Critical | Severity::Unknown => "9.5",
    }
}
