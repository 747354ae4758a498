//! [`Server`]: the database between the loads.

use atg_core::GraphSink;
use atg_graph::neo4j::Neo4jGraph;
use futures::TryStreamExt;
use neo4rs::{ConfigBuilder, Graph, Query, query};

use crate::Outcome;
use crate::contestant::Schema;
use crate::options::Options;

/// Nodes that one transaction deletes.
const PORTION: i64 = 10_000;

/// The database, as its keeper sees it.
pub(crate) struct Server {
    pub(crate) graph: Graph,
    uri: String,
}

impl Server {
    pub(crate) async fn connect(options: &Options) -> Outcome<Self> {
        let (user, password) = credentials();
        let config = ConfigBuilder::default()
            .uri(&options.uri)
            .user(user)
            .password(password)
            // So that reading all does not ask, and wait, every 200 rows.
            .fetch_size(1_000_000)
            .build()?;
        let server = Self { graph: Graph::connect(config)?, uri: options.uri.clone() };
        server.count("RETURN 1 AS count").await?;
        Ok(server)
    }

    /// Makes sure that the database may be emptied, and empties it.
    pub(crate) async fn claim(&self, allowed: bool) -> Outcome {
        let nodes = self.count("MATCH (n) RETURN count(n) AS count").await?;
        if nodes > 0 && !allowed {
            return Err(format!(
                "the database holds {nodes} nodes, and this benchmark deletes everything in it: \
                 give --clear to allow that"
            )
            .into());
        }
        self.clear().await
    }

    /// Deletes everything, in portions; then the schema of the benchmark and of the sink.
    pub(crate) async fn clear(&self) -> Outcome {
        let portion = "MATCH (n) WITH n LIMIT $limit DETACH DELETE n RETURN count(*) AS count";
        while self.count(query(portion).param("limit", PORTION)).await? > 0 {}
        for (list, drop) in [
            ("SHOW CONSTRAINTS YIELD name", "DROP CONSTRAINT"),
            ("SHOW INDEXES YIELD name", "DROP INDEX"),
        ] {
            let own = "WHERE name STARTS WITH 'atg_' RETURN name";
            for name in self.names(&format!("{list} {own}")).await? {
                self.graph.run(query(&format!("{drop} `{name}` IF EXISTS"))).await?;
            }
        }
        Ok(())
    }

    /// Makes a schema in the cleared database.
    pub(crate) async fn make(&self, schema: Schema) -> Outcome {
        match schema {
            Schema::Ours => Ok(open_sink(&self.uri).await?.prepare().await?),
            Schema::Plain => {
                let constraint = "CREATE CONSTRAINT atg_bench_id IF NOT EXISTS \
                                  FOR (n:Resource) REQUIRE n.id IS UNIQUE";
                self.graph.run(query(constraint)).await?;
                Ok(self.graph.run(query("CALL db.awaitIndexes(300)")).await.map(drop)?)
            }
        }
    }

    /// The number that a statement returns as `count`.
    pub(crate) async fn count(&self, statement: impl Into<Query>) -> Outcome<u64> {
        let mut rows = self.graph.execute(statement.into()).await?;
        let row = rows.next().await?.ok_or("the server returned no row")?;
        // The rest says whether the statement was done.
        while rows.next().await?.is_some() {}
        Ok(row.get("count")?)
    }

    async fn names(&self, statement: &str) -> Outcome<Vec<String>> {
        let mut rows = self.graph.execute(query(statement)).await?;
        Ok(rows.column_into_stream("name").try_collect().await?)
    }
}

/// The sink, another handle each time: what a handle learned in one load must not help the next.
pub(crate) async fn open_sink(uri: &str) -> Outcome<Neo4jGraph> {
    let (user, password) = credentials();
    let builder = Neo4jGraph::builder(uri);
    let builder = if user.is_empty() { builder } else { builder.user(user, password) };
    Ok(builder.connect().await?)
}

fn credentials() -> (String, String) {
    let variable = |name| std::env::var(name).unwrap_or_default();
    (variable("NEO4J_USER"), variable("NEO4J_PASSWORD"))
}
