//! Resource Graph's older format: a table of columns and rows.

use super::ScanError;
use super::item::{Column, Pass};
use super::json::Str;
use crate::rules::NodeId;

/// A column of the table: the member that it is of every row.
#[derive(Debug, Clone, Copy)]
pub(super) struct TableColumn {
    key: Str,
    column: Column,
    node: NodeId,
}

impl Pass<'_, '_> {
    /// Reads `{"columns": […], "rows": […]}`, in whichever order; true where it is a table.
    pub(super) fn table(&mut self) -> Result<bool, ScanError> {
        self.walker.cursor.bump();
        self.buffers.table.clear();
        let (mut first, mut is_table, mut rows_at) = (true, false, None);
        while let Some(key) = self.walker.cursor.next_member(&mut first)? {
            let name = self.walker.cursor.decoded(key);
            match (&*name, self.walker.cursor.peek()) {
                ("columns", b'[') => {
                    self.columns()?;
                    is_table = true;
                }
                ("rows", b'[') if is_table => self.rows()?,
                ("rows", b'[') => rows_at = Some(self.walker.plain()?.start),
                _ => drop(self.walker.plain()?),
            }
        }
        if let Some(start) = rows_at.filter(|_| is_table) {
            let rows = self.walker.cursor.at(start);
            let rest = std::mem::replace(&mut self.walker.cursor, rows);
            self.rows()?;
            self.walker.cursor = rest;
        }
        Ok(is_table)
    }

    fn columns(&mut self) -> Result<(), ScanError> {
        self.walker.cursor.bump();
        self.buffers.table.clear();
        let mut first = true;
        while self.walker.cursor.next_element(&mut first)? {
            let key = self.column_name()?;
            let name = self.walker.cursor.decoded(key);
            let node = self.walker.child(NodeId::ROOT, key);
            self.buffers.table.push(TableColumn { key, column: Column::of(&name, true), node });
        }
        Ok(())
    }

    /// The name in `{"name": …, "type": …}`; empty where there is none.
    fn column_name(&mut self) -> Result<Str, ScanError> {
        let mut name = Str::default();
        if self.walker.cursor.peek() != b'{' {
            self.walker.plain()?;
            return Ok(name);
        }
        self.walker.cursor.bump();
        let mut first = true;
        while let Some(key) = self.walker.cursor.next_member(&mut first)? {
            let is_name = self.walker.cursor.decoded(key) == "name";
            let value = self.walker.plain()?;
            if is_name && self.walker.cursor.byte(value.start) == b'"' {
                name = value.as_string();
            }
        }
        Ok(name)
    }

    fn rows(&mut self) -> Result<(), ScanError> {
        self.restart_items();
        self.walker.cursor.bump();
        let mut first = true;
        while self.walker.cursor.next_element(&mut first)? {
            if self.walker.cursor.peek() == b'[' {
                self.row()?;
            } else {
                self.walker.plain()?;
                self.skip(None, "it is not a row of the table");
            }
            self.items += 1;
        }
        Ok(())
    }

    fn row(&mut self) -> Result<(), ScanError> {
        self.walker.cursor.bump();
        let mut item = self.begin();
        let (mut first, mut at) = (true, 0);
        while self.walker.cursor.next_element(&mut first)? {
            match self.buffers.table.get(at).copied() {
                Some(TableColumn { key, column, node }) => {
                    self.member(&mut item, key, column, node)?;
                }
                None => drop(self.walker.plain()?),
            }
            at += 1;
        }
        if at == self.buffers.table.len() {
            self.finish(&item);
        } else {
            self.skip(None, "its row has not one value a column");
        }
        self.end(&item);
        Ok(())
    }
}
