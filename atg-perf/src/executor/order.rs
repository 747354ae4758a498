//! [`Order`]: results in the order they are to be handed out in.

use std::collections::VecDeque;

/// Results that wait to be handed out.
#[derive(Debug)]
pub(super) enum Order<R> {
    /// As they come.
    AsEnded(VecDeque<R>),
    /// By their index; the first place is that of the next to be handed out.
    AsGiven { waiting: VecDeque<Option<R>>, next: u64, run_ahead: u64 },
}

impl<R> Order<R> {
    pub(super) fn as_ended() -> Self {
        Self::AsEnded(VecDeque::new())
    }

    /// At most `run_ahead` results wait; at least one can.
    pub(super) fn as_given(run_ahead: usize) -> Self {
        let run_ahead = u64::try_from(run_ahead.max(1)).unwrap_or(u64::MAX);
        Self::AsGiven { waiting: VecDeque::new(), next: 0, run_ahead }
    }

    /// Whether the task of this index may start.
    pub(super) fn has_room(&self, index: u64) -> bool {
        match self {
            Self::AsEnded(_) => true,
            Self::AsGiven { next, run_ahead, .. } => index.saturating_sub(*next) < *run_ahead,
        }
    }

    /// Takes a result; each index once.
    pub(super) fn push(&mut self, index: u64, result: R) {
        match self {
            Self::AsEnded(ended) => ended.push_back(result),
            Self::AsGiven { waiting, next, .. } => {
                let place = usize::try_from(index.saturating_sub(*next)).unwrap_or(usize::MAX);
                while waiting.len() <= place {
                    waiting.push_back(None);
                }
                if let Some(slot) = waiting.get_mut(place) {
                    *slot = Some(result);
                }
            }
        }
    }

    /// The next result, if it is there.
    pub(super) fn pop(&mut self) -> Option<R> {
        match self {
            Self::AsEnded(ended) => ended.pop_front(),
            Self::AsGiven { waiting, next, .. } => {
                let result = waiting.front_mut()?.take()?;
                waiting.pop_front();
                *next += 1;
                Some(result)
            }
        }
    }

    /// All results that are there, whatever is missing between them.
    pub(super) fn into_waiting(self) -> Vec<R> {
        match self {
            Self::AsEnded(ended) => ended.into(),
            Self::AsGiven { waiting, .. } => waiting.into_iter().flatten().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Order;

    #[test]
    fn it_hands_out_by_index_and_bounds_what_waits() {
        let mut order = Order::as_given(3);
        order.push(2, 'c');
        order.push(1, 'b');
        assert_eq!(order.pop(), None);
        assert!(order.has_room(2) && !order.has_room(3));
        order.push(0, 'a');
        assert_eq!([order.pop(), order.pop()], [Some('a'), Some('b')]);
        assert!(order.has_room(4) && !order.has_room(5));
        order.push(4, 'e');
        assert_eq!(order.into_waiting(), ['c', 'e']);
        assert!(Order::<()>::as_given(0).has_room(0));
    }
}
