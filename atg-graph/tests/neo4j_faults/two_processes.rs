//! Two processes that load the same graph into one database at once, schema included.

use std::process::{Command, Stdio};

use crate::load::Load;
use crate::server::{Server, ended, has_servers};

/// Comes before what a process created.
const CREATED: &str = "created by this process:";

fn load() -> Load {
    Load::of(3_000, 6_000)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by two_processes_load_the_same_graph"]
async fn one_process() {
    let graph = Server::given().graph().await;
    let [nodes, relationships] = ended(load().write(&graph, || ())).await;
    println!("\n{CREATED} {nodes} {relationships}");
    println!("{:?}", graph.retries());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_load_the_same_graph() {
    if !has_servers() {
        return;
    }
    let server = Server::given();
    server.clear().await;
    let process = || {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "two_processes::one_process", "--ignored", "--nocapture"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let created = [process(), process()].map(|process| {
        let output = process.wait_with_output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        print!("{said}");
        assert!(output.status.success());
        let line = said.lines().find_map(|line| line.strip_prefix(CREATED)).unwrap();
        let mut numbers = line.split_whitespace().map(|number| number.parse::<u64>().unwrap());
        [(); 2].map(|()| numbers.next().unwrap())
    });
    let sums: Vec<u64> =
        created[0].iter().zip(created[1]).map(|(one, other)| one + other).collect();
    assert_eq!(sums, load().sizes(), "each was created once");
    let graph = server.graph().await;
    load().is_exactly_in(&graph).await;
    load().is_unchanged_in(&graph).await;
}
