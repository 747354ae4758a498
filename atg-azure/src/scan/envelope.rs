//! The outermost object: which shape the answer has, its items, and where it goes on.

use super::item::{Column, Item, Pass};
use super::json::Str;
use super::walk::Raw;
use super::{ScanError, Shape};
use crate::rules::NodeId;

/// What the outermost object says.
#[derive(Debug, Default)]
pub(super) struct Envelope {
    /// The shape that the last list of items has, where there is one.
    items: Option<Shape>,
    /// A `data` that is an object, but no table.
    other_data: bool,
    error: Raw,
    code: Raw,
    message: Raw,
    next_link: Raw,
    skip_token: Raw,
    total_records: Raw,
    result_truncated: Raw,
}

/// How the answer was understood.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) shape: Shape,
    pub(super) next_link: Option<String>,
    pub(super) skip_token: Option<String>,
    pub(super) total_records: Option<u64>,
    pub(super) result_truncated: Option<bool>,
}

impl Pass<'_, '_> {
    /// Reads the whole answer. `None` where it has an envelope's members and turns out to be a
    /// resource; it is then to be read again with `envelope` false.
    pub(super) fn page(&mut self, envelope: bool) -> Result<Option<Outcome>, ScanError> {
        self.walker.cursor.space();
        self.walker.cursor.expect(b'{', "it does not start with a brace")?;
        let (mut item, mut found, mut first) = (self.begin(), Envelope::default(), true);
        while let Some(key) = self.walker.cursor.next_member(&mut first)? {
            let name = self.walker.cursor.decoded(key);
            if envelope && self.item_list(&name, &mut found)? {
                continue;
            }
            let column = Column::of(&name, false);
            let node = self.walker.child(NodeId::ROOT, key);
            let value = self.member(&mut item, key, column, node)?;
            found.note(&name, self.walker.cursor.byte(value.start), value);
        }
        self.walker.cursor.end()?;
        Ok(self.conclude(&item, &found))
    }

    /// Reads a member that holds the answer's items; false, and nothing taken, for others.
    fn item_list(&mut self, name: &str, found: &mut Envelope) -> Result<bool, ScanError> {
        match (name, self.walker.cursor.peek()) {
            ("value", b'[') => {
                found.items = Some(Shape::List);
                self.item_array(false)?;
            }
            ("data", b'[') => {
                found.items = Some(Shape::ResourceGraph);
                self.item_array(true)?;
            }
            ("data", b'{') => {
                if self.table()? {
                    found.items = Some(Shape::ResourceGraph);
                } else {
                    found.other_data = true;
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn item_array(&mut self, graph: bool) -> Result<(), ScanError> {
        self.restart_items();
        self.walker.cursor.bump();
        let mut first = true;
        while self.walker.cursor.next_element(&mut first)? {
            if self.walker.cursor.peek() == b'{' {
                self.item_object(graph)?;
            } else {
                self.walker.plain()?;
                self.skip(None, "it is not an object");
            }
            self.items += 1;
        }
        Ok(())
    }

    fn item_object(&mut self, graph: bool) -> Result<(), ScanError> {
        self.walker.cursor.bump();
        let (mut item, mut first) = (self.begin(), true);
        while let Some(key) = self.walker.cursor.next_member(&mut first)? {
            let column = Column::of(&self.walker.cursor.decoded(key), graph);
            let node = self.walker.child(NodeId::ROOT, key);
            self.member(&mut item, key, column, node)?;
        }
        self.finish(&item);
        self.end(&item);
        Ok(())
    }

    /// A second list of items replaces the first, as a repeated member does.
    pub(super) fn restart_items(&mut self) {
        self.walker.too_deep = false;
        self.buffers.clear_items();
        self.skipped.clear();
        self.items = 0;
    }

    fn conclude(&mut self, item: &Item, found: &Envelope) -> Option<Outcome> {
        let is_resource = self.has_id(item);
        let typed = [Column::Type, Column::Properties]
            .into_iter()
            .any(|column| item.column(column).end > 0);
        if is_resource && (found.other_data || (found.items.is_some() && typed)) {
            return None;
        }
        let shape = match found.items {
            // An error beside items: the items are not all there are.
            Some(_) if found.error.end > 0 => Shape::Error,
            Some(shape) => shape,
            None if !is_resource && found.is_error() => Shape::Error,
            None => Shape::Single,
        };
        if shape == Shape::Single {
            self.finish(item);
            self.items = 1;
        }
        self.end(item);
        Some(self.outcome(shape, found))
    }

    fn outcome(&self, shape: Shape, found: &Envelope) -> Outcome {
        let page = matches!(shape, Shape::List | Shape::ResourceGraph);
        let link = |raw: Raw| {
            let text = self.walker.cursor.decoded(raw.as_string());
            (page && !text.is_empty()).then(|| text.into_owned())
        };
        let digits = |raw: Raw| self.walker.cursor.slice(raw.start, raw.end).parse().ok();
        let flag =
            self.walker.cursor.slice(found.result_truncated.start, found.result_truncated.end);
        Outcome {
            shape,
            next_link: link(found.next_link),
            skip_token: link(found.skip_token),
            total_records: digits(found.total_records),
            result_truncated: flag.trim_matches('"').parse().ok(),
        }
    }

    fn has_id(&self, item: &Item) -> bool {
        let raw = item.column(Column::Id);
        self.walker.cursor.byte(raw.start) == b'"' && {
            let id: Str = raw.as_string();
            atg_core::ResourceId::is_valid(&self.walker.cursor.decoded(id))
        }
    }
}

impl Envelope {
    fn is_error(&self) -> bool {
        self.error.end > 0 || (self.code.end > 0 && self.message.end > 0)
    }

    /// Keeps what a member says; of a repeated one, what the last says.
    fn note(&mut self, name: &str, first: u8, value: Raw) {
        let (slot, fits) = match name {
            "value" if first == b'n' => return self.no_items(Shape::List),
            "data" if first == b'n' => return self.no_items(Shape::ResourceGraph),
            "error" => (&mut self.error, first == b'{'),
            "code" => (&mut self.code, first == b'"'),
            "message" => (&mut self.message, matches!(first, b'"' | b'n')),
            "nextLink" | "@odata.nextLink" => (&mut self.next_link, first == b'"'),
            "$skipToken" => (&mut self.skip_token, first == b'"'),
            "totalRecords" => (&mut self.total_records, first.is_ascii_digit()),
            "resultTruncated" => (&mut self.result_truncated, true),
            _ => return,
        };
        *slot = if fits { value } else { Raw::default() };
    }

    /// A list that is null is an empty one.
    fn no_items(&mut self, shape: Shape) {
        self.items.get_or_insert(shape);
    }
}
