//! When requests go out: what `--pace` asks for.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use atg_core::{Pace, Unpaced};
use atg_perf::{FixedPace, QuotaPace};

use crate::options::{LimitsOption, Options};

/// What `--pace` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PaceOption {
    /// A mirror of the other side's quotas.
    Auto,
    /// At once.
    Unpaced,
    /// So many requests a second for each subscription.
    PerSecond(u32),
}

impl PaceOption {
    /// The pace that the options ask for; a service without limits has no quotas to mirror.
    pub(crate) fn of(options: &Options) -> Arc<dyn Pace> {
        let unlimited = !options.azure && options.limits == LimitsOption::None;
        match options.pace {
            Self::Auto if unlimited => Arc::new(Unpaced),
            Self::Auto => Arc::new(QuotaPace::new()),
            Self::Unpaced => Arc::new(Unpaced),
            Self::PerSecond(requests) => Arc::new(FixedPace::new(requests, 1)),
        }
    }
}

impl FromStr for PaceOption {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.parse()) {
            ("auto", _) => Ok(Self::Auto),
            ("none", _) => Ok(Self::Unpaced),
            (_, Ok(requests @ 1..=10_000)) => Ok(Self::PerSecond(requests)),
            _ => Err("auto, none, or a number of requests a second from 1 to 10000".to_owned()),
        }
    }
}

impl fmt::Display for PaceOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Unpaced => f.write_str("none"),
            Self::PerSecond(requests) => write!(f, "{requests}"),
        }
    }
}
