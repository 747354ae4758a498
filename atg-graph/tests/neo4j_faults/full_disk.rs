//! A server whose disk is full amid a load: the load ends with what to do, and goes on afterwards.

use atg_core::ErrorKind;

use crate::load::Load;
use crate::own_server::OwnServer;
use crate::server::{ended, has_servers};

/// The largest file that the server may write [KiB]: a little more than an empty database needs.
const LARGEST_FILE: u32 = 2_500;

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_named_and_nothing_is_lost() {
    if !has_servers() {
        return;
    }
    let Some(own) = OwnServer::with_files_of(LARGEST_FILE).await else { return };
    let load = Load::of(4_000, 8_000);
    let graph = own.server.graph().await;
    let error = ended(load.try_complete(&graph)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{}", error.report());
    assert!(error.report().contains("whether its disk is full"), "{}", error.report());
    own.kill().await;
    own.start_again(&[]).await;
    let graph = own.server.graph().await;
    ended(load.complete(&graph)).await;
    load.is_exactly_in(&graph).await;
    load.is_unchanged_in(&graph).await;
    own.server.no_transaction_is_left().await;
}
