//! The text of a workflow, as people write it.

use std::fmt::Write as _;

use super::shell::Shell;
use super::workflow::{Body, Condition, InputKind, Lenient, OPTIONS, Workflow};

impl Workflow {
    /// The workflow as a file.
    pub(crate) fn text(&self) -> String {
        let mut out = String::from("name: generated\n");
        self.write_events(&mut out)
            .expect("a String takes everything");
        write_shell(&mut out, "", self.shell);
        out.push_str("jobs:\n");
        for number in &self.written {
            self.write_job(&mut out, *number)
                .expect("a String takes everything");
        }
        out
    }

    fn write_events(&self, out: &mut String) -> std::fmt::Result {
        match self.events.as_slice() {
            ["schedule"] => return out.write_str("on:\n  schedule:\n    - cron: '0 4 * * *'\n"),
            [event] if self.inputs.is_empty() => return writeln!(out, "on: {event}"),
            events if self.inputs.is_empty() && !events.contains(&"schedule") => {
                return writeln!(out, "on: [{}]", events.join(", "));
            }
            _ => {}
        }
        out.push_str("on:\n");
        for event in &self.events {
            writeln!(out, "  {event}:")?;
            match *event {
                "schedule" => out.push_str("    - cron: '0 4 * * *'\n"),
                "push" => out.push_str("    branches: [main]\n"),
                "workflow_dispatch" if !self.inputs.is_empty() => self.write_inputs(out)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn write_inputs(&self, out: &mut String) -> std::fmt::Result {
        out.push_str("    inputs:\n");
        for (number, input) in self.inputs.iter().enumerate() {
            writeln!(out, "      in{number}:\n        description: generated")?;
            let kind = match input.kind {
                InputKind::Boolean => "boolean",
                InputKind::Choice => "choice",
                InputKind::Text => "string",
                InputKind::Number => "number",
                InputKind::Untyped => "",
            };
            if !kind.is_empty() {
                writeln!(out, "        type: {kind}")?;
            }
            if input.kind == InputKind::Choice {
                writeln!(out, "        options: [{}]", OPTIONS.join(", "))?;
            }
            if let Some(default) = input.default {
                writeln!(out, "        default: {default}")?;
            }
        }
        Ok(())
    }

    fn write_job(&self, out: &mut String, number: usize) -> std::fmt::Result {
        let job = &self.jobs[number];
        writeln!(out, "  job{number}:\n    runs-on: ubuntu-latest")?;
        if job.busy {
            out.push_str("    name: The job\n    timeout-minutes: 10\n    concurrency: release\n");
            out.push_str(
                "    env:\n      CI: '1'\n    strategy:\n      matrix:\n        os: [a, b]\n",
            );
        }
        match job.needs.as_slice() {
            [] => {}
            [need] => writeln!(out, "    needs: job{need}")?,
            needs => {
                let needs: Vec<_> = needs.iter().map(|need| format!("job{need}")).collect();
                writeln!(out, "    needs: [{}]", needs.join(", "))?;
            }
        }
        self.write_conditions(out, "    ", job.condition.as_ref(), &job.lenient)?;
        write_shell(out, "    ", job.shell);
        out.push_str("    steps:\n");
        for (number, step) in job.steps.iter().enumerate() {
            writeln!(out, "      - id: st{number}")?;
            self.write_conditions(out, "        ", step.condition.as_ref(), &step.lenient)?;
            if let Some(shell) = step.shell {
                writeln!(out, "        shell: {shell}")?;
            }
            match &step.body {
                Body::Uses(command) => {
                    writeln!(out, "        uses: {}", self.commands[*command].text)?
                }
                Body::Run(script) => self.write_script(out, script)?,
            }
        }
        Ok(())
    }

    fn write_conditions(
        &self,
        out: &mut String,
        indent: &str,
        condition: Option<&Condition>,
        lenient: &Lenient,
    ) -> std::fmt::Result {
        if let Some(Condition {
            expression,
            wrapped,
        }) = condition
        {
            let text = expression.to_string();
            let plain = !wrapped
                && text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '(');
            if plain && text != "null" || text.starts_with("${{") {
                writeln!(out, "{indent}if: {text}")?;
            } else {
                writeln!(out, "{indent}if: ${{{{ {text} }}}}")?;
            }
        }
        match lenient {
            Lenient::No => Ok(()),
            Lenient::Yes => writeln!(out, "{indent}continue-on-error: true"),
            Lenient::Unknown(slot) => {
                writeln!(
                    out,
                    "{indent}continue-on-error: ${{{{ {} }}}}",
                    self.unknowns[*slot].text
                )
            }
        }
    }

    fn write_script(&self, out: &mut String, script: &[Shell]) -> std::fmt::Result {
        let text = self.script_text(script);
        if let [Shell::Run(_)] = script {
            return write!(out, "        run: {text}");
        }
        out.push_str("        run: |\n");
        text.lines()
            .try_for_each(|line| writeln!(out, "          {line}"))
    }

    /// A script as the file has it.
    pub(crate) fn script_text(&self, script: &[Shell]) -> String {
        script.iter().fold(String::new(), |out, piece| {
            out + &piece.text(&|command| self.commands[command].text.to_owned()) + "\n"
        })
    }
}

fn write_shell(out: &mut String, indent: &str, shell: Option<&str>) {
    if let Some(shell) = shell {
        writeln!(
            out,
            "{indent}defaults:\n{indent}  run:\n{indent}    shell: {shell}"
        )
        .expect("a String takes everything");
    }
}
