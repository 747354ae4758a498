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
    for node in &mut nodes {
        node.columns.clear();
    }
    let mut rels = scale_support::relationships(n);
    rels.retain(|r| r.relation != "CONTAINS");
    for r in &mut rels {
        r.properties[0].1 = "properties.networkProfile.networkInterfaces[].id".into();
    }
    scale_support::write(&graph, &nodes, rels).await;
    for sync in [atg_graph::sqlite::Synchronous::Full; 6] {
        let dir = tempfile::tempdir().unwrap();
        let sq = atg_graph::sqlite::SqliteGraph::builder(&dir.path().join("g.sqlite"))
            .synchronous(sync)
            .open()
            .unwrap();
        sq.prepare().await.unwrap();
        sq.upsert_nodes(&nodes).await.unwrap();
        let sets: Vec<_> = graph
            .relationships_snapshot()
            .into_iter()
            .map(|r| RelationshipSet::addition(r.source.clone(), vec![r]))
            .collect();
        sq.upsert_relationships(&sets).await.unwrap();
        sq.flush().await.unwrap();
        let t = Instant::now();
        let t0 = Instant::now();
        let last = std::sync::Arc::new(std::sync::Mutex::new((
            std::time::Duration::ZERO,
            std::time::Duration::ZERO,
        )));
        let l2 = last.clone();
        let o = ScaleUp::to(40_000)
            .with_progress(move |p| {
                let mut l = l2.lock().unwrap();
                if p.phase == ScalePhase::Nodes { l.0 = t0.elapsed() } else { l.1 = t0.elapsed() }
            })
            .run(&sq, &sq)
            .await
            .unwrap();
        let ScaleOutcome::Scaled(r) = o else { panic!() };
        println!(
            "sqlite {:?} nodes done {:?} {} {}; profile {:?}",
            t.elapsed(),
            last.lock().unwrap(),
            r.nodes,
            r.relationships,
            sq.profile()
        );
        let t = Instant::now();
        let v = validate(&sq, &r).await.unwrap();
        println!("validate {} {:?}", v.passed, t.elapsed());
        if !v.passed {
            println!("{v:#?}");
        }
    }
    for _ in 0..3 {
        let sink = Sink(SinkProfile::default().with_rows(20_000, 20_000).with_writers(1, 1));
        let t = Instant::now();
        let r = ScaleUp::copies(7).with_seed(1).run(&graph, &sink).await.unwrap();
        println!("{:?} {:?}", t.elapsed(), r);
    }
}
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
