//! The server under test, one test at a time.

use std::time::Duration;

use atg_graph::neo4j::Neo4jGraph;
use tokio::sync::{Mutex, MutexGuard};

static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// The right to use the server's database.
pub(crate) struct Server {
    uri: String,
    _alone: MutexGuard<'static, ()>,
}

/// The server with an empty database; `None`, said so, where there is none and none is required.
pub(crate) async fn server() -> Option<Server> {
    let Ok(uri) = std::env::var("ATG_TEST_NEO4J_URI") else {
        let required = std::env::var("ATG_REQUIRE_SERVERS").is_ok_and(|value| value == "1");
        assert!(!required, "no Neo4j: set ATG_TEST_NEO4J_URI");
        eprintln!("skipped: no Neo4j (set ATG_TEST_NEO4J_URI)");
        return None;
    };
    let server = Server { uri, _alone: ONE_AT_A_TIME.lock().await };
    server.clear().await;
    Some(server)
}

impl Server {
    /// A handle of its own, with connections of its own.
    pub(crate) async fn graph(&self) -> Neo4jGraph {
        Neo4jGraph::builder(&self.uri).connect().await.unwrap()
    }

    /// A handle to the emptied database.
    pub(crate) async fn empty_graph(&self) -> Neo4jGraph {
        self.clear().await;
        self.graph().await
    }

    pub(crate) fn uri(&self) -> &str {
        &self.uri
    }

    /// Deletes every node; the schema stays.
    pub(crate) async fn clear(&self) {
        let statement = "MATCH (n) CALL { WITH n DETACH DELETE n } IN TRANSACTIONS OF 10000 ROWS";
        self.run(statement).await;
    }

    fn driver(&self) -> neo4rs::Graph {
        // It waits no longer than that for any answer: deleting may take long.
        let patience = Duration::from_secs(300);
        let config = neo4rs::ConfigBuilder::new().uri(&self.uri).user("").password("");
        neo4rs::Graph::connect(config.connection_timeout(patience).build().unwrap()).unwrap()
    }

    /// Runs a statement outside of any transaction of the graph's.
    pub(crate) async fn run(&self, statement: &str) {
        self.driver().run(statement).await.unwrap();
    }

    /// One number that a statement returns as `n`.
    pub(crate) async fn number(&self, statement: &str) -> i64 {
        let mut rows = self.driver().execute(statement).await.unwrap();
        rows.next().await.unwrap().unwrap().get("n").unwrap()
    }
}
