//! The part of the Kusto query language that the simulated Resource Graph understands.

mod columns;
mod lexer;
mod parser;

pub(crate) use columns::{Column, column, columns_of};
pub(crate) use parser::parse;

/// Which of Resource Graph's tables a query reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Table {
    /// `resources`: everything that lies in a resource group, and the default.
    Resources,
    /// `resourcecontainers`: management groups, subscriptions and resource groups.
    Containers,
}

/// A query, understood.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Query {
    pub(crate) table: Table,
    pub(crate) filter: Filter,
    pub(crate) partition: Partition,
    pub(crate) descending: bool,
    /// The columns to answer with; `None` for all of them.
    pub(crate) columns: Option<Vec<&'static Column>>,
    pub(crate) limit: Option<u64>,
    pub(crate) summary: Option<Summary>,
}

/// What a row must have; all lists hold lower-case names unless the query compared exactly.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Filter {
    pub(crate) types: Option<Vec<String>>,
    pub(crate) subscriptions: Option<Vec<String>>,
}

impl Filter {
    /// Narrows the types to those in `allowed` as well.
    pub(crate) fn narrow_types(&mut self, allowed: Vec<String>) {
        narrow(&mut self.types, allowed);
    }

    /// Narrows the subscriptions to those in `allowed` as well.
    pub(crate) fn narrow_subscriptions(&mut self, allowed: Vec<String>) {
        narrow(&mut self.subscriptions, allowed);
    }
}

fn narrow(list: &mut Option<Vec<String>>, mut allowed: Vec<String>) {
    allowed.sort_unstable();
    allowed.dedup();
    match list {
        Some(names) => names.retain(|name| allowed.binary_search(name).is_ok()),
        None => *list = Some(allowed),
    }
}

/// One of `of` even parts of a table: the rows whose id hashes to `number` modulo `of`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Partition {
    pub(crate) of: u64,
    pub(crate) number: u64,
}

impl Partition {
    /// The whole table.
    pub(crate) const WHOLE: Self = Self { of: 1, number: 0 };
}

/// A count in place of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Summary {
    /// `summarize count()`: one row with the column `count_`.
    Summarize,
    /// `count`: one row with the column `Count`.
    Count,
}

impl Summary {
    /// The name of the one column.
    pub(crate) fn column(self) -> &'static str {
        match self {
            Self::Summarize => "count_",
            Self::Count => "Count",
        }
    }
}

/// Why a query is not understood, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ParseError {
    /// From 1.
    pub(crate) line: usize,
    /// From 0, in characters.
    pub(crate) position: usize,
    /// The token that does not belong there; `<EOF>` at the end.
    pub(crate) token: String,
}
