//! The walk through one value: checks it, and notes every string that may name a node.
//!
//! One stack holds the open containers, their current member names (so the path is there when
//! it is asked for) and their places in the trie of rules. There is no recursion, so no input
//! can exhaust the program's stack.

use super::ScanError;
use super::json::{Cursor, Str};
use crate::rules::{NodeId, RuleSet};

/// The deepest nesting of a record that is read; what nests deeper is skipped.
pub(super) const MAX_DEPTH: usize = 128;

/// A step of a path, as it stands in the answer.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    Member(Str),
    Elements,
}

/// An open container within [`MAX_DEPTH`].
#[derive(Debug, Clone, Copy)]
struct Frame {
    step: Step,
    /// The container's own place for an object; the place of its elements for an array.
    node: NodeId,
}

/// A string that may name a node, and where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    pub(super) text: Str,
    pub(super) node: NodeId,
    /// Its path: this part of [`WalkBuffers::steps`].
    pub(super) steps: (usize, usize),
}

/// A value: its place, and what is known about it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Raw {
    pub(super) start: usize,
    pub(super) end: usize,
    /// A string with escapes.
    pub(super) escaped: bool,
    /// How much white space stands between its tokens.
    pub(super) spaces: usize,
}

impl Raw {
    /// The content, where the value is a string.
    pub(super) fn as_string(self) -> Str {
        Str { start: self.start + 1, end: self.end.saturating_sub(1), escaped: self.escaped }
    }

    pub(super) fn spaced(self) -> bool {
        self.spaces > 0
    }

    /// How long it is without white space.
    pub(super) fn compact_length(self) -> usize {
        self.end - self.start - self.spaces
    }
}

/// What the walk fills; kept from page to page.
#[derive(Debug, Default)]
pub(super) struct WalkBuffers {
    frames: Vec<Frame>,
    /// The closing byte of every open container, also of those too deep for a frame.
    closers: Vec<u8>,
    pub(super) candidates: Vec<Candidate>,
    pub(super) steps: Vec<Step>,
}

/// Walks the values of one answer.
#[derive(Debug)]
pub(super) struct Walker<'p, 'b> {
    pub(super) cursor: Cursor<'p>,
    pub(super) rules: &'b RuleSet,
    pub(super) buffers: &'b mut WalkBuffers,
    /// Whether something nested deeper than [`MAX_DEPTH`] since this was last cleared.
    pub(super) too_deep: bool,
}

impl<'p, 'b> Walker<'p, 'b> {
    pub(super) fn new(text: &'p str, rules: &'b RuleSet, buffers: &'b mut WalkBuffers) -> Self {
        buffers.frames.clear();
        buffers.closers.clear();
        buffers.candidates.clear();
        buffers.steps.clear();
        Self { cursor: Cursor::new(text), rules, buffers, too_deep: false }
    }

    /// The value of a record's member `key`, which starts here.
    #[inline]
    pub(super) fn member(&mut self, key: Str, node: NodeId) -> Result<Raw, ScanError> {
        self.buffers.frames.clear();
        self.buffers.frames.push(Frame { step: Step::Member(key), node: NodeId::ROOT });
        self.value(node)
    }

    /// A value that names nothing.
    pub(super) fn plain(&mut self) -> Result<Raw, ScanError> {
        let (candidates, steps) = (self.buffers.candidates.len(), self.buffers.steps.len());
        let raw = self.member(Str::default(), NodeId::NONE)?;
        self.buffers.candidates.truncate(candidates);
        self.buffers.steps.truncate(steps);
        Ok(raw)
    }

    fn value(&mut self, mut node: NodeId) -> Result<Raw, ScanError> {
        let start = self.cursor.position();
        let spaces = self.cursor.spaces();
        let mut escaped = false;
        self.buffers.closers.clear();
        loop {
            let opened = match self.cursor.peek() {
                b'"' => {
                    let text = self.cursor.string()?;
                    escaped = text.escaped;
                    self.string(text, node);
                    None
                }
                b'{' => self.open(b'}', node)?,
                b'[' => self.open(b']', self.rules.trie().elements(node))?,
                _ => {
                    self.cursor.scalar()?;
                    None
                }
            };
            match opened {
                Some(inner) => node = inner,
                None => match self.after_value()? {
                    Some(next) => node = next,
                    None => break,
                },
            }
        }
        let spaces = self.cursor.spaces() - spaces;
        Ok(Raw { start, end: self.cursor.position(), escaped, spaces })
    }

    /// Opens a container: the place of its first value; `None` where it is empty, and closed.
    fn open(&mut self, closer: u8, node: NodeId) -> Result<Option<NodeId>, ScanError> {
        self.cursor.bump();
        self.cursor.space();
        if self.cursor.peek() == closer {
            self.cursor.bump();
            return Ok(None);
        }
        self.buffers.closers.push(closer);
        if self.buffers.closers.len() < MAX_DEPTH {
            self.buffers.frames.push(Frame { step: Step::Elements, node });
        } else {
            self.too_deep = true;
        }
        if closer == b'}' { self.key().map(Some) } else { Ok(Some(self.place(node))) }
    }

    /// After a value: the place of the next one; `None` at the end of the whole.
    #[inline]
    fn after_value(&mut self) -> Result<Option<NodeId>, ScanError> {
        loop {
            let Some(closer) = self.buffers.closers.last().copied() else {
                return Ok(None);
            };
            self.cursor.space();
            match self.cursor.peek() {
                b',' => {
                    self.cursor.bump();
                    self.cursor.space();
                    if closer == b'}' {
                        return self.key().map(Some);
                    }
                    let node = self.buffers.frames.last().map_or(NodeId::NONE, |frame| frame.node);
                    return Ok(Some(self.place(node)));
                }
                byte if byte == closer => {
                    self.cursor.bump();
                    if !self.is_deep() {
                        self.buffers.frames.pop();
                    }
                    self.buffers.closers.pop();
                }
                _ => return Err(self.cursor.error("a comma or a closing bracket was expected")),
            }
        }
    }

    /// The key of a member of the innermost object: the place of its value.
    #[inline]
    fn key(&mut self) -> Result<NodeId, ScanError> {
        let key = self.cursor.key()?;
        if self.is_deep() {
            return Ok(NodeId::NONE);
        }
        let Some(frame) = self.buffers.frames.last_mut() else {
            return Ok(NodeId::NONE);
        };
        frame.step = Step::Member(key);
        let from = frame.node;
        self.key_text(key, from);
        Ok(self.child(from, key))
    }

    fn place(&self, node: NodeId) -> NodeId {
        if self.is_deep() { NodeId::NONE } else { node }
    }

    /// Whether the innermost container has no frame. The record itself has the first frame.
    #[inline]
    fn is_deep(&self) -> bool {
        self.buffers.closers.len() >= self.buffers.frames.len()
    }

    /// The place of a member.
    #[inline]
    pub(super) fn child(&self, from: NodeId, key: Str) -> NodeId {
        if from == NodeId::NONE {
            return NodeId::NONE;
        }
        self.rules.trie().member(from, &self.cursor.decoded(key))
    }

    #[inline]
    fn string(&mut self, text: Str, node: NodeId) {
        if self.rules.trie().is_terminal(node) || self.may_be_id(text) {
            self.candidate(text, node);
        }
    }

    #[inline]
    fn key_text(&mut self, key: Str, object: NodeId) {
        let any = if object == NodeId::NONE { object } else { self.rules.trie().any_key(object) };
        if self.rules.trie().is_terminal(any) || self.may_be_id(key) {
            self.candidate(key, any);
        }
    }

    /// Whether a string starts as the id of something in a subscription does, or may do so when
    /// its escapes are decoded.
    #[inline]
    fn may_be_id(&self, text: Str) -> bool {
        match self.cursor.byte(text.start) {
            b'/' => text.escaped || starts_in_subscription(self.cursor.slice(text.start, text.end)),
            b'\\' => text.escaped,
            _ => false,
        }
    }

    fn candidate(&mut self, text: Str, node: NodeId) {
        if self.is_deep() {
            return;
        }
        let start = self.buffers.steps.len();
        self.buffers.steps.extend(self.buffers.frames.iter().map(|frame| frame.step));
        let steps = (start, self.buffers.steps.len());
        self.buffers.candidates.push(Candidate { text, node, steps });
    }
}

/// Whether an id starts with `/subscriptions/`, in any case.
#[inline]
pub(super) fn starts_in_subscription(text: &str) -> bool {
    const PREFIX: &[u8] = b"/subscriptions/";
    text.as_bytes().get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
}
