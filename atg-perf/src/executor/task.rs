//! One task, run apart.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinError;
use tokio::time::{Instant, timeout};

use super::TaskOutcome;
use super::overdue::Began;

/// What a task that was not stopped hands over.
pub(super) struct Ended<T, E> {
    pub(super) elapsed: Duration,
    /// `None` if it took too long.
    pub(super) result: Option<Result<T, E>>,
}

/// Calls the function, which may panic even before it returns a future, and waits for so long.
pub(super) async fn perform<I, F, Fut, T, E>(
    function: Arc<F>,
    input: I,
    limit: Duration,
    began: Began,
) -> Ended<T, E>
where
    F: Fn(I) -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    let started = *began.get_or_init(Instant::now);
    let result = timeout(limit, function(input)).await.ok();
    Ended { elapsed: started.elapsed(), result }
}

/// What became of a task that handed nothing over.
pub(super) fn lost<T, E>(error: JoinError) -> TaskOutcome<T, E> {
    match error.try_into_panic() {
        Ok(panic) => TaskOutcome::Panicked { message: message(panic) },
        Err(_) => TaskOutcome::Cancelled,
    }
}

/// Calls what others wrote; a panic comes back as its message.
pub(super) fn guarded<R>(call: impl FnOnce() -> R) -> Result<R, String> {
    // What was borrowed is not used again after a panic.
    catch_unwind(AssertUnwindSafe(call)).map_err(message)
}

/// The text of a panic, whose payload may panic in its turn when it is dropped.
fn message(panic: Box<dyn Any + Send>) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let text = text.unwrap_or("a panic without a text").to_owned();
    if let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
        std::mem::forget(another);
    }
    text
}
