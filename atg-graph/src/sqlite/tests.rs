//! Tests that look inside: colliding hashes, what is known after a failure, late indexes.

use std::path::{Path, PathBuf};

use atg_core::{
    ErrorKind, GraphReader, GraphSink, Node, Relationship, RelationshipSet, ResourceId, labels,
};
use rusqlite::Connection;
use tempfile::TempDir;

use super::SqliteGraph;

fn place() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("graph.sqlite");
    (directory, path)
}

fn id(number: usize) -> ResourceId {
    ResourceId::named("tag", &number.to_string())
}

fn nodes(range: std::ops::Range<usize>) -> Vec<Node> {
    range.map(|number| Node::new(id(number), labels(["Resource"]))).collect()
}

fn ring(length: usize) -> Vec<RelationshipSet> {
    let link = |from| Relationship::new(id(from), "NEXT", id((from + 1) % length));
    (0..length).map(|from| RelationshipSet::complete(id(from), vec![link(from)])).collect()
}

fn indexes(path: &Path) -> i64 {
    let sql = "SELECT count(*) FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL";
    Connection::open(path).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn keys_that_collide_in_64_bits_stay_apart() {
    // All keys agree in the 64 bits that address them.
    let hasher = |key: &str| u128::from(xxhash_rust::xxh3::xxh3_64(key.as_bytes())) << 64 | 7;
    let (_directory, path) = place();
    let open = || SqliteGraph::builder(&path).hasher(hasher).open().unwrap();
    let graph = open();
    assert_eq!(graph.upsert_nodes(&nodes(0..300)).await.unwrap().created, 300);
    assert_eq!(graph.upsert_nodes(&nodes(0..300)).await.unwrap().unchanged, 300);
    assert_eq!(graph.upsert_relationships(&ring(300)).await.unwrap().created, 300);
    graph.flush().await.unwrap();
    assert_eq!(graph.delete(&[id(7), id(250)]).await.unwrap().relationships, 4);
    drop(graph);
    let graph = open();
    assert_eq!(graph.upsert_nodes(&nodes(0..301)).await.unwrap().created, 3);
    for number in 0..301 {
        assert_eq!(graph.node(&id(number)).await.unwrap().unwrap().id, id(number));
    }
    assert_eq!(graph.node(&id(301)).await.unwrap(), None);
}

#[tokio::test]
async fn what_fails_within_a_transaction_leaves_file_and_memory_alike() {
    let (_directory, path) = place();
    let graph = SqliteGraph::open(&path).unwrap();
    graph.upsert_nodes(&nodes(0..10)).await.unwrap();
    graph.upsert_relationships(&ring(10)).await.unwrap();
    let sabotage = Connection::open(&path).unwrap();
    sabotage
        .execute_batch(
            "CREATE TRIGGER full_node BEFORE INSERT ON node WHEN new.name = '15' \
             BEGIN SELECT raise(ABORT, 'no'); END; \
             CREATE TRIGGER full_rel BEFORE INSERT ON rel WHEN new.src = 4 AND new.dst = 9 \
             BEGIN SELECT raise(ABORT, 'no'); END;",
        )
        .unwrap();
    graph.upsert_nodes(&nodes(5..20)).await.expect_err("the trigger did not fire");
    let mut sets = ring(10);
    sets[2].relationships = vec![Relationship::new(id(2), "NEXT", id(6))];
    sets[2].hash = 5;
    sets[3].relationships = vec![Relationship::new(id(3), "NEXT", id(8))];
    sets[3].hash = 6;
    let error = graph.upsert_relationships(&sets).await.expect_err("the trigger did not fire");
    assert_eq!(error.kind(), ErrorKind::Internal);
    assert_eq!(graph.counts().await.unwrap().nodes, 10);
    sabotage.execute_batch("DROP TRIGGER full_node; DROP TRIGGER full_rel").unwrap();

    let outcome = graph.upsert_relationships(&ring(10)).await.unwrap();
    assert_eq!((outcome.unchanged, outcome.created, outcome.removed), (10, 0, 0));
    let outcome = graph.upsert_nodes(&nodes(0..20)).await.unwrap();
    assert_eq!((outcome.unchanged, outcome.created), (10, 10));
}

#[tokio::test]
async fn late_indexes_come_with_the_flush_or_after_a_crash() {
    let (_directory, path) = place();
    let graph = SqliteGraph::open(&path).unwrap();
    graph.prepare().await.unwrap();
    graph.flush().await.unwrap();
    graph.upsert_nodes(&nodes(0..10)).await.unwrap();
    graph.upsert_relationships(&ring(10)).await.unwrap();
    graph.prepare().await.unwrap();
    assert_eq!(indexes(&path), 0, "a load keeps up indexes");
    // Dropped without a flush, as by a crash.
    drop(graph);
    let graph = SqliteGraph::open(&path).unwrap();
    graph.prepare().await.unwrap();
    assert_eq!(indexes(&path), 4);
    // Small changes keep them up; a load larger than all there is does not, until its end.
    graph.upsert_nodes(&nodes(0..900)).await.unwrap();
    assert_eq!(indexes(&path), 4);
    graph.upsert_nodes(&nodes(0..2_000)).await.unwrap();
    assert_eq!(indexes(&path), 0);
    graph.flush().await.unwrap();
    assert_eq!(indexes(&path), 4);
}

#[tokio::test]
async fn replacing_within_a_load_makes_the_index_it_needs() {
    let (_directory, path) = place();
    let graph = SqliteGraph::open(&path).unwrap();
    graph.upsert_nodes(&nodes(0..3)).await.unwrap();
    let named_by_target = Relationship {
        named_by: atg_core::NamedBy::Target,
        ..Relationship::new(id(0), "HOLDS", id(1))
    };
    let set = RelationshipSet::complete(id(1), vec![named_by_target]);
    graph.upsert_relationships(&[set]).await.unwrap();
    assert_eq!(indexes(&path), 0);
    let set = RelationshipSet::complete(id(1), vec![Relationship::new(id(1), "NEXT", id(2))]);
    let outcome = graph.upsert_relationships(&[set]).await.unwrap();
    assert_eq!((outcome.created, outcome.removed), (1, 1));
    assert_eq!(indexes(&path), 4);
}

#[tokio::test]
async fn a_deletion_in_several_transactions_is_counted_as_one() {
    let (_directory, path) = place();
    let graph = SqliteGraph::open(&path).unwrap();
    graph.upsert_nodes(&nodes(0..30_000)).await.unwrap();
    graph.upsert_relationships(&ring(30_000)).await.unwrap();
    let ids: Vec<ResourceId> = (0..31_000).map(id).collect();
    let outcome = graph.delete(&ids).await.unwrap();
    assert_eq!((outcome.nodes, outcome.relationships), (30_000, 30_000));
    assert_eq!(graph.counts().await.unwrap(), atg_core::GraphCounts::default());
    assert_eq!(graph.upsert_nodes(&nodes(0..100)).await.unwrap().created, 100);
    assert_eq!(graph.upsert_relationships(&ring(100)).await.unwrap().created, 100);
}

#[test]
fn an_index_knows_what_it_was_told_and_gives_free_numbers_again() {
    use super::index::Index;
    use super::index_rows::Identity;
    let (_directory, path) = place();
    drop(SqliteGraph::open(&path).unwrap());
    let mut index = Index::load(&Connection::open(&path).unwrap()).unwrap();
    let identity = |number: u32| Identity { hash: u64::from(number % 50), checksum: number };
    for number in 1..=100 {
        assert_eq!(index.allocate().unwrap(), number);
        index.insert(number, identity(number), u64::from(number));
    }
    for number in [40, 3, 99] {
        index.remove(number);
        assert_eq!(index.find(identity(number)), None);
    }
    index.sort_free();
    assert_eq!(index.len(), 97);
    assert_eq!(index.find(identity(53)), Some(53));
    for expected in [3, 40, 99, 101] {
        assert_eq!(index.allocate().unwrap(), expected);
    }
}

#[tokio::test]
async fn pages_of_relationships_are_found_without_a_scan() {
    use super::read_relationships::Selection;
    use atg_core::RelationshipFilter;
    let (_directory, path) = place();
    let graph = SqliteGraph::open(&path).unwrap();
    graph.upsert_nodes(&nodes(0..100)).await.unwrap();
    graph.upsert_relationships(&ring(100)).await.unwrap();
    graph.flush().await.unwrap();
    let connection = Connection::open(&path).unwrap();
    let (source, target) = (Some(id(5)), Some(id(6)));
    let relation = Some("NEXT".into());
    let cases = [
        (RelationshipFilter::default(), "(src,type,dst)>(?,?,?)"),
        (RelationshipFilter { source: source.clone(), ..<_>::default() }, "src=? AND (type,dst)>"),
        (RelationshipFilter { target, ..<_>::default() }, "rel_reverse (dst=? AND (type,src)>"),
        (RelationshipFilter { source, relation, ..<_>::default() }, "(src=? AND type=? AND dst>?)"),
    ];
    for (filter, expected) in cases {
        let hasher = graph.settings.hasher;
        let selection = Selection::of(&connection, hasher, &filter, None).unwrap().unwrap();
        let (sql, bound) = selection.sql();
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let plan: Vec<String> = statement
            .query_map(rusqlite::params_from_iter(bound), |row| row.get(3))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        let plan = plan.join("; ");
        assert!(plan.contains(expected) && !plan.contains("TEMP B-TREE"), "{filter:?}: {plan}");
    }
}
