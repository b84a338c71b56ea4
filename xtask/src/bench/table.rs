use std::io::Write;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Serialize;

use super::measure::Spread;

/// What was measured and what was skipped.
#[derive(Default, Serialize)]
pub(super) struct Figures {
    rows: Vec<Row>,
    skipped: Vec<Skipped>,
}

/// Two sides that took turns.
#[derive(Serialize)]
pub(super) struct Row {
    name: String,
    ours: Taken,
    peer: Taken,
    /// The peer's time over ours, pair by pair: above 1, ours is faster.
    times_as_fast: Spread,
    note: String,
}

/// What one side took, in milliseconds.
#[derive(Serialize)]
pub(super) struct Taken {
    label: String,
    ms: Spread,
}

#[derive(Serialize)]
struct Skipped {
    row: String,
    peer: String,
    because: String,
}

/// One side's name and the milliseconds of its runs.
pub(super) type Times<'a> = (&'a str, &'a [f64]);

impl Figures {
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Takes in the runs of two sides.
    pub(super) fn add(
        &mut self,
        name: &str,
        ours: Times<'_>,
        peer: Times<'_>,
        note: impl Into<String>,
    ) {
        let ratios = ours
            .1
            .iter()
            .zip(peer.1)
            .map(|(ours, theirs)| theirs / ours)
            .collect();
        let taken = |(label, ms): Times<'_>| Taken {
            label: label.to_owned(),
            ms: Spread::of(ms.to_vec()),
        };
        self.rows.push(Row {
            name: name.to_owned(),
            ours: taken(ours),
            peer: taken(peer),
            times_as_fast: Spread::of(ratios),
            note: note.into(),
        });
    }

    /// Takes in that a comparison could not be made.
    pub(super) fn skip(&mut self, row: &str, peer: &str, because: &str) {
        self.skipped.push(Skipped {
            row: row.to_owned(),
            peer: peer.to_owned(),
            because: because.to_owned(),
        });
    }

    /// The skipped comparisons in one line.
    pub(super) fn skips(&self) -> String {
        let said = self
            .skipped
            .iter()
            .map(|skip| format!("{} beside {} ({})", skip.row, skip.peer, skip.because));
        said.collect::<Vec<_>>().join(", ")
    }

    pub(super) fn write_table(&self, out: &mut dyn Write) -> Result<()> {
        self.write_lines(out).context("cannot write the table")
    }

    fn write_lines(&self, out: &mut dyn Write) -> std::io::Result<()> {
        writeln!(
            out,
            "milliseconds: min / median / max; above 1× ours is faster\n"
        )?;
        for row in &self.rows {
            let ratio = row.times_as_fast;
            writeln!(
                out,
                "{}  {:.2}× ({:.2}–{:.2})  {}",
                row.name, ratio.median, ratio.min, ratio.max, row.note
            )?;
            for side in [&row.ours, &row.peer] {
                writeln!(
                    out,
                    "    {:<28} {:>9.1} / {:>9.1} / {:>9.1}",
                    side.label, side.ms.min, side.ms.median, side.ms.max
                )?;
            }
        }
        for skip in &self.skipped {
            writeln!(
                out,
                "SKIPPED: {} beside {}, because {}",
                skip.row, skip.peer, skip.because
            )?;
        }
        Ok(())
    }

    pub(super) fn write_json(&self, file: &Path) -> Result<()> {
        let mut text =
            serde_json::to_string_pretty(self).context("cannot write the figures as JSON")?;
        text.push('\n');
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("cannot make {}", folder.display()))?;
        }
        std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::Figures;

    #[test]
    fn the_table_shows_the_ratio_of_pairs_and_every_skip() {
        let mut figures = Figures::default();
        figures.add(
            "start",
            ("plimsoll", &[1.0, 2.0]),
            ("peer 1.0", &[10.0, 10.0]),
            "",
        );
        figures.skip("secrets", "gitleaks", "it is not on the PATH");
        let mut out = Vec::new();
        figures.write_table(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("start  7.50× (5.00–10.00)"), "{text}");
        assert!(
            text.contains("SKIPPED: secrets beside gitleaks, because it is not on the PATH"),
            "{text}"
        );
    }
}
