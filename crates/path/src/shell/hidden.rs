//! Commands that run what the text does not state, so that a check or a deployment may hide in it: text or a script
//! that a variable names, a shell that is not read, options from a variable, and what a handler of `trap` does.

use plimsoll_model::Location;
use plimsoll_syntax::shell::{self, Command, Redirection, Word};

use super::invocation::{Invocation, Runs, name_shell};
use super::nested::stated;
use super::{Effect, Flow, MAX_NESTING, Reader, directory, effect};

/// What is judged once the whole script is read.
#[derive(Default)]
pub(super) struct Later {
    hidden: Vec<Location>,
    /// What handlers call by name, with the place of the `trap`.
    called: Vec<(String, Location)>,
    /// The functions, with the commands in each.
    functions: Vec<(String, Vec<usize>)>,
}

impl Later {
    pub(super) fn add_function(&mut self, name: &str, body: &Flow) {
        self.functions.push((name.to_owned(), body.commands()));
    }

    /// The commands that run what is not stated, and the handlers whose functions do more than tidy up: when they run
    /// is not followed.
    pub(super) fn find_hidden(self, commands: &[super::Command]) -> Vec<Location> {
        let sources = commands
            .iter()
            .any(|command| matches!(command.effect, Effect::Script { sourced: true, .. }));
        let mut hidden = self.hidden;
        for (name, location) in self.called {
            if acts(&name, &self.functions, commands, sources) {
                hidden.push(location);
            }
        }
        hidden
    }
}

/// Whether a function, or one that it calls, checks, deploys or calls a script. A name that the script does not define
/// may be one of a file that it sources.
fn acts(
    name: &str,
    functions: &[(String, Vec<usize>)],
    commands: &[super::Command],
    sources: bool,
) -> bool {
    let (mut open, mut seen) = (vec![name], Vec::new());
    while let Some(name) = open.pop() {
        if seen.contains(&name) {
            continue;
        }
        seen.push(name);
        let named = functions.iter().filter(|(own, _)| own == name);
        let body: Vec<&super::Command> = named
            .flat_map(|(_, body)| body)
            .map(|at| &commands[*at])
            .collect();
        if body.is_empty() && sources || body.iter().any(|command| command.acts()) {
            return true;
        }
        for command in body {
            if let Effect::Named(called) = &command.effect {
                open.push(called);
            }
        }
    }
    false
}

impl Reader<'_> {
    /// Notes whether a command runs what is not stated.
    pub(super) fn note_hidden(&mut self, command: &Command) {
        let location = self.place.location(command.span);
        let is_hidden = match find_handler(command) {
            None => hides(command),
            Some(Handler::Unstated) => true,
            Some(Handler::Stated(handler)) => self.read_handler(&handler, &location),
        };
        if is_hidden {
            self.later.hidden.push(location);
        }
    }

    /// Whether a handler checks, deploys or runs what is not read. What it calls by name is kept.
    fn read_handler(&mut self, text: &str, location: &Location) -> bool {
        let Ok(script) = shell::parse(text) else {
            return true;
        };
        if self.depth == MAX_NESTING || !script.unread.is_empty() {
            return true;
        }
        let mut inner = Reader {
            text,
            place: self.place,
            commands: Vec::new(),
            unread: Vec::new(),
            later: Later::default(),
            depth: self.depth + 1,
        };
        inner.read_all(&script.statements);
        for command in &inner.commands {
            if let Effect::Named(name) = &command.effect {
                self.later.called.push((name.clone(), location.clone()));
            }
        }
        let hides = !inner.unread.is_empty() || !inner.later.hidden.is_empty();
        hides || inner.commands.iter().any(super::Command::acts)
    }
}

/// What `trap` has run later.
enum Handler {
    /// This text.
    Stated(String),
    /// What an expansion brings.
    Unstated,
}

/// What a command sets to be run at a signal; `None` for one that sets nothing.
fn find_handler(command: &Command) -> Option<Handler> {
    let words = &command.words[effect::wrapped_by(&command.words)..];
    let (first, arguments) = words.split_first()?;
    if first.literal.as_deref() != Some("trap") {
        return None;
    }
    let (action, signals) = effect::without_dashes(arguments).split_first()?;
    match action.literal.as_deref() {
        Some("-" | "") => None,
        _ if signals.is_empty() => None,
        _ => Some(stated(action).map_or(Handler::Unstated, Handler::Stated)),
    }
}

/// Whether a command runs what is not stated.
fn hides(command: &Command) -> bool {
    let words = &command.words[effect::wrapped_by(&command.words)..];
    let Some(name) = words.first().and_then(|word| word.literal.as_deref()) else {
        return false;
    };
    match name {
        // The commands of a substitution are read; what they print is for the author to answer for.
        "eval" => words[1..]
            .iter()
            .any(|word| stated(word).is_none() && !is_substitution(word)),
        "set" => sets_unstated(&words[1..]),
        _ => name_shell(name).is_some_and(|shell| runs_unstated(shell, command, words)),
    }
}

fn runs_unstated(shell: &str, command: &Command, words: &[Word]) -> bool {
    let Some(call) = Invocation::read(words) else {
        return false;
    };
    // What zsh makes of a text is not known.
    let is_read = shell != "zsh";
    match call.runs {
        Runs::Nothing => false,
        Runs::Text(word) => !is_read || stated(word).is_none(),
        Runs::Script(word) => !is_read || is_unnamed(word),
        Runs::Input => command.redirections.iter().any(|given| match given {
            Redirection::Here(_) => !is_read,
            Redirection::HereString(word) => !is_read || stated(word).is_none(),
            Redirection::File { .. } => false,
        }),
    }
}

/// Whether not even its suffix tells which script it is.
fn is_unnamed(script: &Word) -> bool {
    script.literal.is_none() && !effect::is_script(directory::unquoted(&script.written))
}

fn is_substitution(word: &Word) -> bool {
    let written = directory::unquoted(&word.written);
    written.starts_with('`') || written.starts_with("$(")
}

/// Whether an expansion says which option of the shell changes.
fn sets_unstated(words: &[Word]) -> bool {
    let mut words = words.iter().map(|word| word.literal.as_deref());
    while let Some(word) = words.next() {
        match word {
            None => return true,
            Some("--") => return false,
            Some(option) if !option.starts_with(['-', '+']) => return false,
            Some(option) if option.contains('o') && words.next() == Some(None) => return true,
            Some(_) => {}
        }
    }
    false
}
