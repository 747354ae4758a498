//! The port: real bytes over a real socket.

use std::io::Read as _;
use std::net::SocketAddr;

use atg_azure::simulator::{Fault, FaultPlan, ServerHandle, Simulator};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::simulator;

const LOOPBACK: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

/// Sends the bytes as they are and reads until the connection ends.
async fn exchange(server: &ServerHandle, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    // A server that refuses early may close before it has read all.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    answer
}

/// An HTTP exchange: the head in lower case, and the body.
async fn http(server: &ServerHandle, head: &str, body: &str) -> (String, Vec<u8>) {
    let length = body.len();
    let text = format!(
        "{head}\r\nhost: {}\r\nauthorization: Bearer t\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}",
        server.address()
    );
    let answer = exchange(server, text.as_bytes()).await;
    let split = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8(answer[..split].to_vec()).unwrap().to_lowercase();
    (head, answer[split + 4..].to_vec())
}

async fn served(azure: &Simulator) -> ServerHandle {
    azure.serve(LOOPBACK).await.unwrap()
}

#[tokio::test]
async fn a_plain_client_pages_to_the_end_by_next_link() {
    let azure = simulator(130, 1).page_size(50).empty_pages(0.5).build().unwrap();
    let server = served(&azure).await;
    let id = azure.tenant().subscription_id(0);
    let mut target = format!("/subscriptions/{id}/resources?api-version=2025-04-01");
    let mut found = 0;
    loop {
        let (head, body) = http(&server, &format!("GET {target} HTTP/1.1"), "").await;
        assert!(head.starts_with("http/1.1 200"), "{head}");
        let page: Value = serde_json::from_slice(&body).unwrap();
        found += page["value"].as_array().unwrap().len();
        let Some(link) = page["nextLink"].as_str() else { break };
        target = link.strip_prefix(&server.url()).expect("a link to this host").to_owned();
    }
    assert_eq!(found, 130);
    server.shutdown().await;
}

#[tokio::test]
async fn a_table_comes_over_the_port_and_gzip_when_it_is_accepted() {
    let azure = simulator(60, 1).build().unwrap();
    let server = served(&azure).await;
    let body = json!({"query": "resources | order by id asc"}).to_string();
    let line =
        "POST /providers/Microsoft.ResourceGraph/resources?api-version=2018-09-01-preview HTTP/1.1";
    let (head, plain) = http(&server, line, &body).await;
    assert!(!head.contains("content-encoding"), "{head}");
    let page: Value = serde_json::from_slice(&plain).unwrap();
    assert_eq!(page["data"]["rows"].as_array().unwrap().len(), 60);
    let accepting = format!("{line}\r\naccept-encoding: deflate, gzip;q=1.0");
    let (head, packed) = http(&server, &accepting, &body).await;
    assert!(head.contains("content-encoding: gzip"), "{head}");
    assert!(packed.len() < plain.len() / 2);
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain);
    let (head, _) = http(&server, &format!("{line}\r\naccept-encoding: identity"), &body).await;
    assert!(!head.contains("content-encoding"), "{head}");
}

#[tokio::test]
async fn garbage_is_refused_and_the_server_goes_on() {
    let azure = simulator(10, 1).build().unwrap();
    let server = served(&azure).await;
    let long = "x".repeat(3 * 1024 * 1024);
    for garbage in [
        &b"\x00\xff\xfe rubbish\r\n\r\n"[..],
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: 99999999999999999999999\r\n\r\n",
        b"GET /%ff%zz?%%%=&&& HTTP/1.1\r\nhost: \xff\xff\r\nconnection: close\r\n\r\n",
        b"GET /subscriptions?api-version=1 HTTP/1.1\r\nauthorization: \xff\r\nconnection: close\r\n\r\n",
    ] {
        let answer = exchange(&server, garbage).await;
        assert!(!answer.starts_with(b"HTTP/1.1 2"), "{}", String::from_utf8_lossy(garbage));
    }
    let line = "POST /providers/microsoft.resourcegraph/resources?api-version=1 HTTP/1.1";
    let large = exchange(
        &server,
        format!("{line}\r\nhost: a\r\nauthorization: Bearer t\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{long}", long.len())
            .as_bytes(),
    )
    .await;
    // The answer may be lost where the client still sends; there must be none but a refusal.
    assert!(large.is_empty() || large.starts_with(b"HTTP/1.1 413"));
    let (head, _) = http(&server, "GET /subscriptions?api-version=1 HTTP/1.1", "").await;
    assert!(head.starts_with("http/1.1 200"), "{head}");
    let (head, body) = http(&server, "HEAD /subscriptions?api-version=1 HTTP/1.1", "").await;
    assert!(head.starts_with("http/1.1 200") && body.is_empty(), "{head}");
}

#[tokio::test]
async fn a_reset_closes_the_connection_without_an_answer() {
    let plan = FaultPlan::new().nth(1, Fault::Reset);
    let azure = simulator(10, 1).faults(plan).build().unwrap();
    let server = served(&azure).await;
    let ask = b"GET /subscriptions?api-version=1 HTTP/1.1\r\nhost: a\r\nauthorization: Bearer t\r\nconnection: close\r\n\r\n";
    assert!(exchange(&server, ask).await.is_empty());
    assert!(exchange(&server, ask).await.starts_with(b"HTTP/1.1 200"));
}

#[tokio::test]
async fn only_loopback_is_served_and_the_end_frees_the_port() {
    let azure = simulator(10, 1).build().unwrap();
    let open = azure.serve("0.0.0.0:0".parse().unwrap()).await.unwrap_err();
    assert_eq!(open.kind(), atg_core::ErrorKind::InvalidInput);
    let server = served(&azure).await;
    let address = server.address();
    assert_eq!(server.url(), format!("http://{address}"));
    let taken = azure.serve(address).await.unwrap_err();
    assert_eq!(taken.kind(), atg_core::ErrorKind::Unavailable);
    server.shutdown().await;
    azure.serve(address).await.expect("the port is free again");
}
