//! Random calls, with reopening and flushing between them: the file and the in-memory graph must
//! end alike and say alike. Beyond the shared suite: one owner twice in a batch, and claims that
//! one record makes for the other end.
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod sqlite_support;

use std::path::Path;

use atg_core::conformance::graph::dump;
use atg_core::memory::MemoryGraph;
use atg_core::{
    GraphReader, GraphSink, NamedBy, Node, Relationship, RelationshipSet, ResourceId, SetMode,
    Value,
};
use atg_graph::sqlite::{SqliteGraph, Synchronous};
use proptest::prelude::*;
use sqlite_support::{id, known, node, place};

const NODES: u8 = 6;

#[derive(Debug, Clone)]
enum Step {
    Nodes(Vec<Node>),
    Sets(Vec<RelationshipSet>),
    Delete(Vec<ResourceId>),
    Flush,
    Reopen,
}

fn any_id() -> impl Strategy<Value = ResourceId> {
    (0..=NODES).prop_map(|number| id(&format!("N{number}")))
}

fn any_node() -> impl Strategy<Value = Node> {
    (0..NODES, 0..3_i64, any::<bool>()).prop_map(|(number, content, bad)| {
        let mut row = node(&format!("N{number}"));
        row.columns = vec![("content".into(), Value::Integer(content))];
        if bad && content == 0 {
            row.columns.push(("bad".into(), Value::Float(f64::NAN)));
        }
        row
    })
}

fn any_relationship(owner: ResourceId) -> impl Strategy<Value = Relationship> {
    let claims = prop_oneof![
        6 => Just(None),
        1 => Just(Some(NamedBy::Source)),
        1 => Just(Some(NamedBy::Target)),
        1 => Just(Some(NamedBy::Both)),
    ];
    (any_id(), any::<bool>(), 0..3_i64, claims, 0..12_usize).prop_map(
        move |(other, outgoing, content, claim, kind)| {
            let relation = ["bad type", "OWNS"].get(kind).copied().unwrap_or("USES");
            let mut one = if outgoing || other == owner {
                Relationship::new(owner.clone(), relation, other)
            } else {
                let mut one = Relationship::new(other, relation, owner.clone());
                one.named_by = NamedBy::Target;
                one
            };
            one.named_by = claim.unwrap_or(one.named_by);
            if content > 0 {
                one.properties.push(("p".into(), Value::Integer(content)));
            }
            one
        },
    )
}

fn any_set() -> impl Strategy<Value = RelationshipSet> {
    let rows = any_id().prop_flat_map(|owner| {
        let rows = prop::collection::vec(any_relationship(owner.clone()), 0..4);
        (Just(owner), rows, any::<bool>())
    });
    rows.prop_map(|(owner, mut rows, replaces)| {
        rows.sort_by_key(|one| (one.source.clone(), one.relation.clone(), one.target.clone()));
        rows.dedup_by_key(|one| (one.source.clone(), one.relation.clone(), one.target.clone()));
        let mut set = RelationshipSet::complete(owner, rows);
        if !replaces {
            set.mode = SetMode::Add;
            set.hash *= u64::from(set.relationships.len().is_multiple_of(2));
        }
        set
    })
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => prop::collection::vec(any_node(), 0..8).prop_map(Step::Nodes),
        8 => prop::collection::vec(any_set(), 0..4).prop_map(Step::Sets),
        2 => prop::collection::vec(any_id(), 0..3).prop_map(Step::Delete),
        1 => Just(Step::Flush),
        1 => Just(Step::Reopen),
    ]
}

fn open(path: &Path) -> SqliteGraph {
    SqliteGraph::builder(path).synchronous(Synchronous::Normal).open().unwrap()
}

async fn run(steps: Vec<Step>) {
    let (_directory, path) = place();
    let mut graph = open(&path);
    let model = MemoryGraph::new();
    for step in steps {
        match step {
            Step::Nodes(rows) => {
                let got = graph.upsert_nodes(&rows).await.unwrap();
                assert_eq!(got, model.upsert_nodes(&rows).await.unwrap());
            }
            Step::Sets(sets) => {
                let got = graph.upsert_relationships(&sets).await.unwrap();
                assert_eq!(got, model.upsert_relationships(&sets).await.unwrap());
            }
            Step::Delete(ids) => {
                let got = graph.delete(&ids).await.unwrap();
                assert_eq!(got, model.delete(&ids).await.unwrap());
            }
            Step::Flush => graph.flush().await.unwrap(),
            Step::Reopen => {
                drop(graph);
                graph = open(&path);
            }
        }
        let (stored, expected) = (dump(&graph).await.unwrap(), dump(&model).await.unwrap());
        assert_eq!(stored.difference(&expected), None);
        assert_eq!(known(&graph).await, known(&model).await);
        assert_eq!(graph.counts().await.unwrap(), model.counts().await.unwrap());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 400, ..ProptestConfig::default() })]

    #[test]
    fn the_file_and_the_model_agree(steps in prop::collection::vec(any_step(), 1..30)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(run(steps));
    }
}
