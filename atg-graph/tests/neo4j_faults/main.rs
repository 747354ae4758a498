//! The Neo4j graph when something goes wrong: servers that are killed, confined or refuse, networks
//! that fail, processes that write at once. Needs what `tests/neo4j` needs, deletes what it deletes,
//! and starts servers of its own by `scripts/neo4j`.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::large_futures)]

mod full_disk;
mod killed;
mod load;
mod own_server;
mod proxy;
mod read_only;
mod refused;
mod server;
mod strained;
mod two_processes;
