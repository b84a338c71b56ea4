use std::collections::BTreeMap;

use plimsoll_model::{
    Finding, Fix, Gap, GapDoc, GapKind, Inspection, Location, Reference, RuleId, TreePath,
};

use crate::facts::{Facts, Hit, Unchecked};
use crate::rule::Rule;
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
    let fix = rule.map_or(FIX, Rule::fix);
    finding.fix = Some(Fix {
        message: fix.to_owned(),
        version: None,
    });
    finding
}

fn gap(path: &TreePath, part: &Unchecked) -> Gap {
    let (doc, location, message) = match part {
        Unchecked::Rest(position) => (
            &TOO_MANY_CREDENTIALS,
            Location { start: *position, end: *position, ..Location::file(path.clone()) },
            "the file holds more credentials than are reported; nothing after this place was judged"
                .to_owned(),
        ),
        Unchecked::Rule(id) => (
            &RULE_TOO_LARGE,
            Location::file(path.clone()),
            format!("the rule `{id}` was not applied: its regular expression grows too large"),
        ),
    };
    doc.gap("secret", Some(location.into()), message, doc.fix)
}

/// What may stay unjudged: one documentation for each id.
pub(crate) static GAPS: [&GapDoc; 2] = [&TOO_MANY_CREDENTIALS, &RULE_TOO_LARGE];

static TOO_MANY_CREDENTIALS: GapDoc = GapDoc {
    name: "too-many-credentials",
    kind: GapKind::Unsupported,
    title: "a file holds more credentials than are reported",
    why: "nothing after the last reported one was judged",
    fix: "remove the reported credentials and check again, or keep such data out of the tree",
};

static RULE_TOO_LARGE: GapDoc = GapDoc {
    name: "rule-too-large",
    kind: GapKind::Unsupported,
    title: "the regular expression of a rule grows too large to be applied",
    why: "what the rule would have found in the file is not known",
    fix: "bound the repetitions in the rule's regular expression",
};

const CWE_798: &str = "https://cwe.mitre.org/data/definitions/798.html";
pub(crate) const FIX: &str = "revoke it where it was issued, issue a new one into the secret store, and read it from there at run time; removing the line alone leaves it in the history";
