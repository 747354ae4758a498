//! The page's texts: slices of the answer, and one growing buffer for what is not in it as is.

use atg_core::Text;

use super::json::{Str, compact, unescape};

/// A text of the page: a place in the answer or in the arena.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Span {
    start: usize,
    end: usize,
    in_arena: bool,
}

impl Span {
    pub(super) fn is_empty(self) -> bool {
        self.start >= self.end
    }

    /// The first `length` bytes.
    pub(super) fn first(self, length: usize) -> Self {
        Self { end: self.end.min(self.start + length), ..self }
    }

    /// The last `length` bytes.
    pub(super) fn last(self, length: usize) -> Self {
        Self { start: self.start.max(self.end.saturating_sub(length)), ..self }
    }
}

/// The texts of one page while it is scanned.
#[derive(Debug)]
pub(super) struct PageText<'p> {
    answer: &'p str,
    arena: String,
}

impl<'p> PageText<'p> {
    pub(super) fn new(answer: &'p str, capacity: usize) -> Self {
        Self { answer, arena: String::with_capacity(capacity) }
    }

    #[inline]
    pub(super) fn get(&self, span: Span) -> &str {
        let buffer = if span.in_arena { &self.arena } else { self.answer };
        buffer.get(span.start..span.end).unwrap_or_default()
    }

    /// A place in the answer.
    pub(super) fn answer(start: usize, end: usize) -> Span {
        Span { start, end, in_arena: false }
    }

    /// What a string means.
    pub(super) fn string(&mut self, string: Str) -> Span {
        let raw = Self::answer(string.start, string.end);
        if !string.escaped {
            return raw;
        }
        let start = self.arena.len();
        unescape(self.answer.get(string.start..string.end).unwrap_or_default(), &mut self.arena);
        self.since(start)
    }

    /// Well-formed JSON without white space; a copy only where it has some.
    pub(super) fn json(&mut self, start: usize, end: usize, spaced: bool) -> Span {
        if !spaced {
            return Self::answer(start, end);
        }
        let from = self.arena.len();
        self.append_json(start, end, spaced);
        self.since(from)
    }

    /// Appends JSON of the answer to the arena, without white space.
    pub(super) fn append_json(&mut self, start: usize, end: usize, spaced: bool) {
        let json = self.answer.get(start..end).unwrap_or_default();
        if spaced {
            compact(json, &mut self.arena);
        } else {
            self.arena.push_str(json);
        }
    }

    /// Appends text to the arena; [`since`](Self::since) gives its place.
    pub(super) fn append(&mut self, text: &str) {
        self.arena.push_str(text);
    }

    /// Appends a text of the page to the arena.
    pub(super) fn append_span(&mut self, span: Span) {
        if span.in_arena {
            if self.arena.get(span.start..span.end).is_some() {
                self.arena.extend_from_within(span.start..span.end);
            }
        } else {
            self.arena.push_str(self.answer.get(span.start..span.end).unwrap_or_default());
        }
    }

    /// The text in lower case; shares the text where it is so already.
    #[inline]
    pub(super) fn lower(&mut self, span: Span) -> Span {
        let start = self.arena.len();
        self.append_span(span);
        let lower = self.lower_since(start);
        if self.get(lower) == self.get(span) {
            self.arena.truncate(start);
            return span;
        }
        lower
    }

    /// Turns what was appended from `start` on into lower case.
    pub(super) fn lower_since(&mut self, start: usize) -> Span {
        if let Some(text) = self.arena.get_mut(start..) {
            text.make_ascii_lowercase();
        }
        self.since(start)
    }

    /// Where the arena ends now.
    pub(super) fn mark(&self) -> usize {
        self.arena.len()
    }

    /// What was appended since the mark.
    pub(super) fn since(&self, mark: usize) -> Span {
        Span { start: mark, end: self.arena.len(), in_arena: true }
    }

    /// No more texts are added: the buffers to slice from.
    pub(super) fn freeze(self) -> (Text, usize) {
        let size = self.arena.capacity();
        (Text::from(self.arena), size)
    }
}

/// A finished page's texts.
#[derive(Debug)]
pub(super) struct FrozenText<'p> {
    pub(super) answer: &'p Text,
    pub(super) arena: Text,
}

impl FrozenText<'_> {
    #[inline]
    pub(super) fn get(&self, span: Span) -> Text {
        let buffer = if span.in_arena { &self.arena } else { self.answer };
        match buffer.get(span.start..span.end) {
            Some(part) => buffer.slice_ref(part),
            None => Text::new(),
        }
    }
}
