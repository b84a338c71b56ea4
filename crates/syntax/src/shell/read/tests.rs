use super::parse;
use crate::shell::{Kind, Redirection, Script, Statement};

/// One line a statement, in a notation of parentheses, so that structure can be compared.
fn shown(statements: &[Statement]) -> String {
    let list: Vec<String> = statements.iter().map(one).collect();
    list.join("; ")
}

fn one(statement: &Statement) -> String {
    let text = match &statement.kind {
        Kind::Command(command) => {
            let mut words: Vec<String> = command
                .assignments
                .iter()
                .map(|each| format!("{}={}", each.name, each.value.written))
                .collect();
            words.extend(command.words.iter().map(|word| match &word.literal {
                Some(text) => text.clone(),
                None => format!("<{}>", word.written.trim()),
            }));
            for redirection in &command.redirections {
                words.push(match redirection {
                    Redirection::File { operator, target } => {
                        format!(
                            "{operator}{}",
                            target.as_ref().map_or("", |word| word.written.as_str())
                        )
                    }
                    Redirection::Here(_) => "<<HERE".to_owned(),
                    Redirection::HereString(word) => format!("<<<{}", word.written),
                });
            }
            words.extend(
                command
                    .substitutions
                    .iter()
                    .map(|inner| format!("$({})", shown(inner))),
            );
            words.join(" ")
        }
        Kind::Pipeline(stages) => {
            let stages: Vec<String> = stages.iter().map(one).collect();
            format!("pipe({})", stages.join(" | "))
        }
        Kind::And(a, b) => format!("and({}, {})", one(a), one(b)),
        Kind::Or(a, b) => format!("or({}, {})", one(a), one(b)),
        Kind::Not(a) => format!("not({})", one(a)),
        Kind::Group(inner) => format!("group({})", shown(inner)),
        Kind::Subshell(inner) => format!("subshell({})", shown(inner)),
        Kind::If {
            branches,
            otherwise,
        } => {
            let branches: Vec<String> = branches
                .iter()
                .map(|branch| format!("{} ? {}", shown(&branch.condition), shown(&branch.body)))
                .collect();
            format!("if({} : {})", branches.join(" : "), shown(otherwise))
        }
        Kind::While { until, branch } => {
            let name = if *until { "until" } else { "while" };
            format!(
                "{name}({} ? {})",
                shown(&branch.condition),
                shown(&branch.body)
            )
        }
        Kind::For { words, body } => format!("for({} ? {})", words.len(), shown(body)),
        Kind::Case { arms } => {
            let arms: Vec<String> = arms
                .iter()
                .map(|arm| format!("{} ? {}", arm.patterns[0].written, shown(&arm.body)))
                .collect();
            format!("case({})", arms.join(" : "))
        }
        Kind::Function { name, body } => format!("fn {name}({})", one(body)),
    };
    if statement.background {
        format!("{text} &")
    } else {
        text
    }
}

fn read(text: &str) -> Script {
    parse(text).unwrap()
}

#[test]
fn structure_is_bash_s() {
    for (text, expected) in [
        ("a -x 'y z' \"w\" # c", "a -x y z w"),
        ("a && b || c", "or(and(a, b), c)"),
        ("a || b | c && d", "and(or(a, pipe(b | c)), d)"),
        ("a && b | c", "and(a, pipe(b | c))"),
        ("! a | b", "not(pipe(a | b))"),
        ("! a && b", "and(not(a), b)"),
        ("! { a; b; } || c", "or(not(group(a; b)), c)"),
        (
            "a && ! if b; then c; fi | d",
            "and(a, not(pipe(if(b ? c : ) | d)))",
        ),
        ("echo '! { a'", "echo ! { a"),
        ("a & b", "a &; b"),
        ("a && b &", "and(a, b) &"),
        ("(a; b) | c", "pipe(subshell(a; b) | c)"),
        ("{ a; b; } || true", "or(group(a; b), true)"),
        (
            "if a; then b; elif c; then d; else e; fi",
            "if(a ? b : c ? d : e)",
        ),
        ("if ! a; then exit 1; fi", "if(not(a) ?  exit 1 : )"),
        ("while a; do b; done", "while(a ? b)"),
        ("until a; do b & done", "until(a ? b &)"),
        ("for x in 1 2; do a; done", "for(2 ? a)"),
        ("for ((i=0;i<3;i++)); do a; done", "for(0 ? a)"),
        (
            "case $x in p|q) a;; *) b; c;; esac",
            "case(p ? a : * ? b; c)",
        ),
        ("f() { a; }\nf", "fn f(group(a)); f"),
        ("set -euo pipefail", "set -euo pipefail"),
        ("X=1 Y=$Z a $Q", "X=1 Y=$Z a <$Q>"),
        ("X=$(a | b)", "X=$(a | b) $(pipe(a | b))"),
        ("export X=$(a)", "export <X=$(a)> $(a)"),
        ("a \"$(b `c`)\"", "a <\"$(b `c`)\"> $(b <`c`> $(c))"),
        ("[ -f x ] && a", "and([ <-f x>, a)"),
        ("[[ $a == b* ]] || a", "or([[ <$a == b*>, a)"),
        ("(( x > 1 ))", "(( <x > 1>"),
        ("a > out 2>&1", "a >out >&1"),
        (
            "a <<EOF | b -f -\ntext $(x)\nEOF\nc",
            "pipe(a <<HERE $(x) | b -f -); c",
        ),
        ("a <<'EOF' && b\ntext\nEOF", "and(a <<HERE, b)"),
        ("a <<< \"$x\"", "a <<<\"$x\""),
        ("a \\\n  --b", "a --b"),
        ("> out", ">out"),
        (
            "${{ inputs.tool }} run ${{ x && 'y' }}-1",
            "<${{ inputs.tool }}> run <${{ x && 'y' }}-1>",
        ),
        (
            "if [ \"${{ a }}\" = 'b' ]; then a; fi",
            "if([ <\"${{ a }}\" = 'b'> ? a : )",
        ),
    ] {
        let script = read(text);
        assert_eq!(
            shown(&script.statements),
            expected.replace("?  ", "? "),
            "{text}"
        );
        assert_eq!(script.unread, [], "{text}");
    }
}

#[test]
fn what_is_not_shell_is_named() {
    for text in [
        "if a; then b",
        "a ) b",
        "case x in",
        "a && ",
        "for x in 1; do",
    ] {
        assert!(
            !parse(text).is_ok_and(|script| script.unread.is_empty()),
            "{text}"
        );
    }
    let deep = format!("{}a{}", "(".repeat(3000), ")".repeat(3000));
    assert!(parse(&deep).is_err());
    assert!(parse(&"a\n".repeat(1 << 20)).is_err());
}

#[test]
fn spans_are_bytes_of_the_script() {
    let text = "echo é\nif a; then\n  b | c\nfi\n";
    let script = read(text);
    let shown: Vec<&str> = script
        .statements
        .iter()
        .map(|each| &text[each.span.start..each.span.end])
        .collect();
    assert_eq!(shown, ["echo é", "if a; then\n  b | c\nfi"]);
}
