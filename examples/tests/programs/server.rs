//! A Neo4j server for the tests, emptied and lent to one of them at a time.

use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use atg_core::conformance::graph::{Dump, dump};
use atg_core::{GraphCounts, GraphReader, Node, ResourceId, Text, UNRESOLVED_LABEL};
use atg_graph::neo4j::Neo4jGraph;
use neo4rs::{ConfigBuilder, Graph};
use tokio::runtime::Runtime;

static IN_USE: Mutex<()> = Mutex::new(());

/// The server in `ATG_TEST_NEO4J_URI`, for one test alone.
pub(crate) struct Server {
    pub(crate) address: String,
    driver: Graph,
    runtime: Runtime,
    _alone: MutexGuard<'static, ()>,
}

impl Server {
    /// The server, without nodes and without a schema; `None`, said aloud, where there is none.
    pub(crate) fn empty() -> Option<Self> {
        let Ok(address) = std::env::var("ATG_TEST_NEO4J_URI") else {
            let required = std::env::var("ATG_REQUIRE_SERVERS").is_ok_and(|value| value == "1");
            assert!(!required, "no Neo4j: set ATG_TEST_NEO4J_URI (scripts/neo4j start)");
            println!("skipped: no Neo4j (set ATG_TEST_NEO4J_URI)");
            return None;
        };
        let alone = IN_USE.lock().unwrap_or_else(PoisonError::into_inner);
        let runtime = Runtime::new().unwrap();
        // The driver waits no longer than that for any answer, the deletion below included.
        let patience = Duration::from_secs(300);
        let config = ConfigBuilder::new().uri(&address).user("").password("");
        let config = config.connection_timeout(patience).build().unwrap();
        let driver = runtime.block_on(async { Graph::connect(config) }).unwrap();
        let server = Self { address, driver, runtime, _alone: alone };
        server.run("MATCH (n) CALL { WITH n DETACH DELETE n } IN TRANSACTIONS OF 5000 ROWS");
        for (kind, list) in [
            ("CONSTRAINT", "SHOW CONSTRAINTS YIELD name"),
            ("INDEX", "SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP'"),
        ] {
            for name in server.texts(&format!("{list} RETURN name AS text")) {
                server.run(&format!("DROP {kind} `{name}`"));
            }
        }
        Some(server)
    }

    /// Runs a statement to its end.
    pub(crate) fn run(&self, statement: &str) {
        self.wait(async { self.driver.run(statement).await.map(drop) }).unwrap();
    }

    /// The column `text` of every row of a query.
    pub(crate) fn texts(&self, query: &str) -> Vec<String> {
        self.rows(query).iter().map(|row| row.get("text").unwrap()).collect()
    }

    /// The column `number` of a query's only row.
    pub(crate) fn number(&self, query: &str) -> i64 {
        let rows = self.rows(query);
        assert_eq!(rows.len(), 1, "{query}");
        rows[0].get("number").unwrap()
    }

    /// How many rows a query gives.
    pub(crate) fn finds(&self, query: &str) -> usize {
        self.rows(query).len()
    }

    fn rows(&self, query: &str) -> Vec<neo4rs::Row> {
        let read = async || {
            let mut stream = self.driver.execute(query).await?;
            let mut rows = Vec::new();
            while let Some(row) = stream.next().await? {
                rows.push(row);
            }
            Ok(rows)
        };
        let rows: neo4rs::Result<_> = self.wait(read());
        rows.unwrap_or_else(|error| panic!("{query}: {error}"))
    }

    /// The graph's counts and all that it holds, as its reader tells.
    pub(crate) fn contents(&self) -> (GraphCounts, Dump) {
        self.wait(async {
            let graph = Neo4jGraph::builder(&self.address).connect().await.unwrap();
            contents(&graph).await
        })
    }

    /// Waits for something that needs a runtime.
    pub(crate) fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }
}

/// A graph's counts and all that it holds. An unresolved node is spelled as the reference that
/// came first, which differs from run to run: it is given in lower case.
pub(crate) async fn contents<R: GraphReader>(graph: &R) -> (GraphCounts, Dump) {
    let mut dump = dump(graph).await.unwrap();
    for node in dump.nodes.values_mut() {
        if node.labels.iter().any(|label| *label == UNRESOLVED_LABEL) {
            *node = in_lower_case(node);
        }
    }
    (graph.counts().await.unwrap(), dump)
}

fn in_lower_case(node: &Node) -> Node {
    let lower = |text: &Text| Text::from(text.to_lowercase());
    Node {
        id: ResourceId::from_stored(node.id.key().clone()).unwrap(),
        name: lower(&node.name),
        resource_group: lower(&node.resource_group),
        subscription_id: lower(&node.subscription_id),
        ..node.clone()
    }
}

/// Asserts that two graphs hold the same.
pub(crate) fn assert_same(found: &(GraphCounts, Dump), expected: &(GraphCounts, Dump)) {
    assert_eq!(found.0, expected.0);
    assert_eq!(found.1.difference(&expected.1), None);
}
