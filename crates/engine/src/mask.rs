//! The last line of defence: text that quotes what somebody else wrote, with every credential in it
//! masked before it is shown or signed.

use plimsoll_model::{Address, Masks, Span, TreePath};
use plimsoll_secrets::Rules;
use plimsoll_source::File;

/// The text with every credential that the built-in rules know replaced by asterisks.
pub fn masked(text: &str) -> String {
    let address = Address::new(TreePath::new("text"));
    let none = Masks::default();
    let masks = Rules::builtin()
        .extract(&File::text(&address, text, &none))
        .masks();
    masks
        .show(text, Span::new(0, text.len()), Span::new(0, 0))
        .0
}
