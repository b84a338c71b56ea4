use std::convert::Infallible;

use plimsoll_model::{Inspector, Over, Threshold, TreePath};
use plimsoll_source::{Claim, Conclusion, File, Files, Inspect, Site, Trees};
use serde::Deserialize;

use crate::inspect::{Facts, claims, conclude, extract};
use crate::{gaps, rules};

/// The inspector of the release path.
#[derive(Debug)]
pub struct ReleasePath;

static INSPECTOR: Inspector = Inspector {
    id: "path",
    gate_key: "path",
    title: "gates of the release path that can be gone around",
    over: Over::Tree,
    default_gate: Threshold::High,
    ages: None,
    lists_components: false,
    required_by_default: false,
    semantics: 5,
    accepts_from: 5,
    settings: None,
    rules: rules::docs,
    family: None,
    gaps: &[&gaps::GAPS],
};

/// It has no table in the policy.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoTable {}

impl Inspect for ReleasePath {
    type Table = NoTable;
    type Settings = ();
    type Refusal = Infallible;
    type Facts = Facts;
    type Inputs = ();

    fn about(&self) -> &'static Inspector {
        &INSPECTOR
    }

    fn prepare(&self, _: NoTable, _: Option<u32>, _: &Site<'_>) -> Result<(), Infallible> {
        Ok(())
    }

    fn claims(&self, path: &TreePath, (): &()) -> Option<Claim> {
        claims(path).then_some(Claim::Named { utf16: false })
    }

    fn extract(&self, file: &File<'_>, (): &()) -> Facts {
        extract(file)
    }

    fn judges(&self, facts: &Facts) -> bool {
        facts.is_pipeline()
    }

    fn gather(&self, _: &Trees<Facts>, (): &(), _: &Site<'_>, _: &dyn Files) {}

    fn conclude(&self, facts: &Trees<Facts>, (): &(), _: Option<&()>) -> Conclusion {
        facts.conclude_each(conclude).into()
    }
}
