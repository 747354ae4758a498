//! The example programs as people run them: built, started as processes, and judged by their exit
//! status, their words, their report and the graph they leave.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bad_graph;
mod bad_options;
mod bad_recordings;
mod cached;
mod compare_reports;
mod contents;
mod dry_run;
mod faults;
mod full_disk;
mod happy;
mod interrupted;
mod kept;
mod killed;
mod measured;
mod neo4j;
mod neo4j_stopped;
mod process;
mod recordings;
mod report_keys;
mod server;
mod small_examples;
