//! Faults: by rate and by script.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::Method;

use super::call::Call;
use super::random::{Purpose, draw, fraction, mix};
use super::route::Operation;

/// What a 429 says about waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    /// So many seconds.
    Seconds(u32),
    /// A date so many seconds from now, by the wall clock.
    Date(u32),
    /// The header is there and empty.
    Empty,
    /// There is no header.
    Missing,
}

/// What goes wrong with a request.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// 429 from a resource provider.
    Throttled(RetryAfter),
    /// 500 in Azure's envelope.
    InternalError,
    /// 502 with a page of HTML, from a proxy on the way.
    BadGateway,
    /// 503 in Azure's envelope.
    Unavailable,
    /// The connection breaks: `Err(Unavailable)` in process, a closed connection on the port.
    Reset,
    /// The true answer, its body cut in the middle.
    Truncated,
    /// The true answer, this much later.
    Slow(Duration),
    /// No answer, ever: the client's time-out must end the wait.
    Stall,
    /// 401, the token has expired.
    ExpiredToken,
}

impl Fault {
    /// The faults that a rate draws from unless told otherwise: all that a client survives by
    /// trying again. Neither [`Stall`](Self::Stall), which needs a time-out, nor
    /// [`ExpiredToken`](Self::ExpiredToken), which needs a new token, is among them.
    pub const TRANSIENT: [Self; 9] = [
        Self::Throttled(RetryAfter::Seconds(1)),
        Self::Throttled(RetryAfter::Missing),
        Self::Throttled(RetryAfter::Empty),
        Self::InternalError,
        Self::BadGateway,
        Self::Unavailable,
        Self::Reset,
        Self::Truncated,
        Self::Slow(Duration::from_secs(2)),
    ];
}

/// A request as a [`FaultPlan`]'s predicate sees it.
#[derive(Debug, Clone, Copy)]
pub struct SeenRequest<'a> {
    /// The operation that the path names.
    pub operation: Operation,
    /// The HTTP method.
    pub method: &'a Method,
    /// The path, decoded.
    pub path: &'a str,
    /// The body.
    pub body: &'a Bytes,
}

type Predicate = Arc<dyn Fn(&SeenRequest<'_>) -> bool + Send + Sync>;

/// A script of faults: which of the requests that match a predicate go wrong, and how.
///
/// Requests are counted as they come in, each rule for itself, those that fail included. The
/// first rule that applies wins; a scripted fault comes before one by rate. A clone counts anew.
///
/// ```
/// use atg_azure::simulator::{Fault, FaultPlan, Operation};
///
/// let plan = FaultPlan::new()
///     .nth(1, Fault::ExpiredToken)
///     .matching(|request| request.operation == Operation::Query, 2..=3, Fault::Reset);
/// ```
#[derive(Clone, Default)]
pub struct FaultPlan {
    rules: Vec<Rule>,
}

struct Rule {
    predicate: Option<Predicate>,
    ordinals: RangeInclusive<u64>,
    fault: Fault,
    seen: AtomicU64,
}

impl FaultPlan {
    /// A plan without faults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The `ordinal`-th request, from 1, goes wrong.
    #[must_use]
    pub fn nth(self, ordinal: u64, fault: Fault) -> Self {
        self.rule(None, ordinal..=ordinal, fault)
    }

    /// Of the requests for which `predicate` is true, those in `ordinals`, from 1, go wrong.
    #[must_use]
    pub fn matching(
        self,
        predicate: impl Fn(&SeenRequest<'_>) -> bool + Send + Sync + 'static,
        ordinals: RangeInclusive<u64>,
        fault: Fault,
    ) -> Self {
        self.rule(Some(Arc::new(predicate)), ordinals, fault)
    }

    fn rule(
        mut self,
        predicate: Option<Predicate>,
        ordinals: RangeInclusive<u64>,
        fault: Fault,
    ) -> Self {
        self.rules.push(Rule { predicate, ordinals, fault, seen: AtomicU64::new(0) });
        self
    }

    /// The fault that the script has for a call; counts the call.
    fn fault(&self, seen: &SeenRequest<'_>) -> Option<Fault> {
        // Every rule counts, also those behind the one that wins.
        let mut applying = None;
        for rule in &self.rules {
            let fault = rule.fault(seen);
            applying = applying.or(fault);
        }
        applying
    }
}

impl fmt::Debug for FaultPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rules = self.rules.iter().map(|rule| (&rule.ordinals, rule.fault));
        f.debug_list().entries(rules).finish()
    }
}

impl Clone for Rule {
    fn clone(&self) -> Self {
        Self {
            predicate: self.predicate.clone(),
            ordinals: self.ordinals.clone(),
            fault: self.fault,
            seen: AtomicU64::new(0),
        }
    }
}

impl Rule {
    fn fault(&self, seen: &SeenRequest<'_>) -> Option<Fault> {
        if self.predicate.as_ref().is_some_and(|matches| !matches(seen)) {
            return None;
        }
        let ordinal = self.seen.fetch_add(1, Ordering::Relaxed) + 1;
        self.ordinals.contains(&ordinal).then_some(self.fault)
    }
}

/// All that goes wrong, by script and by rate.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    pub(crate) seed: u64,
    /// The share of requests that go wrong; `0.0..1.0`.
    pub(crate) rate: f64,
    pub(crate) kinds: Vec<Fault>,
    pub(crate) plan: FaultPlan,
    /// Whether a request that goes wrong leaves the quotas as they were.
    pub(crate) free: bool,
}

impl Faults {
    /// What goes wrong with the call; the rate decides by the call's ordinal alone, so that a
    /// retry has the same chance as any other request.
    pub(crate) fn decide(&self, call: &Call, ordinal: u64) -> Option<Fault> {
        let seen = SeenRequest {
            operation: call.route.operation,
            method: &call.method,
            path: &call.path,
            body: &call.body,
        };
        self.plan.fault(&seen).or_else(|| self.by_rate(ordinal))
    }

    fn by_rate(&self, ordinal: u64) -> Option<Fault> {
        if fraction(draw(self.seed, Purpose::Fault, ordinal)) >= self.rate {
            return None;
        }
        let number = mix(draw(self.seed, Purpose::FaultKind, ordinal));
        let kinds = u64::try_from(self.kinds.len()).ok().filter(|count| *count > 0)?;
        self.kinds.get(usize::try_from(number % kinds).ok()?).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn call(path: &str) -> Call {
        Call::of(Request::get(path).body(Bytes::new()).unwrap())
    }

    #[test]
    fn a_script_strikes_where_it_says_and_nowhere_else() {
        let plan = FaultPlan::new().nth(2, Fault::Reset).matching(
            |request| request.path.ends_with('b'),
            2..=3,
            Fault::Stall,
        );
        let used = Faults { plan, ..Faults::default() };
        used.decide(&call("/b"), 0);
        let faults = Faults { plan: used.plan.clone(), ..Faults::default() };
        let paths = ["/b", "/a", "/b", "/a", "/b", "/b"];
        let found = paths.map(|path| faults.decide(&call(path), 0));
        let stall = Some(Fault::Stall);
        assert_eq!(found, [None, Some(Fault::Reset), stall, None, stall, None]);
    }

    #[test]
    fn a_rate_strikes_its_share_of_all_kinds() {
        let kinds = Fault::TRANSIENT.to_vec();
        let faults = Faults { seed: 5, rate: 0.1, kinds, ..Faults::default() };
        let struck: Vec<Fault> = (0..10_000).filter_map(|n| faults.by_rate(n)).collect();
        assert!((900..1_100).contains(&struck.len()), "{}", struck.len());
        assert!(Fault::TRANSIENT.iter().all(|kind| struck.contains(kind)));
        assert!((0..1_000).all(|n| Faults::default().by_rate(n).is_none()));
    }
}
