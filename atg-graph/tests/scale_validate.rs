//! Validation finds what is wrong with a graph.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod scale_support;

use async_trait::async_trait;
use atg_core::memory::MemoryGraph;
use atg_core::{
    ErrorKind, GraphCounts, GraphReader, GraphSink, Known, Node, NodeFilter, Relationship,
    RelationshipFilter, ResourceId, Result, Value,
};
use atg_graph::scale::{ScaleOutcome, ScaleReport, ScaleUp, Validation, validate, validate_graph};
use futures::StreamExt;
use futures::stream::BoxStream;
use scale_support::{id, machine, node, tenant, write};

async fn scaled() -> (MemoryGraph, ScaleReport) {
    let graph = tenant(5).await;
    let outcome = ScaleUp::copies(3).with_seed(1).run(&graph, &graph).await.unwrap();
    let ScaleOutcome::Scaled(report) = outcome else { panic!("nothing was copied") };
    (graph, report)
}

fn failed(validation: &Validation) -> Vec<&str> {
    assert_eq!(validation.passed, validation.checks.iter().all(|check| check.passed));
    let failed = validation.checks.iter().filter(|check| !check.passed);
    failed.map(|check| check.name.as_str()).collect()
}

/// A copied machine.
fn a_copy(graph: &MemoryGraph) -> Node {
    let nodes = graph.nodes_snapshot();
    nodes.into_iter().find(|node| node.synthetic && node.name == "VM1").unwrap()
}

#[tokio::test]
async fn a_sound_graph_passes_every_check() {
    let (graph, report) = scaled().await;
    let validation = validate(&graph, &report).await.unwrap();
    assert!(failed(&validation).is_empty(), "{validation:#?}");
    assert_eq!(validation.checks.len(), 12);
    assert!(validate_graph(&graph).await.unwrap().passed);
    assert!(validate_graph(&MemoryGraph::new()).await.unwrap().passed);
}

#[tokio::test]
async fn a_lost_copy_is_found() {
    let (graph, report) = scaled().await;
    graph.delete(&[a_copy(&graph).id]).await.unwrap();
    let validation = validate(&graph, &report).await.unwrap();
    assert_eq!(
        failed(&validation),
        [
            "node count",
            "relationship count",
            "each copy has the template's nodes",
            "each copy has the template's relationships and degrees"
        ]
    );
    assert!(validate_graph(&graph).await.unwrap().passed);
}

#[tokio::test]
async fn a_relationship_too_many_or_between_copies_is_found() {
    let (graph, report) = scaled().await;
    let nodes = graph.nodes_snapshot();
    let copies: Vec<_> = nodes.iter().filter(|one| one.synthetic && one.name == "VM1").collect();
    let across = Relationship::new(copies[0].id.clone(), "PEER", copies[1].id.clone());
    write(&graph, &[], vec![across]).await;
    let validation = validate(&graph, &report).await.unwrap();
    assert_eq!(failed(&validation), ["relationship count", "copies keep to themselves"]);

    let (graph, report) = scaled().await;
    let back = Relationship::new(a_copy(&graph).id, "PEER", id(&machine(1)));
    write(&graph, &[], vec![back]).await;
    let validation = validate(&graph, &report).await.unwrap();
    assert_eq!(failed(&validation), ["relationship count", "copies keep to themselves"]);
}

#[tokio::test]
async fn a_rewired_copy_is_found_though_every_count_is_right() {
    let (graph, report) = scaled().await;
    let edges = graph.relationships_snapshot();
    let copy = a_copy(&graph);
    let peer = edges.iter().find(|one| one.relation == "PEER" && one.source == copy.id).unwrap();
    // The sink has no call that takes one relationship away: replace the owner's set.
    let mut own: Vec<_> = edges.iter().filter(|one| one.source == copy.id).cloned().collect();
    own.retain(|one| one != peer);
    own.push(Relationship { target: copy.id.clone(), ..peer.clone() });
    let set = atg_core::RelationshipSet::complete(copy.id.clone(), own);
    graph.upsert_relationships(&[set]).await.unwrap();
    let validation = validate(&graph, &report).await.unwrap();
    assert_eq!(failed(&validation), ["each copy has the template's relationships and degrees"]);
}

#[tokio::test]
async fn references_and_marks_that_are_wrong_are_found() {
    type Change = fn(&mut Node);
    let changes: [(Change, &str); 8] = [
        (
            |node| node.properties = format!(r#"{{"a":"{}"}}"#, machine(2)).into(),
            "no copy refers to a template subscription",
        ),
        (
            |node| node.additional = format!(r#"{{"a":"{}"}}"#, machine(2).to_uppercase()).into(),
            "no copy refers to a template subscription",
        ),
        (
            |node| node.name = scale_support::SUBSCRIPTIONS[0].into(),
            "no copy refers to a template subscription",
        ),
        (
            |node| node.columns.push(("own".into(), machine(2).as_str().into())),
            "no copy refers to a template subscription",
        ),
        (
            |node| {
                let items = vec!["x".into(), machine(2).as_str().into()];
                node.columns.push(("own".into(), Value::List(items)));
            },
            "no copy refers to a template subscription",
        ),
        (
            |node| node.template_source_id = "/subscriptions/nowhere".into(),
            "every synthetic node names its origin",
        ),
        (|node| node.scale_operation_id = "".into(), "every synthetic node names its origin"),
        (
            |node| node.template_source_id = id(&machine(2)).key().clone(),
            "copies keep to themselves",
        ),
    ];
    for (change, check) in changes {
        let (graph, report) = scaled().await;
        let mut copy = a_copy(&graph);
        change(&mut copy);
        graph.upsert_nodes(&[copy]).await.unwrap();
        let validation = validate(&graph, &report).await.unwrap();
        assert!(failed(&validation).contains(&check), "{check}: {validation:#?}");
    }
}

#[tokio::test]
async fn a_relationship_that_tells_of_the_template_is_found_among_the_operations_nodes() {
    let (graph, report) = scaled().await;
    ScaleUp::copies(2).with_seed(2).run(&graph, &graph).await.unwrap();
    let own = |node: &Node| *node.scale_operation_id == *report.operation_id;
    let copy = graph.nodes_snapshot().into_iter().find(|one| own(one) && one.name == "VM1");
    let copy = copy.unwrap().id;
    let edges = graph.relationships_snapshot();
    let mut edge = edges.into_iter().find(|one| one.source == copy).unwrap();
    edge.properties = vec![("path".into(), machine(1).as_str().into())];
    write(&graph, &[], vec![edge]).await;
    let report = ScaleReport { nodes_before: 9, ..report };
    let validation = validate(&graph, &report).await.unwrap();
    let name = "no copy refers to a template subscription";
    assert!(failed(&validation).contains(&name), "{validation:#?}");
    let check = validation.checks.iter().find(|check| check.name == name).unwrap();
    assert!(check.detail.starts_with("21 nodes of the operation; 1 do"), "{}", check.detail);
}

#[tokio::test]
async fn a_report_of_absurdly_many_copies_is_refused() {
    let (graph, report) = scaled().await;
    for copies in [u64::MAX, u64::from(u32::MAX), 1_000] {
        let report = ScaleReport { copies, ..report.clone() };
        let error = validate(&graph, &report).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
}

#[tokio::test]
async fn a_report_of_other_counts_is_found() {
    let (graph, report) = scaled().await;
    let wrong = [
        ScaleReport { copies: 2, ..report.clone() },
        ScaleReport { copies: 4, ..report.clone() },
        ScaleReport { template_nodes: 1, ..report.clone() },
        ScaleReport { template_relationships: 1, ..report.clone() },
        ScaleReport { nodes_before: 0, ..report.clone() },
        ScaleReport { relationships_before: 0, ..report.clone() },
        ScaleReport { nodes: 0, ..report.clone() },
        ScaleReport { relationships: 0, ..report.clone() },
        ScaleReport { operation_id: "other".into(), ..report.clone() },
    ];
    for report in wrong {
        assert!(!validate(&graph, &report).await.unwrap().passed, "{report:?}");
    }
}

/// A reader that adds to what it reads.
struct Broken {
    graph: MemoryGraph,
    extra_nodes: Vec<Node>,
    extra_known: Vec<Known>,
    extra_relationships: Vec<Relationship>,
}

#[async_trait]
impl GraphReader for Broken {
    fn nodes(&self, filter: NodeFilter, after: Option<ResourceId>) -> BoxStream<'_, Result<Node>> {
        let extra = self.extra_nodes.iter().filter(move |one| filter.matches(one)).cloned();
        let extra: Vec<_> = extra.map(Ok).collect();
        let all = self.graph.nodes(NodeFilter::default(), after);
        all.chain(futures::stream::iter(extra)).boxed()
    }

    fn relationships(
        &self,
        filter: RelationshipFilter,
        after: Option<Relationship>,
    ) -> BoxStream<'_, Result<Relationship>> {
        let extra = futures::stream::iter(self.extra_relationships.iter().cloned().map(Ok));
        self.graph.relationships(filter, after).chain(extra).boxed()
    }

    fn known(&self) -> BoxStream<'_, Result<Known>> {
        let extra = futures::stream::iter(self.extra_known.iter().cloned().map(Ok));
        self.graph.known().chain(extra).boxed()
    }

    async fn node(&self, id: &ResourceId) -> Result<Option<Node>> {
        self.graph.node(id).await
    }

    async fn counts(&self) -> Result<GraphCounts> {
        let mut counts = self.graph.counts().await?;
        counts.nodes += self.extra_nodes.len() as u64;
        counts.relationships += self.extra_relationships.len() as u64;
        Ok(counts)
    }
}

#[tokio::test]
async fn a_broken_graph_is_found_without_a_scale_up() {
    let broken = |graph| Broken {
        graph,
        extra_nodes: Vec::new(),
        extra_known: Vec::new(),
        extra_relationships: Vec::new(),
    };
    let known = |key: &str| Known { key: key.into(), content_hash: 1, relationships_hash: 0 };

    let mut dangling = broken(tenant(2).await);
    dangling.extra_relationships.push(Relationship::new(id(&machine(0)), "PEER", id(&machine(9))));
    let validation = validate_graph(&dangling).await.unwrap();
    assert_eq!(failed(&validation), ["every relationship's ends exist"]);
    assert!(validation.checks.iter().any(|check| check.detail.contains("VM9")));

    let mut twice = broken(tenant(2).await);
    twice.extra_nodes.push(node(&machine(0)));
    twice.extra_known.push(known(id(&machine(0)).key()));
    assert_eq!(failed(&validate_graph(&twice).await.unwrap()), ["no node twice"]);

    let mut unlabelled = broken(tenant(2).await);
    let bare = Node::new(id(&machine(7)), atg_core::labels(["Resource"]));
    unlabelled.extra_nodes.push(bare);
    unlabelled.extra_known.push(known(id(&machine(7)).key()));
    assert_eq!(
        failed(&validate_graph(&unlabelled).await.unwrap()),
        ["every node has a type label"]
    );

    let mut unknown = broken(tenant(2).await);
    unknown.extra_nodes.push(node(&machine(7)));
    let validation = validate_graph(&unknown).await.unwrap();
    assert_eq!(failed(&validation), ["no node twice", "every node is known by its key"]);
}
