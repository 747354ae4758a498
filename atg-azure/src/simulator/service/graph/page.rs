//! Writing a page: rows as objects or as a table, up to the bound of bytes.

use std::fmt::Write as _;

use super::super::answer::quoted;
use super::super::query::{Column, Table, columns_of};
use super::body::Format;
use super::members::members;
use crate::simulator::tenant::{Face, Tenant};

/// What an answer's end needs beside the rows: facets, the quirk, the token.
const TAIL: usize = 256;

/// How a page is written.
#[derive(Debug)]
pub(super) struct PageWriter<'a> {
    pub(super) tenant: &'a Tenant,
    pub(super) table: Table,
    pub(super) columns: Option<&'a [&'static Column]>,
    pub(super) format: Format,
    /// The most bytes of an answer; one row is always written.
    pub(super) most_bytes: usize,
}

/// A page written: the body up to the end of `data`, and how many rows are in it.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) body: String,
    pub(super) rows: u64,
}

impl PageWriter<'_> {
    /// Writes as many of the rows as the bound of bytes admits.
    pub(super) fn write(&self, total: u64, rows: &[u32]) -> Written {
        let mut body = String::with_capacity(TAIL + rows.len() * self.expected_row());
        let _ = write!(body, "{{\"totalRecords\":{total},\"count\":");
        let count_at = body.len();
        body.push_str(",\"data\":");
        let columns = self.columns.map_or_else(|| columns_of(self.table), <[_]>::to_vec);
        self.open(&columns, &mut body);
        let (mut written, mut scratch) = (0, String::new());
        for row in rows {
            let before = body.len();
            if written > 0 {
                body.push(',');
            }
            self.write_row(*row, &columns, &mut scratch, &mut body);
            if written > 0 && body.len() + TAIL > self.most_bytes {
                body.truncate(before);
                break;
            }
            written += 1;
        }
        body.push_str(if self.format == Format::Table { "]}" } else { "]" });
        body.insert_str(count_at, &written.to_string());
        Written { body, rows: written }
    }

    fn expected_row(&self) -> usize {
        self.columns.map_or(1_900, |columns| {
            columns.iter().map(|column| if column.name == "properties" { 1_200 } else { 100 }).sum()
        })
    }

    fn open(&self, columns: &[&Column], body: &mut String) {
        if self.format == Format::Objects {
            body.push('[');
            return;
        }
        body.push_str("{\"columns\":[");
        for (at, column) in columns.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            let (name, kind) = (quoted(column.name), column.kind.name());
            let _ = write!(body, "{comma}{{\"name\":{name},\"type\":\"{kind}\"}}");
        }
        body.push_str("],\"rows\":[");
    }

    fn write_row(&self, row: u32, columns: &[&Column], scratch: &mut String, body: &mut String) {
        if self.format == Format::Objects && self.columns.is_none() {
            self.write_record(row, body);
            return;
        }
        scratch.clear();
        self.write_record(row, scratch);
        let record: Vec<_> = members(scratch).collect();
        let table = self.format == Format::Table;
        body.push(if table { '[' } else { '{' });
        for (at, column) in columns.iter().enumerate() {
            if at > 0 {
                body.push(',');
            }
            if !table {
                body.extend(["\"", column.name, "\":"]);
            }
            let value = record.iter().find(|(name, _)| *name == column.name);
            body.push_str(value.map_or(column.kind.missing(), |(_, value)| value));
        }
        body.push(if table { ']' } else { '}' });
    }

    fn write_record(&self, row: u32, out: &mut String) {
        let row = u64::from(row);
        match self.table {
            Table::Resources => self.tenant.write_resource(row, Face::ResourceGraph, out),
            Table::Containers => self.tenant.write_container(row, Face::ResourceGraph, out),
        }
    }
}
