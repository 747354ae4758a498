//! A server that is killed amid a load, and started again: the load goes on, and comes to the same.

use std::cell::Cell;

use atg_graph::neo4j::Neo4jGraph;
use tokio::sync::Notify;
use xxhash_rust::xxh3::xxh3_64;

use crate::load::Load;
use crate::own_server::OwnServer;
use crate::server::{ended, has_servers};

/// How many loads are disturbed.
const ROUNDS: &str = "ATG_KILL_ROUNDS";

/// A load that outlasts a restart on a busy machine.
const RETRY_DEADLINE: std::time::Duration = std::time::Duration::from_secs(400);

async fn graph(own: &OwnServer) -> Neo4jGraph {
    own.server.builder().retry_deadline(RETRY_DEADLINE).connect().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_survives_kills_of_the_server() {
    if !has_servers() {
        return;
    }
    let rounds = std::env::var(ROUNDS).map_or(2, |rounds| rounds.parse().unwrap());
    let load = Load::of(4_000, 8_000);
    let own = OwnServer::start(&[]).await;
    let undisturbed = graph(&own).await;
    load.write_new(&undisturbed, || ()).await;
    let expected = load.is_exactly_in(&undisturbed).await;
    let (mut done, mut tries) = (0, 0);
    while done < rounds {
        own.server.clear().await;
        let kill_at = match tries {
            // While the schema is made.
            2 => 0,
            _ => usize::try_from(xxh3_64(&[tries])).unwrap() % load.batches(),
        };
        let graph = graph(&own).await;
        ended(load_and_kill(&own, &graph, &load, kill_at)).await;
        assert_eq!(load.is_exactly_in(&graph).await, expected, "killed at batch {kill_at}");
        load.is_unchanged_in(&graph).await;
        own.server.no_transaction_is_left().await;
        println!("killed from batch {kill_at} on: {:?}", graph.retries());
        tries += 1;
        // A kill near the end can come too late.
        done += u32::from(graph.retries().connections > 0);
        assert!(u32::from(tries) < 3 * rounds + 9, "most kills come after the load");
    }
}

/// Loads, and has the server killed and started again once a batch has begun.
async fn load_and_kill(own: &OwnServer, graph: &Neo4jGraph, load: &Load, kill_at: usize) {
    let (begun, reached) = (Cell::new(0), Notify::new());
    let count = || {
        if begun.replace(begun.get() + 1) == kill_at {
            reached.notify_one();
        }
    };
    let kill = async {
        reached.notified().await;
        own.kill().await;
        own.start_again(&[]).await;
    };
    tokio::join!(load.write_new(graph, count), kill);
}
