//! A small tenant to copy, and sinks that misbehave.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use atg_core::memory::MemoryGraph;
use atg_core::{
    BatchSizer, DeleteOutcome, Error, ErrorKind, FixedSizes, GraphSink, Labels, NamedBy, Node,
    NodeOutcome, Relationship, RelationshipOutcome, RelationshipSet, ResourceId, Result,
    SinkProfile, labels, type_label,
};

/// The template's subscriptions, one with upper-case letters.
pub const SUBSCRIPTIONS: [&str; 2] =
    ["0A000000-0000-0000-0000-00000000000A", "0b000000-0000-0000-0000-00000000000b"];

pub fn id(text: &str) -> ResourceId {
    ResourceId::from_stored(text).unwrap()
}

fn labels_of(id: &ResourceId) -> Labels {
    labels(["Resource".into(), type_label(&id.resource_type())])
}

pub fn node(text: &str) -> Node {
    let id = id(text);
    let labels = labels_of(&id);
    Node::new(id, labels)
}

pub fn subscription(number: usize) -> String {
    format!("/subscriptions/{}", SUBSCRIPTIONS[number % SUBSCRIPTIONS.len()])
}

pub fn machine(number: usize) -> String {
    let group = format!("{}/resourceGroups/Web", subscription(number));
    format!("{group}/providers/Microsoft.Compute/virtualMachines/VM{number}")
}

/// A machine that refers to its neighbour in another subscription, in every spelling.
fn machine_node(number: usize) -> Node {
    let other = machine(number + 1);
    let (lower, upper) = (other.to_lowercase(), other.to_uppercase());
    let escaped = other.replace('/', r"\/");
    let own = SUBSCRIPTIONS[number % SUBSCRIPTIONS.len()];
    let mut node = node(&machine(number));
    node.location = "westeurope".into();
    node.tenant_id = "t".into();
    node.tags = r#"{"env":"test"}"#.into();
    node.properties = format!(
        r#"{{"a":"{other}","b":["{lower}","{upper}"],"c":"{escaped}","subscriptionId":"{own}","n":{number},"foreign":"/subscriptions/elsewhere/x","plain":"{own}"}}"#
    )
    .into();
    node.additional = format!(r#"{{"managedBy":"{other}"}}"#).into();
    node.columns.push(("peer".into(), other.as_str().into()));
    node
}

/// Nodes of a tenant with `machines` machines, shared ones included.
pub fn nodes(machines: usize) -> Vec<Node> {
    let shared = ["location:westeurope", "/providers/Microsoft.Management/managementGroups/Root"];
    let mut nodes: Vec<Node> = shared.iter().map(|text| node(text)).collect();
    nodes.extend((0..2).map(|number| node(&subscription(number))));
    nodes.extend((0..machines).map(machine_node));
    nodes
}

fn edge(source: &str, relation: &str, target: &str, named_by: NamedBy) -> Relationship {
    let path = ("path".into(), format!("properties.a of {source}").as_str().into());
    Relationship {
        named_by,
        properties: vec![path],
        ..Relationship::new(id(source), relation, id(target))
    }
}

/// Three relationships a machine: within the template, to a shared node, from its container.
pub fn relationships(machines: usize) -> Vec<Relationship> {
    let root = "/providers/Microsoft.Management/managementGroups/Root";
    let mut all = vec![edge(root, "IN_REGION", "location:westeurope", NamedBy::Source)];
    for number in 0..2 {
        all.push(edge(root, "CONTAINS", &subscription(number), NamedBy::Target));
    }
    for number in 0..machines {
        let machine_id = machine(number);
        all.push(edge(&subscription(number), "CONTAINS", &machine_id, NamedBy::Both));
        all.push(edge(&machine_id, "IN_LOCATION", "location:westeurope", NamedBy::Source));
        all.push(edge(&machine_id, "PEER", &machine((number + 1) % machines), NamedBy::Source));
    }
    all
}

/// What of the above is copied.
pub fn copied(machines: usize) -> (u64, u64) {
    (machines as u64 + 2, 3 * machines as u64 + 2)
}

pub async fn write(graph: &MemoryGraph, nodes: &[Node], relationships: Vec<Relationship>) {
    graph.upsert_nodes(nodes).await.unwrap();
    let owner = |one: &Relationship| match one.named_by {
        NamedBy::Target => one.target.clone(),
        _ => one.source.clone(),
    };
    let sets: Vec<_> = relationships
        .into_iter()
        .map(|one| RelationshipSet::addition(owner(&one), vec![one]))
        .collect();
    let outcome = graph.upsert_relationships(&sets).await.unwrap();
    assert!(outcome.missing.is_empty() && outcome.rejected.is_empty(), "{outcome:?}");
}

pub async fn tenant(machines: usize) -> MemoryGraph {
    let graph = MemoryGraph::new();
    write(&graph, &nodes(machines), relationships(machines)).await;
    graph
}

/// What happens at the write whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// It never returns, and has written nothing.
    Hangs,
    /// It never returns, though it has written.
    HangsAfterwards,
    /// It fails.
    Fails,
}

/// A graph with small batches that counts its writes and misbehaves at one of them.
#[derive(Clone)]
pub struct Sink {
    graph: MemoryGraph,
    profile: SinkProfile,
    sizer: Arc<dyn Fn() -> Box<dyn BatchSizer> + Send + Sync>,
    fault: Fault,
    at: usize,
    writes: Arc<AtomicUsize>,
    changes: Arc<AtomicUsize>,
}

impl Sink {
    pub fn new(graph: &MemoryGraph, rows: (usize, usize), writers: usize) -> Self {
        Self {
            graph: graph.clone(),
            profile: SinkProfile::default()
                .with_rows(rows.0, rows.1)
                .with_writers(writers, writers),
            sizer: Arc::new(move || Box::new(FixedSizes::new(rows.0, rows.1))),
            fault: Fault::None,
            at: usize::MAX,
            writes: Arc::default(),
            changes: Arc::default(),
        }
    }

    pub fn with_sizer(mut self, sizer: impl BatchSizer + Clone + Sync + 'static) -> Self {
        self.sizer = Arc::new(move || Box::new(sizer.clone()));
        self
    }

    pub fn with_fault(mut self, fault: Fault, at: usize) -> Self {
        (self.fault, self.at) = (fault, at);
        self
    }

    /// Writes begun.
    pub fn writes(&self) -> usize {
        self.writes.load(Ordering::Relaxed)
    }

    /// Rows created or updated.
    pub fn changes(&self) -> usize {
        self.changes.load(Ordering::Relaxed)
    }

    /// Begins a write; says whether it is to hang at its end.
    async fn begin(&self) -> Result<bool> {
        let turn = self.writes.fetch_add(1, Ordering::Relaxed) == self.at;
        match self.fault {
            Fault::Hangs if turn => std::future::pending().await,
            Fault::Fails if turn => Err(Error::new(ErrorKind::Unavailable, "write", "no")),
            fault => Ok(turn && fault == Fault::HangsAfterwards),
        }
    }
}

#[async_trait]
impl GraphSink for Sink {
    async fn prepare(&self) -> Result<()> {
        self.graph.prepare().await
    }

    async fn upsert_nodes(&self, nodes: &[Node]) -> Result<NodeOutcome> {
        assert!(nodes.len() <= self.profile.node_rows && !nodes.is_empty());
        let hangs = self.begin().await?;
        let outcome = self.graph.upsert_nodes(nodes).await?;
        let changed = usize::try_from(outcome.created + outcome.updated).unwrap();
        self.changes.fetch_add(changed, Ordering::Relaxed);
        if hangs { std::future::pending().await } else { Ok(outcome) }
    }

    async fn upsert_relationships(&self, sets: &[RelationshipSet]) -> Result<RelationshipOutcome> {
        let rows: usize = sets.iter().map(|set| set.relationships.len()).sum();
        assert!(rows <= self.profile.relationship_rows && rows > 0);
        let hangs = self.begin().await?;
        let outcome = self.graph.upsert_relationships(sets).await?;
        let changed = usize::try_from(outcome.created + outcome.updated).unwrap();
        self.changes.fetch_add(changed, Ordering::Relaxed);
        if hangs { std::future::pending().await } else { Ok(outcome) }
    }

    async fn delete(&self, nodes: &[ResourceId]) -> Result<DeleteOutcome> {
        self.graph.delete(nodes).await
    }

    async fn flush(&self) -> Result<()> {
        self.graph.flush().await
    }

    fn profile(&self) -> SinkProfile {
        self.profile
    }

    fn sizer(&self) -> Box<dyn BatchSizer> {
        (self.sizer)()
    }
}
