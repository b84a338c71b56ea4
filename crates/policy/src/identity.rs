use std::fmt;

use plimsoll_model::Digest;

/// Which policy it is: by what it states, and by the file that states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The digest of what the policy states. Comments, order, white space and spellings of the same
    /// value do not matter, and neither do keys that it leaves out. Evidence and approvals name it.
    pub sha256: Digest,
    /// The digest of the file's bytes, which `--policy FILE@sha256:…` pins; `None` where there is no
    /// file and the defaults hold.
    pub file_sha256: Option<Digest>,
}

/// Both digests, each named, in the short form for people.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "policy {}", self.sha256.short())?;
        match self.file_sha256 {
            Some(file) => write!(f, " (file {})", file.short()),
            None => f.write_str(" (no file)"),
        }
    }
}

/// The digest of what a policy states, over its canonical form.
pub(crate) fn digest(stated: &toml::Table) -> Digest {
    let mut canonical = String::new();
    write_table(stated, &mut canonical);
    Digest::of_parts(&[b"plimsoll-policy-v2", canonical.as_bytes()])
}

/// Keys in the order of their bytes, then each value. No two different tables are written alike:
/// every kind of value begins with a character of its own.
fn write_table(table: &toml::Table, out: &mut String) {
    let mut keys: Vec<&String> = table.keys().collect();
    keys.sort_unstable();
    out.push('{');
    for key in keys {
        write_text(key, out);
        out.push('=');
        write_value(&table[key], out);
        out.push(';');
    }
    out.push('}');
}

fn write_value(value: &toml::Value, out: &mut String) {
    match value {
        toml::Value::String(text) => write_text(text, out),
        toml::Value::Integer(number) => out.push_str(&number.to_string()),
        toml::Value::Float(number) => out.extend(["~", &format!("{number:?}")]),
        toml::Value::Boolean(is_true) => out.push_str(if *is_true { "true" } else { "false" }),
        toml::Value::Datetime(moment) => out.extend(["@", &moment.to_string()]),
        toml::Value::Table(table) => write_table(table, out),
        toml::Value::Array(values) => {
            out.push('[');
            for value in values {
                write_value(value, out);
                out.push(';');
            }
            out.push(']');
        }
    }
}

/// The length goes first, so that no text can be taken for what follows it.
fn write_text(text: &str, out: &mut String) {
    out.extend(["\"", &text.len().to_string(), ":", text]);
}

#[cfg(test)]
mod tests {
    use super::digest;

    const SAMPLE: &str = r#"
[gate]
secrets = "low"
dependencies = { fail_on = "high", max_age_days = 30 }

[[waiver]]
id = "secret/x"
reason = "an example"
owner = "sre"
expires = 2027-01-31
"#;

    fn of(text: &str) -> String {
        digest(&text.parse().unwrap()).to_string()
    }

    #[test]
    fn a_new_key_with_a_default_leaves_the_digest_alone() {
        // This value is not to be changed: evidence that names it exists.
        assert_eq!(
            of(SAMPLE),
            "sha256:ac5128c19c7c74ba1645d4e84a0a284bde064fab4cbfb90212b9db86059a2c4f"
        );
    }

    #[test]
    fn only_what_is_stated_matters() {
        let same = [
            "[[waiver]]\nowner = 'sre'\nexpires = 2027-01-31 # soon\nreason = \"an \\u0065xample\"\nid = \"secret/x\"\n\
             [gate.dependencies]\nmax_age_days = 0x1E\nfail_on = \"high\"\n[gate]\nsecrets = '''low'''\n",
            &SAMPLE.replace('\n', "\r\n"),
        ];
        for text in same {
            assert_eq!(of(text), of(SAMPLE), "{text}");
        }
        let other = [
            ("\"low\"", "\"any\""),
            ("= 30", "= 31"),
            ("01-31", "02-01"),
            ("\"sre\"", "\"sre \""),
            ("secret/x", "secret/y"),
            ("dependencies", "dependency"),
            ("2027-01-31", "\"2027-01-31\""),
            ("[[waiver]]", "[[waiver]]\npath = \"a\""),
            ("secrets = \"low\"", ""),
            ("= 30", "= 30.0"),
            ("= 30", "= [30]"),
        ];
        for (from, to) in other {
            let changed = SAMPLE.replace(from, to);
            assert_ne!(changed, SAMPLE, "{from}");
            assert_ne!(of(&changed), of(SAMPLE), "{changed}");
        }
        let [first, second] = [
            "a = [\"x\"]\n[[w]]\n[[w]]\nb = 1\n",
            "a = [\"x\"]\n[[w]]\nb = 1\n[[w]]\n",
        ];
        assert_ne!(of(first), of(second), "the order of tables is stated");
    }
}
