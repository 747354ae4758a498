#![allow(clippy::all, clippy::pedantic, missing_docs)]
mod scale_support;
use atg_core::memory::*;
use atg_core::*;
use atg_graph::scale::*;
use std::time::Instant;
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore]
async fn measure() {
    let graph = MemoryGraph::new();
    let n = 5000;
    let mut nodes = scale_support::nodes(n);
    for (i, node) in nodes.iter_mut().enumerate() {
        if !node.properties.is_empty() {
            let pad: String = (0..12).map(|j| format!(r#","setting{j}":{{"enabled":true,"subscriptionScope":"value {i} {j}","kind":"Something long enough"}}"#)).collect();
            let p = node.properties.trim_end_matches('}').to_owned() + &pad + "}";
            node.properties = p.as_str().into();
        }
    }
    println!("bytes {}", nodes[100].properties.len());
    let mut rels = scale_support::relationships(n);
    rels.retain(|r| r.relation != "CONTAINS");
    scale_support::write(&graph, &nodes, rels).await;
    for _ in 0..5 {
        let sink = Sink(SinkProfile::default().with_rows(20_000, 20_000).with_writers(1, 1));
        let t = Instant::now();
        let r = ScaleUp::copies(7).with_seed(1).run(&graph, &sink).await.unwrap();
        println!("{:?} {:?}", t.elapsed(), r);
    }
    let t = Instant::now();
    let ScaleOutcome::Scaled(r) =
        ScaleUp::copies(7).with_seed(1).run(&graph, &graph).await.unwrap()
    else {
        panic!()
    };
    println!("memory graph {:?}", t.elapsed());
    let t = Instant::now();
    println!("valid {} {:?}", validate(&graph, &r).await.unwrap().passed, t.elapsed());
    for _ in 0..3 {
        let pace = atg_pace();
    }
}
fn atg_pace() {}
struct Sink(SinkProfile);
#[async_trait::async_trait]
impl GraphSink for Sink {
    async fn prepare(&self) -> Result<()> {
        Ok(())
    }
    async fn upsert_nodes(&self, n: &[Node]) -> Result<NodeOutcome> {
        Ok(NodeOutcome { created: n.len() as u64, ..Default::default() })
    }
    async fn upsert_relationships(&self, s: &[RelationshipSet]) -> Result<RelationshipOutcome> {
        Ok(RelationshipOutcome {
            created: s.iter().map(|s| s.relationships.len() as u64).sum(),
            ..Default::default()
        })
    }
    async fn delete(&self, _: &[ResourceId]) -> Result<DeleteOutcome> {
        Ok(Default::default())
    }
    async fn flush(&self) -> Result<()> {
        Ok(())
    }
    fn profile(&self) -> SinkProfile {
        self.0
    }
}
