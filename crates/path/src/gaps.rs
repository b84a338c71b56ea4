//! What of the release path may stay unchecked: one documentation each, and every gap is made from one.

use plimsoll_model::{Gap, GapDoc, GapKind, Location, Place};

/// All of them.
pub(crate) static GAPS: [&GapDoc; 9] = [
    &UNSUPPORTED_PIPELINE,
    &UNREADABLE_WORKFLOW,
    &UNREADABLE_SCRIPT,
    &UNSTATED_COMMAND,
    &TOO_COMPLEX,
    &FOREIGN_SHELL,
    &STARTUP_FILE,
    &EXPRESSION_OPERATOR,
    &UNRESOLVED_CALL,
];

/// The gap at a place.
pub(crate) fn gap(
    doc: &GapDoc,
    place: impl Into<Place>,
    message: impl Into<String>,
    fix: impl Into<String>,
) -> Gap {
    doc.gap("path", Some(place.into()), message, fix)
}

/// Something that is called and was not looked into.
pub(crate) fn unresolved(at: &Location, what: &str) -> Gap {
    let message = format!(
        "{what} is called and was not looked into, so its gates and deployments are not known"
    );
    gap(&UNRESOLVED_CALL, at.clone(), message, UNRESOLVED_CALL.fix)
}

/// Whether a gap is one of [`unresolved`].
pub(crate) fn is_unresolved(gap: &Gap) -> bool {
    gap.id.name() == UNRESOLVED_CALL.name
}

pub(crate) static UNSUPPORTED_PIPELINE: GapDoc = GapDoc {
    name: "unsupported-pipeline",
    kind: GapKind::Unsupported,
    title: "a pipeline of a system that is not supported yet",
    why: "nothing is known of its jobs, its gates and what it deploys",
    fix: "review it by hand, and ask for a [[waiver]] with its path in the trusted policy",
};

pub(crate) static UNREADABLE_WORKFLOW: GapDoc = GapDoc {
    name: "unreadable-workflow",
    kind: GapKind::Unreadable,
    title: "a pipeline is not of its format",
    why: "nothing is known of its jobs, its gates and what it deploys",
    fix: "correct the file; the service that runs it refuses it too",
};

pub(crate) static UNREADABLE_SCRIPT: GapDoc = GapDoc {
    name: "unreadable-script",
    kind: GapKind::Unreadable,
    title: "a script is no shell that can be read",
    why: "what it runs behind that place, a check or a deployment, is not known",
    fix: "try the script with `bash -n` and correct it",
};

pub(crate) static UNSTATED_COMMAND: GapDoc = GapDoc {
    name: "unstated-command",
    kind: GapKind::Unresolved,
    title: "a script runs what its text does not state, or at a moment that is not followed",
    why: "text in a variable, a shell that is not read and a handler of `trap` may check, deploy or end anything",
    fix: "write the commands in the script itself, for bash; a handler that only tidies up is no gap",
};

pub(crate) static TOO_COMPLEX: GapDoc = GapDoc {
    name: "too-complex",
    kind: GapKind::Unsupported,
    title: "a pipeline has more conditions and commands than can be proven about",
    why: "whether its checks can be gone around is not known; a sample of its runs would prove nothing",
    fix: "split the pipeline, or take conditions out of it",
};

pub(crate) static FOREIGN_SHELL: GapDoc = GapDoc {
    name: "foreign-shell",
    kind: GapKind::Unresolved,
    title: "steps run in a shell that is not read",
    why: "what they run, a check or a deployment, is not known",
    fix: "write what gates a release for bash: in GitHub Actions, `shell: bash` works on every runner",
};

pub(crate) static STARTUP_FILE: GapDoc = GapDoc {
    name: "startup-file",
    kind: GapKind::Unresolved,
    title: "`BASH_ENV` names a file that bash runs before each script of a job",
    why: "that file may define or end anything, so what the scripts do is not known",
    fix: "take `BASH_ENV` out, and run what the file does in a step",
};

pub(crate) static EXPRESSION_OPERATOR: GapDoc = GapDoc {
    name: "expression-operator",
    kind: GapKind::Unresolved,
    title: "an expression in a script may bring an operator of the shell",
    why: "`&&`, `||` or `;` in its value change which commands run and which failures count",
    fix: "write the operator in the script, or pass the value in a variable and use it as `\"$NAME\"`",
};

static UNRESOLVED_CALL: GapDoc = GapDoc {
    name: "unresolved-call",
    kind: GapKind::Unresolved,
    title: "a script, tool or pipeline is called and was not looked into",
    why: "its gates and deployments are not known",
    fix: "keep gates and deployments in the pipeline or in a script of this tree",
};
