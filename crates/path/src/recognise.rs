//! What a command line is for, by the table in `recognise/table.rs`.

use crate::Capability;

mod table;

/// What the table knows of a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Recognised {
    pub(crate) capabilities: Vec<Capability>,
    /// A flag makes it report success whatever it finds.
    pub(crate) exits_zero: bool,
    /// It reports success whatever it finds, because nothing told it otherwise.
    pub(crate) reports_only: bool,
    /// The container image it is about, where that is stated.
    pub(crate) image: Option<String>,
}

/// Judges a command line: its words, `None` for one that depends on an expansion.
pub(crate) fn command(words: &[Option<String>]) -> Recognised {
    let words = without_wrappers(words);
    if only_tells_of_itself(words) {
        return Recognised::default();
    }
    let rows: Vec<&table::Row> = table::COMMANDS
        .iter()
        .filter(|row| matches(row.pattern, words))
        .collect();
    let capabilities = each_once(rows.iter().map(|row| row.capability));
    let exits_zero = !capabilities.is_empty()
        && table::EXIT_ZERO
            .iter()
            .any(|pattern| matches(pattern, words));
    let reports_only = table::REPORTS_ONLY
        .iter()
        .any(|pattern| matches(pattern, words));
    let about_image = capabilities.iter().any(|each| {
        matches!(
            each,
            Capability::Push | Capability::ImageScan | Capability::Build
        )
    });
    Recognised {
        capabilities,
        exits_zero,
        reports_only,
        image: about_image.then(|| image(words)).flatten(),
    }
}

/// The capabilities of several rows, each once.
pub(crate) fn each_once(capabilities: impl Iterator<Item = Capability>) -> Vec<Capability> {
    capabilities
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect()
}

/// `pytest --version` and `semgrep help` show something and check nothing.
fn only_tells_of_itself(words: &[Option<String>]) -> bool {
    let is = |word: &Option<String>, names: &[&str]| {
        word.as_deref().is_some_and(|word| names.contains(&word))
    };
    words
        .get(1)
        .is_some_and(|word| is(word, &["version", "help", "-version", "-help", "-V"]))
        || words
            .iter()
            .skip(1)
            .take_while(|word| !is(word, &["--"]))
            .any(|word| is(word, &["--version", "--help"]))
}

/// `sudo`, `env X=1`, `timeout 60`, `poetry run` … run the command that follows them.
pub(crate) fn without_wrappers(mut words: &[Option<String>]) -> &[Option<String>] {
    for _ in 0..8 {
        let Some((skip, row)) = table::WRAPPERS
            .iter()
            .find_map(|row| Some((wraps(row, words)?, row)))
        else {
            break;
        };
        words = &words[skip..];
        let mut left = row.arguments;
        while let Some((word, rest)) = words.split_first() {
            let Some(word) = word.as_deref() else {
                // What an expansion stands for may be the argument that is still to come.
                if left == 0 {
                    break;
                }
                (left, words) = (left - 1, rest);
                continue;
            };
            let option = word.starts_with('-') || word.contains('=');
            if !option && left == 0 {
                break;
            }
            left -= usize::from(!option);
            let with_value = row.with_value.split(' ').any(|each| each == word) && !rest.is_empty();
            words = if with_value { &rest[1..] } else { rest };
        }
    }
    words
}

/// How many words the wrapper's name takes.
fn wraps(row: &table::Wrapper, words: &[Option<String>]) -> Option<usize> {
    let mut count = 0;
    for part in row.name.split(' ') {
        let word = words.get(count)?.as_deref()?;
        if base(word) != part {
            return None;
        }
        count += 1;
    }
    Some(count)
}

fn base(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// Whether a command line fits a pattern of the table: see [`table::Row::pattern`].
fn matches(pattern: &str, words: &[Option<String>]) -> bool {
    let mut parts = pattern.split(' ');
    let (Some(program), Some(Some(name))) = (parts.next(), words.first()) else {
        return false;
    };
    if !one_of(program, base(name)) {
        return false;
    }
    let mut rest = &words[1..];
    for part in parts {
        if let Some(absent) = part.strip_prefix('!') {
            let is_flag = absent.starts_with('-');
            let stands =
                |word: &Option<String>| word.as_deref().is_some_and(|word| one_of(absent, word));
            if if is_flag {
                has_flag(absent, words)
            } else {
                words[1..].iter().any(stands)
            } {
                return false;
            }
        } else if part.starts_with('-') {
            if !part.split('|').any(|flag| has_flag(flag, words)) {
                return false;
            }
        } else {
            match after(part, rest) {
                Some(next) => rest = next,
                None => return false,
            }
        }
    }
    true
}

/// The words behind the next argument, when that is `part`; options before it are passed over, each
/// with the word that may be its value.
fn after<'a>(part: &str, mut words: &'a [Option<String>]) -> Option<&'a [Option<String>]> {
    let mut option = false;
    while let Some((word, rest)) = words.split_first() {
        let text = word.as_deref();
        if text.is_some_and(|text| one_of(part, text)) {
            return Some(rest);
        }
        if text.is_some_and(|text| text.starts_with('-') || text.starts_with('+')) {
            option = true;
        } else if option {
            option = false;
        } else {
            return None;
        }
        words = rest;
    }
    None
}

fn one_of(alternatives: &str, word: &str) -> bool {
    alternatives
        .split('|')
        .any(|each| match each.strip_suffix('*') {
            Some(start) => word.starts_with(start),
            None => word == each,
        })
}

/// `--flag`, `--flag=value` and `--flag value` for the pattern `--flag` or `--flag=value`.
fn has_flag(flag: &str, words: &[Option<String>]) -> bool {
    let (name, value) = flag
        .split_once('=')
        .map_or((flag, None), |(name, value)| (name, Some(value)));
    words.iter().enumerate().any(|(at, word)| {
        let Some(word) = word.as_deref() else {
            return false;
        };
        let next = words.get(at + 1).and_then(Option::as_deref);
        match value {
            None => {
                word == name
                    || word
                        .strip_prefix(name)
                        .is_some_and(|rest| rest.starts_with('='))
            }
            Some(value) => {
                (word == name && next == Some(value))
                    || word
                        .strip_prefix(name)
                        .and_then(|rest| rest.strip_prefix('='))
                        == Some(value)
            }
        }
    })
}

/// The last word that can be an image's name.
fn image(words: &[Option<String>]) -> Option<String> {
    let tag = words
        .iter()
        .position(|word| matches!(word.as_deref(), Some("-t" | "--tag" | "--destination")));
    match tag {
        Some(at) => image_name(words.get(at + 1)?.as_deref()?),
        None => image_name(words.last()?.as_deref()?),
    }
}

/// The name without tag and digest; `None` when it depends on an expression.
pub(crate) fn image_name(reference: &str) -> Option<String> {
    if reference.contains(['$', '\n', ',', ' '])
        || reference.is_empty()
        || reference.starts_with('-')
    {
        return None;
    }
    let name = reference.split('@').next().unwrap_or(reference);
    let (path, last) = name
        .rsplit_once('/')
        .map_or(("", name), |(path, last)| (path, last));
    let last = last.split(':').next().unwrap_or(last);
    Some(if path.is_empty() {
        last.to_owned()
    } else {
        format!("{path}/{last}")
    })
}

#[cfg(test)]
mod tests {
    use super::{Recognised, command};
    use crate::Capability::{self, *};

    fn judge(line: &str) -> Recognised {
        let word = |word: &str| (!word.contains('$')).then(|| word.to_owned());
        command(&line.split(' ').map(word).collect::<Vec<_>>())
    }

    #[test]
    fn command_lines_are_known() {
        let table: [(&str, &[Capability]); 48] = [
            ("cargo test --workspace", &[Test]),
            ("cargo +nightly nextest run", &[Test]),
            ("cargo build --features test", &[Build]),
            ("cargo test --no-run", &[]),
            ("npm test", &[Test]),
            ("npm run test:unit", &[Test]),
            ("npm ci", &[]),
            ("python -m pytest -q", &[Test]),
            ("poetry run pytest", &[Test]),
            ("go test ./...", &[Test]),
            ("go test ./... -run=Login", &[Test]),
            ("go test . -test.run=None", &[]),
            ("./mvnw -B verify", &[Test]),
            ("mvn -B -DskipTests package", &[]),
            ("mvn -B verify -DskipTests", &[]),
            ("make -C src test", &[Test]),
            ("sudo -E timeout 60 make check", &[Test]),
            ("gitleaks detect --source .", &[SecretScan]),
            ("semgrep ci", &[StaticAnalysis]),
            ("cargo audit", &[DependencyScan]),
            ("npm audit --audit-level=high", &[DependencyScan]),
            ("trivy fs .", &[DependencyScan]),
            ("trivy image --exit-code 1 app", &[ImageScan]),
            ("grype registry.example/app", &[ImageScan]),
            ("docker scout cves app", &[ImageScan]),
            ("syft app", &[Sbom]),
            ("cosign sign --yes app", &[Sign]),
            ("cosign verify --key k app", &[Verify]),
            ("docker build -t app .", &[Build]),
            ("docker buildx build --push -t app .", &[Build, Push]),
            ("docker push app", &[Push]),
            ("docker --config x push app", &[Push]),
            ("docker compose push", &[Push]),
            ("skopeo copy docker://a docker://b", &[Push]),
            ("kubectl -n prod apply -f k8s", &[Deploy]),
            ("kubectl get pods", &[]),
            ("kubectl rollout status deploy/x", &[]),
            ("kubectl apply --dry-run=client -f k8s", &[]),
            ("helm upgrade --install app ./chart", &[Deploy]),
            ("terraform -chdir=infra apply -auto-approve", &[Deploy]),
            ("terraform plan", &[]),
            ("aws ecs update-service --cluster c", &[Deploy]),
            ("aws --region x ecs update-service", &[Deploy]),
            ("gcloud run deploy app", &[Deploy]),
            ("cargo publish", &[Deploy]),
            ("cargo publish --dry-run", &[]),
            ("twine upload dist/x", &[Deploy]),
            ("echo kubectl apply", &[]),
        ];
        for (line, expected) in table {
            assert_eq!(judge(line).capabilities, expected, "{line}");
        }
    }

    #[test]
    fn a_look_is_no_check_and_a_wrapper_s_options_hide_nothing() {
        let table: [(&str, &[Capability]); 25] = [
            ("pytest --version", &[]),
            ("python -m pytest --version", &[]),
            ("semgrep --help", &[]),
            ("govulncheck -version", &[]),
            ("cargo test -- --help", &[Test]),
            ("deno run -A build.ts", &[]),
            ("deno test -A", &[Test]),
            ("cypress run", &[Test]),
            ("pytest --co -q", &[]),
            ("snyk monitor", &[]),
            ("snyk test", &[DependencyScan]),
            ("git secrets --install", &[]),
            ("git secrets --scan", &[SecretScan]),
            ("cargo deny fetch", &[]),
            ("cargo deny --all-features check", &[DependencyScan]),
            ("npm audit signatures", &[]),
            ("sudo -u deployer -H kubectl apply -f k8s", &[Deploy]),
            ("nice -n 10 cargo test", &[Test]),
            ("timeout -k 5 -s KILL 60 cargo test", &[Test]),
            ("timeout $LIMIT cargo test", &[Test]),
            ("xargs -n 1 -I {} kubectl apply -f {}", &[Deploy]),
            ("env -u CI npm publish", &[Deploy]),
            ("make deploy", &[Deploy]),
            ("npm run deploy:prod", &[Deploy]),
            ("npm --prefix web run deploy", &[Deploy]),
        ];
        for (line, expected) in table {
            assert_eq!(judge(line).capabilities, expected, "{line}");
        }
    }

    #[test]
    fn flags_that_hide_a_failure_are_known() {
        for (line, hidden) in [
            ("trivy image --exit-code 0 app", true),
            ("trivy image --exit-code=1 app", false),
            ("gitleaks detect --exit-code=0", true),
            ("flake8 --exit-zero", false),
            ("bandit -r . --exit-zero", true),
        ] {
            assert_eq!(judge(line).exits_zero, hidden, "{line}");
        }
    }

    #[test]
    fn scanners_that_only_report_are_known() {
        for (line, only) in [
            ("trivy image app", true),
            ("trivy image --exit-code 1 app", false),
            ("grype app --fail-on high", false),
            ("semgrep scan --error", false),
            ("semgrep ci", false),
            ("gitleaks detect", false),
        ] {
            assert_eq!(judge(line).reports_only, only, "{line}");
        }
    }

    #[test]
    fn images_are_named_without_their_tag() {
        for (line, image) in [
            (
                "docker push registry.example:5000/team/app:1.0",
                Some("registry.example:5000/team/app"),
            ),
            ("docker build -t app:1 .", Some("app")),
            ("docker push $IMAGE", None),
            ("trivy image app@sha256:00", Some("app")),
        ] {
            assert_eq!(judge(line).image.as_deref(), image, "{line}");
        }
    }
}
