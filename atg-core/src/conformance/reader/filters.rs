//! Filters: exactly what passes comes, all of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::order::{all_nodes, all_relationships, filled};
use crate::conformance::sample::Graph;
use crate::conformance::suite::{Broken, Outcome, Suite, ensure, equal};
use crate::{Node, NodeFilter, Relationship, RelationshipFilter, ResourceId, Text};

pub(super) async fn run<G: Graph>(suite: &mut Suite<'_, G>) {
    suite.check("node_filters_let_exactly_theirs_pass", node_filters).await;
    suite.check("relationship_filters_let_exactly_theirs_pass", relationship_filters).await;
    suite.check("what_no_filter_matches_is_empty", nothing_matches).await;
}

async fn node_filters<G: Graph>(graph: Arc<G>) -> Outcome {
    filled(&graph, 21).await?;
    let all = all_nodes(&graph, NodeFilter::default(), None).await?;
    let label = Some(Text::from("compute_virtualmachines"));
    let every = NodeFilter::default;
    let filters = [
        NodeFilter { label: Some("Resource".into()), ..every() },
        NodeFilter { label: label.clone(), ..every() },
        NodeFilter { resource_type: Some("microsoft.network/virtualnetworks".into()), ..every() },
        NodeFilter { resource_type: Some("datadog.monitor/odd'types".into()), ..every() },
        NodeFilter { synthetic: Some(true), ..every() },
        NodeFilter { synthetic: Some(false), ..every() },
        NodeFilter { scale_operation_id: Some("scale-1".into()), ..every() },
        NodeFilter { label, synthetic: Some(true), ..every() },
    ];
    for filter in filters {
        let expected: Vec<Node> = all.iter().filter(|node| filter.matches(node)).cloned().collect();
        ensure(!expected.is_empty(), || format!("nothing passes {filter:?}: nothing is tested"))?;
        let got = all_nodes(&graph, filter.clone(), None).await?;
        equal(&format!("nodes that pass {filter:?}"), &keys(&got), &keys(&expected))?;
        equal("how many came", &got.len(), &expected.len())?;
    }
    Ok(())
}

fn keys(nodes: &[Node]) -> BTreeSet<&Text> {
    nodes.iter().map(|node| node.id.key()).collect()
}

/// Whether a relationship passes, given the keys of synthetic nodes.
fn passes(
    filter: &RelationshipFilter,
    one: &Relationship,
    synthetic: &BTreeSet<ResourceId>,
) -> bool {
    filter.relation.as_ref().is_none_or(|relation| *relation == one.relation)
        && filter.source.as_ref().is_none_or(|source| *source == one.source)
        && filter.target.as_ref().is_none_or(|target| *target == one.target)
        && filter.synthetic.is_none_or(|wanted| wanted == synthetic.contains(&one.source))
}

async fn relationship_filters<G: Graph>(graph: Arc<G>) -> Outcome {
    filled(&graph, 22).await?;
    let nodes = all_nodes(&graph, NodeFilter::default(), None).await?;
    let nodes = nodes.into_iter().filter(|node| node.synthetic);
    let synthetic: BTreeSet<ResourceId> = nodes.map(|node| node.id).collect();
    let all = all_relationships(&graph, RelationshipFilter::default(), None).await?;
    let one = all.get(all.len() / 2).cloned();
    let one = one.ok_or_else(|| Broken("no relationships came".to_owned()))?;
    let respelled = ResourceId::parse(one.source.as_str().to_ascii_uppercase())?;
    let every = RelationshipFilter::default;
    let filters = [
        RelationshipFilter { relation: Some("CONTAINS".into()), ..every() },
        RelationshipFilter { source: Some(respelled), ..every() },
        RelationshipFilter { target: Some(one.target.clone()), ..every() },
        RelationshipFilter { synthetic: Some(true), ..every() },
        RelationshipFilter { synthetic: Some(false), ..every() },
        RelationshipFilter {
            relation: Some(one.relation.clone()),
            source: Some(one.source.clone()),
            target: Some(one.target.clone()),
            synthetic: None,
        },
    ];
    for filter in filters {
        let expected: BTreeSet<_> =
            all.iter().filter(|one| passes(&filter, one, &synthetic)).map(identity).collect();
        ensure(!expected.is_empty(), || format!("nothing passes {filter:?}: nothing is tested"))?;
        let got = all_relationships(&graph, filter.clone(), None).await?;
        let identities: BTreeSet<_> = got.iter().map(identity).collect();
        equal(&format!("relationships that pass {filter:?}"), &identities, &expected)?;
        equal("how many came", &got.len(), &expected.len())?;
    }
    Ok(())
}

fn identity(one: &Relationship) -> (&ResourceId, &Text, &ResourceId) {
    (&one.source, &one.relation, &one.target)
}

async fn nothing_matches<G: Graph>(graph: Arc<G>) -> Outcome {
    filled(&graph, 23).await?;
    let odd = Some(Text::from("it's ` \" none"));
    let filters = [
        NodeFilter { label: odd.clone(), ..NodeFilter::default() },
        NodeFilter { resource_type: odd.clone(), ..NodeFilter::default() },
        NodeFilter { scale_operation_id: odd.clone(), ..NodeFilter::default() },
    ];
    for filter in filters {
        equal("nodes", &all_nodes(&graph, filter, None).await?, &vec![])?;
    }
    let stranger = ResourceId::named("no'body", "`");
    let filters = [
        RelationshipFilter { relation: odd, ..RelationshipFilter::default() },
        RelationshipFilter { source: Some(stranger.clone()), ..RelationshipFilter::default() },
        RelationshipFilter { target: Some(stranger), ..RelationshipFilter::default() },
    ];
    for filter in filters {
        equal("relationships", &all_relationships(&graph, filter, None).await?, &vec![])?;
    }
    Ok(())
}
