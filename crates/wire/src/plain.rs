/// Text that shows as it reads: a control character other than white space, and a character that
/// turns the direction of what follows or is not seen at all, becomes U+FFFD.
pub(crate) fn plain(text: &str) -> String {
    text.chars()
        .map(|character| {
            if misleads(character) {
                '\u{FFFD}'
            } else {
                character
            }
        })
        .collect()
}

fn misleads(character: char) -> bool {
    let white = matches!(character, '\n' | '\r' | '\t');
    let unseen = matches!(character,
        '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}');
    (character.is_control() && !white) || unseen
}
