//! Panics: mistakes in this program that nobody expected. One becomes an internal error, wherever it
//! happened: what a thread did not finish was not checked, whatever the others came to.

use std::backtrace::Backtrace;
use std::panic::{PanicHookInfo, UnwindSafe, catch_unwind, set_hook};
use std::process::ExitCode;
use std::sync::OnceLock;

use plimsoll_model::{Class, Told};

use crate::exit;

/// The first panic of this process.
static FIRST: OnceLock<Panic> = OnceLock::new();

/// What is known of a panic. Its message may quote what was inspected.
#[derive(Debug)]
struct Panic {
    place: String,
    message: String,
    /// Where it came from, when `RUST_BACKTRACE` asks for it.
    backtrace: Option<String>,
}

/// Runs the program to its end. After a panic it ends as an internal error does, once the stack is
/// unwound: what was begun is closed as after any other error.
pub(crate) fn guard(program: impl FnOnce() -> ExitCode + UnwindSafe) -> ExitCode {
    set_hook(Box::new(note));
    let ended = catch_unwind(program);
    match (ended, FIRST.get()) {
        (Ok(exit), None) => exit,
        (_, Some(panic)) => exit::failed(&tell(panic)),
        (Err(_), None) => exit::failed(&tell(&Panic {
            place: "an unknown place".to_owned(),
            message: String::new(),
            backtrace: None,
        })),
    }
}

/// Keeps what is known of the first panic instead of printing it.
fn note(info: &PanicHookInfo<'_>) {
    let wanted = std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0");
    FIRST.get_or_init(|| Panic {
        place: info
            .location()
            .map_or_else(|| "an unknown place".to_owned(), ToString::to_string),
        message: info.payload_as_str().unwrap_or_default().to_owned(),
        backtrace: wanted.then(|| Backtrace::force_capture().to_string()),
    });
}

/// A panic for people. Its message is shown to those alone who ask for a backtrace, and whoever shows
/// it masks credentials.
fn tell(panic: &Panic) -> Told {
    let message = format!(
        "plimsoll has met a mistake of its own at {}, so nothing counts as passed",
        panic.place
    );
    let told = Told::new(Class::Internal, message);
    match &panic.backtrace {
        None => told.with_hint(
            "repeat the command with RUST_BACKTRACE=1 and report what it shows; a deployment that was begun is settled by the next `plimsoll promote` or `plimsoll rollback`",
        ),
        Some(backtrace) => Told {
            causes: vec![panic.message.clone(), backtrace.clone()],
            ..told
        }
        .with_hint("report this, and what you ran"),
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::Class;

    use super::{Panic, tell};

    #[test]
    fn the_message_of_a_panic_is_for_those_who_ask_for_it() {
        let mut panic = Panic {
            place: "crates/x.rs:1:2".to_owned(),
            message: "no such token: hunter2".to_owned(),
            backtrace: None,
        };
        let told = tell(&panic);
        assert_eq!((told.class, told.class.exit_code()), (Class::Internal, 70));
        assert!(!format!("{told:?}").contains("hunter2"), "{told:?}");
        assert!(told.message.contains("crates/x.rs:1:2"), "{told:?}");
        assert!(
            told.hint
                .is_some_and(|hint| hint.contains("RUST_BACKTRACE=1"))
        );
        panic.backtrace = Some("0: main".to_owned());
        assert_eq!(tell(&panic).causes, ["no such token: hunter2", "0: main"]);
    }
}
