//! [`Limit`]: what a benchmark is to keep to.

use std::fmt;

/// A limit, and what was measured.
#[derive(Debug)]
pub struct Limit {
    what: &'static str,
    measured: Option<f64>,
    bound: Bound,
    unit: &'static str,
}

#[derive(Debug)]
enum Bound {
    Least(f64),
    Most(f64),
}

impl Limit {
    /// What is measured must be this at least.
    pub fn least(
        what: &'static str,
        measured: Option<f64>,
        bound: f64,
        unit: &'static str,
    ) -> Self {
        Self { what, measured, bound: Bound::Least(bound), unit }
    }

    /// What is measured must be this at the most.
    pub fn most(what: &'static str, measured: Option<f64>, bound: f64, unit: &'static str) -> Self {
        Self { what, measured, bound: Bound::Most(bound), unit }
    }

    /// Whether it was measured and kept.
    pub fn is_met(&self) -> bool {
        self.measured.is_some_and(|measured| match self.bound {
            Bound::Least(bound) => measured >= bound,
            Bound::Most(bound) => measured <= bound,
        })
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, bound) = match self.bound {
            Bound::Least(bound) => ("≥", bound),
            Bound::Most(bound) => ("≤", bound),
        };
        write!(f, "{}: {sign} {bound} {}: ", self.what, self.unit)?;
        let Some(measured) = self.measured else { return write!(f, "not measured") };
        write!(f, "{measured:.2}, {}", if self.is_met() { "met" } else { "MISSED" })
    }
}
