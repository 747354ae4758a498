//! Sending: token, pace, transport, and what to do with each kind of answer.

use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use atg_core::{
    Error, ErrorKind, Pace, PaceObservation, PaceResult, Permit, QuotaHint, Result, Text,
};
use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode, header};
use tokio::time::Instant;

use super::quota::{quota_hint, retry_after};
use super::{ArmClient, Request};
use crate::Transport;
use crate::service_error::ServiceError;
use crate::token::AccessToken;

/// What is remembered between the tries of one request.
struct Tries {
    begun: Instant,
    failed: u32,
    refused: Option<AccessToken>,
}

impl<T: Transport, P: Pace> ArmClient<T, P> {
    /// Sends until there is an answer of 2xx, checked for UTF-8, or no hope of one.
    ///
    /// Cancel safe: dropping it abandons the request and returns what it held.
    pub(crate) async fn send(&self, request: &Request) -> Result<Text> {
        self.send_checked(request, Ok).await
    }

    /// As [`send`](Self::send); an answer that `check` finds broken (cut off, not JSON) is asked
    /// for again like a failure of the server.
    pub(crate) async fn send_checked<R>(
        &self,
        request: &Request,
        mut check: impl FnMut(Text) -> Result<R>,
    ) -> Result<R> {
        let mut tries = Tries { begun: Instant::now(), failed: 0, refused: None };
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
        let token = inner.token.token(inner.cloud.token_scope(), tries.refused.as_ref()).await?;
        let message = self.message(request, &token)?;
        let key = self.pace_key(request);
        let waiting = Instant::now();
        let permit = inner.pace.acquire(&key, request.priority).await;
        self.count_wait(waiting.elapsed());
        let sent = Instant::now();
        inner.usage.requests.fetch_add(1, Ordering::Relaxed);
        let answer = inner.transport.send(message).await;
        let observation = observation(&answer, sent.elapsed());
        inner.pace.observe(&key, &observation);
        drop::<Permit>(permit);
        let answer = answer?;
        inner.usage.bytes.fetch_add(answer.body().len() as u64, Ordering::Relaxed);
        if let PaceResult::Throttled(_) = observation.result {
            inner.usage.throttled.fetch_add(1, Ordering::Relaxed);
        }
        if answer.status() == StatusCode::UNAUTHORIZED && tries.refused.is_none() {
            tries.refused = Some(token);
        }
        read_answer(request, answer)
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
        let policy = &self.inner.retry;
        if error.kind() == ErrorKind::Throttled {
            if tries.begun.elapsed() > policy.throttled_for {
                return Err(error);
            }
            // The pace holds the key back; without a word on how long, a little on top.
            let wait = match error.retry_after() {
                Some(wait) => wait,
                None => policy.delay(tries.failed + 2, self.inner.jitter.next()),
            };
            tracing::debug!(link = %path_of(request), ?wait, "throttled");
            self.count_wait(wait);
            tokio::time::sleep(wait).await;
            return Ok(());
        }
        let signed_out = error.kind() == ErrorKind::Unauthenticated
            && tries.refused.is_some()
            && tries.failed == 0;
        tries.failed += 1;
        if !(error.is_retryable() || signed_out) || tries.failed >= policy.attempts {
            return Err(error);
        }
        let wait = match error.retry_after() {
            Some(wait) => wait,
            None if signed_out => Duration::ZERO,
            None => policy.delay(tries.failed + 1, self.inner.jitter.next()),
        };
        tracing::debug!(link = %path_of(request), error = %error.report(), ?wait, "trying again");
        self.count_wait(wait);
        tokio::time::sleep(wait).await;
        Ok(())
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

fn observation(answer: &Result<Response<Bytes>>, elapsed: Duration) -> PaceObservation {
    let (result, quota) = match answer {
        Err(_) => (PaceResult::Lost, QuotaHint::default()),
        Ok(answer) => {
            (pace_result(answer.status(), answer.headers()), quota_hint(answer.headers()))
        }
    };
    PaceObservation { result, quota, elapsed }
}

fn pace_result(status: StatusCode, headers: &HeaderMap) -> PaceResult {
    if status == StatusCode::TOO_MANY_REQUESTS {
        PaceResult::Throttled(retry_after(headers, SystemTime::now()))
    } else if status.is_server_error() {
        PaceResult::ServerFailed
    } else {
        PaceResult::Answered
    }
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
