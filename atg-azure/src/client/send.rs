//! Sending: token, pace, transport, and what to do with each kind of answer.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use atg_core::{
    Error, ErrorKind, Pace, PaceObservation, PaceResult, Permit, QuotaHint, Result, Text,
};
use atg_perf::RetryBudget;
use bytes::Bytes;
use http::{HeaderMap, Response, header};
use tokio::time::Instant;
use tracing::Instrument;

use super::quota::{quota_hint, retry_after};
use super::{ArmClient, Request};
use crate::Transport;
use crate::service_error::ServiceError;
use crate::token::AccessToken;

/// A longer wait than this is worth a warning.
const LONG_WAIT: Duration = Duration::from_secs(30);

/// What is remembered between the tries of one request.
#[derive(Default)]
struct Tries {
    /// Tries that failed for another reason than throttling.
    failed: u32,
    /// Answers that asked to slow down.
    throttled: u32,
    /// When the first answer came that asked to wait.
    held_since: Option<Instant>,
    /// The token that was refused, and the refusal.
    refused: Option<(AccessToken, Error)>,
}

impl<T: Transport, P: Pace> ArmClient<T, P> {
    /// Sends until there is an answer of 2xx, checked for UTF-8, or no hope of one. An answer that
    /// `check` finds broken (cut off, not JSON) is asked for again like a failure of the server.
    ///
    /// Cancel safe: dropping it abandons the request and returns what it held.
    pub(crate) async fn send_checked<R>(
        &self,
        request: &Request,
        check: impl FnMut(Text) -> Result<R>,
    ) -> Result<R> {
        let path = path_of(request);
        let span = tracing::debug_span!("request", method = %request.method, path);
        self.send_repeatedly(request, check).instrument(span).await
    }

    async fn send_repeatedly<R>(
        &self,
        request: &Request,
        mut check: impl FnMut(Text) -> Result<R>,
    ) -> Result<R> {
        let mut tries = Tries::default();
        self.budget().deposit();
        loop {
            let error = match self.try_once(request, &mut tries).await {
                Ok(body) => match check(body) {
                    Ok(checked) => return Ok(checked),
                    Err(error) => error,
                },
                Err(error) => error,
            };
            self.wait_before_next(request, &mut tries, error).await?;
        }
    }

    async fn try_once(&self, request: &Request, tries: &mut Tries) -> Result<Text> {
        let inner = &self.inner;
        let key = self.pace_key(request);
        let waiting = Instant::now();
        let permit = inner.pace.acquire(&key, request.priority).await;
        self.count_wait(waiting.elapsed());
        // After the wait, which may be long: the token is fresh when it is sent.
        let refused = tries.refused.as_ref().map(|(token, _)| token);
        let token = match inner.token.token(inner.cloud.token_scope(), refused).await {
            Ok(token) => token,
            Err(error) => return Err(with_refusal(error, tries)),
        };
        let message = self.message(request, &token)?;
        let sent = Instant::now();
        inner.usage.requests.fetch_add(1, Ordering::Relaxed);
        let answer = inner.transport.send(message).await;
        let (quota, server_failed) = answer.as_ref().map_or_else(
            |_| (QuotaHint::default(), false),
            |answer| (quota_hint(answer.headers()), answer.status().is_server_error()),
        );
        let lost = answer.is_err();
        let outcome = answer.and_then(|answer| self.read_answer(request, answer));
        let result = match &outcome {
            Err(_) if lost => PaceResult::Lost,
            Err(error) if error.kind() == ErrorKind::Throttled => {
                inner.usage.throttled.fetch_add(1, Ordering::Relaxed);
                PaceResult::Throttled(error.retry_after())
            }
            _ if server_failed => PaceResult::ServerFailed,
            _ => PaceResult::Answered,
        };
        inner.pace.observe(&key, &PaceObservation { result, quota, elapsed: sent.elapsed() });
        drop::<Permit>(permit);
        match outcome {
            Err(error) if is_first_refusal(&error, tries) => {
                let again = Error::new(error.kind(), error.operation().to_owned(), "signed out")
                    .with_retryable(true);
                tries.refused = Some((token, error));
                Err(again)
            }
            outcome => outcome,
        }
    }

    fn message(&self, request: &Request, token: &AccessToken) -> Result<http::Request<Bytes>> {
        let url = self.inner.cloud.resolve(&request.link)?;
        let mut bearer = header::HeaderValue::try_from(format!("Bearer {}", token.secret()))
            .map_err(|_| malformed("the access token cannot be sent in a header"))?;
        bearer.set_sensitive(true);
        let mut builder = http::Request::builder()
            .method(request.method.clone())
            .uri(url.as_str())
            .header(header::AUTHORIZATION, bearer)
            .header(header::ACCEPT, "application/json");
        if !request.body.is_empty() {
            builder = builder.header(header::CONTENT_TYPE, "application/json");
        }
        builder
            .body(request.body.clone())
            .map_err(|error| malformed("the request cannot be built").with_source(error))
    }

    /// Waits as long as the failure asks for; returns the error where no further try would help.
    async fn wait_before_next(
        &self,
        request: &Request,
        tries: &mut Tries,
        error: Error,
    ) -> Result<()> {
        let wait = match error.kind() {
            ErrorKind::Throttled => self.throttled_wait(tries, &error),
            // A fresh token is asked for at once, and costs no try.
            ErrorKind::Unauthenticated if error.is_retryable() => Some(Duration::ZERO),
            _ => match self.failed_wait(tries, &error) {
                Some(_) if !self.pay_for_repetition(request) => return Err(not_repeated(error)),
                wait => wait,
            },
        };
        let Some(wait) = wait else { return Err(error) };
        let path = path_of(request);
        if wait > LONG_WAIT && self.is_first_in_minute(&self.inner.long_wait_told) {
            tracing::warn!(path, error = %error.report(), ?wait, "a long wait before the next try");
        } else {
            tracing::debug!(path, error = %error.report(), ?wait, "trying again");
        }
        self.count_wait(wait);
        tokio::time::sleep(wait).await;
        Ok(())
    }

    /// The pace holds the whole quota back meanwhile; this request waits beside it.
    fn throttled_wait(&self, tries: &mut Tries, error: &Error) -> Option<Duration> {
        let policy = &self.inner.retry;
        tries.throttled = tries.throttled.saturating_add(1);
        let asked = error.retry_after().filter(|wait| !wait.is_zero());
        let wait = asked.unwrap_or_else(|| {
            policy.delay(tries.throttled.saturating_add(1), self.inner.jitter.next())
        });
        self.bear(tries, wait)
    }

    /// The wait, unless the request would be held back for longer than it may be.
    fn bear(&self, tries: &mut Tries, wait: Duration) -> Option<Duration> {
        let since = *tries.held_since.get_or_insert_with(Instant::now);
        let held = since.elapsed().saturating_add(wait);
        (held <= self.inner.retry.throttled_for).then_some(wait)
    }

    /// As long as the answer asks for, within bounds; else a moment that grows with each failure.
    fn failed_wait(&self, tries: &mut Tries, error: &Error) -> Option<Duration> {
        let policy = &self.inner.retry;
        tries.failed = tries.failed.saturating_add(1);
        if !error.is_retryable() || tries.failed >= policy.attempts {
            return None;
        }
        match error.retry_after().filter(|wait| !wait.is_zero()) {
            Some(asked) => self.bear(tries, asked),
            None => Some(policy.delay(tries.failed + 1, self.inner.jitter.next())),
        }
    }

    /// Takes a repetition out of the budget; one that is empty is logged, once a minute.
    fn pay_for_repetition(&self, request: &Request) -> bool {
        let paid = self.budget().withdraw(self.inner.started.elapsed());
        if !paid && self.is_first_in_minute(&self.inner.exhaustion_told) {
            let path = path_of(request);
            tracing::warn!(path, "too many requests fail: some are not sent again");
        }
        paid
    }

    fn budget(&self) -> MutexGuard<'_, RetryBudget> {
        self.inner.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether something is told for the first time in this minute of the client's life.
    fn is_first_in_minute(&self, told: &AtomicU64) -> bool {
        let minute = self.inner.started.elapsed().as_secs() / 60 + 1;
        told.fetch_max(minute, Ordering::Relaxed) < minute
    }

    /// The body of an answer of 2xx; any other as an error.
    fn read_answer(&self, request: &Request, answer: Response<Bytes>) -> Result<Text> {
        self.inner.usage.bytes.fetch_add(answer.body().len() as u64, Ordering::Relaxed);
        read_answer(request, answer)
    }

    fn count_wait(&self, wait: Duration) {
        let micros = u64::try_from(wait.as_micros()).unwrap_or(u64::MAX);
        self.inner.usage.waited.fetch_add(micros, Ordering::Relaxed);
    }
}

fn read_answer(request: &Request, answer: Response<Bytes>) -> Result<Text> {
    let (head, body) = answer.into_parts();
    if head.status.is_success() {
        refuse_partial(request, &head.headers)?;
        return Text::from_utf8(body)
            .map_err(|error| broken(request, "the answer is not UTF-8").with_source(error));
    }
    let mut error =
        ServiceError::parse(head.status.as_u16(), &body).into_error(operation_name(request));
    if let Some(wait) = retry_after(&head.headers, SystemTime::now()) {
        error = error.with_retry_after(wait);
    }
    Err(error)
}

/// Resource Graph answers for the first 10,000 subscriptions of a tenant only, and says so in a
/// header alone.
fn refuse_partial(request: &Request, headers: &HeaderMap) -> Result<()> {
    let limit_hit = headers
        .get("x-ms-tenant-subscription-limit-hit")
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true"));
    if limit_hit {
        return Err(Error::new(
            ErrorKind::InvalidInput,
            operation_name(request),
            "the tenant has more subscriptions than one query covers; name the subscriptions",
        ));
    }
    Ok(())
}

/// Whether this is the first time that the token is refused, so that another may help.
fn is_first_refusal(error: &Error, tries: &Tries) -> bool {
    error.kind() == ErrorKind::Unauthenticated && tries.refused.is_none()
}

/// The token source's error, with what Azure said of the token before.
fn with_refusal(error: Error, tries: &mut Tries) -> Error {
    match tries.refused.take() {
        Some((_, refusal)) => error.with_source(refusal),
        None => error,
    }
}

/// A failure that would be sent again if there were fewer.
fn not_repeated(error: Error) -> Error {
    let what = "too many requests fail: this one is not sent again";
    let mut told = Error::new(error.kind(), error.operation().to_owned(), what)
        .with_retryable(error.is_retryable());
    if let Some(wait) = error.retry_after() {
        told = told.with_retry_after(wait);
    }
    told.with_source(error)
}

/// What a request does, for errors: the method and the path, never the query.
pub(crate) fn operation_name(request: &Request) -> String {
    format!("{} {}", request.method, path_of(request))
}

fn path_of(request: &Request) -> &str {
    request.link.split('?').next().unwrap_or_default()
}

/// An answer of 200 that cannot be read; asking again may help.
pub(crate) fn broken(request: &Request, what: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidData, operation_name(request), what.into()).with_retryable(true)
}

fn malformed(what: &'static str) -> Error {
    Error::new(ErrorKind::InvalidInput, "build request", what)
}
