//! What is known without reading: hashes and counts.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::TryStreamExt as _;

use super::order::{all_nodes, all_relationships, filled};
use crate::conformance::graph::random_graph;
use crate::conformance::sample::{Graph, id, node};
use crate::conformance::suite::{Broken, Outcome, Suite, ensure, equal};
use crate::{
    GraphCounts, Known, Node, NodeFilter, RelationshipFilter, Text, UNRESOLVED_LABEL, labels,
};

pub(super) async fn run<G: Graph>(suite: &mut Suite<'_, G>) {
    suite.check("known_gives_the_hashes_as_written", known_gives_the_hashes).await;
    suite.check("known_follows_updates", known_follows_updates).await;
    suite.check("counts_agree_with_the_streams", counts_agree).await;
    suite.check("a_node_is_found_by_its_key", a_node_is_found_by_its_key).await;
}

async fn known<G: Graph>(graph: &Arc<G>) -> Result<BTreeMap<Text, Known>, Broken> {
    let all: Vec<Known> = graph.known().try_collect().await?;
    let by_key: BTreeMap<Text, Known> =
        all.iter().map(|one| (one.key.clone(), one.clone())).collect();
    equal("how many distinct keys known() gives", &by_key.len(), &all.len())?;
    Ok(by_key)
}

async fn known_gives_the_hashes<G: Graph>(graph: Arc<G>) -> Outcome {
    let random = random_graph(31, 700, 900);
    graph.upsert_nodes(&random.nodes).await?;
    graph.upsert_relationships(&random.sets).await?;
    let hashes: BTreeMap<&Text, u64> =
        random.sets.iter().map(|set| (set.owner.key(), set.hash)).collect();
    let known = known(&graph).await?;
    equal("how many nodes are known", &known.len(), &random.nodes.len())?;
    for node in &random.nodes {
        let key = node.id.key();
        let expected = Known {
            key: key.clone(),
            content_hash: node.content_hash(),
            relationships_hash: hashes.get(key).copied().unwrap_or_default(),
        };
        equal("what is known of a node", &known.get(key), &Some(&expected))?;
    }
    Ok(())
}

async fn known_follows_updates<G: Graph>(graph: Arc<G>) -> Outcome {
    let mut row = node("a");
    for kind in ["one", "two"] {
        row.kind = kind.into();
        graph.upsert_nodes(std::slice::from_ref(&row)).await?;
        let known = known(&graph).await?;
        let got = known.get(row.id.key()).map(|known| known.content_hash);
        equal("the hash after an update", &got, &Some(row.content_hash()))?;
    }
    graph.delete(&[row.id]).await?;
    ensure(known(&graph).await?.is_empty(), || "known() gives a node that was deleted".to_owned())
}

async fn counts_agree<G: Graph>(graph: Arc<G>) -> Outcome {
    filled(&graph, 32).await?;
    let unresolved = ["u1", "u2"]
        .map(|name| Node { labels: labels(["Resource", UNRESOLVED_LABEL]), ..node(name) });
    graph.upsert_nodes(&unresolved).await?;
    let mut expected = GraphCounts { unresolved_nodes: 2, ..GraphCounts::default() };
    for node in all_nodes(&graph, NodeFilter::default(), None).await? {
        expected.nodes += 1;
        expected.synthetic_nodes += u64::from(node.synthetic);
        *expected.nodes_by_type.entry(node.resource_type.to_string()).or_default() += 1;
    }
    for one in all_relationships(&graph, RelationshipFilter::default(), None).await? {
        expected.relationships += 1;
        *expected.relationships_by_type.entry(one.relation.to_string()).or_default() += 1;
    }
    equal("counts()", &graph.counts().await?, &expected)?;
    // A type that nothing has any more is not counted with 0.
    let gone: Vec<_> = all_nodes(&graph, NodeFilter::default(), None).await?;
    graph.delete(&gone.into_iter().map(|node| node.id).collect::<Vec<_>>()).await?;
    equal("counts() of an emptied graph", &graph.counts().await?, &GraphCounts::default())
}

async fn a_node_is_found_by_its_key<G: Graph>(graph: Arc<G>) -> Outcome {
    filled(&graph, 33).await?;
    for row in random_graph(33, 300, 700).nodes.iter().step_by(17) {
        let mut found = graph.node(&row.id).await?;
        if let Some(found) = &mut found {
            found.columns.sort_by(|one, other| one.0.cmp(&other.0));
        }
        equal("a node by its id", &found.as_ref(), &Some(row))?;
    }
    equal("a node that is not there", &graph.node(&id("nobody")).await?, &None)
}
