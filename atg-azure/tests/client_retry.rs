//! What the client does with answers that are not what was asked for: how often it asks again, how
//! long it waits, and what it believes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use atg_azure::{AccessToken, ArmClient, AzureSource, Cloud, RetryPolicy, TokenSource, Transport};
use atg_core::{
    ErrorKind, Read, ResourceId, ResourceSource, Result, Scope, ScopeEnd, ScopeStatus, Unpaced,
};
use atg_perf::RetryBudget;
use bytes::Bytes;
use futures::StreamExt;
use tokio::time::Instant;

/// Status, `Retry-After`, body.
type Prepared = (u16, Option<&'static str>, &'static str);

/// Gives prepared answers in order, the last one for ever, and keeps the tokens it was shown.
#[derive(Clone, Default)]
struct Script {
    answers: Arc<Mutex<VecDeque<Prepared>>>,
    tokens: Arc<Mutex<Vec<String>>>,
}

impl Script {
    fn new(answers: &[Prepared]) -> Self {
        let script = Self::default();
        script.answers.lock().unwrap().extend(answers);
        script
    }

    fn requests(&self) -> usize {
        self.tokens.lock().unwrap().len()
    }
}

#[async_trait]
impl Transport for Script {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>> {
        let token = request.headers()["authorization"].to_str().unwrap().to_owned();
        self.tokens.lock().unwrap().push(token);
        let mut answers = self.answers.lock().unwrap();
        let (status, retry_after, body) =
            if answers.len() > 1 { answers.pop_front().unwrap() } else { answers[0] };
        let mut builder = http::Response::builder().status(status);
        if let Some(value) = retry_after {
            builder = builder.header("retry-after", value);
        }
        Ok(builder.body(Bytes::from_static(body.as_bytes())).unwrap())
    }
}

/// What is logged on this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A token that can be renewed.
struct Renewed;

#[async_trait]
impl TokenSource for Renewed {
    async fn token(&self, _scope: &str, refused: Option<&AccessToken>) -> Result<AccessToken> {
        AccessToken::new(if refused.is_some() { "second" } else { "first" })
    }
}

fn client(script: &Script) -> ArmClient<Script, Unpaced> {
    ArmClient::with_pace(script.clone(), Renewed, Cloud::public().unwrap(), Unpaced)
}

async fn get(script: &Script) -> Result<Option<atg_core::Text>> {
    let id = ResourceId::parse("/subscriptions/S/resourceGroups/G").unwrap();
    client(script).get(&id, "2021-04-01").await
}

async fn read(script: &Script) -> ScopeEnd {
    let source = AzureSource::new(client(script));
    let scope = Scope::new("graph/resources/0of1/tenant");
    let mut events: Vec<Read> = source.read(&scope).collect().await;
    match events.pop() {
        Some(Read::End(end)) => end,
        _ => panic!("a stream without an end"),
    }
}

const REFUSED: Prepared = (
    401,
    None,
    r#"{"error":{"code":"ExpiredAuthenticationToken","message":"The token expired."}}"#,
);
const BUSY: Prepared = (503, None, "");
const FINE: Prepared = (200, None, r#"{"id":"x"}"#);
const THROTTLED: &str = r#"{"error":{"code":"TooManyRequests","message":"m"}}"#;

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_renewed_once_whatever_failed_before() {
    let script = Script::new(&[BUSY, BUSY, REFUSED, FINE]);
    assert!(get(&script).await.unwrap().is_some());
    assert_eq!(script.tokens.lock().unwrap().last().unwrap(), "Bearer second");
    let script = Script::new(&[REFUSED]);
    let error = get(&script).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert_eq!(script.requests(), 2);
    assert!(!format!("{error:?} {}", error.report()).contains("second"));
}

#[tokio::test(start_paused = true)]
async fn a_resource_that_is_cut_off_is_asked_for_again() {
    for broken in [r#"{"id":"x","proper"#, "", "<html>"] {
        let script = Script::new(&[(200, None, broken), FINE]);
        assert_eq!(get(&script).await.unwrap().unwrap(), FINE.2, "{broken}");
        assert_eq!(script.requests(), 2);
    }
    let script = Script::new(&[(200, None, r#"{"id":"#)]);
    assert_eq!(get(&script).await.unwrap_err().kind(), ErrorKind::InvalidData);
    assert_eq!(script.requests(), 6);
}

#[tokio::test(start_paused = true)]
async fn a_failing_server_is_asked_six_times() {
    let script = Script::new(&[BUSY]);
    assert_eq!(get(&script).await.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(script.requests(), 6);
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_met_by_few_repetitions() {
    let script = Script::new(&[BUSY]);
    let client = client(&script);
    let id = ResourceId::parse("/subscriptions/S/resourceGroups/G").unwrap();
    let asked = (0..2_000).map(|_| client.get(&id, "2021-04-01"));
    let answers = futures::future::join_all(asked).await;
    assert!(answers.iter().all(|answer| {
        answer.as_ref().is_err_and(|error| error.kind() == ErrorKind::Unavailable)
    }));
    // The first 100, a fifth of the requests, and ten a second while repetitions wait: for a
    // quarter of a minute at the most.
    let repeated = script.requests() - 2_000;
    assert!((100..=100 + 400 + 150).contains(&repeated), "{repeated}");
    // It passes, and who asks alone may ask again.
    tokio::time::sleep(Duration::from_secs(10)).await;
    let before = script.requests();
    client.get(&id, "2021-04-01").await.unwrap_err();
    assert_eq!(script.requests() - before, 6);
}

#[tokio::test(start_paused = true)]
async fn an_exhausted_budget_is_told_of_once_and_in_the_error() {
    // A second listener: with one alone, a place that logs first on a thread without any stays
    // silent for the whole process.
    let _deaf = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::default());
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
        .with_writer(move || writer.clone())
        .finish();
    let _listening = tracing::subscriber::set_default(subscriber);
    let script = Script::new(&[BUSY]);
    let policy = RetryPolicy { budget: RetryBudget::new(2, 0, 0.0), ..RetryPolicy::default() };
    let client = client(&script).with_retry(policy);
    let id = ResourceId::parse("/subscriptions/S/resourceGroups/G").unwrap();
    for _ in 0..10 {
        let error = client.get(&id, "2021-04-01").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(error.is_retryable() && error.message().contains("not sent again"), "{error}");
        assert!(std::error::Error::source(&error).is_some(), "what the service said");
    }
    assert_eq!(script.requests(), 12);
    let lines = log.text();
    assert_eq!(lines.matches("too many requests fail").count(), 1, "{lines}");
    assert!(lines.contains("/subscriptions/S/resourceGroups/G"), "{lines}");
}

#[tokio::test(start_paused = true)]
async fn a_failing_servers_wait_is_kept_to_within_bounds() {
    let script = Script::new(&[(503, Some("120"), ""), FINE]);
    let begun = Instant::now();
    assert!(get(&script).await.unwrap().is_some());
    assert_eq!((begun.elapsed().as_secs(), script.requests()), (120, 2));
    let script = Script::new(&[(503, Some("3600"), "")]);
    let begun = Instant::now();
    let error = get(&script).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3_600)));
    assert_eq!((begun.elapsed().as_secs(), script.requests()), (0, 1));
    let script = Script::new(&[(503, Some("400"), "")]);
    let begun = Instant::now();
    get(&script).await.unwrap_err();
    assert_eq!((begun.elapsed().as_secs(), script.requests()), (800, 3));
}

#[tokio::test(start_paused = true)]
async fn a_policy_without_bounds_waits_without_a_panic() {
    let longest = Duration::MAX;
    let policy = RetryPolicy {
        first_delay: longest,
        longest_delay: longest,
        throttled_for: longest,
        ..RetryPolicy::default()
    };
    for prepared in [BUSY, (429, None, THROTTLED)] {
        let script = Script::new(&[prepared]);
        let client = client(&script).with_retry(policy);
        let id = ResourceId::parse("/subscriptions/S/resourceGroups/G").unwrap();
        let asked = tokio::time::timeout(Duration::from_secs(60), client.get(&id, "2021-04-01"));
        assert!(asked.await.is_err(), "it waits");
    }
}

#[tokio::test(start_paused = true)]
async fn throttling_takes_no_repetition() {
    let mut answers = vec![(429, Some("1"), THROTTLED); 300];
    answers.push(FINE);
    assert!(get(&Script::new(&answers)).await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn throttling_without_a_word_on_time_backs_off_further_and_further() {
    for retry_after in [None, Some(""), Some("0")] {
        let script = Script::new(&[(429, retry_after, THROTTLED)]);
        let begun = Instant::now();
        assert_eq!(get(&script).await.unwrap_err().kind(), ErrorKind::Throttled);
        assert!(begun.elapsed() <= Duration::from_secs(15 * 60));
        // Half a minute at the most between two tries, a quarter on average.
        assert!(script.requests() < 200, "{} requests", script.requests());
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_asked_for_is_kept_to_and_too_long_a_one_refused_at_once() {
    let script = Script::new(&[(429, Some("372"), THROTTLED), FINE]);
    let begun = Instant::now();
    assert!(get(&script).await.unwrap().is_some());
    assert_eq!((begun.elapsed().as_secs(), script.requests()), (372, 2));
    let script = Script::new(&[(429, Some("3000"), THROTTLED), FINE]);
    let begun = Instant::now();
    let error = get(&script).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3000)));
    assert_eq!((begun.elapsed().as_secs(), script.requests()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn no_scope_is_complete_on_the_word_of_what_is_no_listing() {
    for body in [
        "{}",
        r#"{"status":"ok"}"#,
        r#"{"value":[]}"#,
        "<html><body>Sign in</body></html>",
        "[1,2]",
        "",
        r#"{"data":[],"#,
        r#"{"data":[],"error":{"code":"Partial","message":"m"}}"#,
        r#"{"error":{"code":"BadRequest","message":"m"}}"#,
    ] {
        let script = Script::new(&[(200, None, body)]);
        let end = read(&script).await;
        assert_eq!(end.status, ScopeStatus::Failed, "{body}");
        assert!(end.error.is_some());
    }
    let script = Script::new(&[(200, None, r#"{"totalRecords":0,"count":0,"data":[]}"#)]);
    assert_eq!(read(&script).await.status, ScopeStatus::Complete);
}

#[tokio::test(start_paused = true)]
async fn fewer_rows_than_promised_and_pages_in_a_circle_are_not_complete() {
    let short = r#"{"totalRecords":3,"data":[{"id":"/subscriptions/a"}]}"#;
    assert_eq!(read(&Script::new(&[(200, None, short)])).await.status, ScopeStatus::Partial);
    let circle = r#"{"data":[{"id":"/subscriptions/a"}],"$skipToken":"t"}"#;
    let end = read(&Script::new(&[(200, None, circle)])).await;
    assert_eq!(end.status, ScopeStatus::Partial);
    assert!(end.error.unwrap().message().contains("loops"));
}
