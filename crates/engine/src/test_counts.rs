//! How many tests ran, from the closing lines that test runners print.
//!
//! An exit code alone is an echo: a command that ran no test also ends well. What no known line
//! states stays unknown.

/// Passed and failed tests, added up over every closing line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TestCounts {
    pub(crate) passed: Option<u64>,
    pub(crate) failed: Option<u64>,
}

impl TestCounts {
    /// Takes in one line of output.
    ///
    /// Read are the closing lines of cargo test (`test result: ok. 3 passed; 0 failed; …`), nextest
    /// (`Summary [ 1s] 3 tests run: 3 passed, 0 skipped`), pytest (`== 3 passed, 1 failed in 1s ==`),
    /// Jest and Vitest (`Tests: 1 failed, 3 passed, 4 total`), node's runner (`# pass 3`, `# fail 0`),
    /// go test -v (`--- PASS: Name`), and the plain `3 passed, 0 failed`.
    pub(crate) fn read(&mut self, line: &str) {
        let line = without_escapes(line);
        let line = line.trim().trim_matches('=').trim();
        if let Some(rest) = line.strip_prefix("# pass ") {
            add(&mut self.passed, rest.trim().parse().ok());
        } else if let Some(rest) = line.strip_prefix("# fail ") {
            add(&mut self.failed, rest.trim().parse().ok());
        } else if line.starts_with("--- PASS: ") {
            add(&mut self.passed, Some(1));
            add(&mut self.failed, Some(0));
        } else if line.starts_with("--- FAIL: ") {
            add(&mut self.failed, Some(1));
        } else if is_closing(line) {
            self.read_closing(line);
        }
    }

    fn read_closing(&mut self, line: &str) {
        let words: Vec<&str> = line
            .split([' ', ',', ';', '\t'])
            .filter(|word| !word.is_empty())
            .collect();
        let before = |name: &str| {
            words
                .windows(2)
                .find(|pair| pair[1] == name)
                .and_then(|pair| pair[0].parse::<u64>().ok())
        };
        let (passed, failed, errors) = (
            before("passed"),
            before("failed"),
            before("errors").or(before("error")),
        );
        if passed.is_none() && failed.is_none() {
            return;
        }
        add(&mut self.passed, Some(passed.unwrap_or(0)));
        add(
            &mut self.failed,
            Some(failed.unwrap_or(0).saturating_add(errors.unwrap_or(0))),
        );
    }
}

fn is_closing(line: &str) -> bool {
    ["test result: ", "Tests:", "Tests ", "Summary ["]
        .iter()
        .any(|start| line.starts_with(start))
        || line.starts_with(|first: char| first.is_ascii_digit())
}

fn add(sum: &mut Option<u64>, more: Option<u64>) {
    if let Some(more) = more {
        *sum = Some(sum.unwrap_or(0).saturating_add(more));
    }
}

/// The line without terminal colour sequences.
fn without_escapes(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        if c == '\u{1b}' {
            for c in rest.by_ref() {
                if c.is_ascii_alphabetic() {
                    break;
                }
            }
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::TestCounts;

    #[test]
    fn closing_lines_of_real_runners_are_read() {
        let cases = [
            (
                "running 3 tests\ntest result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\ntest result: FAILED. 2 passed; 1 failed; 0 ignored",
                Some(5),
                Some(1),
            ),
            (
                "\u{1b}[32m===== \u{1b}[1m3 passed\u{1b}[0m, 1 failed, 2 errors in 0.12s =====",
                Some(3),
                Some(3),
            ),
            ("===== 3 passed in 0.12s =====", Some(3), Some(0)),
            ("Tests:       1 failed, 3 passed, 4 total", Some(3), Some(1)),
            (
                "     Summary [   0.1s] 3 tests run: 3 passed, 0 skipped",
                Some(3),
                Some(0),
            ),
            ("# tests 3\n# pass 2\n# fail 1", Some(2), Some(1)),
            (
                "=== RUN TestA\n--- PASS: TestA (0.00s)\n--- FAIL: TestB (0.00s)",
                Some(1),
                Some(1),
            ),
            ("no tests ran in 0.01s", None, None),
            ("all tests passed", None, None),
            ("echo ok", None, None),
        ];
        for (output, passed, failed) in cases {
            let mut counts = TestCounts::default();
            output.lines().for_each(|line| counts.read(line));
            assert_eq!(counts, TestCounts { passed, failed }, "{output}");
        }
    }
}
