//! [`Surplus`]: how much more is left than thought.

use std::time::Duration;

/// How long and how often more must be left than thought before it is believed.
const PERIOD: Duration = Duration::from_secs(1);
const FEWEST_ANSWERS: u32 = 8;

/// The least surplus in some answers on end. One answer may be older than it looks, where others
/// overtook it; of many on end the least is safe.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Surplus {
    since: Option<Duration>,
    least: i64,
    answers: u32,
}

impl Surplus {
    /// Takes note of a surplus; gives the least once enough was seen, and begins anew.
    pub(crate) fn observe(&mut self, now: Duration, surplus: i64) -> Option<u32> {
        let since = *self.since.get_or_insert(now);
        self.least = if self.answers == 0 { surplus } else { self.least.min(surplus) };
        self.answers = self.answers.saturating_add(1);
        if self.answers < FEWEST_ANSWERS || now.saturating_sub(since) < PERIOD {
            return None;
        }
        let least = self.least;
        *self = Self::default();
        u32::try_from(least).ok().filter(|least| *least > 0)
    }

    /// Begins anew.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::Surplus;
    use std::time::Duration;

    fn run(surpluses: [i64; 9]) -> Vec<u32> {
        let mut surplus = Surplus::default();
        let steps = (0..9_u32).zip(surpluses);
        steps
            .filter_map(|(step, seen)| surplus.observe(Duration::from_millis(125) * step, seen))
            .collect()
    }

    #[test]
    fn the_least_of_a_second_counts() {
        assert_eq!(run([9, 8, 7, 9, 9, 12, 9, 9, 9]), [7]);
        assert!(run([9, 8, 0, 9, 9, 12, 9, 9, 9]).is_empty());
        assert!(run([9, 8, -5, 9, 9, 12, 9, 9, 9]).is_empty());
    }

    #[test]
    fn too_few_or_too_soon_is_nothing() {
        let mut surplus = Surplus::default();
        for _ in 0..100 {
            assert_eq!(surplus.observe(Duration::from_millis(999), 5), None);
        }
        assert_eq!(surplus.observe(Duration::from_millis(1_999), i64::MAX), Some(5));
        for second in 2..9 {
            assert_eq!(surplus.observe(Duration::from_secs(second), 5), None);
        }
    }
}
