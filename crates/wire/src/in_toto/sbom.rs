//! `https://cyclonedx.org/bom`: the predicate is the whole document; policy needs its counts alone.

use plimsoll_model::Sbom;
use serde_json::Value;

use crate::cyclonedx::GAPS_PROPERTY;

/// The counts of a CycloneDX document. A document that does not say how many gaps it has is refused:
/// it cannot be told from one that saw everything.
pub(super) fn read(document: &Value) -> Result<Sbom, String> {
    if document["bomFormat"] != "CycloneDX" {
        return Err("`bomFormat` is not CycloneDX".to_owned());
    }
    let components = match document.get("components") {
        None => 0,
        Some(Value::Array(components)) => components.len() as u64,
        Some(_) => return Err("`components` is not a list".to_owned()),
    };
    Ok(Sbom {
        components,
        gaps: gaps(document)?,
    })
}

fn gaps(document: &Value) -> Result<u64, String> {
    let missing =
        || format!("`metadata.properties` does not hold exactly one number `{GAPS_PROPERTY}`");
    let properties = document["metadata"]["properties"]
        .as_array()
        .ok_or_else(missing)?;
    let mut values = properties
        .iter()
        .filter(|property| property["name"] == GAPS_PROPERTY);
    match (values.next(), values.next()) {
        (Some(property), None) => property["value"]
            .as_str()
            .and_then(|value| value.parse().ok())
            .ok_or_else(missing),
        _ => Err(missing()),
    }
}
