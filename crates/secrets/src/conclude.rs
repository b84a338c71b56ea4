use std::collections::BTreeMap;

use plimsoll_model::{
    Finding, Fix, Gap, GapKind, Inspection, Location, Reference, RuleId, TreePath,
};

use crate::facts::{Facts, Hit, Unchecked};
use crate::rules::Rules;

/// What the facts of all files come to: a finding `secret/<rule>` for each hit, a gap for each part
/// that was not judged.
pub fn conclude(rules: &Rules, facts: &BTreeMap<TreePath, Facts>) -> Inspection {
    let mut inspection = Inspection::default();
    for (path, facts) in facts {
        inspection
            .findings
            .extend(facts.hits.iter().map(|hit| finding(rules, path, hit)));
        inspection
            .gaps
            .extend(facts.unchecked.iter().map(|part| gap(path, part)));
    }
    inspection
}

fn finding(rules: &Rules, path: &TreePath, hit: &Hit) -> Finding {
    let rule = rules.rule(&hit.rule);
    let title = rule
        .map_or(hit.rule.as_str(), |rule| rule.title.as_str())
        .trim_end_matches('.');
    let message = if hit.span.start == hit.span.end {
        format!("{title} (the file itself)")
    } else {
        format!("{title}, written out as {}", hit.masked)
    };
    let id = RuleId::new("secret", &hit.rule);
    let mut finding = Finding::new(id, hit.severity, message, hit.location(path));
    finding.references = vec![Reference {
        id: "CWE-798".to_owned(),
        url: Some(CWE_798.to_owned()),
    }];
    let fix = rule
        .map(|rule| rule.fix.as_str())
        .filter(|fix| !fix.is_empty())
        .unwrap_or(FIX);
    finding.fix = Some(Fix {
        message: fix.to_owned(),
        version: None,
    });
    finding
}

fn gap(path: &TreePath, part: &Unchecked) -> Gap {
    let (name, location, message, fix) = match part {
        Unchecked::Rest(position) => (
            "too-many-credentials",
            Location { start: *position, end: *position, ..Location::file(path.clone()) },
            "the file holds more credentials than are reported; nothing after this place was judged"
                .to_owned(),
            "remove the reported credentials and check again, or keep such data out of the tree",
        ),
        Unchecked::Rule(id) => (
            "rule-too-large",
            Location::file(path.clone()),
            format!("the rule `{id}` was not applied: its regular expression grows too large"),
            "bound the repetitions in the rule's regular expression",
        ),
    };
    Gap {
        id: RuleId::new("secret", name),
        kind: GapKind::Unsupported,
        place: Some(location.into()),
        message,
        fix: fix.to_owned(),
    }
}

const CWE_798: &str = "https://cwe.mitre.org/data/definitions/798.html";
const FIX: &str = "revoke it where it was issued, issue a new one into the secret store, and read it from there at run time; removing the line alone leaves it in the history";
