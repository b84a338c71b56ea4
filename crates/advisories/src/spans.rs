//! The events of one range, turned into the spans of versions they mean (OSV schema 1.7,
//! "Evaluation").

use plimsoll_model::{EcosystemRules, VersionKey};

use crate::record::Event;

/// A version that a record names, with its place in the order.
#[derive(Clone, Debug)]
pub(crate) struct Point<'a> {
    /// As it is written.
    pub(crate) text: &'a str,
    /// Its place.
    pub(crate) version: VersionKey,
}

impl<'a> Point<'a> {
    /// Reads a version, or `None` when it has no place in the order.
    pub(crate) fn read(rules: &EcosystemRules, text: &'a str) -> Option<Self> {
        Some(Self {
            text,
            version: rules.key(text)?,
        })
    }
}

/// An unbroken run of affected versions.
#[derive(Clone, Debug)]
pub(crate) struct Span<'a> {
    /// The first affected version; `None` reaches back to the beginning.
    pub(crate) start: Option<Point<'a>>,
    /// Where it ends.
    pub(crate) end: End<'a>,
}

/// Where a span ends.
#[derive(Clone, Debug)]
pub(crate) enum End<'a> {
    /// It does not.
    Never,
    /// Just before a version that fixes the flaw.
    Fixed(Point<'a>),
    /// Just before a version that the record says nothing more about.
    Limit(Point<'a>),
    /// With this version, the last one that is affected.
    Last(Point<'a>),
}

impl<'a> End<'a> {
    /// The version at which it ends.
    pub(crate) fn point(&self) -> Option<&Point<'a>> {
        match self {
            Self::Never => None,
            Self::Fixed(point) | Self::Limit(point) | Self::Last(point) => Some(point),
        }
    }
}

impl Span<'_> {
    /// Whether the version lies in the span.
    pub(crate) fn contains(&self, version: &VersionKey) -> bool {
        let started = self
            .start
            .as_ref()
            .is_none_or(|start| start.version <= *version);
        started
            && match &self.end {
                End::Never => true,
                End::Fixed(point) | End::Limit(point) => *version < point.version,
                End::Last(point) => *version <= point.version,
            }
    }
}

/// The spans that the events of one range mean, in order; `None` when a version in it has no place
/// in the order. Events at equal versions act in the order in which they are written.
pub(crate) fn spans<'a>(rules: &EcosystemRules, events: &'a [Event]) -> Option<Vec<Span<'a>>> {
    let turns = turns(rules, events)?;
    let limit = limit(rules, events)?;
    let mut spans = Vec::new();
    let mut open: Option<Option<Point<'_>>> = starts_affected(events).then_some(None);
    for turn in turns {
        let is_fix = matches!(turn.at, Some(At::Fixed));
        if limit.as_ref().is_some_and(|limit| {
            limit.version < turn.point.version || (limit.version == turn.point.version && !is_fix)
        }) {
            break;
        }
        // What happens at the version itself comes before what happens just after it.
        if let Some(at) = turn.at {
            match (at, open.take()) {
                (At::Introduced, None) => open = Some(Some(turn.point.clone())),
                (At::Introduced, Some(start)) => open = Some(start),
                (At::Fixed, Some(start)) => spans.push(Span {
                    start,
                    end: End::Fixed(turn.point.clone()),
                }),
                (At::Fixed, None) => {}
            }
        }
        if turn.ends_after
            && let Some(start) = open.take()
        {
            spans.push(Span {
                start,
                end: End::Last(turn.point),
            });
        }
    }
    if let Some(start) = open {
        spans.push(Span {
            start,
            end: limit.map_or(End::Never, End::Limit),
        });
    }
    Some(spans)
}

/// All that happens at one version.
struct Turn<'a> {
    point: Point<'a>,
    /// The last event that takes effect at the version itself.
    at: Option<At>,
    /// Whether the versions just after it are not affected, by the last event of all.
    ends_after: bool,
}

#[derive(Clone, Copy)]
enum At {
    Introduced,
    Fixed,
}

fn starts_affected(events: &[Event]) -> bool {
    events
        .iter()
        .any(|event| matches!(event, Event::Introduced(version) if version == "0"))
}

fn turns<'a>(rules: &EcosystemRules, events: &'a [Event]) -> Option<Vec<Turn<'a>>> {
    let mut read = Vec::with_capacity(events.len());
    for event in events {
        let (text, at) = match event {
            Event::Introduced(text) if text == "0" => continue,
            Event::Introduced(text) => (text, Some(At::Introduced)),
            Event::Fixed(text) => (text, Some(At::Fixed)),
            Event::LastAffected(text) => (text, None),
            Event::Limit(_) => continue,
        };
        read.push((Point::read(rules, text)?, at));
    }
    read.sort_by(|(left, _), (right, _)| left.version.cmp(&right.version));
    let mut turns: Vec<Turn<'_>> = Vec::with_capacity(read.len());
    for (point, at) in read {
        let ends_after = at.is_none();
        match turns
            .last_mut()
            .filter(|turn| turn.point.version == point.version)
        {
            Some(turn) => {
                turn.at = at.or(turn.at);
                turn.ends_after = ends_after;
            }
            None => turns.push(Turn {
                point,
                at,
                ends_after,
            }),
        }
    }
    Some(turns)
}

/// The greatest limit, because a version below any of them is meant. The outer `None` is a limit
/// without a place in the order.
#[expect(
    clippy::option_option,
    reason = "no limit and an unreadable limit are different answers"
)]
fn limit<'a>(rules: &EcosystemRules, events: &'a [Event]) -> Option<Option<Point<'a>>> {
    let mut greatest: Option<Point<'_>> = None;
    let mut unlimited = false;
    for event in events {
        let Event::Limit(text) = event else { continue };
        if text == "*" {
            unlimited = true;
            continue;
        }
        let point = Point::read(rules, text)?;
        if greatest
            .as_ref()
            .is_none_or(|greatest| greatest.version < point.version)
        {
            greatest = Some(point);
        }
    }
    Some(greatest.filter(|_| !unlimited))
}
