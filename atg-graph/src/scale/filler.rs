//! [`Filler`]: putting a copy's subscriptions in the place of the template's.

use std::ops::Range;

use atg_core::{Error, ErrorKind, ResourceId, Result, Text};
use bytes::BytesMut;

use super::template::Template;

/// Bytes of a buffer that filled texts share.
const BUFFER_BYTES: usize = 64 << 10;

/// A place in a text where a subscription's id stands.
#[derive(Debug)]
pub(super) struct Hole {
    pub(super) place: Range<usize>,
    /// The subscription's number.
    pub(super) subscription: usize,
}

/// The holes of a text: one at every reference to a subscription of the template.
pub(super) fn holes(text: &str, template: &Template) -> Vec<Hole> {
    let hole = |(place, subscription)| Hole { place, subscription };
    template.references(text).map(hole).collect()
}

/// Fills holes with the subscriptions of one copy. The texts share large buffers, for a text each
/// would cost more to allocate than to fill.
pub(super) struct Filler<'a> {
    pub(super) template: &'a Template,
    pub(super) operation: &'a Text,
    ids: Vec<String>,
    buffer: BytesMut,
    /// The last source and its copy: relationships mostly come by source.
    pub(super) last_source: Option<(Text, ResourceId)>,
}

impl<'a> Filler<'a> {
    pub(super) fn new(template: &'a Template, operation: &'a Text, copy: u64) -> Self {
        let ids = template.subscriptions.of_copy(operation, copy);
        Self { template, operation, ids, buffer: BytesMut::new(), last_source: None }
    }

    /// The text with its holes filled; shares the text's own buffer where there are none.
    pub(super) fn fill(&mut self, text: &Text, holes: &[Hole]) -> Result<Text> {
        if holes.is_empty() {
            return Ok(text.clone());
        }
        let id = |hole: &Hole| self.ids.get(hole.subscription).map_or("", String::as_str);
        let added: usize = holes.iter().map(|hole| id(hole).len()).sum();
        let needed = text.len() + added;
        if self.buffer.capacity() < needed {
            self.buffer = BytesMut::with_capacity(needed.max(BUFFER_BYTES));
        }
        let mut done = 0;
        for hole in holes {
            let kept = text.get(done..hole.place.start).unwrap_or_default();
            self.buffer.extend_from_slice(kept.as_bytes());
            self.buffer.extend_from_slice(id(hole).as_bytes());
            done = hole.place.end;
        }
        self.buffer.extend_from_slice(text.get(done..).unwrap_or_default().as_bytes());
        Text::from_utf8(self.buffer.split().freeze()).map_err(|error| {
            Error::new(ErrorKind::Internal, "scale graph", "a rewritten text is broken")
                .with_source(error)
        })
    }
}
