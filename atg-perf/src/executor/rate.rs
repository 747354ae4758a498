//! [`Rate`]: events a second, lately.

use std::time::Duration;

/// For how long an event counts, in seconds: after so long, for 1/e.
const MEMORY: f64 = 10.0;

/// Events a second, older ones counting less and less. Times are since the run began.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Rate {
    /// Events, each by what it still counts for.
    weight: f64,
    at: Duration,
}

impl Rate {
    /// Takes note of one event.
    pub(super) fn add(&mut self, now: Duration) {
        self.weight = self.weight_at(now) + 1.0;
        self.at = self.at.max(now);
    }

    /// Events a second; 0 where no time has passed.
    pub(super) fn per_second(&self, now: Duration) -> f64 {
        // While the run is younger than the memory, only its own age can hold events.
        let seconds = MEMORY * -(-now.as_secs_f64() / MEMORY).exp_m1();
        if seconds > 0.0 { self.weight_at(now) / seconds } else { 0.0 }
    }

    fn weight_at(&self, now: Duration) -> f64 {
        self.weight * (-now.saturating_sub(self.at).as_secs_f64() / MEMORY).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::Rate;
    use std::time::Duration;

    #[test]
    fn it_is_right_from_the_start_and_forgets() {
        let mut rate = Rate::default();
        assert!(rate.per_second(Duration::ZERO).abs() < f64::EPSILON);
        for tick in 1..=1_000_u64 {
            let now = Duration::from_millis(tick * 50);
            rate.add(now);
            if tick >= 20 {
                assert!((rate.per_second(now) - 20.0).abs() < 1.1, "{}", rate.per_second(now));
            }
        }
        assert!(rate.per_second(Duration::from_secs(150)) < 0.01);
        assert!(rate.per_second(Duration::MAX).abs() < f64::EPSILON);
        // A clock that goes back changes nothing.
        let before = rate.per_second(Duration::from_secs(50));
        rate.add(Duration::ZERO);
        assert!(rate.per_second(Duration::from_secs(50)) >= before);
    }
}
