//! A server as the tests use it.

use std::time::{Duration, Instant};

use atg_graph::neo4j::{Neo4jBuilder, Neo4jGraph};

/// Whether tests that need a server are to run; where they are not, says so.
pub(crate) fn has_servers() -> bool {
    if std::env::var("ATG_TEST_NEO4J_URI").is_ok() {
        return true;
    }
    let required = std::env::var("ATG_REQUIRE_SERVERS").is_ok_and(|value| value == "1");
    assert!(!required, "no Neo4j: set ATG_TEST_NEO4J_URI");
    eprintln!("skipped: no Neo4j (set ATG_TEST_NEO4J_URI)");
    false
}

/// Waits for what must end; no test hangs.
pub(crate) async fn ended<T>(future: impl Future<Output = T>) -> T {
    let limit = Duration::from_secs(600);
    tokio::time::timeout(limit, future).await.expect("it does not end")
}

/// A server's address and who signs in.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub(crate) uri: String,
    pub(crate) user: &'static str,
    pub(crate) password: &'static str,
}

impl Server {
    /// The one that is there for all tests, which asks for no password.
    pub(crate) fn given() -> Self {
        Self { uri: std::env::var("ATG_TEST_NEO4J_URI").unwrap(), user: "", password: "" }
    }

    pub(crate) fn builder(&self) -> Neo4jBuilder {
        Neo4jGraph::builder(&self.uri).user(self.user, self.password)
    }

    pub(crate) async fn graph(&self) -> Neo4jGraph {
        self.builder().connect().await.unwrap()
    }

    fn driver(&self) -> neo4rs::Graph {
        // It waits no longer than that for any answer: deleting may take long.
        let patience = Duration::from_secs(300);
        let config = neo4rs::ConfigBuilder::new().uri(&self.uri).user(self.user);
        let config = config.password(self.password).connection_timeout(patience);
        neo4rs::Graph::connect(config.build().unwrap()).unwrap()
    }

    /// A transaction of somebody else's.
    pub(crate) async fn transaction(&self) -> neo4rs::Txn {
        self.driver().start_txn().await.unwrap()
    }

    /// Runs a statement outside of any transaction of the graph's.
    pub(crate) async fn run(&self, statement: &str) {
        self.driver().run(statement).await.unwrap();
    }

    /// What a statement returns as `it`.
    pub(crate) async fn read<T: serde::de::DeserializeOwned>(&self, statement: &str) -> Vec<T> {
        let mut stream = self.driver().execute(statement).await.unwrap();
        let mut rows = Vec::new();
        while let Some(row) = stream.next().await.unwrap() {
            rows.push(row.get("it").unwrap());
        }
        rows
    }

    /// Deletes every node; the schema stays.
    pub(crate) async fn empty(&self) {
        self.run("MATCH (n) CALL { WITH n DETACH DELETE n } IN TRANSACTIONS OF 500 ROWS").await;
    }

    /// Deletes everything, schema included.
    pub(crate) async fn clear(&self) {
        self.empty().await;
        for (kind, list) in [
            ("CONSTRAINT", "SHOW CONSTRAINTS YIELD name RETURN name AS it"),
            ("INDEX", "SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP' RETURN name AS it"),
        ] {
            for name in self.read::<String>(list).await {
                self.run(&format!("DROP {kind} `{name}`")).await;
            }
        }
    }

    /// Fails unless every transaction on the server ends by itself, and so gives up its locks.
    pub(crate) async fn no_transaction_is_left(&self) {
        let others = "SHOW TRANSACTIONS YIELD transactionId AS id, currentQuery AS it \
            WHERE NOT it STARTS WITH 'SHOW TRANSACTIONS' RETURN it";
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let left: Vec<String> = self.read(others).await;
            if left.is_empty() {
                return;
            }
            assert!(Instant::now() < deadline, "left open: {left:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
