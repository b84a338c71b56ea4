//! From one file to its facts: one pass for all keywords, then each woken rule where it can match.

use plimsoll_model::{Position, Span, TreePath, masked_form};
use plimsoll_source::TextFile;
use regex::bytes::{Match, Regex};

use crate::allowlist::{Allowlist, Target};
use crate::entropy::entropy;
use crate::facts::{Facts, Hit, Unchecked};
use crate::lines::{LineVerdicts, positions};
use crate::paths::PathMatches;
use crate::pattern::Outline;
use crate::rule::Rule;
use crate::rules::Rules;

/// The credentials in one file.
pub(crate) fn extract(rules: &Rules, file: &TextFile<'_>) -> Facts {
    let path = rules.paths.matches(file.path);
    let text = file.text.as_bytes();
    if rules.allowlists.iter().any(|list| list.allows_path(&path)) {
        return Facts::default();
    }
    let runs = keyword_runs(rules, text);
    let mut scan = Scan::new(rules, &path, text);
    for (index, rule) in rules.all.iter().enumerate() {
        if rule.speaks_of(&path) {
            scan.apply(index, &runs[index]);
        }
    }
    scan.into_facts(file.text).of_a_search()
}

/// What rules that judge the path alone say.
pub(crate) fn extract_path(rules: &Rules, path: &TreePath) -> Facts {
    let path = rules.paths.matches(path);
    if rules.allowlists.iter().any(|list| list.allows_path(&path)) {
        return Facts::default();
    }
    let mut scan = Scan::new(rules, &path, b"");
    for (index, rule) in rules.all.iter().enumerate() {
        if rule.pattern.is_none() && rule.speaks_of(&path) {
            scan.apply(index, &[]);
        }
    }
    scan.into_facts("")
}

impl Rule {
    fn speaks_of(&self, path: &PathMatches) -> bool {
        self.path.is_none_or(|id| path.any(&[id]))
            && !self.allowlists.iter().any(|list| list.allows_path(path))
    }
}

/// For each rule the stretches of text in which its keywords stand; keywords that are near each
/// other share one, so that their number stays small.
fn keyword_runs(rules: &Rules, text: &[u8]) -> Vec<Vec<Span>> {
    let mut runs: Vec<Vec<Span>> = vec![Vec::new(); rules.all.len()];
    for keyword in rules.keywords.find_overlapping_iter(text) {
        for rule in &rules.woken[keyword.pattern().as_usize()] {
            match runs[*rule].last_mut() {
                Some(last) if keyword.start() <= last.end + NEAR_BYTES => {
                    last.start = last.start.min(keyword.start());
                    last.end = last.end.max(keyword.end());
                }
                _ => runs[*rule].push(Span::new(keyword.start(), keyword.end())),
            }
        }
    }
    runs
}

/// The parts of the text that a search must cover so that it finds what a search of the whole finds.
///
/// A match holds a keyword and is no longer than the reach, so it lies within reach of each keyword
/// that it holds, and ends before the window does: `$` and `\b` at its end see what follows. Windows
/// that overlap or touch are joined, so no match crosses the end of one.
fn windows(outline: &Outline, runs: &[Span], length: usize) -> Vec<Span> {
    let Some(reach) = outline.reach else {
        return vec![Span::new(0, length)];
    };
    let mut windows: Vec<Span> = Vec::with_capacity(runs.len());
    for run in runs {
        let window = Span::new(
            run.start.saturating_sub(reach),
            (run.end + reach).min(length),
        );
        match windows.last_mut() {
            Some(last) if window.start <= last.end => last.end = last.end.max(window.end),
            _ => windows.push(window),
        }
    }
    windows
}

struct Found {
    rule: usize,
    span: Span,
}

struct Scan<'a> {
    rules: &'a Rules,
    path: &'a PathMatches,
    text: &'a [u8],
    found: Vec<Found>,
    unchecked: Vec<Unchecked>,
    /// Where the first rule stopped because it had found enough.
    rest: Option<usize>,
    lines: LineVerdicts<'a>,
}

impl<'a> Scan<'a> {
    fn new(rules: &'a Rules, path: &'a PathMatches, text: &'a [u8]) -> Self {
        Self {
            rules,
            path,
            text,
            found: Vec::new(),
            unchecked: Vec::new(),
            rest: None,
            lines: LineVerdicts::default(),
        }
    }

    fn apply(&mut self, index: usize, runs: &[Span]) {
        let rule = &self.rules.all[index];
        let Some(pattern) = &rule.pattern else {
            self.found.push(Found {
                rule: index,
                span: Span::new(0, 0),
            });
            return;
        };
        if runs.is_empty() && !rule.keywords.is_empty() {
            return;
        }
        let outline = pattern.outline(&rule.keywords);
        let mut windows = windows(outline, runs, self.text.len());
        windows.retain(|window| outline.admits(&self.text[window.start..window.end]));
        if windows.is_empty() {
            return;
        }
        let Some(regex) = pattern.regex(self.rules.regex_bytes_max()) else {
            self.unchecked.push(Unchecked::Rule(rule.id.clone()));
            return;
        };
        let mut count = 0;
        for window in windows {
            self.search(index, regex, window, &mut count);
        }
    }

    fn search(&mut self, index: usize, regex: &Regex, window: Span, count: &mut usize) {
        let part = &self.text[..window.end];
        let mut at = window.start;
        while at <= part.len()
            && let Some(matched) = regex.find_at(part, at)
        {
            at = matched.end().max(matched.start() + 1);
            let Some(span) = self.judge(index, regex, part, matched) else {
                continue;
            };
            *count += 1;
            if *count > MOST_HITS_OF_A_RULE {
                self.rest = Some(self.rest.map_or(span.start, |rest| rest.min(span.start)));
                return;
            }
            self.found.push(Found { rule: index, span });
        }
    }

    /// The place of the secret, unless the match does not count.
    fn judge(
        &mut self,
        index: usize,
        regex: &Regex,
        part: &[u8],
        matched: Match<'_>,
    ) -> Option<Span> {
        let rule = &self.rules.all[index];
        let whole = trimmed(matched);
        let secret = secret(rule, regex, part, matched).unwrap_or(whole);
        let value = &self.text[secret.start..secret.end];
        if value.is_empty() || (rule.entropy > 0.0 && entropy(value) <= rule.entropy) {
            return None;
        }
        let (rules, path) = (self.rules, self.path);
        let mut allows = |list: &'a Allowlist| {
            let regexes_match = match list.target {
                Target::Secret => list.regexes_match(value),
                Target::Match => list.regexes_match(&self.text[whole.start..whole.end]),
                Target::Line => self.lines.verdict(self.text, whole, list),
            };
            list.allows(path, value, regexes_match)
        };
        let allowed =
            rules.allowlists.iter().any(&mut allows) || rule.allowlists.iter().any(&mut allows);
        (!allowed).then_some(secret)
    }

    fn into_facts(mut self, text: &str) -> Facts {
        let mut masked: Vec<Span> = self
            .found
            .iter()
            .map(|found| found.span)
            .filter(|span| span.start < span.end)
            .collect();
        if let Some(rest) = self.rest {
            masked.push(Span::new(rest, text.len()));
            self.unchecked
                .push(Unchecked::Rest(positions(text, &[rest])[0]));
        }
        shadow_generic(self.rules, &mut self.found);
        self.found.sort_by_key(|found| (found.span, found.rule));
        let offsets: Vec<usize> = self
            .found
            .iter()
            .flat_map(|found| [found.span.start, found.span.end])
            .collect();
        let positions = positions(text, &offsets);
        let places = positions.chunks_exact(2);
        let hits = self
            .found
            .iter()
            .zip(places)
            .map(|(found, place)| self.hit(found, place))
            .collect();
        Facts::new(hits, self.unchecked, masked)
    }

    fn hit(&self, found: &Found, place: &[Position]) -> Hit {
        let rule = &self.rules.all[found.rule];
        let value = &self.text[found.span.start..found.span.end];
        Hit {
            rule: rule.id.clone(),
            severity: rule.severity,
            span: found.span,
            start: place[0],
            end: place[1],
            masked: shown(rule, value),
        }
    }
}

/// The group that holds the secret.
fn secret(rule: &Rule, regex: &Regex, part: &[u8], matched: Match<'_>) -> Option<Span> {
    if regex.captures_len() < 2 {
        return None;
    }
    let groups = regex.captures_at(part, matched.start())?;
    let span = |group: Match<'_>| Span::new(group.start(), group.end());
    match rule.secret_group {
        Some(group) => groups.get(group).map(span),
        None => groups
            .iter()
            .skip(1)
            .flatten()
            .find(|group| !group.is_empty())
            .map(span),
    }
}

/// The match without line breaks at its ends.
fn trimmed(matched: Match<'_>) -> Span {
    let bytes = matched.as_bytes();
    let breaks = |byte: &&u8| **byte == b'\n';
    let before = bytes.iter().take_while(breaks).count();
    let after = bytes[before..].iter().rev().take_while(breaks).count();
    Span::new(matched.start() + before, matched.end() - after)
}

/// Drops what a rule that only guesses found where another rule knows the shape.
fn shadow_generic(rules: &Rules, found: &mut Vec<Found>) {
    let generic = |found: &Found| rules.all[found.rule].generic;
    let known = found
        .iter()
        .filter(|found| !generic(found))
        .map(|found| found.span)
        .collect();
    let known = plimsoll_model::Masks::new(known);
    found.retain(|found| {
        let at = known
            .spans()
            .partition_point(|span| span.end <= found.span.start);
        !generic(found)
            || known
                .spans()
                .get(at)
                .is_none_or(|span| !span.overlaps(found.span))
    });
}

/// What a person may see: the beginning only where the rule's own keyword stands there, because then
/// it belongs to the format and not to the secret.
fn shown(rule: &Rule, value: &[u8]) -> String {
    let begins = |word: &String| {
        word.len() >= PUBLIC_PREFIX_BYTES
            && value
                .get(..word.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
    };
    if rule.keywords.iter().any(begins) {
        masked_form(&String::from_utf8_lossy(value))
    } else {
        masked_form("")
    }
}

const NEAR_BYTES: usize = 64;
const MOST_HITS_OF_A_RULE: usize = 1_000;
const PUBLIC_PREFIX_BYTES: usize = 3;

#[cfg(test)]
mod tests;
