//! Text of strangers, safe to print: no character in it moves the cursor, changes colours, reverses
//! the order of letters or begins a line that looks like ours.

/// The text in one line.
pub(crate) fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if c == '\t' { ' ' } else { shown(c) })
        .collect()
}

/// The text with its line breaks.
pub(crate) fn clean_lines(text: &str) -> String {
    text.chars()
        .map(|c| if c == '\n' { c } else { shown(c) })
        .collect()
}

fn shown(c: char) -> char {
    let turns = matches!(c, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    let breaks = matches!(c, '\u{2028}' | '\u{2029}');
    if c.is_control() || turns || breaks {
        char::REPLACEMENT_CHARACTER
    } else {
        c
    }
}

#[cfg(test)]
mod tests {
    use super::{clean, clean_lines};

    #[test]
    fn nothing_of_a_stranger_steers_the_terminal() {
        let evil = "a\u{1b}[8mb\u{9b}2J\r\n\u{202e}c\u{2028}\td\u{7}é漢";
        assert_eq!(
            clean(evil),
            "a\u{fffd}[8mb\u{fffd}2J\u{fffd}\u{fffd}\u{fffd}c\u{fffd} d\u{fffd}é漢"
        );
        assert_eq!(clean_lines("a\r\nb\u{1b}"), "a\u{fffd}\nb\u{fffd}");
    }
}
