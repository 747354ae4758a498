//! [`RateLimit`]: `10/minute`.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use atg_core::{Error, ErrorKind, Result};

/// What may stand behind the slash, and seconds.
const PERIODS: [(&[&str], u64); 4] = [
    (&["second", "seconds", "sec", "s"], 1),
    (&["minute", "minutes", "min", "m"], 60),
    (&["hour", "hours", "h"], 3_600),
    (&["day", "days", "d"], 86_400),
];

/// So many requests in a period, written `10/minute`, `5/s`, `100/hour` or `1000/day`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    requests: NonZeroU32,
    period: Duration,
}

impl RateLimit {
    /// So many requests a second.
    pub const fn per_second(requests: NonZeroU32) -> Self {
        Self { requests, period: Duration::from_secs(1) }
    }

    /// So many requests a minute.
    pub const fn per_minute(requests: NonZeroU32) -> Self {
        Self { requests, period: Duration::from_secs(60) }
    }

    /// So many requests an hour.
    pub const fn per_hour(requests: NonZeroU32) -> Self {
        Self { requests, period: Duration::from_secs(3_600) }
    }

    /// Requests in a period.
    pub const fn requests(self) -> NonZeroU32 {
        self.requests
    }

    /// How long a period is: a second, a minute, an hour or a day.
    pub const fn period(self) -> Duration {
        self.period
    }
}

impl FromStr for RateLimit {
    type Err = Error;

    /// Reads a count from 1 to 4,294,967,295, a slash and a period (`s`, `sec`, `second`; `m`,
    /// `min`, `minute`; `h`, `hour`; `d`, `day`; also in the plural and in capitals). Spaces may
    /// stand around each.
    fn from_str(text: &str) -> Result<Self> {
        let (count, period) = text.split_once('/').ok_or_else(|| {
            unreadable(text, "a slash is missing between the count and the period")
        })?;
        let requests = count.trim().parse().map_err(|_| {
            unreadable(text, "before the slash a count from 1 to 4294967295 is wanted")
        })?;
        let name = period.trim().to_ascii_lowercase();
        let period = PERIODS.iter().find(|(names, _)| names.contains(&name.as_str()));
        let (_, seconds) = period.ok_or_else(|| {
            unreadable(text, "behind the slash second, minute, hour or day is wanted")
        })?;
        Ok(Self { requests, period: Duration::from_secs(*seconds) })
    }
}

impl fmt::Display for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.period.as_secs();
        let known = PERIODS.iter().find(|(_, of)| *of == seconds);
        let name = known.and_then(|(names, _)| names.first()).copied().unwrap_or_default();
        write!(f, "{}/{name}", self.requests)
    }
}

fn unreadable(text: &str, why: &str) -> Error {
    let message = format!("{text:?} is no rate such as \"10/minute\": {why}");
    Error::new(ErrorKind::InvalidInput, "read a rate limit", message)
}

#[cfg(test)]
mod tests {
    use super::RateLimit;
    use atg_core::ErrorKind;

    #[test]
    fn every_spelling_is_read_and_written_back() {
        for (text, written) in [
            ("10/minute", "10/minute"),
            ("5/s", "5/second"),
            (" 100 / Hours ", "100/hour"),
            ("4294967295/d", "4294967295/day"),
            ("1/MIN", "1/minute"),
        ] {
            let limit: RateLimit = text.parse().unwrap();
            assert_eq!(limit.to_string(), written);
            assert_eq!(written.parse::<RateLimit>().unwrap(), limit);
        }
    }

    #[test]
    fn what_is_no_rate_says_why() {
        for (text, why) in [
            ("", "slash"),
            ("10", "slash"),
            ("10 per minute", "slash"),
            ("/s", "count"),
            ("0/s", "count"),
            ("-1/s", "count"),
            ("1.5/s", "count"),
            ("4294967296/s", "count"),
            ("ten/s", "count"),
            ("10/", "behind"),
            ("10/fortnight", "behind"),
            ("10/s/s", "behind"),
        ] {
            let error = text.parse::<RateLimit>().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            let report = error.report();
            assert!(report.contains(why) && report.contains("10/minute"), "{report}");
        }
    }
}
