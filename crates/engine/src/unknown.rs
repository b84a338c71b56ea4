//! What this build does not understand of the history. An event of a later build may be the word against
//! whatever it names, so nothing is decided about that.

use plimsoll_model::{Digest, Key, OwnId, Reason, Service};
use plimsoll_policy::NOT_UNDERSTOOD;
use plimsoll_store::UnknownEvent;

/// The most events that one reason names.
const MAX_TOLD: usize = 3;

/// What a decision is about.
pub(crate) struct Matter<'a> {
    /// The release's service.
    pub(crate) service: &'a Service,
    /// The release.
    pub(crate) release: &'a OwnId,
    /// The environment that is to be entered, and the one that must come first.
    pub(crate) environments: Vec<&'a str>,
    /// The policy that decides.
    pub(crate) policy: Digest,
}

/// The kinds of keys by which an event is told to be about something else. A policy is none: what was
/// said under an older one may still hold.
const APART: [&str; 3] = [Key::SERVICE, Key::RELEASE, Key::ENVIRONMENT];

/// The reason against a decision, when an event that is not understood is about it.
pub(crate) fn reason_against(unknown: &[UnknownEvent], matter: &Matter<'_>) -> Option<Reason> {
    let keys = matter.keys();
    let bearing: Vec<String> = unknown
        .iter()
        .filter(|event| event.may_speak_against() && is_about(&event.keys, &keys))
        .map(ToString::to_string)
        .collect();
    if bearing.is_empty() {
        return None;
    }
    let mut message = bearing.get(..MAX_TOLD).unwrap_or(&bearing).join("; ");
    if bearing.len() > MAX_TOLD {
        message = format!("{message}; and {} more", bearing.len() - MAX_TOLD);
    }
    let message = format!("{message}: it may be the word against this");
    Some(NOT_UNDERSTOOD.reason("history", message))
}

impl Matter<'_> {
    /// What it is about and nothing else may share. Whatever this build writes about an environment names
    /// the service as well.
    pub(crate) fn own_keys(&self) -> [Key; 3] {
        [
            Key::service(self.service),
            Key::release(self.release),
            Key::policy(&self.policy),
        ]
    }

    fn keys(&self) -> Vec<Key> {
        let mut keys = self.own_keys().to_vec();
        let environments = self.environments.iter();
        keys.extend(environments.map(|name| Key::environment(name)));
        keys
    }
}

/// Whether an event names something of the matter, and nothing of the same kind that is not of it.
fn is_about(event: &[Key], matter: &[Key]) -> bool {
    let is_named = event.iter().any(|key| matter.contains(key));
    let is_apart = APART.iter().any(|kind| {
        let mut alike = event.iter().filter(|key| key.kind() == *kind).peekable();
        alike.peek().is_some() && !alike.any(|key| matter.contains(key))
    });
    is_named && !is_apart
}

#[cfg(test)]
mod tests {
    use plimsoll_model::{Digest, Key, OwnId};
    use plimsoll_store::{Kind, NotUnderstood, UnknownEvent};

    use super::{Matter, reason_against};

    #[test]
    fn an_event_is_about_what_it_names_and_not_about_what_stands_beside_it() {
        let shop = "shop".parse().unwrap();
        let release = OwnId::new("r1");
        let policy = Digest::of(b"policy");
        let matter = Matter {
            service: &shop,
            release: &release,
            environments: vec!["production", "staging"],
            policy,
        };
        let this_policy = Key::policy(&policy).to_string();
        for (keys, denies) in [
            (&["organization:default"][..], false),
            (&["organization:default", "service:shop"], true),
            (&["organization:default", "service:other"], false),
            (&["environment:production"], true),
            (&["environment:staging", "environment:moon"], true),
            (&["environment:moon"], false),
            (&["release:r1", "service:shop"], true),
            (&["release:r2", "service:shop"], false),
            (&["release:r1", "environment:moon"], false),
            (&["environment:production", "service:other"], false),
            (&["policy:sha256:00", "release:r1"], true),
            (&["policy:sha256:00"], false),
            (&[this_policy.as_str()], true),
            (&["cluster:eu", "sha256:00"], false),
            (&["cluster:eu", "service:shop"], true),
        ] {
            let event = UnknownEvent {
                seq: 7,
                kind: Kind::Unknown("release.recalled".to_owned()),
                keys: keys.iter().map(|key| key.parse().unwrap()).collect(),
                what: NotUnderstood::Kind,
            };
            let reason = reason_against(&[event], &matter);
            assert_eq!(reason.is_some(), denies, "{keys:?}");
            if let Some(reason) = reason {
                let message = &reason.message;
                assert!(
                    message.contains("event 7 is of the kind `release.recalled`"),
                    "{message}"
                );
            }
        }
    }
}
