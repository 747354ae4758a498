//! Streams made of pages, so that memory is bounded and no read stays open between them.

use std::future::ready;

use atg_core::Result;
use futures::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};

/// Items a page.
pub(super) const PAGE_ROWS: usize = 1_000;

/// Bytes of text after which a page ends early.
pub(super) const PAGE_BYTES: usize = 1 << 20;

/// A page of items, and where the next one starts; `None` at the end.
#[derive(Debug)]
pub(super) struct Page<T, P> {
    pub(super) items: Vec<T>,
    pub(super) next: Option<P>,
    bytes: usize,
}

impl<T, P> Page<T, P> {
    pub(super) fn new() -> Self {
        Self { items: Vec::new(), next: None, bytes: 0 }
    }

    /// Adds an item; says whether the page is full, and if so, where the next one starts.
    pub(super) fn push(&mut self, item: T, bytes: usize, place: P) -> bool {
        self.items.push(item);
        self.bytes += bytes;
        let full = self.items.len() >= PAGE_ROWS || self.bytes >= PAGE_BYTES;
        self.next = full.then_some(place);
        full
    }
}

/// Streams the items of the pages that `read` gives, from `start` on.
pub(super) fn paged<'a, T, P>(
    start: P,
    mut read: impl FnMut(P) -> Result<Page<T, P>> + Send + 'a,
) -> BoxStream<'a, Result<T>>
where
    T: Send + 'a,
    P: Send + 'a,
{
    stream::try_unfold(Some(start), move |place| {
        let page = place.map(&mut read).transpose();
        ready(
            page.map(|page| {
                page.map(|page| (stream::iter(page.items.into_iter().map(Ok)), page.next))
            }),
        )
    })
    .try_flatten()
    .boxed()
}
