//! What answer headers say about quotas: pure functions from headers to numbers.

use std::time::{Duration, SystemTime};

use atg_core::QuotaHint;
use http::HeaderMap;

/// Headers that say how many requests of a kind are left.
const NAMES: [&str; 8] = [
    "x-ms-ratelimit-remaining-subscription-reads",
    "x-ms-ratelimit-remaining-tenant-reads",
    "x-ms-ratelimit-remaining-subscription-writes",
    "x-ms-ratelimit-remaining-tenant-writes",
    "x-ms-ratelimit-remaining-subscription-deletes",
    "x-ms-ratelimit-remaining-tenant-deletes",
    "x-ms-ratelimit-remaining-subscription-resource-requests",
    "x-ms-ratelimit-remaining-tenant-resource-requests",
];

/// What the headers of an ARM or Resource Graph answer say about the quota that was used.
///
/// Resource Graph: `x-ms-user-quota-remaining` and `x-ms-user-quota-resets-after: hh:mm:ss`.
/// ARM: the smallest of `x-ms-ratelimit-remaining-{subscription|tenant}-{reads|writes|deletes|…}`;
/// an answer has those of its own class alone.
pub(crate) fn quota_hint(headers: &HeaderMap) -> QuotaHint {
    if let Some(remaining) = number(headers, "x-ms-user-quota-remaining") {
        let resets_after = text(headers, "x-ms-user-quota-resets-after").and_then(clock_duration);
        return QuotaHint { remaining: Some(remaining), resets_after };
    }
    let remaining = NAMES.iter().filter_map(|name| number(headers, name)).min();
    QuotaHint { remaining, resets_after: None }
}

/// The wait that `Retry-After` asks for: seconds or a date; `None` where it is missing, empty or
/// nonsense. More than an hour is taken as an hour.
pub(crate) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    const LONGEST: Duration = Duration::from_secs(3600);
    if let Some(milliseconds) = number(headers, "x-ms-retry-after-ms") {
        return Some(Duration::from_millis(milliseconds).min(LONGEST));
    }
    let value = text(headers, "retry-after")?;
    if let Ok(seconds) = value.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok().map(|wait| wait.min(LONGEST));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or(Duration::ZERO).min(LONGEST))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim).filter(|value| !value.is_empty())
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    text(headers, name)?.parse().ok()
}

/// `hh:mm:ss`, with or without a fraction of a second.
fn clock_duration(value: &str) -> Option<Duration> {
    let mut parts = value.split(':');
    let hours: u32 = parts.next()?.parse().ok()?;
    let minutes: u32 = parts.next()?.parse().ok()?;
    let seconds: f64 = parts.next()?.parse().ok()?;
    if parts.next().is_some() || hours > 24 || minutes > 59 {
        return None;
    }
    Duration::try_from_secs_f64(f64::from(hours * 3600 + minutes * 60) + seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::{quota_hint, retry_after};
    use http::HeaderMap;
    use std::time::{Duration, SystemTime};

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(k, v)| (k.parse().unwrap(), v.parse().unwrap())).collect()
    }

    #[test]
    fn retry_after_in_every_form() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        for (value, expected) in [
            ("17", Some(17)),
            ("", None),
            ("soon", None),
            ("-1", None),
            ("NaN", None),
            ("1e300", None),
            ("999999", Some(3600)),
            ("Sun, 06 Nov 1994 08:49:47 GMT", Some(10)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
        ] {
            let found = retry_after(&headers(&[("retry-after", value)]), now);
            assert_eq!(found, expected.map(Duration::from_secs), "{value}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }

    #[test]
    fn quotas_of_both_services() {
        let graph = headers(&[
            ("x-ms-user-quota-remaining", "3"),
            ("x-ms-user-quota-resets-after", "00:00:04"),
            ("x-ms-ratelimit-remaining-tenant-reads", "11999"),
        ]);
        let hint = quota_hint(&graph);
        assert_eq!((hint.remaining, hint.resets_after), (Some(3), Some(Duration::from_secs(4))));
        let arm = headers(&[
            ("x-ms-ratelimit-remaining-subscription-reads", "249"),
            ("x-ms-ratelimit-remaining-subscription-global-reads", "3749"),
        ]);
        assert_eq!(quota_hint(&arm).remaining, Some(249));
        for kind in
            ["subscription-writes", "tenant-writes", "subscription-deletes", "tenant-deletes"]
        {
            let name: &'static str = format!("x-ms-ratelimit-remaining-{kind}").leak();
            assert_eq!(quota_hint(&headers(&[(name, "199")])).remaining, Some(199), "{kind}");
        }
        assert_eq!(quota_hint(&HeaderMap::new()).remaining, None);
    }
}
