//! The simulated Azure as a client meets it: paging, limits, faults, the port.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod arm;
mod faults;
mod graph;
mod limits;
mod port;

use atg_azure::Transport;
use atg_azure::simulator::{Limits, Simulator, SimulatorBuilder, TenantSpec};
use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};

const ARM: &str = "https://management.azure.com";

/// A simulator without limits and empty pages, of a tenant that is spelled in many ways.
fn simulator(resources: u64, subscriptions: u32) -> SimulatorBuilder {
    Simulator::builder(TenantSpec::sized(resources, subscriptions))
        .limits(Limits::none())
        .empty_pages(0.0)
}

fn request(method: &str, uri: &str, token: &str, body: String) -> Request<Bytes> {
    Request::builder()
        .method(method)
        .uri(uri)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json; charset=utf-8")
        .body(body.into())
        .unwrap()
}

/// Asks for a path with an api-version, or for a whole address as it is.
async fn get(azure: &Simulator, path: &str) -> Response<Bytes> {
    let uri = if path.starts_with("http") {
        path.to_owned()
    } else {
        let sign = if path.contains('?') { '&' } else { '?' };
        format!("{ARM}{path}{sign}api-version=2021-04-01")
    };
    azure.send(request("GET", &uri, "t", String::new())).await.unwrap()
}

async fn post_query(azure: &Simulator, version: &str, body: &Value) -> Response<Bytes> {
    let path = "/providers/Microsoft.ResourceGraph/resources";
    let uri = format!("{ARM}{path}?api-version={version}");
    azure.send(request("POST", &uri, "t", body.to_string())).await.unwrap()
}

/// A query's answer, which must be good.
async fn query(azure: &Simulator, text: &str, options: Value) -> Value {
    let body = json!({"query": text, "options": options});
    let answer = post_query(azure, "2024-04-01", &body).await;
    let answer = (answer.status().as_u16(), parsed(&answer));
    assert_eq!(answer.0, 200, "{text}: {}", answer.1);
    answer.1
}

fn parsed(answer: &Response<Bytes>) -> Value {
    serde_json::from_slice(answer.body()).unwrap()
}

fn header<'a>(answer: &'a Response<Bytes>, name: &str) -> Option<&'a str> {
    answer.headers().get(name).map(|value| value.to_str().unwrap())
}

/// The status, and the code in the envelope.
fn refusal(answer: &Response<Bytes>) -> (u16, String) {
    let body = parsed(answer);
    let code = body["error"]["code"].as_str().unwrap_or_default();
    (answer.status().as_u16(), code.to_owned())
}

/// Every resource's id as its own record spells it.
fn all_ids(azure: &Simulator) -> Vec<String> {
    let id = |index| {
        let mut id = String::new();
        azure.tenant().write_id(index, &mut id);
        id
    };
    (0..azure.tenant().len()).map(id).collect()
}
