//! Dividing a call into transactions: by the bounds on a transaction, and by halves where the
//! server refuses one.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use async_trait::async_trait;
use atg_core::{Error, ErrorKind, Result};

use super::errors::{Class, Failure, Try};

/// Rows the server may refuse one after the other, none between them accepted, before the call
/// gives up: then it is not the rows.
const MOST_REFUSED: usize = 100;

/// Rows below which a transaction is not held for good: then it is their size.
const FEWEST_ROWS: usize = 100;

/// The same for bytes: then it is others who have the memory.
const FEWEST_BYTES: usize = 64 << 10;

/// What a transaction may hold.
#[derive(Debug)]
pub(super) struct Limits {
    rows: AtomicUsize,
    bytes: AtomicUsize,
}

impl Limits {
    pub(super) fn new(rows: usize, bytes: usize) -> Self {
        Self { rows: AtomicUsize::new(rows), bytes: AtomicUsize::new(bytes) }
    }

    /// The server had no memory for so many rows: never again so many.
    fn lower(&self, rows: usize, bytes: usize) {
        self.rows.fetch_min((rows / 2).max(FEWEST_ROWS), Relaxed);
        self.bytes.fetch_min((bytes / 2).max(FEWEST_BYTES), Relaxed);
        tracing::warn!(
            rows = self.rows(),
            bytes = self.bytes.load(Relaxed),
            "the server had no memory for a batch; batches are smaller from now on"
        );
    }

    /// Rows a transaction may have.
    pub(super) fn rows(&self) -> usize {
        self.rows.load(Relaxed)
    }

    fn allow(&self, rows: usize, bytes: usize) -> bool {
        rows <= 1 || (rows <= self.rows() && bytes <= self.bytes.load(Relaxed))
    }
}

/// A part of a call that can be written in a transaction of its own.
#[async_trait]
pub(super) trait Part: Sized + Send {
    type Outcome: Send;

    /// Rows.
    fn rows(&self) -> usize;
    /// About how many bytes they have.
    fn bytes(&self) -> usize;
    /// Two parts, to be written in this order; neither is empty where this one has two rows.
    fn halves(self) -> (Self, Self);
    /// Writes it in one transaction, and gives it back.
    async fn write(self) -> (Self, Try<Self::Outcome>);
    /// Counts what a part did.
    fn done(outcome: Self::Outcome, total: &mut Self::Outcome);
    /// Whether a part of one row has a row that can be left out.
    fn can_do_without(&self) -> bool;
    /// Counts a part of one row that the server refuses; what is left of it without the row.
    fn refused(self, why: &Error, total: &mut Self::Outcome) -> Option<Self>;
}

/// Writes all of it; true where it was divided for its size.
///
/// # Errors
/// The first failure that is not a row's own; parts written before it stay.
pub(super) async fn write<P: Part>(
    limits: &Limits,
    whole: P,
    total: &mut P::Outcome,
) -> Result<bool> {
    let mut parts = vec![whole];
    let (mut refused, mut divided) = (0, false);
    while let Some(part) = parts.pop() {
        if !limits.allow(part.rows(), part.bytes()) {
            divided = true;
            let (first, second) = part.halves();
            parts.extend([second, first]);
            continue;
        }
        let (part, result) = part.write().await;
        match result {
            Ok(outcome) => {
                refused = 0;
                P::done(outcome, total);
            }
            Err(failure) if part.rows() > 1 && failure.class.is_of_the_batch() => {
                if failure.class == Class::TooLarge {
                    divided = true;
                    // A lack of time may pass.
                    if failure.error.kind() == ErrorKind::ResourceExhausted {
                        limits.lower(part.rows(), part.bytes());
                    }
                }
                let (first, second) = part.halves();
                parts.extend([second, first]);
            }
            Err(Failure { class: Class::Row, error }) if part.can_do_without() => {
                refused += 1;
                if refused > MOST_REFUSED {
                    return Err(gave_up(error));
                }
                parts.extend(part.refused(&error, total));
            }
            Err(failure) => return Err(failure.error),
        }
    }
    Ok(divided)
}

fn gave_up(error: Error) -> Error {
    let message = format!(
        "the server refused {MOST_REFUSED} rows one after the other, so it is not the rows; \
         see the cause"
    );
    Error::new(ErrorKind::Unsupported, error.operation().to_owned(), message).with_source(error)
}

#[cfg(test)]
mod tests {
    use super::{Class, Error, ErrorKind, Failure, Limits, Part, Try, async_trait, write};

    /// Rows by number, for a server that takes a few at once and refuses more in this way.
    struct Numbers<'a> {
        rows: std::ops::Range<usize>,
        most: usize,
        failure: (Class, ErrorKind),
        tried: &'a std::sync::Mutex<Vec<usize>>,
    }

    #[async_trait]
    impl Part for Numbers<'_> {
        type Outcome = Vec<usize>;

        fn rows(&self) -> usize {
            self.rows.len()
        }

        fn bytes(&self) -> usize {
            100 * self.rows.len()
        }

        fn halves(mut self) -> (Self, Self) {
            let middle = self.rows.start + self.rows.len() / 2;
            let second = Self { rows: middle..self.rows.end, ..self };
            self.rows.end = middle;
            (self, second)
        }

        async fn write(self) -> (Self, Try<Vec<usize>>) {
            self.tried.lock().unwrap().push(self.rows.len());
            let (class, kind) = self.failure;
            let result = if self.rows.len() <= self.most {
                Ok(self.rows.clone().collect())
            } else {
                Err(Failure::new(class, Error::new(kind, "test", "too many")))
            };
            (self, result)
        }

        fn done(outcome: Vec<usize>, total: &mut Vec<usize>) {
            total.extend(outcome);
        }

        fn can_do_without(&self) -> bool {
            false
        }

        fn refused(self, _why: &Error, _total: &mut Vec<usize>) -> Option<Self> {
            None
        }
    }

    /// Writes 1,000 rows, then 1,000 more, under a bound of 800; what each call says, the sizes that
    /// were tried, and the bound that is left.
    async fn twice(most: usize, failure: (Class, ErrorKind)) -> ([bool; 2], Vec<usize>, usize) {
        let (limits, tried) = (Limits::new(800, 1 << 20), std::sync::Mutex::default());
        let mut said = [false; 2];
        for said in &mut said {
            let mut stored = Vec::new();
            let rows = Numbers { rows: 0..1_000, most, failure, tried: &tried };
            *said = write(&limits, rows, &mut stored).await.unwrap();
            assert_eq!(stored, (0..1_000).collect::<Vec<_>>(), "all, in their order");
        }
        let tried = tried.into_inner().unwrap();
        (said, tried, limits.rows())
    }

    #[tokio::test]
    async fn too_large_a_part_is_halved_and_the_caller_told() {
        let memory = (Class::TooLarge, ErrorKind::ResourceExhausted);
        // Never again as many as the server had no memory for.
        let expected = vec![500, 250, 250, 250, 250, 250, 250, 250, 250];
        assert_eq!(twice(300, memory).await, ([true, true], expected, 250));
        // A lack of time may pass.
        let time = (Class::TooLarge, ErrorKind::Timeout);
        let expected = [500, 250, 250, 500, 250, 250].repeat(2);
        assert_eq!(twice(300, time).await, ([true, true], expected, 800));
        // The bound alone.
        assert_eq!(twice(1_000, time).await, ([true, true], vec![500; 4], 800));
    }

    #[tokio::test]
    async fn what_fits_is_not_divided() {
        let (limits, tried) = (Limits::new(1_000, 1 << 20), std::sync::Mutex::default());
        let failure = (Class::Fatal, ErrorKind::Unavailable);
        let rows = || Numbers { rows: 0..1_000, most: 1_000, failure, tried: &tried };
        assert!(!write(&limits, rows(), &mut Vec::new()).await.unwrap());
        let refused = Numbers { most: 10, ..rows() };
        let error = write(&limits, refused, &mut Vec::new()).await.unwrap_err();
        assert_eq!((error.kind(), tried.lock().unwrap().len()), (ErrorKind::Unavailable, 2));
    }
}
