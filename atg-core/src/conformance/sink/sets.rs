//! Sets: replacing, adding, claims of both ends, and the hashes of whole sets.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::TryStreamExt as _;

use super::holds;
use crate::conformance::sample::{
    Graph, addition, by_target, complete, key, link, node, nodes, put, put_sets,
};
use crate::conformance::suite::{Broken, Outcome, Suite, equal};
use crate::{NamedBy, Relationship, RelationshipSet};

pub(super) async fn run<G: Graph>(suite: &mut Suite<'_, G>) {
    suite.check("replacing_withdraws_exactly", replacing_withdraws_exactly).await;
    suite.check("adding_withdraws_nothing", adding_withdraws_nothing).await;
    suite.check("a_relationship_stays_while_one_end_names_it", claims).await;
    suite.check("both_claims_may_come_at_once", both_claims_may_come_at_once).await;
    suite.check("two_sets_may_name_one_relationship", two_sets_may_name_one).await;
    suite.check("an_unchanged_set_costs_no_write", unchanged_set_costs_no_write).await;
    suite.check("an_incomplete_set_keeps_no_hash", an_incomplete_set_keeps_no_hash).await;
    suite.check("an_addition_completes_a_set", an_addition_completes_a_set).await;
    suite.check("a_set_replaces_later_additions", a_set_replaces_later_additions).await;
    suite.check("updating_a_node_keeps_its_set", updating_a_node_keeps_its_set).await;
}

/// The stored hash of the set a node names.
pub(super) async fn set_hash<G: Graph>(graph: &Arc<G>, name: &str) -> Result<u64, Broken> {
    let known = graph.known().map_ok(|known| (known.key, known.relationships_hash));
    let known: BTreeMap<_, _> = known.try_collect().await?;
    let found = known.get(&key(name)).copied();
    found.ok_or_else(|| format!("known() does not give the node {name:?}").into())
}

async fn replacing_withdraws_exactly<G: Graph>(graph: Arc<G>) -> Outcome {
    let rows = nodes(&["a", "b", "c", "d"]);
    put(&graph, &rows, [4, 0, 0]).await?;
    let others = [
        addition("b", vec![link("b", "USES", "c"), link("b", "USES", "a")]),
        addition("c", vec![by_target(link("d", "OWNS", "c"))]),
    ];
    put_sets(&graph, &others, [3, 0, 0, 0]).await?;
    let links = ["b", "c", "d"].map(|name| link("a", "USES", name));
    let owned = by_target(link("d", "OWNS", "a"));
    let first = complete("a", [&links[..], &[owned]].concat());
    put_sets(&graph, &[first], [4, 0, 0, 0]).await?;
    let second = complete("a", vec![links[1].clone(), link("a", "OWNS", "b")]);
    put_sets(&graph, std::slice::from_ref(&second), [1, 0, 1, 3]).await?;
    holds(&graph, &rows, &[&others[..], &[second]].concat()).await?;
    put_sets(&graph, &[complete("a", vec![])], [0, 0, 0, 2]).await?;
    holds(&graph, &rows, &others).await
}

async fn adding_withdraws_nothing<G: Graph>(graph: Arc<G>) -> Outcome {
    let rows = nodes(&["a", "b", "c"]);
    put(&graph, &rows, [3, 0, 0]).await?;
    let first = complete("a", vec![link("a", "USES", "b")]);
    let second = addition("a", vec![link("a", "USES", "c")]);
    put_sets(&graph, std::slice::from_ref(&first), [1, 0, 0, 0]).await?;
    put_sets(&graph, std::slice::from_ref(&second), [1, 0, 0, 0]).await?;
    put_sets(&graph, &[addition("a", vec![])], [0, 0, 0, 0]).await?;
    holds(&graph, &rows, &[first, second]).await
}

/// One relationship, named as told.
fn named(named_by: NamedBy) -> Vec<Relationship> {
    vec![Relationship { named_by, ..link("a", "USES", "b") }]
}

async fn claims<G: Graph>(graph: Arc<G>) -> Outcome {
    let rows = nodes(&["a", "b"]);
    put(&graph, &rows, [2, 0, 0]).await?;
    let ends = [("a", NamedBy::Source), ("b", NamedBy::Target)];
    for (first, last) in [(0, 1), (1, 0)] {
        let sets = ends.map(|(owner, named_by)| complete(owner, named(named_by)));
        put_sets(&graph, &sets[..1], [1, 0, 0, 0]).await?;
        put_sets(&graph, &sets[1..], [0, 1, 0, 0]).await?;
        holds(&graph, &rows, &sets).await?;
        put_sets(&graph, &[complete(ends[first].0, vec![])], [0, 0, 0, 0]).await?;
        holds(&graph, &rows, &sets[last..=last]).await?;
        put_sets(&graph, &[complete(ends[last].0, vec![])], [0, 0, 0, 1]).await?;
        holds(&graph, &rows, &[]).await?;
    }
    Ok(())
}

async fn both_claims_may_come_at_once<G: Graph>(graph: Arc<G>) -> Outcome {
    let rows = nodes(&["a", "b"]);
    put(&graph, &rows, [2, 0, 0]).await?;
    let both = [addition("a", named(NamedBy::Both))];
    put_sets(&graph, &both, [1, 0, 0, 0]).await?;
    holds(&graph, &rows, &both).await?;
    // A claim that is there already is nothing new.
    put_sets(&graph, &[addition("b", named(NamedBy::Target))], [0, 0, 1, 0]).await?;
    holds(&graph, &rows, &both).await?;
    put_sets(&graph, &[complete("b", vec![])], [0, 0, 0, 0]).await?;
    holds(&graph, &rows, &[addition("a", named(NamedBy::Source))]).await?;
    put_sets(&graph, &[complete("a", vec![])], [0, 0, 0, 1]).await?;
    holds(&graph, &rows, &[]).await
}

async fn two_sets_may_name_one<G: Graph>(graph: Arc<G>) -> Outcome {
    let rows = nodes(&["a", "b"]);
    put(&graph, &rows, [2, 0, 0]).await?;
    let sets = [complete("a", named(NamedBy::Source)), complete("b", named(NamedBy::Target))];
    put_sets(&graph, &sets, [1, 0, 1, 0]).await?;
    holds(&graph, &rows, &sets).await?;
    put_sets(&graph, &sets, [0, 0, 2, 0]).await?;
    let mut last = named(NamedBy::Target);
    last[0].properties = vec![("last".into(), true.into())];
    let sets = [addition("a", named(NamedBy::Source)), addition("b", last)];
    put_sets(&graph, &sets, [0, 1, 1, 0]).await?;
    holds(&graph, &rows, &sets).await
}

async fn unchanged_set_costs_no_write<G: Graph>(graph: Arc<G>) -> Outcome {
    let rows = nodes(&["a", "b", "c"]);
    put(&graph, &rows, [3, 0, 0]).await?;
    let set = complete("a", vec![link("a", "USES", "b"), link("a", "USES", "c")]);
    put_sets(&graph, std::slice::from_ref(&set), [2, 0, 0, 0]).await?;
    equal("the stored hash", &set_hash(&graph, "a").await?, &set.hash)?;
    put_sets(&graph, std::slice::from_ref(&set), [0, 0, 2, 0]).await?;
    // Only a sink that goes by the hash leaves a set alone that is not what its hash says.
    let untrue = RelationshipSet { hash: set.hash, ..complete("a", named(NamedBy::Both)) };
    put_sets(&graph, &[untrue], [0, 0, 1, 0]).await?;
    holds(&graph, &rows, std::slice::from_ref(&set)).await?;
    let empty = complete("b", vec![]);
    put_sets(&graph, std::slice::from_ref(&empty), [0, 0, 0, 0]).await?;
    equal("the stored hash of an empty set", &set_hash(&graph, "b").await?, &empty.hash)
}

async fn an_incomplete_set_keeps_no_hash<G: Graph>(graph: Arc<G>) -> Outcome {
    let mut rows = nodes(&["a", "b"]);
    put(&graph, &rows, [2, 0, 0]).await?;
    let old = complete("a", vec![link("a", "OLD", "b")]);
    put_sets(&graph, std::slice::from_ref(&old), [1, 0, 0, 0]).await?;
    let new = complete("a", vec![link("a", "USES", "b"), link("a", "USES", "c")]);
    let outcome = graph.upsert_relationships(std::slice::from_ref(&new)).await?;
    equal("[created, removed, missing]", &facts(&outcome), &[1, 1, 1])?;
    equal("the hash of an incomplete set", &set_hash(&graph, "a").await?, &0)?;
    // Neither the old hash nor the new one may make the store think it has the set.
    put_sets(&graph, std::slice::from_ref(&old), [1, 0, 0, 1]).await?;
    rows.push(node("c"));
    put(&graph, &rows, [1, 0, 2]).await?;
    put_sets(&graph, std::slice::from_ref(&new), [2, 0, 0, 1]).await?;
    holds(&graph, &rows, std::slice::from_ref(&new)).await?;
    equal("the hash of the whole set", &set_hash(&graph, "a").await?, &new.hash)?;
    let mut spoiled = new.clone();
    spoiled.hash = 77;
    spoiled.relationships[0].properties = vec![("x".into(), f64::NAN.into())];
    graph.upsert_relationships(&[spoiled]).await?;
    equal("the hash of a set with a bad row", &set_hash(&graph, "a").await?, &0)
}

fn facts(outcome: &crate::RelationshipOutcome) -> [u64; 3] {
    [outcome.created, outcome.removed, outcome.missing.len() as u64]
}

async fn an_addition_completes_a_set<G: Graph>(graph: Arc<G>) -> Outcome {
    let mut rows = nodes(&["a", "b"]);
    put(&graph, &rows, [2, 0, 0]).await?;
    let whole = complete("a", vec![link("a", "USES", "b"), link("a", "USES", "c")]);
    let outcome = graph.upsert_relationships(std::slice::from_ref(&whole)).await?;
    equal("[created, removed, missing]", &facts(&outcome), &[1, 0, 1])?;
    rows.push(node("c"));
    put(&graph, &rows[2..], [1, 0, 0]).await?;
    let mut rest = addition("a", whole.relationships[1..].to_vec());
    rest.hash = whole.hash;
    put_sets(&graph, std::slice::from_ref(&rest), [1, 0, 0, 0]).await?;
    equal("the stored hash", &set_hash(&graph, "a").await?, &whole.hash)?;
    put_sets(&graph, &[rest], [0, 0, 1, 0]).await?;
    put_sets(&graph, std::slice::from_ref(&whole), [0, 0, 2, 0]).await?;
    holds(&graph, &rows, &[whole]).await
}

async fn a_set_replaces_later_additions<G: Graph>(graph: Arc<G>) -> Outcome {
    let rows = nodes(&["a", "b", "c"]);
    put(&graph, &rows, [3, 0, 0]).await?;
    let set = complete("a", vec![link("a", "USES", "b")]);
    put_sets(&graph, std::slice::from_ref(&set), [1, 0, 0, 0]).await?;
    put_sets(&graph, &[addition("a", vec![link("a", "USES", "c")])], [1, 0, 0, 0]).await?;
    equal("the hash of a set that was added to", &set_hash(&graph, "a").await?, &0)?;
    put_sets(&graph, std::slice::from_ref(&set), [0, 0, 1, 1]).await?;
    holds(&graph, &rows, &[set]).await
}

async fn updating_a_node_keeps_its_set<G: Graph>(graph: Arc<G>) -> Outcome {
    let mut rows = nodes(&["a", "b"]);
    put(&graph, &rows, [2, 0, 0]).await?;
    let set = complete("a", named(NamedBy::Source));
    put_sets(&graph, std::slice::from_ref(&set), [1, 0, 0, 0]).await?;
    for row in &mut rows {
        row.kind = "changed".into();
    }
    put(&graph, &rows, [0, 2, 0]).await?;
    holds(&graph, &rows, std::slice::from_ref(&set)).await?;
    equal("the stored hash", &set_hash(&graph, "a").await?, &set.hash)?;
    put_sets(&graph, &[set], [0, 0, 1, 0]).await
}
