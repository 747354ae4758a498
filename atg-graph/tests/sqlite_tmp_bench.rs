#![allow(missing_docs, clippy::all, clippy::pedantic, clippy::unwrap_used)]
use atg_core::*;
use atg_graph::sqlite::SqliteGraph;
use rusqlite::{Connection, params};
use std::time::Instant;

fn id(n: usize) -> ResourceId {
    ResourceId::parse(format!("/subscriptions/0000-{:04}/resourceGroups/group-{:05}/providers/Microsoft.Compute/virtualMachines/machine-{n:07}", n / 10000, n / 100)).unwrap()
}
fn body(n: usize, bytes: usize) -> String {
    let mut s = format!("{{\"number\":{n},\"state\":\"running\",\"pad\":\"");
    while s.len() < bytes {
        s.push_str("abcdefghij");
    }
    s.push_str("\"}");
    s
}
fn node(n: usize, bytes: usize) -> Node {
    let l = labels(["Resource", "compute_virtualmachines"]);
    let mut x = Node::new(id(n), l);
    x.location = "westeurope".into();
    x.tenant_id = "tenant-0000-1111".into();
    x.kind = "linux".into();
    x.sku = "Standard_D2s".into();
    x.provisioning_state = "Succeeded".into();
    x.tags = "{\"env\":\"prod\"}".into();
    x.properties = body(n, bytes).into();
    x
}
fn rng(seed: &mut u64) -> usize {
    *seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
    (*seed >> 33) as usize
}
fn sets(from: usize, to: usize, total: usize, per: usize) -> Vec<RelationshipSet> {
    let mut seed = from as u64 + 7;
    (from..to)
        .map(|n| {
            let me = id(n);
            let mut rels = vec![];
            let mut c = Relationship::new(id(n / 50), "CONTAINS", me.clone());
            c.named_by = NamedBy::Target;
            c.properties.push(("path".into(), "id".into()));
            rels.push(c);
            let k = if per == 0 { n % 2 } else { per };
            for _ in 0..k {
                let mut r = Relationship::new(me.clone(), "USES", id(rng(&mut seed) % total));
                r.properties.push(("path".into(), "properties.networkProfile.id".into()));
                if !rels.iter().any(|x| x.relation == r.relation && x.target == r.target) {
                    rels.push(r);
                }
            }
            RelationshipSet::complete(me, rels)
        })
        .collect()
}
fn rate(n: usize, t: Instant) -> f64 {
    n as f64 / t.elapsed().as_secs_f64() / 1000.0
}
fn rss() -> (u64, u64) {
    let s = std::fs::read_to_string("/proc/self/status").unwrap();
    let g = |k: &str| {
        s.lines()
            .find(|l| l.starts_with(k))
            .unwrap()
            .split_whitespace()
            .nth(1)
            .unwrap()
            .parse::<u64>()
            .unwrap()
            / 1024
    };
    (g("VmRSS"), g("VmHWM"))
}
fn open(path: &std::path::Path, careful: bool) -> Connection {
    let c = Connection::open(path).unwrap();
    if careful {
        c.pragma_update(None, "page_size", 32768).unwrap();
    }
    c.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())).unwrap();
    c.pragma_update(None, "synchronous", "FULL").unwrap();
    c.pragma_update(None, "foreign_keys", "OFF").unwrap();
    if careful {
        c.pragma_update(None, "wal_autocheckpoint", 4000).unwrap();
        c.pragma_update(None, "cache_size", -65536).unwrap();
    }
    c
}
fn naive(nodes: &[Node], s: &[RelationshipSet], dir: &std::path::Path) -> (f64, f64) {
    let mut c = open(&dir.join("naive"), false);
    c.execute_batch("CREATE TABLE n(nid INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, type, name, location, rg, sub, tenant, kind, sku, state, tags, props, hash INTEGER);
      CREATE TABLE r(src TEXT NOT NULL, type TEXT NOT NULL, dst TEXT NOT NULL, props TEXT, UNIQUE(src,type,dst)); CREATE INDEX rr ON r(dst,type,src);").unwrap();
    let t = Instant::now();
    for chunk in nodes.chunks(1000) {
        let tx = c.transaction().unwrap();
        {
            let mut st = tx.prepare_cached("INSERT INTO n(id,type,name,location,rg,sub,tenant,kind,sku,state,tags,props,hash) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13) ON CONFLICT(id) DO UPDATE SET type=?2,name=?3,location=?4,rg=?5,sub=?6,tenant=?7,kind=?8,sku=?9,state=?10,tags=?11,props=?12,hash=?13 WHERE hash<>?13").unwrap();
            for n in chunk {
                st.execute(params![
                    n.id.key().as_str(),
                    &*n.resource_type,
                    &*n.name,
                    &*n.location,
                    &*n.resource_group,
                    &*n.subscription_id,
                    &*n.tenant_id,
                    &*n.kind,
                    &*n.sku,
                    &*n.provisioning_state,
                    &*n.tags,
                    &*n.properties,
                    n.content_hash() as i64
                ])
                .unwrap();
            }
        }
        tx.commit().unwrap();
    }
    let a = rate(nodes.len(), t);
    let rels: Vec<&Relationship> = s.iter().flat_map(|s| &s.relationships).collect();
    let t = Instant::now();
    for chunk in rels.chunks(1000) {
        let tx = c.transaction().unwrap();
        {
            let mut st = tx.prepare_cached("INSERT INTO r VALUES(?1,?2,?3,?4) ON CONFLICT DO UPDATE SET props=?4 WHERE props<>?4").unwrap();
            for r in chunk {
                st.execute(params![
                    r.source.key().as_str(),
                    &*r.relation,
                    r.target.key().as_str(),
                    format!(
                        "{{\"path\":\"{}\"}}",
                        if r.relation == "USES" { "properties.networkProfile.id" } else { "id" }
                    )
                ])
                .unwrap();
            }
        }
        tx.commit().unwrap();
    }
    (a, rate(rels.len(), t))
}
fn raw(nodes: &[Node], s: &[RelationshipSet], dir: &std::path::Path, total: usize) -> (f64, f64) {
    let mut c = open(&dir.join("raw"), true);
    c.execute_batch("CREATE TABLE node(nid INTEGER PRIMARY KEY, labels INTEGER NOT NULL, synthetic INTEGER NOT NULL, id TEXT NOT NULL, type TEXT, name TEXT, location TEXT, resource_group TEXT, subscription_id TEXT, tenant_id TEXT, kind TEXT, sku TEXT, provisioning_state TEXT, scale_operation_id TEXT, template_source_id TEXT, tags TEXT, columns TEXT, additional TEXT, properties TEXT);
     CREATE TABLE nk(nid INTEGER PRIMARY KEY, hash INTEGER NOT NULL, checksum INTEGER NOT NULL, content INTEGER NOT NULL);
     CREATE TABLE rel(src INTEGER NOT NULL, type INTEGER NOT NULL, dst INTEGER NOT NULL, named_by INTEGER NOT NULL, properties TEXT, PRIMARY KEY(src, type, dst)) WITHOUT ROWID").unwrap();
    let t = Instant::now();
    let mut nid = 0i64;
    for chunk in nodes.chunks(20000) {
        let tx = c.transaction().unwrap();
        {
            let mut st = tx.prepare_cached("INSERT INTO node(nid, labels, synthetic, id, columns, type, name, location, resource_group, subscription_id, tenant_id, kind, sku, provisioning_state, tags, properties, additional, scale_operation_id, template_source_id) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19)").unwrap();
            let mut k = tx.prepare_cached("INSERT INTO nk VALUES(?1,?2,?3,?4)").unwrap();
            for n in chunk {
                nid += 1;
                let none: Option<&str> = None;
                st.execute(params![
                    nid,
                    1,
                    false,
                    n.id.as_str(),
                    none,
                    &*n.resource_type,
                    &*n.name,
                    &*n.location,
                    &*n.resource_group,
                    &*n.subscription_id,
                    &*n.tenant_id,
                    &*n.kind,
                    &*n.sku,
                    &*n.provisioning_state,
                    &*n.tags,
                    &*n.properties,
                    none,
                    none,
                    none
                ])
                .unwrap();
                k.execute(params![
                    nid,
                    nid.wrapping_mul(0x9E3779B97F4A7C15u64 as i64),
                    nid.wrapping_mul(0x9E3779B1) & 0xffffffff,
                    nid.wrapping_mul(0x9E3779B97F4A7C17u64 as i64)
                ])
                .unwrap();
            }
        }
        tx.commit().unwrap();
    }
    let a = rate(nodes.len(), t);
    let nid_of =
        |id: &ResourceId| -> i64 { id.key()[id.key().len() - 7..].parse::<i64>().unwrap() + 1 };
    let rels: Vec<&Relationship> = s.iter().flat_map(|s| &s.relationships).collect();
    let known: std::collections::HashMap<Text, i64> =
        nodes.iter().enumerate().map(|(i, n)| (n.id.key().clone(), i as i64 + 1)).collect();
    let t = Instant::now();
    for chunk in rels.chunks(20000) {
        let mut rows: Vec<(i64, i64, i64, String)> = chunk
            .iter()
            .map(|r| {
                (
                    known[r.source.key()],
                    if r.relation == "USES" { 1 } else { 2 },
                    known[r.target.key()],
                    serde_json::to_string(&std::collections::BTreeMap::from([(
                        &r.properties[0].0,
                        &r.properties[0].1,
                    )]))
                    .unwrap(),
                )
            })
            .collect();
        rows.sort_unstable();
        let tx = c.transaction().unwrap();
        {
            let mut st = tx.prepare_cached("INSERT INTO rel(src, type, dst, named_by, properties) VALUES (?1,?2,?3,?4,?5) ON CONFLICT DO NOTHING").unwrap();
            for r in rows.iter() {
                st.execute(params![r.0, r.1, r.2, 1, r.3]).unwrap();
            }
        }
        tx.commit().unwrap();
    }
    (a, rate(rels.len(), t))
}
async fn ours(nodes: &[Node], s: &[RelationshipSet], dir: &std::path::Path) -> [f64; 5] {
    let g = SqliteGraph::open(dir.join("ours")).unwrap();
    g.prepare().await.unwrap();
    let t = Instant::now();
    for chunk in nodes.chunks(20000) {
        g.upsert_nodes(chunk).await.unwrap();
    }
    let a = rate(nodes.len(), t);
    let total: usize = s.iter().map(|s| s.relationships.len()).sum();
    let batches: Vec<&[RelationshipSet]> = s.chunks(20000 * s.len() / total).collect();
    let t = Instant::now();
    for chunk in &batches {
        g.upsert_relationships(chunk).await.unwrap();
    }
    let b = rate(total, t);
    let t = Instant::now();
    g.flush().await.unwrap();
    let f = t.elapsed().as_secs_f64();
    let t = Instant::now();
    for chunk in nodes.chunks(20000) {
        assert_eq!(g.upsert_nodes(chunk).await.unwrap().unchanged, chunk.len() as u64);
    }
    let a2 = rate(nodes.len(), t);
    let t = Instant::now();
    for chunk in &batches {
        assert_eq!(g.upsert_relationships(chunk).await.unwrap().created, 0);
    }
    [a, b, f, a2, rate(total, t)]
}
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore]
async fn small() {
    let bytes: usize = std::env::var("BODY").map_or(150, |v| v.parse().unwrap());
    let n = 40000;
    let nodes: Vec<Node> = (0..n).map(|i| node(i * 7919 % n, bytes)).collect();
    let all = sets(0, n, n, 0);
    let s: Vec<RelationshipSet> = (0..n).map(|i| all[i * 7919 % n].clone()).collect();
    for _ in 0..4 {
        let d = tempfile::tempdir().unwrap();
        if std::env::var("OURS").is_ok() {
            for i in 0..4 {
                let e = d.path().join(i.to_string());
                std::fs::create_dir(&e).unwrap();
                println!("{:?}", ours(&nodes, &s, &e).await);
            }
            continue;
        }
        let (na, nr) = naive(&nodes, &s, d.path());
        let (ra, rr) = raw(&nodes, &s, d.path(), n);
        let [a, b, f, a2, b2] = ours(&nodes, &s, d.path()).await;
        println!(
            "nodes: naive {na:.0} raw {ra:.0} ours {a:.0} (x raw {:.2}, x naive {:.1}) | rels: naive {nr:.0} raw {rr:.0} ours {b:.0} (x raw {:.2}, x naive {:.1}) | flush {f:.3}s again {a2:.0} {b2:.0}",
            a / ra,
            a / na,
            b / rr,
            b / nr
        );
    }
}
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore]
async fn large() {
    let bytes: usize = std::env::var("BODY").map_or(150, |v| v.parse().unwrap());
    let n: usize = std::env::var("N").map_or(1_000_000, |v| v.parse().unwrap());
    let d = tempfile::tempdir_in("/var/tmp").unwrap();
    let cache: usize = std::env::var("CACHE").map_or(64, |v| v.parse().unwrap());
    let g = SqliteGraph::builder(d.path().join("large")).cache_bytes(cache << 20).open().unwrap();
    g.prepare().await.unwrap();
    let t0 = Instant::now();
    let mut spent = 0.0;
    for at in (0..n).step_by(20000) {
        let nodes: Vec<Node> = (at..at + 20000).map(|i| node(i, bytes)).collect();
        let t = Instant::now();
        g.upsert_nodes(&nodes).await.unwrap();
        spent += t.elapsed().as_secs_f64();
        if at % 200000 == 0 {
            println!("{at} {:.0}k/s {:?}", 20.0 / t.elapsed().as_secs_f64(), rss());
        }
    }
    println!("nodes {:.0}k/s rss {:?}", n as f64 / spent / 1000.0, rss());
    let mut spent = 0.0;
    let mut count = 0;
    for at in (0..n).step_by(7000) {
        let s = sets(at, (at + 7000).min(n), n, 2);
        let t = Instant::now();
        let o = g.upsert_relationships(&s).await.unwrap();
        assert_eq!(o.missing.len(), 0);
        count += o.created;
        spent += t.elapsed().as_secs_f64();
        if at % 210000 == 0 {
            println!("{at} {:.0}k/s {:?}", 21.0 / t.elapsed().as_secs_f64(), rss());
        }
    }
    println!("rels {count} {:.0}k/s rss {:?}", count as f64 / spent / 1000.0, rss());
    let t = Instant::now();
    g.flush().await.unwrap();
    println!(
        "flush {:.2}s rss {:?} total {:.1}s file {} MB",
        t.elapsed().as_secs_f64(),
        rss(),
        t0.elapsed().as_secs_f64(),
        std::fs::metadata(d.path().join("large")).unwrap().len() >> 20
    );
    let t = Instant::now();
    println!("{:?} {:.3}s", g.counts().await.unwrap(), t.elapsed().as_secs_f64());
    let nodes: Vec<Node> = (0..20000).map(|i| node(i, bytes)).collect();
    let t = Instant::now();
    g.upsert_nodes(&nodes).await.unwrap();
    println!("again {:.0}k/s", 20.0 / t.elapsed().as_secs_f64());
    drop(g);
    let before = rss().0;
    let g = SqliteGraph::open(d.path().join("large")).unwrap();
    let t = Instant::now();
    g.prepare().await.unwrap();
    println!("load {:.3}s rss +{} MB", t.elapsed().as_secs_f64(), rss().0 as i64 - before as i64);
    use futures::TryStreamExt;
    let t = Instant::now();
    let c = g
        .nodes(Default::default(), None)
        .try_fold(0usize, |a, _| async move { Ok(a + 1) })
        .await
        .unwrap();
    println!("read nodes {:.0}k/s", rate(c, t));
    let t = Instant::now();
    let c = g
        .relationships(Default::default(), None)
        .try_fold(0usize, |a, _| async move { Ok(a + 1) })
        .await
        .unwrap();
    println!("read rels {:.0}k/s", rate(c, t));
    let t = Instant::now();
    let c = g.known().try_fold(0usize, |a, _| async move { Ok(a + 1) }).await.unwrap();
    println!("known {:.0}k/s", rate(c, t));
    let c = Connection::open(d.path().join("large")).unwrap();
    let t = Instant::now();
    let k: i64 = c.query_row("select count(*) from nodes", [], |r| r.get(0)).unwrap();
    println!("count(*) {k} {:.3}s", t.elapsed().as_secs_f64());
    let t = Instant::now();
    let ids: Vec<ResourceId> = (0..40000).map(|i| id(i * 7)).collect();
    println!("{:?} {:.1}s", g.delete(&ids).await.unwrap(), t.elapsed().as_secs_f64());
    println!("{:?}", rss());
}
