//! A load, and what it must come to.

use atg_core::conformance::graph::{Dump, RandomGraph, dump, random_graph};
use atg_core::{
    GraphCounts, GraphReader as _, GraphSink as _, Node, Relationship, RelationshipSet, ResourceId,
    Result,
};
use atg_graph::neo4j::Neo4jGraph;
use futures::stream::{self, StreamExt as _};

/// Batches of nodes that are written at once; half as many of sets.
const IN_FLIGHT: usize = 4;

/// Rows a batch.
const ROWS: usize = 250;

/// Sets a batch, of three relationships on average.
const SETS: usize = 85;

/// A graph to load.
pub(crate) struct Load {
    content: RandomGraph,
    expected: Dump,
}

impl Load {
    /// The same graph each time.
    pub(crate) fn of(nodes: usize, relationships: usize) -> Self {
        let content = random_graph(40, nodes, relationships);
        let expected = Dump::of(&content.nodes, &content.sets);
        assert_eq!((expected.nodes.len(), expected.relationships.len()), (nodes, relationships));
        Self { content, expected }
    }

    /// One of its nodes.
    pub(crate) fn any_node(&self) -> ResourceId {
        self.content.nodes[0].id.clone()
    }

    /// How many batches it takes, the schema's making counted as the first.
    pub(crate) fn batches(&self) -> usize {
        1 + self.content.nodes.len().div_ceil(ROWS) + self.content.sets.len().div_ceil(SETS)
    }

    /// Writes it into an empty graph; `begun` is told of each batch. Fails unless each node and
    /// each relationship counts as created once.
    pub(crate) async fn write_new(&self, graph: &Neo4jGraph, begun: impl Fn()) {
        assert_eq!(self.write(graph, begun).await, self.sizes(), "created");
    }

    /// Writes it, and says how many nodes and relationships it created.
    pub(crate) async fn write(&self, graph: &Neo4jGraph, begun: impl Fn()) -> [u64; 2] {
        begun();
        graph.prepare().await.unwrap();
        let write = |batch| {
            begun();
            graph.upsert_nodes(batch)
        };
        let batches = stream::iter(self.content.nodes.chunks(ROWS)).map(write);
        let mut outcomes = batches.buffer_unordered(IN_FLIGHT);
        let mut created = [0, 0];
        while let Some(outcome) = outcomes.next().await {
            let outcome = outcome.unwrap();
            assert_eq!(outcome.rejected, []);
            created[0] += outcome.created;
        }
        let write = |batch| {
            begun();
            graph.upsert_relationships(batch)
        };
        let batches = stream::iter(self.content.sets.chunks(SETS)).map(write);
        let mut outcomes = batches.buffer_unordered(IN_FLIGHT / 2);
        while let Some(outcome) = outcomes.next().await {
            let outcome = outcome.unwrap();
            assert_eq!((outcome.rejected, outcome.missing, outcome.removed), (vec![], vec![], 0));
            created[1] += outcome.created;
        }
        graph.flush().await.unwrap();
        created
    }

    /// Writes what is missing of it, a call at a time.
    pub(crate) async fn complete(&self, graph: &Neo4jGraph) {
        self.try_complete(graph).await.unwrap();
    }

    /// The same where it may fail.
    pub(crate) async fn try_complete(&self, graph: &Neo4jGraph) -> Result<()> {
        graph.prepare().await?;
        graph.upsert_nodes(&self.content.nodes).await?;
        graph.upsert_relationships(&self.content.sets).await.map(drop)
    }

    /// Nodes and relationships.
    pub(crate) fn sizes(&self) -> [u64; 2] {
        [self.expected.nodes.len() as u64, self.expected.relationships.len() as u64]
    }

    /// Fails unless a graph holds just this; returns what can be compared with another load.
    pub(crate) async fn is_exactly_in(&self, graph: &Neo4jGraph) -> (GraphCounts, u64) {
        let counts = graph.counts().await.unwrap();
        assert_eq!([counts.nodes, counts.relationships], self.sizes());
        let stored = dump(graph).await.unwrap();
        assert_eq!(stored.difference(&self.expected), None);
        (counts, hash(&stored))
    }

    /// Fails unless writing it again finds nothing to do: all is stored, and known to be whole.
    pub(crate) async fn is_unchanged_in(&self, graph: &Neo4jGraph) {
        let nodes = graph.upsert_nodes(&self.content.nodes).await.unwrap();
        assert_eq!((nodes.created, nodes.updated), (0, 0));
        let sets = graph.upsert_relationships(&self.content.sets).await.unwrap();
        assert_eq!((sets.created, sets.updated, sets.removed), (0, 0, 0));
        assert_eq!(nodes.unchanged, self.sizes()[0]);
    }

    /// Changes every node, and takes every relationship away.
    pub(crate) async fn rewrite(&self, graph: &Neo4jGraph) {
        let mut nodes = self.content.nodes.clone();
        for node in &mut nodes {
            node.name = "another".into();
        }
        assert_eq!(graph.upsert_nodes(&nodes).await.unwrap().updated, self.sizes()[0]);
        let sets = self.content.sets.iter();
        let sets: Vec<RelationshipSet> =
            sets.map(|set| RelationshipSet::complete(set.owner.clone(), Vec::new())).collect();
        let outcome = graph.upsert_relationships(&sets).await.unwrap();
        assert_eq!(outcome.removed, self.sizes()[1]);
    }
}

/// A hash in which the order of nodes and relationships does not matter.
fn hash(stored: &Dump) -> u64 {
    let nodes = stored.nodes.values().map(Node::content_hash);
    let relationships = stored.relationships.values().map(Relationship::content_hash);
    nodes.chain(relationships).fold(0, u64::wrapping_add)
}
