//! Nodes: written, read back, written again, updated.

use std::sync::Arc;

use super::holds;
use crate::conformance::sample::{Graph, id, node, nodes, put};
use crate::conformance::suite::{Outcome, Suite, ensure, equal};
use crate::{Labels, Node, ResourceId, Text, UNRESOLVED_LABEL, Value, labels};

pub(super) async fn run<G: Graph>(suite: &mut Suite<'_, G>) {
    suite.check("nodes_read_back_equal", nodes_read_back_equal).await;
    suite.check("odd_texts_read_back_equal", odd_texts_read_back_equal).await;
    suite.check("custom_columns_read_back_equal", custom_columns_read_back_equal).await;
    suite.check("label_sets_are_kept_and_changed", label_sets_are_kept_and_changed).await;
    suite.check("writing_nodes_again_changes_nothing", writing_again_changes_nothing).await;
    suite.check("an_update_changes_exactly_that_node", an_update_changes_exactly_that_node).await;
    suite.check("every_changed_column_is_an_update", every_changed_column_is_an_update).await;
    suite.check("ids_differ_by_key_alone", ids_differ_by_key_alone).await;
}

async fn nodes_read_back_equal<G: Graph>(graph: Arc<G>) -> Outcome {
    let mut rows = nodes(&["a", "b"]);
    rows.push(Node::new(id("bare"), labels(["Resource"])));
    rows.push(Node::new(ResourceId::named("location", "westeurope"), labels(["Location"])));
    let mut copy = node("copy");
    copy.synthetic = true;
    copy.scale_operation_id = "scale-1".into();
    copy.template_source_id = id("a").key().clone();
    rows.push(copy);
    put(&graph, &rows, [5, 0, 0]).await?;
    holds(&graph, &rows, &[]).await?;
    let one = graph.node(&id("a")).await?;
    equal("the node read by its id", &one.as_ref(), &rows.first())?;
    equal("a node that is not there", &graph.node(&id("other")).await?, &None)
}

async fn odd_texts_read_back_equal<G: Graph>(graph: Arc<G>) -> Outcome {
    let texts = [
        "it's \"quoted\" `so` \\ and $1 ?2 :x %s {0} --",
        "'; DROP TABLE node; --",
        "日本語 ß İ e\u{301} \u{202e}rtl \u{1f980}\u{200d}\u{10ffff}",
        "line\nbreak\r\ttab\u{1}\u{7f}",
        "  blanks  ",
        "null",
        "0123",
        "1e400",
    ];
    let long = Text::from("0123456789abcdéf".repeat(4_096));
    let mut rows = Vec::new();
    for (number, text) in texts.into_iter().map(Text::from).chain([long]).enumerate() {
        let mut row = node(&format!("o'dd \"{number}\" ü"));
        row.name = text.clone();
        row.tags = text.clone();
        row.properties = text.clone();
        row.additional = text.clone();
        row.template_source_id = text;
        rows.push(row);
    }
    put(&graph, &rows, [rows.len() as u64, 0, 0]).await?;
    holds(&graph, &rows, &[]).await
}

/// Values at the edges of what every store can hold.
fn edge_values() -> Vec<Value> {
    let mut values: Vec<Value> =
        [i64::MIN, i64::MAX, 0, -1, 1 << 53, (1 << 53) + 1].into_iter().map(Value::from).collect();
    let floats = [0.0, 1.0, -2.5, 0.1 + 0.2, f64::MAX, f64::MIN_POSITIVE, 5e-324, 1e23, 1.0 / 3.0];
    values.extend(floats.map(Value::from));
    values.extend(["", "text", "1", "true", "it's \"é\" 🦀"].map(Value::from));
    values.extend([true, false].map(Value::from));
    values.push(Value::List(vec![1.into(), i64::MAX.into()]));
    values.push(Value::List(vec!["".into(), "b".into()]));
    values.push(Value::List(vec![1.0.into(), 0.5.into()]));
    values.push(Value::List(vec![true.into()]));
    values.push(Value::List(vec![]));
    values
}

async fn custom_columns_read_back_equal<G: Graph>(graph: Arc<G>) -> Outcome {
    let columns = edge_values().into_iter().enumerate();
    let columns = columns.map(|(number, value)| (Text::from(format!("column{number:02}")), value));
    let mut row = node("a");
    row.columns = columns.collect();
    let mut other = node("b");
    let names = ["two words", "quo\"te", "ap'os", "tick`", "ünï", "a.b", "$x", "CASE", "case"];
    other.columns = names.map(|name| (name.into(), name.into())).into();
    let rows = [row, other];
    put(&graph, &rows, [2, 0, 0]).await?;
    holds(&graph, &rows, &[]).await?;
    put(&graph, &rows, [0, 0, 2]).await
}

async fn label_sets_are_kept_and_changed<G: Graph>(graph: Arc<G>) -> Outcome {
    let sets: [Labels; 4] = [
        labels(["Resource"]),
        labels(["Resource", "test_things"]),
        labels(["Resource", "test_things", "third"]),
        labels(["Resource", UNRESOLVED_LABEL]),
    ];
    let mut rows = nodes(&["a", "b", "c", "d"]);
    for (row, set) in rows.iter_mut().zip(&sets) {
        row.labels = set.clone();
    }
    put(&graph, &rows, [4, 0, 0]).await?;
    holds(&graph, &rows, &[]).await?;
    for (row, set) in rows.iter_mut().zip(sets.iter().rev()) {
        row.labels = set.clone();
    }
    put(&graph, &rows, [0, 4, 0]).await?;
    holds(&graph, &rows, &[]).await
}

async fn writing_again_changes_nothing<G: Graph>(graph: Arc<G>) -> Outcome {
    let rows = nodes(&["a", "b", "c"]);
    put(&graph, &rows, [3, 0, 0]).await?;
    put(&graph, &rows, [0, 0, 3]).await?;
    holds(&graph, &rows, &[]).await
}

async fn an_update_changes_exactly_that_node<G: Graph>(graph: Arc<G>) -> Outcome {
    let mut rows = nodes(&["a", "b", "c"]);
    put(&graph, &rows, [3, 0, 0]).await?;
    let mut changed = Node::new(id("b"), labels(["Resource"]));
    changed.properties = r#"{"size":2}"#.into();
    changed.columns = vec![("other".into(), "text".into())];
    put(&graph, std::slice::from_ref(&changed), [0, 1, 0]).await?;
    rows.splice(1..2, [changed]);
    holds(&graph, &rows, &[]).await?;
    put(&graph, &rows, [0, 0, 3]).await
}

async fn every_changed_column_is_an_update<G: Graph>(graph: Arc<G>) -> Outcome {
    let mut row = node("a");
    put(&graph, std::slice::from_ref(&row), [1, 0, 0]).await?;
    let changes: [fn(&mut Node); 17] = [
        |node| node.resource_type = "changed/type".into(),
        |node| node.name = "changed".into(),
        |node| node.location = "changed".into(),
        |node| node.resource_group = "changed".into(),
        |node| node.subscription_id = "changed".into(),
        |node| node.tenant_id = "changed".into(),
        |node| node.kind = "changed".into(),
        |node| node.sku = "changed".into(),
        |node| node.provisioning_state = "changed".into(),
        |node| node.tags = "{}".into(),
        |node| node.properties = "{}".into(),
        |node| node.additional = Text::new(),
        |node| node.synthetic = true,
        |node| node.scale_operation_id = "changed".into(),
        |node| node.template_source_id = "changed".into(),
        |node| node.columns = vec![("cost".into(), 7.0.into())],
        |node| node.columns = Vec::new(),
    ];
    for change in changes {
        change(&mut row);
        put(&graph, std::slice::from_ref(&row), [0, 1, 0]).await?;
        holds(&graph, std::slice::from_ref(&row), &[]).await?;
    }
    Ok(())
}

async fn ids_differ_by_key_alone<G: Graph>(graph: Arc<G>) -> Outcome {
    let mut respelled = node("Ab É");
    put(&graph, std::slice::from_ref(&respelled), [1, 0, 0]).await?;
    respelled.id = ResourceId::parse(id("aB É").as_str().replace("/things/", "/THINGS/"))?;
    put(&graph, std::slice::from_ref(&respelled), [0, 1, 0]).await?;
    let found = graph.node(&id("AB É")).await?;
    ensure(found.is_some_and(|found| found.id.as_str() == respelled.id.as_str()), || {
        "a node must be found by any spelling of its id, and have the latest".to_owned()
    })?;
    // What is no ASCII letter, and the names of named nodes, are compared as they are.
    let mut rows = vec![node("ab é"), respelled];
    for name in ["Env", "env", "env ", "é", "e\u{301}", "É"] {
        rows.push(Node::new(ResourceId::named("tag", name), labels(["Tag"])));
    }
    put(&graph, &rows, [7, 0, 1]).await?;
    holds(&graph, &rows, &[]).await
}
