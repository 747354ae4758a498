//! From a request to its answer: who asks, what goes wrong, what it costs, what is said.

use std::time::Duration;

use atg_core::{Error, ErrorKind, Result};
use bytes::Bytes;
use http::header::{HeaderValue, RETRY_AFTER};
use http::{Method, Request, StatusCode};
use tokio::time::{Instant, sleep};

use super::access::expired;
use super::answer::{Answer, Failure, answer, set_header};
use super::call::{Call, Token};
use super::fault::{Fault, RetryAfter};
use super::quota::{Charge, Verdict, whole_seconds};
use super::random::{Purpose, draw};
use super::route::Operation;
use super::{Service, arm, graph};

/// What becomes of a request, decided when it arrives.
struct Decision {
    fault: Option<Fault>,
    verdict: Verdict,
    /// Set where nobody may come in.
    refused: Option<Failure>,
}

impl Service {
    /// Answers a request after its latency. The quotas are charged half-way, when the request
    /// would reach Azure; the body is made last, so that no more of them lie in memory than the
    /// client takes at a time.
    pub(crate) async fn answer(&self, request: Request<Bytes>) -> Result<Answer> {
        let call = Call::of(request);
        let flight = self.counters.enter(call.route.operation);
        let seed = self.world.settings.seed;
        let number = draw(seed, Purpose::Latency, flight.ordinal);
        let latency = self.world.settings.latency.sample(number);
        let arrival = latency / 2;
        wait(arrival).await;
        let decision = self.decide(&call, flight.ordinal);
        wait(latency.saturating_sub(arrival)).await;
        match decision.fault {
            Some(Fault::Slow(longer)) => wait(longer).await,
            Some(Fault::Stall) => std::future::pending().await,
            Some(Fault::Reset) => {
                let message = "the simulated connection was reset";
                return Err(Error::new(ErrorKind::Unavailable, "send request", message));
            }
            _ => {}
        }
        let mut answer = self.render(&call, decision);
        self.stamp(&mut answer, flight.ordinal);
        let throttled = answer.status() == StatusCode::TOO_MANY_REQUESTS;
        self.counters.answered(throttled, answer.body().len());
        if call.method == Method::HEAD {
            *answer.body_mut() = Bytes::new();
        }
        Ok(answer)
    }

    fn decide(&self, call: &Call, ordinal: u64) -> Decision {
        let fault = self.faults.decide(call, ordinal);
        if fault.is_some() {
            self.counters.fault();
        }
        let free = fault.is_some() && self.faults.free;
        match self.world.access.principal(call) {
            Err(failure) => Decision { fault, verdict: Verdict::default(), refused: Some(failure) },
            Ok(_) if free => Decision { fault, verdict: Verdict::default(), refused: None },
            Ok(principal) => {
                let verdict = self.charge(call, principal);
                Decision { fault, verdict, refused: None }
            }
        }
    }

    fn charge(&self, call: &Call, principal: Token) -> Verdict {
        let subscription = call.route.subscription.as_deref();
        let number = subscription.and_then(|id| self.world.tenant.subscription_number(id));
        let charge = match (call.route.operation, number) {
            (Operation::Query, _) => Charge::Query,
            (_, Some(number)) => Charge::Subscription(number as usize),
            (_, None) => Charge::Tenant,
        };
        let started = *self.started.get_or_init(Instant::now);
        let now = Instant::now().saturating_duration_since(started);
        self.quotas.charge(charge, principal.0, now)
    }

    fn render(&self, call: &Call, decision: Decision) -> Answer {
        let Decision { fault, verdict, refused } = decision;
        let mut answer = match (faulty(fault), refused, verdict.wait) {
            (Some(answer), _, _) => answer,
            (None, Some(failure), _) => failure.into_answer(),
            (None, None, Some(wait)) => {
                self.counters.wasted();
                throttled(call, wait)
            }
            (None, None, None) => self.read(call).unwrap_or_else(Failure::into_answer),
        };
        for (name, value) in &verdict.headers {
            set_header(&mut answer, name, value);
        }
        if fault == Some(Fault::Truncated) {
            let body = answer.body();
            *answer.body_mut() = body.slice(..body.len() / 2);
        }
        answer
    }

    fn read(&self, call: &Call) -> Result<Answer, Failure> {
        if call.route.operation == Operation::Unknown {
            return Err(Failure::not_found(
                "InvalidResourceType",
                format!("There is no operation {} at '{}'.", call.method, call.path),
            ));
        }
        if call.api_version().is_empty() {
            let message = "Every request needs the query parameter 'api-version'.";
            return Err(Failure::bad_request("MissingApiVersionParameter", message));
        }
        match (&call.method, call.route.operation) {
            (_, Operation::Query) => graph::query(&self.world, call),
            (&Method::GET | &Method::HEAD, _) => arm::read(&self.world, call),
            (method, _) => {
                let message = format!("The method {method} is not for reading.");
                Err(Failure::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message))
            }
        }
    }

    /// The headers that every answer has.
    fn stamp(&self, answer: &mut Answer, ordinal: u64) {
        let id = request_id(self.world.settings.seed, ordinal);
        set_header(answer, "x-ms-request-id", &id);
        set_header(answer, "x-ms-correlation-request-id", &id);
    }
}

async fn wait(time: Duration) {
    if !time.is_zero() {
        sleep(time).await;
    }
}

/// The answer of a fault, where it has one of its own.
fn faulty(fault: Option<Fault>) -> Option<Answer> {
    let answer = match fault? {
        Fault::Throttled(after) => provider_throttled(after),
        Fault::InternalError => Failure::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalServerError",
            "The simulated service failed on purpose.",
        )
        .into_answer(),
        Fault::BadGateway => answer(
            StatusCode::BAD_GATEWAY,
            "text/html",
            "<html><head><title>502 Bad Gateway</title></head><body>No upstream.</body></html>",
        ),
        Fault::Unavailable => Failure::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "ServerTimeout",
            "The simulated service is busy on purpose.",
        )
        .into_answer(),
        Fault::ExpiredToken => expired().into_answer(),
        Fault::Reset | Fault::Truncated | Fault::Slow(_) | Fault::Stall => return None,
    };
    Some(answer)
}

/// A 429 because a limit was exceeded.
fn throttled(call: &Call, wait: Duration) -> Answer {
    let seconds = whole_seconds(wait);
    let message = format!("Too many requests; come back in {seconds} seconds.");
    let failure = if call.route.operation == Operation::Query {
        let detail = serde_json::json!({"code": "RateLimiting", "message": message});
        let message = "The query was refused; see the details for the cause.";
        Failure::new(StatusCode::TOO_MANY_REQUESTS, "RateLimiting", message).with_detail(detail)
    } else {
        let code = match call.route.subscription {
            Some(_) => "SubscriptionRequestsThrottled",
            None => "TenantRequestsThrottled",
        };
        Failure::new(StatusCode::TOO_MANY_REQUESTS, code, message)
    };
    let mut answer = failure.into_answer();
    answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    answer
}

/// A 429 from behind Resource Manager, which no quota header foretells.
fn provider_throttled(after: RetryAfter) -> Answer {
    let message = "The simulated provider has had enough of these requests.";
    let mut answer =
        Failure::new(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", message).into_answer();
    set_header(&mut answer, "x-ms-failure-cause", "service");
    let value = match after {
        RetryAfter::Seconds(seconds) => seconds.to_string(),
        RetryAfter::Date(seconds) => {
            let date = std::time::SystemTime::now() + Duration::from_secs(u64::from(seconds));
            httpdate::fmt_http_date(date)
        }
        RetryAfter::Empty => String::new(),
        RetryAfter::Missing => return answer,
    };
    set_header(&mut answer, "retry-after", &value);
    answer
}

fn request_id(seed: u64, ordinal: u64) -> String {
    let number = draw(seed, Purpose::RequestId, ordinal);
    let (high, low) = (number >> 32, number & 0xffff_ffff);
    format!(
        "{high:08x}-{:04x}-4{:03x}-8{:03x}-{low:08x}{:04x}",
        low >> 16,
        low & 0xfff,
        high & 0xfff,
        ordinal & 0xffff
    )
}
