//! Numbers and names as people read them.

use std::borrow::Cow;

use super::Quantity;

/// What stands for a number that is not known.
pub(super) const UNKNOWN: &str = "–";

/// A number with its thousands apart: `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number with three or more digits that count, thousands apart, powers of ten beyond 10^15.
pub(super) fn number(value: f64) -> String {
    let magnitude = value.abs();
    if !value.is_finite() {
        UNKNOWN.to_owned()
    } else if magnitude >= 1e15 || (magnitude > 0.0 && magnitude < 1e-4) {
        format!("{value:.2e}")
    } else if magnitude >= 99.95 {
        let sign = if value < 0.0 { "-" } else { "" };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below 1e15")]
        let whole = magnitude.round() as u64;
        format!("{sign}{}", grouped(whole))
    } else if magnitude >= 9.995 || magnitude == 0.0 {
        trimmed(&format!("{value:.1}"))
    } else if magnitude >= 0.1 {
        trimmed(&format!("{value:.2}"))
    } else {
        trimmed(&format!("{value:.5}"))
    }
}

/// Without the zeros that say nothing.
fn trimmed(text: &str) -> String {
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A time with the unit that fits it.
pub(super) fn seconds(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude >= 7_200.0 {
        format!("{} h", number(value / 3_600.0))
    } else if magnitude >= 1.0 || magnitude == 0.0 || value.is_nan() {
        with_unit(value, "s")
    } else if magnitude >= 1e-3 {
        with_unit(value * 1e3, "ms")
    } else if magnitude >= 1e-6 {
        with_unit(value * 1e6, "µs")
    } else {
        with_unit(value * 1e9, "ns")
    }
}

/// An amount of bytes with the unit that fits it.
pub(super) fn bytes(value: f64) -> String {
    let (size, unit) = bytes_unit(value);
    with_unit(value / size, unit)
}

/// The unit that fits an amount of bytes: how many bytes it has, and its name.
pub(super) fn bytes_unit(value: f64) -> (f64, &'static str) {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let mut fitting = (1.0, "B");
    for unit in UNITS {
        if value.abs() / fitting.0 < 1_024.0 {
            break;
        }
        fitting = (fitting.0 * 1_024.0, unit);
    }
    fitting
}

/// A count as [`bytes`] and [`number`] take it.
#[allow(clippy::cast_precision_loss, reason = "for people")]
pub(super) fn float(count: u64) -> f64 {
    count as f64
}

/// A value of a quantity with its unit.
pub(super) fn quantity(quantity: Quantity, value: f64) -> String {
    match quantity {
        Quantity::Seconds => seconds(value),
        Quantity::PerSecond => with_unit(value, "/s"),
        Quantity::Bytes => bytes(value),
        Quantity::Count => number(value),
    }
}

/// A share as percent.
pub(super) fn percent(share: f64) -> String {
    if share.is_finite() { format!("{:.1} %", share * 100.0) } else { UNKNOWN.to_owned() }
}

fn with_unit(value: f64, unit: &str) -> String {
    if value.is_finite() { format!("{} {unit}", number(value)) } else { UNKNOWN.to_owned() }
}

/// A name from outside without control characters, which terminals obey and XML forbids, and
/// without those that turn the direction of writing.
pub(super) fn printable(text: &str) -> Cow<'_, str> {
    let harmful = |c: char| {
        c.is_control()
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}')
    };
    if text.contains(harmful) { text.replace(harmful, "\u{fffd}").into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::{bytes, float, number, printable, seconds};

    #[test]
    fn numbers_have_the_digits_that_count() {
        let cases = [
            (0.0, "0"),
            (0.000_01, "1.00e-5"),
            (0.042, "0.042"),
            (0.5, "0.5"),
            (12.34, "12.3"),
            (100.0, "100"),
            (-1_234.5, "-1,235"),
            (999_999.7, "1,000,000"),
            (1.8e19, "1.80e19"),
            (f64::NAN, "–"),
            (f64::NEG_INFINITY, "–"),
        ];
        for (value, text) in cases {
            assert_eq!(number(value), text, "{value}");
        }
    }

    #[test]
    fn units_fit() {
        assert_eq!(seconds(0.0), "0 s");
        assert_eq!(seconds(0.012_3), "12.3 ms");
        assert_eq!(seconds(0.000_045), "45 µs");
        assert_eq!(seconds(5e-9), "5 ns");
        assert_eq!(seconds(123.4), "123 s");
        assert_eq!(seconds(36_000.0), "10 h");
        assert_eq!(seconds(f64::NAN), "–");
        assert_eq!(bytes(1_536.0), "1.5 KiB");
        assert_eq!(bytes(float(u64::MAX)), "16,777,216 TiB");
    }

    #[test]
    fn terminals_obey_no_name() {
        assert_eq!(printable("Größe 名"), "Größe 名");
        assert_eq!(printable("a\u{1b}[31mb\u{202e}c\n"), "a\u{fffd}[31mb\u{fffd}c\u{fffd}");
    }
}
