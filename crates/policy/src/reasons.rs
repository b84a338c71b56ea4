//! Everything that a decision or a gate can say. What a kind of evidence says of itself stands in its row.

use plimsoll_model::{Outcome, ReasonDoc};

/// Every reason that this room gives.
pub static REASONS: [&ReasonDoc; 30] = [
    &POLICY_TRUSTED,
    &POLICY_UNTRUSTED,
    &TREE_POLICY,
    &NOTHING_SHIPPED,
    &NOT_UNDERSTOOD,
    &ORIGIN_SIGNED,
    &ORIGIN_UNSIGNED,
    &ORIGIN_DIRTY,
    &NOT_APPLICABLE,
    &HEALTHY_BEFORE,
    &NEVER_BEFORE,
    &BEFORE_BY_NOBODY,
    &ROLLED_BACK_BEFORE,
    &FAILED_BEFORE,
    &APPROVED,
    &NOT_APPROVED,
    &INSPECTED,
    &NOT_INSPECTED,
    &ONLY_REPORTS,
    &OLD_RULES,
    &OTHER_POLICY,
    &FINDINGS_DENY,
    &NOT_ALL_CHECKED,
    &DATA_OUTDATED,
    &TREE_DENIED,
    &GATE_PASSED,
    &GATE_DENIED,
    &GATE_UNCHECKED,
    &WAIVER_IDLE,
    &RULE_LOWERED,
];

const INSPECT: &str =
    "inspect the commit with `plimsoll attest inspection` under the trusted policy";
const FIX_FINDINGS: &str = "fix them, or ask for a [[waiver]] in the trusted policy";

/// The policy is pinned or comes from a trusted base.
pub static POLICY_TRUSTED: ReasonDoc = proven(
    "decision",
    "policy-trusted",
    "The policy is a trusted one",
    "It is pinned by its digest, or comes from a base that the change does not control.",
);

pub(crate) static POLICY_UNTRUSTED: ReasonDoc = unproven(
    "decision",
    "policy-untrusted",
    "The policy is that of the inspected tree",
    "Whoever changes the tree changes its verdict with it.",
    "pass the trusted policy: --policy FILE@sha256:…",
);

/// A check was made under the policy of the inspected tree itself.
pub static TREE_POLICY: ReasonDoc = ReasonDoc {
    of: "gate",
    name: "tree-policy",
    outcome: Outcome::Allow,
    title: "The check was made under the policy of the inspected tree",
    why: "Whoever changes the tree changes its verdict with it. That helps whoever writes the change, and \
          proves nothing to an environment.",
    fix: "such a check never admits to an environment; pin one: --policy FILE@sha256:…",
};

pub(crate) static NOTHING_SHIPPED: ReasonDoc = unproven(
    "decision",
    "nothing-shipped",
    "The release ships nothing",
    "What holds for each of no subjects is proven for none.",
    "create a release with at least one file or image",
);

/// The ledger holds an event about the matter that this build does not understand.
pub static NOT_UNDERSTOOD: ReasonDoc = unproven(
    "decision",
    "not-understood",
    "The ledger holds a word about this that this build does not understand",
    "A later build wrote it. It may be the word against what is asked.",
    "decide with a build of plimsoll at least as new as the one that wrote it",
);

pub(crate) static ORIGIN_SIGNED: ReasonDoc = proven(
    "decision",
    "origin-signed",
    "A configured builder signed where the bytes come from",
    "Everything that is known about the source holds for the bytes only because of that.",
);

pub(crate) static ORIGIN_UNSIGNED: ReasonDoc = unproven(
    "decision",
    "origin-unsigned",
    "No configured builder signed where the bytes come from",
    "Without provenance nothing that is known about a source holds for these bytes.",
    "build it with `plimsoll attest build` under the key of a [[builder]] of the policy",
);

pub(crate) static ORIGIN_DIRTY: ReasonDoc = unproven(
    "decision",
    "origin-dirty",
    "It was built from a work tree with uncommitted changes",
    "What was inspected and reviewed is the commit, not what was built.",
    "commit the changes and build again",
);

pub(crate) static NOT_APPLICABLE: ReasonDoc = unproven(
    "decision",
    "not-applicable",
    "Nothing that the release ships is of a kind that can meet the requirement",
    "A requirement that is asked of nothing is met by nothing.",
    "release the files or images along with it, or take the requirement out of the environment",
);

pub(crate) static HEALTHY_BEFORE: ReasonDoc = proven(
    "decision",
    "healthy-before",
    "It is healthy in the environment before",
    "Its last deployment there ended well, and somebody of the policy recorded it.",
);

pub(crate) static NEVER_BEFORE: ReasonDoc = unproven(
    "decision",
    "never-before",
    "It was not deployed to the environment before",
    "The environment asks that a release is healthy in another one first.",
    "promote it to the environment before first",
);

pub(crate) static BEFORE_BY_NOBODY: ReasonDoc = unproven(
    "decision",
    "before-by-nobody",
    "Its last deployment to the environment before was recorded by nobody of the policy",
    "The last deployment counts; a word of a key that the policy does not name is no proof.",
    "promote it there again under a key of the policy",
);

pub(crate) static ROLLED_BACK_BEFORE: ReasonDoc = against(
    "decision",
    "rolled-back-before",
    "It was rolled back in the environment before",
    "What did not hold there does not go further.",
    "promote it to the environment before first",
);

pub(crate) static FAILED_BEFORE: ReasonDoc = against(
    "decision",
    "failed-before",
    "Its last deployment to the environment before did not become healthy",
    "What did not hold there does not go further.",
    "promote it to the environment before first",
);

pub(crate) static APPROVED: ReasonDoc = proven(
    "decision",
    "approved",
    "Enough people of the group approved",
    "Each approval is signed, of this release and policy, unexpired, and by nobody whom the rule excludes.",
);

pub(crate) static NOT_APPROVED: ReasonDoc = unproven(
    "decision",
    "not-approved",
    "It waits for approvals",
    "The environment asks for the word of people of a group; those that do not count are named.",
    "a member of the group runs `plimsoll approve`",
);

pub(crate) static INSPECTED: ReasonDoc = proven(
    "inspection",
    "passed",
    "The inspector saw all of it and found nothing that denies",
    "A configured builder signed the inspection, under this policy and by rules that count.",
);

pub(crate) static NOT_INSPECTED: ReasonDoc = unproven(
    "inspection",
    "absent",
    "No inspection of all of it was signed by a configured builder",
    "What nobody looked at, or only looked at in part, is not free of findings.",
    INSPECT,
);

pub(crate) static ONLY_REPORTS: ReasonDoc = unproven(
    "inspection",
    "only-reports",
    "The inspector's gate only reports",
    "A gate that stops nothing proves nothing.",
    "give the gate another mode in the trusted policy: \"enforce\" or { new_since, until, owner }",
);

pub(crate) static OLD_RULES: ReasonDoc = unproven(
    "inspection",
    "old-rules",
    "It was inspected by rules that no longer count",
    "A later build finds what they did not.",
    INSPECT,
);

pub(crate) static OTHER_POLICY: ReasonDoc = against(
    "inspection",
    "other-policy",
    "It was inspected under another policy",
    "Another policy may look away where this one does not.",
    INSPECT,
);

pub(crate) static FINDINGS_DENY: ReasonDoc = against(
    "inspection",
    "findings-deny",
    "The inspection has findings that the gate denies",
    "They are judged by the policy and waivers of now.",
    FIX_FINDINGS,
);

pub(crate) static NOT_ALL_CHECKED: ReasonDoc = unproven(
    "inspection",
    "not-all-checked",
    "The inspector could not check all of it",
    "Every gap counts when a release enters an environment.",
    FIX_FINDINGS,
);

pub(crate) static DATA_OUTDATED: ReasonDoc = unproven(
    "inspection",
    "data-outdated",
    "The data that it was judged by is older than the policy allows",
    "What became known since is in no finding.",
    "import newer advisories and inspect the commit again",
);

pub(crate) static TREE_DENIED: ReasonDoc = against(
    "inspection",
    "tree-denied",
    "The inspected tree's own stricter policy denied",
    "A tree may ask for more than the trusted policy does.",
    FIX_FINDINGS,
);

pub(crate) static GATE_PASSED: ReasonDoc = proven(
    "gate",
    "passed",
    "The gate lets it pass",
    "Nothing that it denies was found, and what was not checked is waived or only reported.",
);

pub(crate) static GATE_DENIED: ReasonDoc = against(
    "gate",
    "denied",
    "The gate denies",
    "There are findings at or above its threshold, or places that were not checked and may not be.",
    "fix what is reported above, or ask for a [[waiver]] in the trusted policy",
);

pub(crate) static GATE_UNCHECKED: ReasonDoc = unproven(
    "gate",
    "not-all-checked",
    "Nothing speaks against it, but some places were not checked",
    "What could not be checked is not passed.",
    "fix the gaps above, or ask for a [[waiver]] in the trusted policy",
);

pub(crate) static WAIVER_IDLE: ReasonDoc = proven(
    "gate",
    "waiver-idle",
    "A waiver does nothing",
    "It has expired, or nothing that it is about is there. It changes no verdict.",
);

pub(crate) static RULE_LOWERED: ReasonDoc = proven(
    "gate",
    "rule-lowered",
    "Findings are taken for less than the rule says",
    "A [[rule]] table of the trusted policy lowers them, for the reason that stands there.",
);

const fn proven(
    of: &'static str,
    name: &'static str,
    title: &'static str,
    why: &'static str,
) -> ReasonDoc {
    ReasonDoc {
        outcome: Outcome::Allow,
        ..unproven(of, name, title, why, "")
    }
}

const fn against(
    of: &'static str,
    name: &'static str,
    title: &'static str,
    why: &'static str,
    fix: &'static str,
) -> ReasonDoc {
    ReasonDoc {
        outcome: Outcome::Deny,
        ..unproven(of, name, title, why, fix)
    }
}

const fn unproven(
    of: &'static str,
    name: &'static str,
    title: &'static str,
    why: &'static str,
    fix: &'static str,
) -> ReasonDoc {
    ReasonDoc {
        of,
        name,
        outcome: Outcome::Unknown,
        title,
        why,
        fix,
    }
}
