//! Order and cursors: a stream continues behind any item it gave.

use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _};

use crate::conformance::graph::random_graph;
use crate::conformance::sample::Graph;
use crate::conformance::suite::{Broken, Outcome, Suite, ensure, equal};
use crate::{GraphCounts, Node, NodeFilter, Relationship, RelationshipFilter, Text};

pub(super) async fn run<G: Graph>(suite: &mut Suite<'_, G>) {
    suite.check("an_empty_graph_reads_as_empty", an_empty_graph_reads_as_empty).await;
    suite.check("every_item_comes_once_in_one_order", every_item_comes_once).await;
    suite.check("nodes_continue_behind_any_node", nodes_continue).await;
    suite.check("relationships_continue_behind_any", relationships_continue).await;
    suite.check("a_dropped_stream_leaves_nothing_behind", dropped_streams).await;
}

/// Writes a random graph.
pub(super) async fn filled<G: Graph>(graph: &Arc<G>, seed: u64) -> Result<(), Broken> {
    let random = random_graph(seed, 300, 700);
    graph.upsert_nodes(&random.nodes).await?;
    graph.upsert_relationships(&random.sets).await?;
    Ok(())
}

pub(super) async fn all_nodes<G: Graph>(
    graph: &Arc<G>,
    filter: NodeFilter,
    after: Option<&Node>,
) -> Result<Vec<Node>, Broken> {
    Ok(graph.nodes(filter, after.map(|node| node.id.clone())).try_collect().await?)
}

pub(super) async fn all_relationships<G: Graph>(
    graph: &Arc<G>,
    filter: RelationshipFilter,
    after: Option<&Relationship>,
) -> Result<Vec<Relationship>, Broken> {
    Ok(graph.relationships(filter, after.cloned()).try_collect().await?)
}

async fn an_empty_graph_reads_as_empty<G: Graph>(graph: Arc<G>) -> Outcome {
    let nodes = all_nodes(&graph, NodeFilter::default(), None).await?;
    equal("nodes of an empty graph", &nodes, &vec![])?;
    let relationships = all_relationships(&graph, RelationshipFilter::default(), None).await?;
    equal("relationships of an empty graph", &relationships, &vec![])?;
    let known: Vec<_> = graph.known().try_collect().await?;
    equal("known nodes of an empty graph", &known, &vec![])?;
    equal("counts of an empty graph", &graph.counts().await?, &GraphCounts::default())
}

async fn every_item_comes_once<G: Graph>(graph: Arc<G>) -> Outcome {
    let random = random_graph(11, 700, 1_500);
    graph.upsert_nodes(&random.nodes).await?;
    graph.upsert_relationships(&random.sets).await?;
    let nodes = all_nodes(&graph, NodeFilter::default(), None).await?;
    equal("how many nodes came", &nodes.len(), &700)?;
    let again = all_nodes(&graph, NodeFilter::default(), None).await?;
    equal("nodes read a second time", &again, &nodes)?;
    let mut keys: Vec<&Text> = nodes.iter().map(|node| node.id.key()).collect();
    keys.sort_unstable();
    keys.dedup();
    equal("how many distinct nodes came", &keys.len(), &700)?;
    let relationships = all_relationships(&graph, RelationshipFilter::default(), None).await?;
    equal("how many relationships came", &relationships.len(), &1_500)?;
    let again = all_relationships(&graph, RelationshipFilter::default(), None).await?;
    equal("relationships read a second time", &again, &relationships)
}

async fn nodes_continue<G: Graph>(graph: Arc<G>) -> Outcome {
    filled(&graph, 12).await?;
    let some = NodeFilter { synthetic: Some(true), ..NodeFilter::default() };
    for filter in [NodeFilter::default(), some] {
        let nodes = all_nodes(&graph, filter.clone(), None).await?;
        ensure(nodes.len() > 10, || format!("{filter:?} gave only {} nodes", nodes.len()))?;
        for (place, node) in nodes.iter().enumerate().step_by(3) {
            let rest = all_nodes(&graph, filter.clone(), Some(node)).await?;
            equal("nodes behind one", &rest.as_slice(), &&nodes[place + 1..])?;
        }
    }
    Ok(())
}

async fn relationships_continue<G: Graph>(graph: Arc<G>) -> Outcome {
    filled(&graph, 13).await?;
    let some = RelationshipFilter { relation: Some("USES".into()), ..Default::default() };
    for filter in [RelationshipFilter::default(), some] {
        let all = all_relationships(&graph, filter.clone(), None).await?;
        ensure(all.len() > 10, || format!("{filter:?} gave only {} relationships", all.len()))?;
        for (place, one) in all.iter().enumerate().step_by(3) {
            let rest = all_relationships(&graph, filter.clone(), Some(one)).await?;
            equal("relationships behind one", &rest.as_slice(), &&all[place + 1..])?;
        }
    }
    Ok(())
}

async fn dropped_streams<G: Graph>(graph: Arc<G>) -> Outcome {
    filled(&graph, 14).await?;
    for taken in 0..20 {
        let _ = graph.nodes(NodeFilter::default(), None).take(taken).count().await;
        let stream = graph.relationships(RelationshipFilter::default(), None);
        let _ = stream.take(taken).count().await;
        let _ = graph.known().take(taken).count().await;
    }
    let nodes = all_nodes(&graph, NodeFilter::default(), None).await?;
    equal("nodes after dropped streams", &nodes.len(), &300)?;
    let row = nodes.first().cloned().into_iter().collect::<Vec<_>>();
    let unread = graph.nodes(NodeFilter::default(), None);
    let outcome = graph.upsert_nodes(&row).await?;
    drop(unread);
    equal("nodes unchanged by a write beside a stream", &outcome.unchanged, &1)
}
