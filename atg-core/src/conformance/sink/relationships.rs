//! Relationships: written, read back, written again, updated, refused.

use std::sync::Arc;

use super::batches::bad_values;
use super::holds;
use crate::conformance::graph::random_graph;
use crate::conformance::sample::{
    Graph, addition, by_target, complete, id, link, node, nodes, put, put_sets,
};
use crate::conformance::suite::{Outcome, Suite, ensure, equal};
use crate::{Endpoint, MissingEndpoint, Relationship, ResourceId, Value};

pub(super) async fn run<G: Graph>(suite: &mut Suite<'_, G>) {
    suite.check("relationships_read_back_equal", read_back_equal).await;
    suite.check("writing_relationships_again_changes_nothing", again).await;
    suite.check("every_relationship_of_a_batch_is_kept", every_relationship_is_kept).await;
    suite.check("a_relationship_is_its_source_type_and_target", identity).await;
    suite.check("relationship_properties_are_updated", properties_are_updated).await;
    suite.check("loops_are_relationships", loops_are_relationships).await;
    suite.check("missing_endpoints_are_reported", missing_endpoints_are_reported).await;
    suite.check("a_bad_relationship_is_left_out_and_named", bad_relationships).await;
    suite.check("a_bad_row_withdraws_nothing", a_bad_row_withdraws_nothing).await;
}

async fn read_back_equal<G: Graph>(graph: Arc<G>) -> Outcome {
    let graph_of = random_graph(1, 40, 120);
    graph.upsert_nodes(&graph_of.nodes).await?;
    let outcome = graph.upsert_relationships(&graph_of.sets).await?;
    equal("relationships created", &outcome.created, &120)?;
    holds(&graph, &graph_of.nodes, &graph_of.sets).await?;
    let rows = nodes(&["a", "b"]);
    put(&graph, &rows, [2, 0, 0]).await?;
    let mut rich = link("a", "A_1", "b");
    let values = [Value::from(i64::MIN), 0.1.into(), "it's \"é\" `🦀`\n".into(), true.into()];
    let names = ["ünï \"x\"", "b c", "c'", "d`"].map(Into::into);
    rich.properties = names.into_iter().zip(values).collect();
    let sets = [complete("a", vec![rich]), complete("b", vec![by_target(link("a", "B", "b"))])];
    put_sets(&graph, &sets, [2, 0, 0, 0]).await?;
    let (all_nodes, all_sets) = ([graph_of.nodes, rows].concat(), [&graph_of.sets, &sets[..]]);
    holds(&graph, &all_nodes, &all_sets.concat()).await
}

async fn again<G: Graph>(graph: Arc<G>) -> Outcome {
    let rows = nodes(&["a", "b", "c"]);
    put(&graph, &rows, [3, 0, 0]).await?;
    let links = vec![link("a", "USES", "b"), link("a", "USES", "c")];
    let mut sets = [complete("a", links), addition("b", vec![link("b", "USES", "c")])];
    put_sets(&graph, &sets, [3, 0, 0, 0]).await?;
    put_sets(&graph, &sets, [0, 0, 3, 0]).await?;
    // Without the hash as well.
    sets[0].hash = 0;
    put_sets(&graph, &sets, [0, 0, 3, 0]).await?;
    holds(&graph, &rows, &sets).await
}

async fn every_relationship_is_kept<G: Graph>(graph: Arc<G>) -> Outcome {
    let graph_of = random_graph(2, 400, 2_500);
    graph.upsert_nodes(&graph_of.nodes).await?;
    let outcome = graph.upsert_relationships(&graph_of.sets).await?;
    let rows: usize = graph_of.sets.iter().map(|set| set.relationships.len()).sum();
    equal("relationships created", &outcome.created, &2_500)?;
    let counted = outcome.created + outcome.updated + outcome.unchanged;
    equal("relationships counted", &counted, &(rows as u64))?;
    holds(&graph, &graph_of.nodes, &graph_of.sets).await
}

async fn identity<G: Graph>(graph: Arc<G>) -> Outcome {
    let rows = nodes(&["a", "b"]);
    put(&graph, &rows, [2, 0, 0]).await?;
    let links = vec![link("a", "USES", "b"), link("a", "USED", "b"), link("b", "USES", "a")];
    let sets = [addition("a", links)];
    put_sets(&graph, &sets, [3, 0, 0, 0]).await?;
    holds(&graph, &rows, &sets).await?;
    let respelled = [addition("A", vec![link("A", "USES", "B")])];
    put_sets(&graph, &respelled, [0, 0, 1, 0]).await?;
    holds(&graph, &rows, &sets).await
}

async fn properties_are_updated<G: Graph>(graph: Arc<G>) -> Outcome {
    let rows = nodes(&["a", "b", "c"]);
    put(&graph, &rows, [3, 0, 0]).await?;
    let mut links = vec![link("a", "USES", "b"), link("a", "USES", "c")];
    put_sets(&graph, &[complete("a", links.clone())], [2, 0, 0, 0]).await?;
    links[0].properties = vec![("other".into(), 1.into()), ("more".into(), 0.5.into())];
    let sets = [complete("a", links.clone())];
    put_sets(&graph, &sets, [0, 1, 1, 0]).await?;
    holds(&graph, &rows, &sets).await?;
    links[0].properties.clear();
    let sets = [addition("a", links)];
    put_sets(&graph, &sets, [0, 1, 1, 0]).await?;
    holds(&graph, &rows, &sets).await
}

async fn loops_are_relationships<G: Graph>(graph: Arc<G>) -> Outcome {
    let rows = nodes(&["a"]);
    put(&graph, &rows, [1, 0, 0]).await?;
    let sets = [complete("a", vec![link("a", "USES", "a"), by_target(link("a", "OWNS", "a"))])];
    put_sets(&graph, &sets, [2, 0, 0, 0]).await?;
    put_sets(&graph, &sets, [0, 0, 2, 0]).await?;
    holds(&graph, &rows, &sets).await?;
    put_sets(&graph, &[complete("a", vec![])], [0, 0, 0, 2]).await?;
    holds(&graph, &rows, &[]).await
}

async fn missing_endpoints_are_reported<G: Graph>(graph: Arc<G>) -> Outcome {
    let rows = nodes(&["a", "b"]);
    put(&graph, &rows, [2, 0, 0]).await?;
    let good = link("a", "USES", "b");
    let lost = ["x", "y"].map(|name| link("a", "USES", name));
    let sets = [
        addition("b", vec![link("b", "USES", "a")]),
        complete("a", vec![lost[0].clone(), good.clone(), lost[1].clone()]),
        complete("z", vec![link("z", "USES", "x"), by_target(link("b", "USES", "z"))]),
    ];
    let mut outcome = graph.upsert_relationships(&sets).await?;
    outcome.missing.sort_by_key(|one| (one.set, one.relationship, one.endpoint));
    let places = [
        (1, 0, Endpoint::Target),
        (1, 2, Endpoint::Target),
        (2, 0, Endpoint::Source),
        (2, 0, Endpoint::Target),
        (2, 1, Endpoint::Target),
    ];
    let places =
        places.map(|(set, relationship, endpoint)| MissingEndpoint { set, relationship, endpoint });
    equal("missing endpoints", &outcome.missing, &places.to_vec())?;
    let counts = [outcome.created, outcome.updated, outcome.unchanged, outcome.removed];
    equal("relationships [created, updated, unchanged, removed]", &counts, &[2, 0, 0, 0])?;
    let written = [sets[0].clone(), addition("a", vec![good])];
    holds(&graph, &rows, &written).await
}

async fn bad_relationships<G: Graph>(graph: Arc<G>) -> Outcome {
    let rows = nodes(&["a", "b"]);
    put(&graph, &rows, [2, 0, 0]).await?;
    let long = "A".repeat(65);
    let names = ["", "uses", "1A", "A B", "A`B", "A'B", "A]->()-[:B", "É", &long];
    let mut bad: Vec<Relationship> = names.iter().map(|name| link("a", name, "b")).collect();
    bad.extend(bad_values().into_iter().map(|value| {
        let properties = vec![("x".into(), value)];
        Relationship { properties, ..link("a", "BAD", "b") }
    }));
    for bad in bad {
        let fine = addition("b", vec![link("b", "FINE", "a")]);
        let spoiled = complete("a", vec![link("a", "GOOD", "b"), bad.clone()]);
        let outcome = graph.upsert_relationships(&[fine.clone(), spoiled]).await?;
        let places: Vec<_> = outcome.rejected.iter().map(|row| (row.index, row.inner)).collect();
        equal("places of rejected relationships", &places, &vec![(1, 1)])?;
        equal("missing endpoints", &outcome.missing, &vec![])?;
        let counted = outcome.created + outcome.updated + outcome.unchanged;
        equal("relationships counted beside the bad one", &counted, &2)?;
        holds(&graph, &rows, &[fine, addition("a", vec![link("a", "GOOD", "b")])]).await?;
    }
    Ok(())
}

async fn a_bad_row_withdraws_nothing<G: Graph>(graph: Arc<G>) -> Outcome {
    let mut rows = nodes(&["a", "b", "c"]);
    rows.push(node("d"));
    put(&graph, &rows, [4, 0, 0]).await?;
    let links = vec![link("a", "USES", "b"), link("a", "USES", "c")];
    put_sets(&graph, &[complete("a", links.clone())], [2, 0, 0, 0]).await?;
    let mut spoiled = links.clone();
    spoiled[0].properties = vec![("x".into(), f64::NAN.into())];
    let outcome = graph.upsert_relationships(&[complete("a", spoiled)]).await?;
    equal("rejected rows", &outcome.rejected.len(), &1)?;
    // The record still names it, if in words that cannot be kept.
    equal("relationships removed", &outcome.removed, &0)?;
    holds(&graph, &rows, &[addition("a", links)]).await?;
    let found = graph.node(&ResourceId::parse(id("a").as_str())?).await?;
    ensure(found.is_some(), || "a node went with a bad relationship".to_owned())
}
