//! What cannot work: told at once, with what to do about it, and without the password.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use atg_core::{
    Error, ErrorKind, GraphSink as _, Measurement, Node, PerfMonitor, PerfRecorder, PerfSnapshot,
    Relationship, RelationshipSet, ResourceId, labels,
};
use atg_graph::neo4j::{Neo4jBuilder, Neo4jGraph};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::own_server::{PASSWORD, confined_server};
use crate::server::ended;

/// Enough on a machine that does other work.
const LONG: Duration = Duration::from_secs(60);

/// Fails unless an error is of this kind and says these words, and no password.
fn says(error: &Error, kind: ErrorKind, words: &[&str]) {
    let report = error.report();
    assert_eq!(error.kind(), kind, "{report}");
    for word in words {
        assert!(report.contains(word), "{word:?} is not in: {report}");
    }
    for text in [report, error.to_string(), format!("{error:?}")] {
        assert!(!text.contains(PASSWORD) && !text.contains("wr0ng"), "{text}");
    }
}

async fn refusal(builder: Neo4jBuilder) -> Error {
    ended(builder.connect()).await.unwrap_err()
}

/// Connects, for so long, to a peer on this machine that treats each connection so.
async fn refusal_by<F: Future<Output = ()> + Send + 'static>(
    limit: Duration,
    treat: impl Fn(TcpStream) -> F + Send + 'static,
) -> Error {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("bolt://neo4j:{PASSWORD}@{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((peer, _)) = listener.accept().await {
            tokio::spawn(treat(peer));
        }
    });
    refusal(Neo4jGraph::builder(uri).connect_timeout(limit)).await
}

#[tokio::test]
async fn a_peer_that_speaks_http() {
    let error = refusal_by(LONG, |mut peer| async move {
        let _ = peer.read(&mut [0; 100]).await;
        let _ = peer.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
    })
    .await;
    says(&error, ErrorKind::InvalidInput, &["does not speak Bolt", "7687", "not the HTTP port"]);
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn a_peer_that_hangs_up() {
    let error = refusal_by(LONG, |peer| async { drop(peer) }).await;
    says(&error, ErrorKind::Unavailable, &["the connection was lost", "check"]);
    assert!(error.is_retryable());
}

#[tokio::test]
async fn a_peer_that_never_answers() {
    let error = refusal_by(Duration::from_millis(300), |mut peer| async move {
        while peer.read(&mut [0; 100]).await.is_ok_and(|length| length > 0) {}
    })
    .await;
    says(&error, ErrorKind::Timeout, &["within 300ms", "check", "connect time-out"]);
    assert!(error.is_retryable());
}

#[tokio::test]
async fn nobody_there() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("bolt://neo4j:{PASSWORD}@{}", listener.local_addr().unwrap());
    drop(listener);
    let error = refusal(Neo4jGraph::builder(&uri)).await;
    says(&error, ErrorKind::Unavailable, &["cannot be reached", "check that it runs", "127.0.0.1"]);
    let elsewhere = Neo4jGraph::builder(uri.replace("127.0.0.1", "no-such-host.invalid"));
    let error = refusal(elsewhere.connect_timeout(2 * LONG)).await;
    says(&error, ErrorKind::Unavailable, &["no-such-host.invalid", "check"]);
}

#[tokio::test]
async fn a_wrong_password_or_database() {
    let Some((server, _alone)) = confined_server().await else { return };
    let wrong = Neo4jGraph::builder(&server.uri).user("neo4j", "wr0ng");
    says(&refusal(wrong).await, ErrorKind::Unauthenticated, &["user and password", "check both"]);
    let nobody = Neo4jGraph::builder(&server.uri);
    says(&refusal(nobody).await, ErrorKind::Unauthenticated, &["user and password"]);
    let elsewhere = server.builder().database("elsewhere");
    says(&refusal(elsewhere).await, ErrorKind::NotFound, &["no such database", "SHOW DATABASES"]);
    // Routing hides what is wrong.
    let routed = server.uri.replace("bolt:", "neo4j:");
    let wrong = Neo4jGraph::builder(&routed).user("neo4j", "wr0ng");
    says(&refusal(wrong).await, ErrorKind::Unauthenticated, &["user and password"]);
    let elsewhere = Neo4jGraph::builder(&routed).user("neo4j", PASSWORD).database("elsewhere");
    says(&refusal(elsewhere).await, ErrorKind::NotFound, &["no such database"]);
}

#[tokio::test]
async fn a_database_with_an_id_twice() {
    let Some((server, _alone)) = confined_server().await else { return };
    server.run("UNWIND range(1, 10) AS n CREATE (:Resource {id: toString(n / 2)})").await;
    let graph = server.graph().await;
    let error = ended(graph.prepare()).await.unwrap_err();
    let advice =
        ["4 values of id are each on several nodes labelled Resource", "leave one of each"];
    says(&error, ErrorKind::InvalidData, &advice);
    assert!(!error.is_retryable());
    // The statement it gives finds them.
    let (_, list) = error.message().split_once("list them by: ").unwrap();
    let list = list.replace("RETURN value, times", "RETURN value AS it ORDER BY it");
    assert_eq!(server.read::<String>(&list).await, ["1", "2", "3", "4"]);
    server.run("MATCH (n:Resource) DELETE n").await;
    ended(graph.prepare()).await.unwrap();
}

#[tokio::test]
async fn a_database_with_a_relationship_twice() {
    let Some((server, _alone)) = confined_server().await else { return };
    let graph = server.graph().await;
    let ids = ["a", "b"].map(|name| ResourceId::named("thing", name));
    graph.prepare().await.unwrap();
    let nodes = ids.clone().map(|id| Node::new(id, labels(["Resource"])));
    graph.upsert_nodes(&nodes).await.unwrap();
    let twice = "MATCH (a:Resource), (b:Resource) CREATE (a)-[:USES {relationship_key: 'x'}]->(b)";
    server.run(twice).await;
    let [a, b] = ids;
    let set = RelationshipSet::complete(a.clone(), vec![Relationship::new(a, "USES", b)]);
    let error = ended(graph.upsert_relationships(&[set])).await.unwrap_err();
    let advice = ["1 values of relationship_key", "relationships of the type USES", "leave one"];
    says(&error, ErrorKind::InvalidData, &advice);
}

#[tokio::test]
async fn an_index_in_the_way_of_the_constraint() {
    let Some((server, _alone)) = confined_server().await else { return };
    let graph = server.graph().await;
    server.run("CREATE INDEX theirs FOR (n:Resource) ON (n.id)").await;
    let error = ended(graph.prepare()).await.unwrap_err();
    says(&error, ErrorKind::InvalidData, &["run DROP INDEX `theirs`", "atg_resource_id"]);
    server.run("DROP INDEX theirs").await;
    server.run("CREATE INDEX atg_resource_id FOR (n:Other) ON (n.x)").await;
    let error = ended(graph.prepare()).await.unwrap_err();
    says(&error, ErrorKind::InvalidData, &["by the name atg_resource_id", "drop or rename it"]);
    server.run("DROP INDEX atg_resource_id").await;
    ended(graph.prepare()).await.unwrap();
}

/// Counts statements and commits.
#[derive(Clone, Default)]
struct Count(Arc<AtomicU32>);

impl PerfRecorder for Count {
    fn record(&mut self, _: &Measurement) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl PerfMonitor for Count {
    fn recorder(&self) -> Box<dyn PerfRecorder> {
        Box::new(self.clone())
    }

    fn snapshot(&self) -> PerfSnapshot {
        PerfSnapshot::default()
    }
}

#[tokio::test]
async fn an_index_that_a_dead_client_leaves_is_waited_for() {
    let Some((server, _alone)) = confined_server().await else { return };
    let statements = Count::default();
    let graph = server.builder().monitor(statements.clone()).connect().await.unwrap();
    // As it is listed while the server winds up the constraint of a client that died.
    server.run("CREATE INDEX atg_resource_id FOR (n:Resource) ON (n.id)").await;
    let dropped = async {
        // More looks at it than a name that is taken gets.
        while statements.0.load(Ordering::Relaxed) < 40 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        server.run("DROP INDEX atg_resource_id").await;
    };
    let (prepared, ()) = ended(async { tokio::join!(graph.prepare(), dropped) }).await;
    prepared.unwrap();
}

#[tokio::test]
async fn an_index_that_is_left_for_good_is_told() {
    let Some((server, _alone)) = confined_server().await else { return };
    server.run("CREATE INDEX atg_resource_id FOR (n:Resource) ON (n.id)").await;
    let graph = server.builder().retry_deadline(Duration::from_secs(1)).connect().await.unwrap();
    let error = ended(graph.prepare()).await.unwrap_err();
    says(&error, ErrorKind::InvalidData, &["run DROP INDEX `atg_resource_id`"]);
}
