//! How many rows a batch holds: what `--batch` asks for.

use std::fmt;
use std::str::FromStr;

use atg_core::{BatchSizer, FixedSizes, GraphSink};
use atg_perf::StaticTable;

/// What `--batch` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Batch {
    /// The sink's own: a closed loop on rows a second.
    Auto,
    /// The published table.
    Static,
    /// So many rows, always.
    Rows(usize),
}

impl Batch {
    /// A sizer for one stretch of work into a sink.
    pub(crate) fn sizer(self, sink: &impl GraphSink) -> Box<dyn BatchSizer> {
        match self {
            Self::Auto => sink.sizer(),
            Self::Static => Box::new(StaticTable::default()),
            Self::Rows(rows) => Box::new(FixedSizes::new(rows, rows)),
        }
    }
}

impl FromStr for Batch {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.parse()) {
            ("auto", _) => Ok(Self::Auto),
            ("static", _) => Ok(Self::Static),
            (_, Ok(rows @ 1..=100_000)) => Ok(Self::Rows(rows)),
            _ => Err("auto, static, or a number of rows from 1 to 100000".to_owned()),
        }
    }
}

impl fmt::Display for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Static => f.write_str("static"),
            Self::Rows(rows) => write!(f, "{rows}"),
        }
    }
}
