//! Streams over an ordered map, a page at a time, without a lock between pages.

use std::collections::VecDeque;
use std::ops::Bound;

use futures::stream::{self, Stream};

use crate::Result;

/// A range of keys that starts behind one, or at the first.
pub(super) type Behind<K> = (Bound<K>, Bound<K>);

/// Streams what `page` gives for the range behind the last key given, until it gives nothing.
/// A filter of the caller's belongs into `page`, so that an empty page is the end.
pub(super) fn paged<K, T, F>(after: Option<K>, page: F) -> impl Stream<Item = Result<T>>
where
    K: Clone,
    F: Fn(Behind<K>) -> VecDeque<(K, T)>,
{
    let start = (after, VecDeque::new(), page);
    stream::unfold(start, |(mut last, mut items, page)| async move {
        if items.is_empty() {
            let behind = last.clone().map_or(Bound::Unbounded, Bound::Excluded);
            items = page((behind, Bound::Unbounded));
        }
        let (key, item) = items.pop_front()?;
        last = Some(key);
        Some((Ok(item), (last, items, page)))
    })
}
