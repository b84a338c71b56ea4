use std::collections::BTreeMap;
use std::fmt;

use jiff::SignedDuration;
use plimsoll_model::{Inspector, Threshold};
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};

use crate::Mode;

/// What may not pass, for each inspector of this build.
#[derive(Clone, Debug, Default)]
pub struct Gate {
    /// What `[gate]` states, by gate key.
    pub(crate) stated: BTreeMap<String, StatedRule>,
    /// What holds, by the inspector's id.
    rules: BTreeMap<&'static str, GateRule>,
    /// The rows of the inspectors, in the order of their register.
    inspectors: Vec<&'static Inspector>,
}

/// One gate, with what the policy leaves out filled in from the inspector's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateRule {
    /// From which severity on it denies.
    pub fail_on: Threshold,
    /// Whether a finding that nobody has fixed yet passes.
    pub only_fixed: bool,
    /// How many days old the data may be that the inspector judges by; `None` when there is no such
    /// data.
    pub max_age_days: Option<u32>,
    /// What it does with what it finds.
    pub mode: Mode,
}

/// One gate as it is written: `"high"`, or a table of which each key may be absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct StatedTable {
    fail_on: Option<Threshold>,
    only_fixed: Option<bool>,
    max_age_days: Option<u32>,
    mode: Option<Mode>,
}

/// What one key of `[gate]` states.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct StatedRule(StatedTable);

/// A rule for findings of an inspector that this build does not have: everything denies.
static STRANGER: GateRule = GateRule {
    fail_on: Threshold::Any,
    only_fixed: false,
    max_age_days: Some(0),
    mode: Mode::Enforce,
};

impl Gate {
    /// The rule for the inspector with this id.
    pub fn rule(&self, inspector: &str) -> &GateRule {
        self.rules.get(inspector).unwrap_or(&STRANGER)
    }

    /// The inspectors that it judges, each with its rule, in the order of their register.
    pub fn rules(&self) -> impl Iterator<Item = (&'static Inspector, &GateRule)> {
        self.inspectors
            .iter()
            .map(|inspector| (*inspector, self.rule(inspector.id)))
    }

    /// Fills in what the policy leaves out.
    pub(crate) fn resolve(&mut self, inspectors: &[&'static Inspector]) {
        self.inspectors = inspectors.to_vec();
        let rules = inspectors.iter().map(|inspector| {
            let default = GateRule {
                fail_on: inspector.default_gate,
                only_fixed: false,
                max_age_days: inspector.ages.as_ref().map(|ages| ages.default_max_days),
                mode: Mode::Enforce,
            };
            let rule = match self.stated.get(inspector.gate_key) {
                Some(stated) => stated.over(&default),
                None => default,
            };
            (inspector.id, rule)
        });
        self.rules = rules.collect();
    }

    /// This gate with whatever another policy states that is stricter.
    pub(crate) fn tightened_by(&self, other: &Self) -> Self {
        let mut tightened = self.clone();
        for inspector in &self.inspectors {
            if let Some(stated) = other.stated.get(inspector.gate_key)
                && let Some(rule) = tightened.rules.get_mut(inspector.id)
            {
                *rule = stated.tighten(rule);
            }
        }
        tightened
    }
}

impl GateRule {
    /// How old the data may be that the inspector judges by, when a tree is checked and when a release
    /// is let in; `None` when there is no such data.
    pub fn max_age(&self) -> Option<SignedDuration> {
        self.max_age_days
            .map(|days| SignedDuration::from_hours(24 * i64::from(days)))
    }
}

impl StatedRule {
    /// Whether it says how old data may be.
    pub(crate) fn states_max_age(&self) -> bool {
        self.0.max_age_days.is_some()
    }

    /// The rule with all that is stated in place of what it says.
    fn over(&self, rule: &GateRule) -> GateRule {
        let stated = &self.0;
        GateRule {
            fail_on: stated.fail_on.unwrap_or(rule.fail_on),
            only_fixed: stated.only_fixed.unwrap_or(rule.only_fixed),
            max_age_days: stated.max_age_days.or(rule.max_age_days),
            mode: stated.mode.clone().unwrap_or_else(|| rule.mode.clone()),
        }
    }

    /// The rule, stricter wherever what is stated is; what is left out asks for nothing.
    fn tighten(&self, rule: &GateRule) -> GateRule {
        let stated = self.over(rule);
        GateRule {
            fail_on: rule.fail_on.stricter(stated.fail_on),
            only_fixed: rule.only_fixed && stated.only_fixed,
            max_age_days: rule.max_age_days.min(stated.max_age_days),
            mode: rule.mode.stricter(&stated.mode),
        }
    }
}

impl<'de> Deserialize<'de> for Gate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stated = BTreeMap::deserialize(deserializer)?;
        Ok(Self {
            stated,
            ..Self::default()
        })
    }
}

impl<'de> Deserialize<'de> for StatedRule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RuleVisitor)
    }
}

struct RuleVisitor;

impl<'de> Visitor<'de> for RuleVisitor {
    type Value = StatedRule;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "any, low, medium, high, critical, off, or a table { fail_on, only_fixed, max_age_days, mode }",
        )
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<StatedRule, E> {
        Ok(StatedRule(StatedTable {
            fail_on: Some(Threshold::deserialize(StrDeserializer::new(text))?),
            ..StatedTable::default()
        }))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<StatedRule, A::Error> {
        StatedTable::deserialize(MapAccessDeserializer::new(map)).map(StatedRule)
    }
}
