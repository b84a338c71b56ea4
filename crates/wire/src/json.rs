use crate::Report;
use std::io::{self, Write};
pub(crate) fn write(_report: &Report, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b"{}\n")
}
