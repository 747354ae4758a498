//! A database that may only be read.

use atg_core::{ErrorKind, GraphSink as _, Node, ResourceId, labels};

use crate::load::Load;
use crate::own_server::OwnServer;
use crate::server::{ended, has_servers};

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_database_is_read_and_refuses_writes_at_once() {
    if !has_servers() {
        return;
    }
    let own = OwnServer::start(&[]).await;
    let load = Load::of(300, 600);
    load.write_new(&own.server.graph().await, || ()).await;
    own.stop().await;
    own.start_again(&["--set", "server.databases.default_to_read_only=true"]).await;

    let graph = own.server.graph().await;
    ended(load.is_exactly_in(&graph)).await;
    // All is there that it needs.
    ended(graph.prepare()).await.unwrap();
    let id = ResourceId::named("thing", "new");
    let node = Node::new(id.clone(), labels(["Resource"]));
    let writes = [
        ended(graph.upsert_nodes(&[node])).await.unwrap_err(),
        ended(graph.delete(&[load.any_node()])).await.unwrap_err(),
    ];
    for error in writes {
        assert_eq!(error.kind(), ErrorKind::ReadOnly, "{}", error.report());
        assert!(error.message().contains("may only be read"), "{error}");
        assert!(!error.is_retryable());
    }
    assert_eq!(graph.retries().connections, 0);
}
