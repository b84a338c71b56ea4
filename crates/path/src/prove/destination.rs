//! Where a deployment goes.

use crate::pipeline::Pipeline;
use crate::run::CommandRef;

/// The environment a deployment goes to: the job's own word, else a guess from names; empty when
/// nothing tells.
pub(crate) fn name_environment(pipeline: &Pipeline, deployment: &CommandRef) -> String {
    let Some((job, step, command)) = pipeline.command(deployment) else {
        return String::new();
    };
    if let Some(stated) = &job.environment {
        return stated.clone();
    }
    let names = [
        Some(&job.id),
        job.name.as_ref(),
        step.name.as_ref(),
        Some(&command.label),
    ];
    let text = names
        .into_iter()
        .flatten()
        .map(|name| name.to_lowercase())
        .collect::<Vec<_>>()
        .join(" ");
    let words: Vec<&str> = text
        .split(|char: char| !char.is_ascii_alphanumeric())
        .collect();
    let table = [
        ("production", &["prod", "production", "live"][..]),
        ("staging", &["staging", "stage", "stg"]),
        ("preview", &["preview", "previews"]),
        ("development", &["dev", "development"]),
        ("test", &["qa", "uat"]),
    ];
    let guess = table
        .iter()
        .find(|(_, signs)| signs.iter().any(|sign| words.contains(sign)));
    guess.map_or_else(String::new, |(name, _)| (*name).to_owned())
}
