//! The columns of Resource Graph's tables.

use super::Table;

/// A column: its name as Azure spells it, and what its values are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) kind: ColumnKind,
}

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ColumnKind {
    /// Text; a row that has none gets an empty text.
    Text,
    /// Any JSON value; a row that has none gets `null`.
    Dynamic,
}

impl ColumnKind {
    /// The name that the table format gives it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Dynamic => "object",
        }
    }

    /// What stands for a missing value.
    pub(crate) fn missing(self) -> &'static str {
        match self {
            Self::Text => "\"\"",
            Self::Dynamic => "null",
        }
    }
}

const fn text(name: &'static str) -> Column {
    Column { name, kind: ColumnKind::Text }
}

const fn dynamic(name: &'static str) -> Column {
    Column { name, kind: ColumnKind::Dynamic }
}

/// All columns, in the order in which a query without `project` answers them. Both tables have
/// the same: containers leave most of them empty.
static COLUMNS: [Column; 16] = [
    text("id"),
    text("name"),
    text("type"),
    text("tenantId"),
    text("kind"),
    text("location"),
    text("resourceGroup"),
    text("subscriptionId"),
    text("managedBy"),
    dynamic("sku"),
    dynamic("plan"),
    dynamic("properties"),
    dynamic("tags"),
    dynamic("identity"),
    dynamic("zones"),
    dynamic("extendedLocation"),
];

/// The column of that name, whatever its case.
pub(crate) fn column(name: &str) -> Option<&'static Column> {
    COLUMNS.iter().find(|column| column.name.eq_ignore_ascii_case(name))
}

/// All columns of a table, in order.
pub(crate) fn columns_of(_table: Table) -> Vec<&'static Column> {
    COLUMNS.iter().collect()
}
