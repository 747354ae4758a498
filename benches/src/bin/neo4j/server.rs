//! The schema that a load begins with.

use atg_benches::neo4j_server::{Server, open_sink};
use atg_core::GraphSink;
use neo4rs::query;

use crate::Outcome;
use crate::contestant::Schema;

/// Makes a schema in the cleared database.
pub(crate) async fn make(server: &Server, schema: Schema) -> Outcome {
    match schema {
        Schema::Ours => Ok(open_sink(&server.uri).await?.prepare().await?),
        Schema::Plain => {
            let constraint = "CREATE CONSTRAINT atg_bench_id IF NOT EXISTS \
                              FOR (n:Resource) REQUIRE n.id IS UNIQUE";
            server.graph.run(query(constraint)).await?;
            Ok(server.graph.run(query("CALL db.awaitIndexes(300)")).await.map(drop)?)
        }
    }
}
