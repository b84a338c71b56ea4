//! Runs a command that evidence is about, and hands on what it prints.

use std::io::{BufRead as _, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use plimsoll_model::{Class, Fault};

/// A longer line is handed on in parts.
const MAX_LINE_BYTES: u64 = 1 << 20;

/// Gets each line of output with its ending, from either stream.
pub(crate) type OnLine<'a> = &'a mut (dyn FnMut(&[u8]) + Send);

/// The command could not be run.
#[derive(Debug, thiserror::Error)]
#[error("cannot run `{}`", command.join(" "))]
pub struct CommandError {
    command: Vec<String>,
    source: std::io::Error,
}

impl Fault for CommandError {
    fn class(&self) -> Class {
        Class::of_named_file(&self.source)
    }
}

/// Runs a command in a folder and calls `on_line` with each line (with its ending) of its output and
/// errors. Returns the exit code, `None` when a signal ended it.
pub(crate) fn run(
    command: &[String],
    folder: &Path,
    on_line: OnLine<'_>,
) -> Result<Option<i32>, CommandError> {
    let failed = |source| CommandError {
        command: command.to_owned(),
        source,
    };
    let (program, arguments) = command
        .split_first()
        .ok_or_else(|| failed(std::io::Error::from(std::io::ErrorKind::InvalidInput)))?;
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let (output, errors) = (child.stdout.take(), child.stderr.take());
    let on_line = Mutex::new(on_line);
    let read = std::thread::scope(|scope| {
        let errors = scope.spawn(|| forward(errors, &on_line));
        let output = forward(output, &on_line);
        output.and(errors.join().expect("forwarding does not panic"))
    });
    let status = child.wait().map_err(failed)?;
    read.map_err(failed)?;
    Ok(status.code())
}

fn forward(from: Option<impl Read>, on_line: &Mutex<OnLine<'_>>) -> std::io::Result<()> {
    let Some(from) = from else { return Ok(()) };
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    while from
        .by_ref()
        .take(MAX_LINE_BYTES)
        .read_until(b'\n', &mut line)?
        > 0
    {
        on_line
            .lock()
            .expect("no reader panics while it holds the lock")(&line);
        line.clear();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    #[test]
    fn output_and_exit_code_are_those_of_the_command() {
        let mut seen = Vec::new();
        let command = ["sh", "-c", "echo out; echo err >&2; exit 7"].map(str::to_owned);
        let code = super::run(&command, Path::new("."), &mut |line| {
            seen.push(line.to_vec())
        })
        .unwrap();
        seen.sort();
        assert_eq!(code, Some(7));
        assert_eq!(seen, [b"err\n".to_vec(), b"out\n".to_vec()]);
        assert!(super::run(&["/absent".to_owned()], Path::new("."), &mut |_| ()).is_err());
    }
}
