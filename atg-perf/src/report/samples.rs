//! [`Samples`]: values measured several times, and what they are measures of.

use serde::{Deserialize, Serialize};

/// What a number measures; with that, whether less or more of it is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Quantity {
    /// A time in seconds: less is better.
    #[default]
    Seconds,
    /// Something a second: more is better.
    PerSecond,
    /// An amount of memory or data in bytes: less is better.
    Bytes,
    /// A number of things that cost something, such as requests: fewer is better.
    Count,
}

impl Quantity {
    /// Whether a larger value is the better one.
    pub fn more_is_better(self) -> bool {
        self == Self::PerSecond
    }
}

/// Values of one quantity, measured several times within a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Samples {
    /// What they measure.
    pub quantity: Quantity,
    /// The values, in the order they were measured.
    #[serde(deserialize_with = "finite_or_nan")]
    pub values: Vec<f64>,
}

impl Samples {
    /// These values of this quantity.
    pub fn new(quantity: Quantity, values: impl Into<Vec<f64>>) -> Self {
        Self { quantity, values: values.into() }
    }
}

fn finite_or_nan<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
    let values = Vec::<Option<f64>>::deserialize(deserializer)?;
    Ok(values.into_iter().map(|value| value.unwrap_or(f64::NAN)).collect())
}
