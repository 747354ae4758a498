//! Whose quotas requests count against, and who goes first.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use atg_core::{
    OperationClass, Pace, PaceKey, PaceObservation, Permit, Priority, ResourceId, Result,
};
use atg_perf::{QuotaLimit, QuotaPace};
use bytes::Bytes;

use super::{ArmClient, Request, escape_path, subscription_of};
use crate::{AccessToken, Cloud, StaticToken, Transport};

/// Answers everything, and keeps the paths in the order in which they came.
#[derive(Clone, Default)]
struct Paths(Arc<Mutex<Vec<String>>>);

#[async_trait]
impl Transport for Paths {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>> {
        self.0.lock().unwrap().push(request.uri().path().to_owned());
        tokio::time::sleep(Duration::from_millis(100)).await;
        Ok(http::Response::new(Bytes::from_static(b"{}")))
    }
}

/// Lets everything go at once, and keeps the keys.
#[derive(Clone, Default)]
struct Keys(Arc<Mutex<BTreeSet<[String; 3]>>>);

#[async_trait]
impl Pace for Keys {
    async fn acquire(&self, key: &PaceKey, _priority: Priority) -> Permit {
        let key = [&key.principal, &key.scope, &key.region].map(ToString::to_string);
        self.0.lock().unwrap().insert(key);
        Permit::free()
    }

    fn observe(&self, _key: &PaceKey, _observation: &PaceObservation) {}
}

fn client<P: Pace>(paths: &Paths, pace: P) -> ArmClient<Paths, P> {
    let token = StaticToken::new(AccessToken::new("a").unwrap());
    ArmClient::with_pace(paths.clone(), token, Cloud::public().unwrap(), pace)
}

#[test]
fn a_request_counts_against_the_subscription_in_its_link() {
    assert_eq!(subscription_of("/subscriptions/ABC/resources?x").as_deref(), Some("abc"));
    assert_eq!(subscription_of("https://h/Subscriptions/a?b").as_deref(), Some("a"));
    assert_eq!(subscription_of("/subscriptions?api-version=1"), None);
    assert_eq!(escape_path("/a b/c?d"), "/a%20b/c%3Fd");
}

#[tokio::test(start_paused = true)]
async fn a_lookup_goes_ahead_of_a_scan() {
    let one_a_second = QuotaLimit::Bucket { capacity: 1, refill_per_second: 1 };
    let mirror = QuotaPace::new().with_limit(OperationClass::Read, one_a_second);
    let paths = Paths::default();
    let client = client(&paths, mirror);
    let scan: Vec<_> = (0..20)
        .map(|page| {
            let client = client.clone();
            let link = format!("/subscriptions/s/resources/{page}");
            tokio::spawn(async move { client.send_checked(&Request::get(link), Ok).await.unwrap() })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    let sent = paths.0.lock().unwrap().len();
    let id = ResourceId::parse("/subscriptions/s/resourceGroups/g").unwrap();
    assert!(client.get(&id, "1").await.unwrap().is_some());
    let place = paths.0.lock().unwrap().iter().position(|path| path.ends_with("/g")).unwrap();
    // One whose turn it is may go first.
    assert!((2..=4).contains(&sent) && place <= sent + 1, "{place} of {:?}", paths.0);
    for page in scan {
        page.await.unwrap();
    }
    assert_eq!(paths.0.lock().unwrap().len(), 21);
}

#[tokio::test]
async fn clients_that_share_a_pace_keep_their_quotas_apart() {
    let (paths, keys) = (Paths::default(), Keys::default());
    for [tenant, principal] in [["t1", "p"], ["t2", "p"], ["t2", "q"]] {
        let client = client(&paths, keys.clone()).with_identity(tenant, principal);
        client.send_checked(&Request::get("/subscriptions/s/resources"), Ok).await.unwrap();
        client.send_checked(&Request::get("/subscriptions?api-version=1"), Ok).await.unwrap();
        client
            .send_checked(&Request::query("/providers/Microsoft.ResourceGraph/resources", "{}"), Ok)
            .await
            .unwrap();
    }
    let expected = [["p", "s"], ["p", "t1"], ["p", "t2"], ["q", "s"], ["q", "t2"]];
    let expected = expected.map(|[principal, scope]| [principal, scope, ""].map(str::to_owned));
    assert_eq!(*keys.0.lock().unwrap(), BTreeSet::from(expected));
}
