//! One item: which of its members are columns, and which are kept as they are.

use std::collections::HashMap;

use atg_core::{Skipped, Text};
use foldhash::fast::RandomState;

use super::ScanError;
use super::arena::PageText;
use super::finish::Draft;
use super::intern::Interned;
use super::json::Str;
use super::references::DraftReference;
use super::table::TableColumn;
use super::walk::{Raw, Walker};
use crate::rules::NodeId;

/// What a member of an item is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Id,
    Name,
    Type,
    Location,
    Kind,
    Sku,
    Tags,
    Properties,
    TenantId,
    /// Kept as it is.
    Other,
    /// Known from the id: what Resource Graph adds to it.
    Redundant,
}

impl Column {
    const KEPT: usize = Self::Other as usize;

    /// The column that a member is; `graph` for items of Resource Graph.
    #[inline]
    pub(super) fn of(name: &str, graph: bool) -> Self {
        match name {
            "id" => Self::Id,
            "name" => Self::Name,
            "type" => Self::Type,
            "location" => Self::Location,
            "kind" => Self::Kind,
            "sku" => Self::Sku,
            "tags" => Self::Tags,
            "properties" => Self::Properties,
            "tenantId" => Self::TenantId,
            "subscriptionId" | "resourceGroup" if graph => Self::Redundant,
            _ => Self::Other,
        }
    }

    /// Whether a value that starts with `first` can be this column.
    fn takes(self, first: u8) -> bool {
        match self {
            Self::Id | Self::Sku | Self::Properties => true,
            Self::Name | Self::Type | Self::Location | Self::Kind | Self::TenantId => first == b'"',
            Self::Tags => first == b'{',
            Self::Other | Self::Redundant => false,
        }
    }
}

/// A member that is kept as it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member {
    pub(super) key: Str,
    pub(super) value: Raw,
}

/// An item while its members are read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Item {
    columns: [Raw; Column::KEPT],
    pub(super) too_deep: bool,
    /// Where the item's own part of the shared buffers starts.
    pub(super) members_from: usize,
    pub(super) candidates_from: usize,
    pub(super) steps_from: usize,
}

impl Item {
    /// The value of a column; empty where the item has none.
    pub(super) fn column(&self, column: Column) -> Raw {
        self.columns.get(column as usize).copied().unwrap_or_default()
    }

    fn set(&mut self, column: Column, value: Raw) {
        if let Some(slot) = self.columns.get_mut(column as usize) {
            *slot = value;
        }
    }
}

/// What a pass fills; kept from page to page.
#[derive(Debug, Default)]
pub(super) struct ItemBuffers {
    pub(super) members: Vec<Member>,
    pub(super) drafts: Vec<Draft>,
    pub(super) references: Vec<DraftReference>,
    pub(super) table: Vec<TableColumn>,
    /// Hashes of the current item's references, and the first reference with the hash.
    pub(super) seen: HashMap<u64, usize, RandomState>,
    pub(super) path: String,
}

impl ItemBuffers {
    /// Forgets all items, not the current table's columns.
    pub(super) fn clear_items(&mut self) {
        self.drafts.clear();
        self.references.clear();
    }
}

/// One pass over one answer.
#[derive(Debug)]
pub(super) struct Pass<'p, 'b> {
    pub(super) walker: Walker<'p, 'b>,
    pub(super) buffers: &'b mut ItemBuffers,
    pub(super) interned: &'b mut Interned,
    pub(super) answer: &'p Text,
    pub(super) text: PageText<'p>,
    pub(super) skipped: Vec<Skipped>,
    pub(super) items: usize,
}

impl<'p, 'b> Pass<'p, 'b> {
    pub(super) fn new(
        walker: Walker<'p, 'b>,
        buffers: &'b mut ItemBuffers,
        interned: &'b mut Interned,
        answer: &'p Text,
        arena_capacity: usize,
    ) -> Self {
        buffers.members.clear();
        buffers.table.clear();
        buffers.clear_items();
        let text = PageText::new(answer, arena_capacity);
        Self { walker, buffers, interned, answer, text, skipped: Vec::new(), items: 0 }
    }

    /// Starts an item.
    pub(super) fn begin(&self) -> Item {
        Item {
            members_from: self.buffers.members.len(),
            candidates_from: self.walker.buffers.candidates.len(),
            steps_from: self.walker.buffers.steps.len(),
            ..Item::default()
        }
    }

    /// Forgets what an item put into the shared buffers.
    pub(super) fn end(&mut self, item: &Item) {
        self.buffers.members.truncate(item.members_from);
        self.walker.buffers.candidates.truncate(item.candidates_from);
        self.walker.buffers.steps.truncate(item.steps_from);
    }

    /// Reads the value of a member whose key and place in the rules are known.
    #[inline]
    pub(super) fn member(
        &mut self,
        item: &mut Item,
        key: Str,
        column: Column,
        node: NodeId,
    ) -> Result<Raw, ScanError> {
        let value = match column {
            Column::Id | Column::Redundant => self.walker.plain()?,
            _ => self.walker.member(key, node)?,
        };
        item.too_deep |= std::mem::take(&mut self.walker.too_deep);
        let first = self.walker.cursor.byte(value.start);
        if first == b'n' {
            item.set(column, Raw::default());
        } else if column.takes(first) {
            item.set(column, value);
        } else if column != Column::Redundant {
            if column == Column::Name {
                item.set(column, value);
            }
            if first != b'{' || value.compact_length() > 2 {
                self.buffers.members.push(Member { key, value });
            }
        }
        Ok(value)
    }
}
