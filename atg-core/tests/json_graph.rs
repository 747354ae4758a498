//! A graph in one JSON file, for some thousand nodes: a sink and a reader.

// The code of the guide in CONTRIBUTING.md; its last test keeps the two alike.
#![allow(missing_docs, missing_debug_implementations, unreachable_pub)]
#![allow(clippy::missing_errors_doc, clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::ops::Bound::{Excluded, Unbounded};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use atg_core::{
    DeleteOutcome, Endpoint, Error, ErrorKind, GraphCounts, GraphReader, GraphSink, Known,
    MissingEndpoint, NamedBy, Node, NodeFilter, NodeOutcome, RejectedRow, Relationship,
    RelationshipFilter, RelationshipOutcome, RelationshipSet, ResourceId, Result, SetMode, Text,
    UNRESOLVED_LABEL,
};
use futures::stream::{self, BoxStream, StreamExt};
use serde::{Deserialize, Serialize};

/// A node, its content hash, and the hash of the set it names (0: not stored as a whole).
#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Stored {
    node: Node,
    content: u64,
    set: u64,
}

/// Source key, type, target key.
type Identity = (Text, Text, Text);

#[derive(Clone, Default)]
struct State {
    nodes: BTreeMap<Text, Stored>,
    relationships: BTreeMap<Identity, Relationship>,
}

pub struct JsonGraph {
    path: PathBuf,
    state: Mutex<Arc<State>>,
}

fn identity(one: &Relationship) -> Identity {
    (one.source.key().clone(), one.relation.clone(), one.target.key().clone())
}

impl JsonGraph {
    pub fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        let state = load(&path).map_err(|error| failed("open graph", &path, error))?;
        Ok(Self { path, state: Mutex::new(Arc::new(state)) })
    }

    /// What is committed, for readers.
    fn now(&self) -> Arc<State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes a copy, stores it, and only then lets it be seen.
    fn commit<T>(&self, change: impl FnOnce(&State, &mut State) -> T) -> Result<T> {
        let mut current = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = State::clone(&current);
        let outcome = change(&current, &mut next);
        save(&self.path, &next).map_err(|error| failed("write graph", &self.path, error))?;
        *current = Arc::new(next);
        Ok(outcome)
    }
}

fn load(path: &Path) -> io::Result<State> {
    if !path.exists() {
        return Ok(State::default());
    }
    let (nodes, relationships): (Vec<Stored>, Vec<Relationship>) =
        serde_json::from_slice(&fs::read(path)?)?;
    let nodes = nodes.into_iter().map(|one| (one.node.id.key().clone(), one)).collect();
    let relationships = relationships.into_iter().map(|one| (identity(&one), one)).collect();
    Ok(State { nodes, relationships })
}

fn save(path: &Path, state: &State) -> io::Result<()> {
    let temporary = path.with_extension("partial");
    let mut file = BufWriter::new(File::create(&temporary)?);
    let nodes: Vec<_> = state.nodes.values().collect();
    let relationships: Vec<_> = state.relationships.values().collect();
    serde_json::to_writer(&mut file, &(nodes, relationships))?;
    file.into_inner()?.sync_all()?;
    fs::rename(temporary, path)
}

fn failed(operation: &'static str, path: &Path, cause: io::Error) -> Error {
    let kind = match cause.kind() {
        io::ErrorKind::InvalidData => ErrorKind::InvalidData,
        io::ErrorKind::StorageFull => ErrorKind::ResourceExhausted,
        io::ErrorKind::PermissionDenied => ErrorKind::PermissionDenied,
        _ => ErrorKind::InvalidInput,
    };
    let why = format!("{} cannot be used; check that it is a graph of ours", path.display());
    Error::new(kind, operation, why).with_source(cause)
}

/// Counts a written row by what the whole batch made of it. It was counted as unchanged.
fn count<T: PartialEq>(before: Option<&T>, after: Option<&T>, counts: [&mut u64; 3]) {
    let [created, updated, unchanged] = counts;
    match (before, after) {
        (None, Some(_)) => *created += 1,
        (Some(before), Some(after)) if before != after => *updated += 1,
        _ => return,
    }
    *unchanged -= 1;
}

impl State {
    fn put_node(&mut self, node: &Node) {
        let node = node.detached();
        let key = node.id.key().clone();
        let set = self.nodes.get(&key).map_or(0, |stored| stored.set);
        let content = node.content_hash();
        self.nodes.insert(key, Stored { node, content, set });
    }
}

fn write_nodes(old: &State, new: &mut State, nodes: &[Node]) -> NodeOutcome {
    let mut outcome = NodeOutcome::default();
    let mut written = BTreeSet::new();
    for (index, node) in nodes.iter().enumerate() {
        if let Some(why) = node.problem() {
            outcome.rejected.push(RejectedRow { index, inner: 0, why });
            continue;
        }
        new.put_node(node);
        outcome.unchanged += 1;
        written.insert(node.id.key());
    }
    for key in written {
        let counts = [&mut outcome.created, &mut outcome.updated, &mut outcome.unchanged];
        count(old.nodes.get(key), new.nodes.get(key), counts);
    }
    outcome
}

fn write_sets(old: &State, new: &mut State, sets: &[RelationshipSet]) -> RelationshipOutcome {
    let mut outcome = RelationshipOutcome::default();
    let mut written = BTreeSet::new();
    for (index, set) in sets.iter().enumerate() {
        let owner = set.owner.key();
        let kept = new.nodes.get(owner).map_or(0, |stored| stored.set);
        if set.hash != 0 && set.hash == kept {
            outcome.unchanged += set.relationships.len() as u64;
            continue;
        }
        let mut whole = true;
        for (inner, one) in set.relationships.iter().enumerate() {
            if new.accepts(index, inner, one, &mut outcome) {
                new.put_relationship(one);
                outcome.unchanged += 1;
                written.insert(identity(one));
            } else {
                whole = false;
            }
        }
        if set.mode == SetMode::Replace {
            new.withdraw(set);
        }
        new.keep_hash(owner, if whole { set.hash } else { 0 });
    }
    for key in &written {
        let counts = [&mut outcome.created, &mut outcome.updated, &mut outcome.unchanged];
        count(old.relationships.get(key), new.relationships.get(key), counts);
    }
    let gone = old.relationships.keys().filter(|key| !new.relationships.contains_key(*key));
    outcome.removed = gone.count() as u64;
    outcome
}

impl State {
    /// Whether a row can be written; where not, the outcome says so.
    fn accepts(
        &self,
        set: usize,
        inner: usize,
        one: &Relationship,
        outcome: &mut RelationshipOutcome,
    ) -> bool {
        if let Some(why) = one.problem() {
            outcome.rejected.push(RejectedRow { index: set, inner, why });
            return false;
        }
        let before = outcome.missing.len();
        for (endpoint, id) in [(Endpoint::Source, &one.source), (Endpoint::Target, &one.target)] {
            if !self.nodes.contains_key(id.key()) {
                outcome.missing.push(MissingEndpoint { set, relationship: inner, endpoint });
            }
        }
        outcome.missing.len() == before
    }

    /// Stores a row and adds its claims to those that are there.
    fn put_relationship(&mut self, one: &Relationship) {
        let mut one = one.detached();
        let key = identity(&one);
        if let Some(stored) = self.relationships.get(&key) {
            let claims = stored.named_by.bits() | one.named_by.bits();
            one.named_by = NamedBy::from_bits(claims).unwrap_or(one.named_by);
        }
        self.relationships.insert(key, one);
    }

    /// Takes the owner's claims from what its record names no more; what nobody names goes.
    fn withdraw(&mut self, set: &RelationshipSet) {
        let named: HashSet<Identity> = set.relationships.iter().map(identity).collect();
        let owner = set.owner.key();
        self.relationships.retain(|key, one| {
            let mut claims = one.named_by.bits();
            if !named.contains(key) {
                claims &= !(u8::from(key.0 == *owner) * NamedBy::Source.bits());
                claims &= !(u8::from(key.2 == *owner) * NamedBy::Target.bits());
            }
            NamedBy::from_bits(claims).map(|left| one.named_by = left).is_some()
        });
    }

    fn keep_hash(&mut self, owner: &Text, hash: u64) {
        if let Some(stored) = self.nodes.get_mut(owner) {
            stored.set = hash;
        }
    }
}

fn delete(old: &State, new: &mut State, ids: &[ResourceId]) -> DeleteOutcome {
    for id in ids {
        new.nodes.remove(id.key());
    }
    let State { nodes, relationships } = new;
    relationships.retain(|key, _| nodes.contains_key(&key.0) && nodes.contains_key(&key.2));
    let mut outcome = DeleteOutcome {
        nodes: (old.nodes.len() - new.nodes.len()) as u64,
        ..DeleteOutcome::default()
    };
    for (key, one) in &old.relationships {
        if new.relationships.contains_key(key) {
            continue;
        }
        outcome.relationships += 1;
        // Whoever named it: its set is not stored as a whole any more.
        for (end, claim) in [(&key.0, NamedBy::Source), (&key.2, NamedBy::Target)] {
            if one.named_by.bits() & claim.bits() != 0 {
                new.keep_hash(end, 0);
            }
        }
    }
    outcome
}

#[async_trait]
impl GraphSink for JsonGraph {
    async fn prepare(&self) -> Result<()> {
        Ok(())
    }

    async fn upsert_nodes(&self, nodes: &[Node]) -> Result<NodeOutcome> {
        self.commit(|old, new| write_nodes(old, new, nodes))
    }

    async fn upsert_relationships(&self, sets: &[RelationshipSet]) -> Result<RelationshipOutcome> {
        self.commit(|old, new| write_sets(old, new, sets))
    }

    async fn delete(&self, nodes: &[ResourceId]) -> Result<DeleteOutcome> {
        self.commit(|old, new| delete(old, new, nodes))
    }

    async fn flush(&self) -> Result<()> {
        Ok(())
    }
}

/// Streams what `pick` takes of a table of a snapshot, from behind `after` on.
fn walk<K: Ord + Clone + Send + 'static, V: 'static, T: Send + 'static>(
    state: Arc<State>,
    table: fn(&State) -> &BTreeMap<K, V>,
    mut after: Option<K>,
    pick: impl Fn(&State, &V) -> Option<T> + Send + 'static,
) -> BoxStream<'static, Result<T>> {
    stream::iter(std::iter::from_fn(move || {
        let start = after.clone().map_or(Unbounded, Excluded);
        let mut rest = table(&state).range((start, Unbounded));
        let (key, item) = rest.find_map(|(key, one)| Some((key, pick(&state, one)?)))?;
        after = Some(key.clone());
        Some(Ok(item))
    }))
    .boxed()
}

#[async_trait]
impl GraphReader for JsonGraph {
    fn nodes(&self, filter: NodeFilter, after: Option<ResourceId>) -> BoxStream<'_, Result<Node>> {
        let after = after.map(|id| id.key().clone());
        let pick =
            move |_: &State, one: &Stored| filter.matches(&one.node).then(|| one.node.clone());
        walk(self.now(), |state| &state.nodes, after, pick)
    }

    fn relationships(
        &self,
        filter: RelationshipFilter,
        after: Option<Relationship>,
    ) -> BoxStream<'_, Result<Relationship>> {
        let after = after.as_ref().map(identity);
        let passes = move |state: &State, one: &Relationship| {
            let synthetic = || state.nodes.get(one.source.key()).is_some_and(|s| s.node.synthetic);
            filter.relation.as_ref().is_none_or(|wanted| *wanted == one.relation)
                && filter.source.as_ref().is_none_or(|wanted| *wanted == one.source)
                && filter.target.as_ref().is_none_or(|wanted| *wanted == one.target)
                && filter.synthetic.is_none_or(|wanted| wanted == synthetic())
        };
        let pick = move |state: &State, one: &Relationship| passes(state, one).then(|| one.clone());
        walk(self.now(), |state| &state.relationships, after, pick)
    }

    fn known(&self) -> BoxStream<'_, Result<Known>> {
        let pick = |_: &State, one: &Stored| {
            let key = one.node.id.key().clone();
            Some(Known { key, content_hash: one.content, relationships_hash: one.set })
        };
        walk(self.now(), |state| &state.nodes, None, pick)
    }

    async fn node(&self, id: &ResourceId) -> Result<Option<Node>> {
        Ok(self.now().nodes.get(id.key()).map(|stored| stored.node.clone()))
    }

    async fn counts(&self) -> Result<GraphCounts> {
        let state = self.now();
        let mut counts = GraphCounts::default();
        for Stored { node, .. } in state.nodes.values() {
            counts.nodes += 1;
            counts.synthetic_nodes += u64::from(node.synthetic);
            let unresolved = node.labels.iter().any(|label| *label == UNRESOLVED_LABEL);
            counts.unresolved_nodes += u64::from(unresolved);
            *counts.nodes_by_type.entry(node.resource_type.to_string()).or_default() += 1;
        }
        for one in state.relationships.values() {
            counts.relationships += 1;
            *counts.relationships_by_type.entry(one.relation.to_string()).or_default() += 1;
        }
        Ok(counts)
    }
}

use atg_core::conformance::graph::{Dump, dump, random_graph};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn json_graph_keeps_both_contracts() {
    let folder = tempfile::tempdir().unwrap();
    let number = std::sync::atomic::AtomicUsize::new(0);
    let make = || async {
        let number = number.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        JsonGraph::open(folder.path().join(format!("{number}.json"))).unwrap()
    };
    atg_core::conformance::sink(make).await.unwrap();
    atg_core::conformance::reader(make).await.unwrap();
}

#[tokio::test]
async fn what_was_written_is_there_after_opening_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("graph.json");
    let written = random_graph(7, 100, 300);
    let graph = JsonGraph::open(&path).unwrap();
    graph.upsert_nodes(&written.nodes).await.unwrap();
    graph.upsert_relationships(&written.sets).await.unwrap();
    let opened = JsonGraph::open(&path).unwrap();
    assert_eq!(dump(&opened).await.unwrap(), Dump::of(&written.nodes, &written.sets));
}

#[test]
fn the_guide_shows_this_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    // The packed crate comes without the guide.
    let Ok(guide) = fs::read_to_string(root.join("CONTRIBUTING.md")) else { return };
    let (_, guide) = guide.split_once("## Write a sink").unwrap();
    let all = include_str!("json_graph.rs").lines().filter(|line| !line.is_empty());
    let all: Vec<&str> = all.collect();
    let mut blocks = 0;
    for block in guide.split("```rust\n").skip(1) {
        let (block, _) = block.split_once("```").unwrap();
        // After its head come attributes here.
        let lines: Vec<&str> =
            block.lines().filter(|l| !l.is_empty() && !l.starts_with("//!")).collect();
        assert!(all.windows(lines.len()).any(|here| here == lines), "not as here:\n{block}");
        blocks += 1;
    }
    assert_eq!(blocks, 7);
}
