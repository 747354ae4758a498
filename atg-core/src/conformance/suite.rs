//! Running named checks and collecting what failed.

use std::fmt::{self, Debug, Write as _};
use std::future::Future;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::LocalBoxFuture;

use crate::Error;

/// A check that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedCheck {
    /// The check's name.
    pub check: &'static str,
    /// What it found.
    pub why: String,
}

/// What a suite found wrong; shows every failed check, a line each.
#[derive(Clone, PartialEq, Eq)]
pub struct ConformanceFailure {
    /// The suite: `sink`, `reader`, `source`, `cache`.
    pub suite: &'static str,
    /// How many checks it ran.
    pub checks: usize,
    /// Those that failed, in the order they ran.
    pub failed: Vec<FailedCheck>,
}

impl ConformanceFailure {
    /// Whether this check is among the failed ones.
    pub fn names(&self, check: &str) -> bool {
        self.failed.iter().any(|failed| failed.check == check)
    }
}

impl fmt::Display for ConformanceFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (failed, checks) = (self.failed.len(), self.checks);
        write!(f, "{failed} of {checks} checks of the {} suite failed", self.suite)?;
        self.failed.iter().try_for_each(|one| write!(f, "\n  {}: {}", one.check, one.why))
    }
}

// The same list, for this is what `unwrap` shows.
impl Debug for ConformanceFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for ConformanceFailure {}

/// Why a check failed.
#[derive(Debug)]
pub(super) struct Broken(pub(super) String);

impl From<String> for Broken {
    fn from(why: String) -> Self {
        Self(why)
    }
}

impl From<Error> for Broken {
    fn from(error: Error) -> Self {
        Self(format!("an unexpected error: {}", error.report()))
    }
}

/// How a check ended.
pub(super) type Outcome = Result<(), Broken>;

/// Fails with `why` unless the condition holds.
pub(super) fn ensure(holds: bool, why: impl FnOnce() -> String) -> Outcome {
    if holds { Ok(()) } else { Err(Broken(why())) }
}

/// Fails unless two values are equal, naming what they are.
pub(super) fn equal<T: PartialEq + Debug>(what: &str, got: &T, expected: &T) -> Outcome {
    ensure(got == expected, || format!("{what}: got {}, expected {}", shown(got), shown(expected)))
}

/// A value for people, cut where it is long.
pub(super) fn shown(value: &impl Debug) -> String {
    let text = format!("{value:?}");
    let mut short: String = text.chars().take(400).collect();
    if short.len() < text.len() {
        let _ = write!(short, "… ({} bytes)", text.len());
    }
    short
}

type Make<'a, S> = Box<dyn Fn() -> LocalBoxFuture<'a, Result<S, Broken>> + 'a>;

/// A suite under way over subjects of one kind.
pub(super) struct Suite<'a, S> {
    name: &'static str,
    make: Make<'a, S>,
    checks: usize,
    failed: Vec<FailedCheck>,
}

impl<'a, S> Suite<'a, S> {
    /// A suite that makes its subjects with `make`.
    pub(super) fn new<F, Fut>(name: &'static str, make: F) -> Self
    where
        F: Fn() -> Fut + 'a,
        Fut: Future<Output = Result<S, Broken>> + 'a,
    {
        Self { name, make: Box::new(move || make().boxed_local()), checks: 0, failed: Vec::new() }
    }

    /// Runs one check on a fresh subject.
    pub(super) async fn check<C>(&mut self, name: &'static str, check: C)
    where
        C: AsyncFnOnce(Arc<S>) -> Outcome,
    {
        self.checks += 1;
        let outcome = match (self.make)().await {
            Ok(subject) => check(Arc::new(subject)).await,
            Err(broken) => Err(broken),
        };
        if let Err(Broken(why)) = outcome {
            self.failed.push(FailedCheck { check: name, why });
        }
    }

    /// Everything that failed.
    pub(super) fn finish(self) -> Result<(), ConformanceFailure> {
        let Self { name: suite, checks, failed, .. } = self;
        if failed.is_empty() {
            return Ok(());
        }
        Err(ConformanceFailure { suite, checks, failed })
    }
}
