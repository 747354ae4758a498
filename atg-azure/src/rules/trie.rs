//! The trie over path steps.

use super::TypeKey;

/// A place in the trie; [`NodeId::NONE`] is where no rule can match any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct NodeId(u32);

impl NodeId {
    /// Nowhere: no step leads out of it.
    pub(crate) const NONE: Self = Self(0);
    /// The record itself.
    pub(crate) const ROOT: Self = Self(1);
}

/// A step along a path.
enum Step<'a> {
    Member(&'a str),
    Elements,
    AnyKey,
}

#[derive(Debug, Default)]
struct Node {
    elements: NodeId,
    any_key: NodeId,
    /// Whether a value here is wanted.
    terminal: bool,
    /// Rules that end here, by source type.
    rules: Vec<(TypeKey, usize)>,
}

#[derive(Debug)]
struct Edge {
    from: NodeId,
    key: Box<str>,
    to: NodeId,
}

/// Path steps compiled so that a step costs one probe of a small table.
#[derive(Debug)]
pub(crate) struct Trie {
    nodes: Vec<Node>,
    edges: Vec<Edge>,
    /// Open addressing over the edges: 0 is empty, else the edge's index and one. Four times as
    /// long as there are edges, so that most member names of a record fail at the first probe.
    slots: Vec<u32>,
}

impl Default for Trie {
    fn default() -> Self {
        let nodes = vec![Node::default(), Node::default()];
        Self { nodes, edges: Vec::new(), slots: vec![0] }
    }
}

impl Trie {
    /// The place of a member; names differ by ASCII case between services, so case is ignored.
    #[inline]
    pub(crate) fn member(&self, from: NodeId, key: &str) -> NodeId {
        if from == NodeId::NONE {
            return NodeId::NONE;
        }
        let mask = self.slots.len() - 1;
        let mut slot = hash(from, key) & mask;
        while let Some(edge) = self.edge_in(slot) {
            if edge.from == from && (&*edge.key == key || edge.key.eq_ignore_ascii_case(key)) {
                return edge.to;
            }
            slot = (slot + 1) & mask;
        }
        self.any_key(from)
    }

    /// The place of the elements of an array.
    #[inline]
    pub(crate) fn elements(&self, from: NodeId) -> NodeId {
        self.node(from).map_or(NodeId::NONE, |node| node.elements)
    }

    /// The place that stands for every name of an object.
    #[inline]
    pub(crate) fn any_key(&self, from: NodeId) -> NodeId {
        self.node(from).map_or(NodeId::NONE, |node| node.any_key)
    }

    /// Whether a value at this place is wanted.
    #[inline]
    pub(crate) fn is_terminal(&self, at: NodeId) -> bool {
        at != NodeId::NONE && self.node(at).is_some_and(|node| node.terminal)
    }

    /// The rules that end at this place.
    pub(super) fn rules_at(&self, at: NodeId) -> &[(TypeKey, usize)] {
        self.node(at).map_or(&[], |node| &node.rules)
    }

    /// Why a text is no path.
    pub(super) fn path_problem(path: &str) -> Option<&'static str> {
        let empty = |step: &str| step.trim_end_matches("[]").is_empty();
        path.split('.').any(empty).then_some("a path is member names joined by dots")
    }

    /// The place a path leads to, made where it is new.
    pub(super) fn insert(&mut self, path: &str) -> NodeId {
        let mut at = NodeId::ROOT;
        for word in path.split('.') {
            let name = word.trim_end_matches("[]");
            let step = if name == "{key}" { Step::AnyKey } else { Step::Member(name) };
            at = self.descend(at, &step);
            for _ in 0..(word.len() - name.len()) / 2 {
                at = self.descend(at, &Step::Elements);
            }
        }
        at
    }

    /// Ends a rule at a place.
    pub(super) fn add_rule(&mut self, at: NodeId, source: TypeKey, rule: usize) {
        self.mark(at);
        if let Some(node) = self.nodes.get_mut(at.0 as usize) {
            node.rules.push((source, rule));
        }
    }

    /// Wants the values at a place.
    pub(super) fn mark(&mut self, at: NodeId) {
        if let Some(node) = self.nodes.get_mut(at.0 as usize) {
            node.terminal = true;
        }
    }

    /// Builds the table of edges; to be called when all paths are in.
    pub(super) fn index(&mut self) {
        let mut slots = vec![0_u32; (self.edges.len() * 4).next_power_of_two()];
        let mask = slots.len() - 1;
        for (edge, number) in self.edges.iter().zip(1..) {
            let mut at = hash(edge.from, &edge.key) & mask;
            while slots.get(at).is_some_and(|slot| *slot != 0) {
                at = (at + 1) & mask;
            }
            if let Some(slot) = slots.get_mut(at) {
                *slot = number;
            }
        }
        self.slots = slots;
    }

    fn node(&self, at: NodeId) -> Option<&Node> {
        self.nodes.get(at.0 as usize)
    }

    #[inline]
    fn edge_in(&self, slot: usize) -> Option<&Edge> {
        let number = *self.slots.get(slot)? as usize;
        self.edges.get(number.wrapping_sub(1))
    }

    fn descend(&mut self, from: NodeId, step: &Step<'_>) -> NodeId {
        let old = match step {
            Step::Elements => self.elements(from),
            Step::AnyKey => self.any_key(from),
            Step::Member(name) => self
                .edges
                .iter()
                .find(|edge| edge.from == from && edge.key.eq_ignore_ascii_case(name))
                .map_or(NodeId::NONE, |edge| edge.to),
        };
        if old != NodeId::NONE {
            return old;
        }
        let new = NodeId(u32::try_from(self.nodes.len()).unwrap_or(0));
        self.nodes.push(Node::default());
        match (step, self.nodes.get_mut(from.0 as usize)) {
            (Step::Member(name), _) => {
                self.edges.push(Edge { from, key: (*name).into(), to: new });
            }
            (Step::Elements, Some(node)) => node.elements = new,
            (Step::AnyKey, Some(node)) => node.any_key = new,
            (_, None) => {}
        }
        new
    }
}

/// Spreads the edges over the table by the place, the length and both ends of the name; the
/// letters' case bit is masked out.
#[inline]
fn hash(from: NodeId, key: &str) -> usize {
    let bytes = key.as_bytes();
    let first = usize::from(bytes.first().map_or(0, |byte| byte | 0x20));
    let last = usize::from(bytes.last().map_or(0, |byte| byte | 0x20));
    let mixed = (from.0 as usize)
        .wrapping_mul(0x9e37_79b1)
        .wrapping_add((bytes.len() << 16) | (first << 8) | last)
        .wrapping_mul(0x85eb_ca6b);
    mixed ^ (mixed >> 15)
}
