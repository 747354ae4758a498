//! Numbers that look random and depend on nothing but the seed, the purpose and the ordinal.

/// What a number is drawn for, so that one purpose does not disturb another.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    Latency = 1,
    Fault = 2,
    FaultKind = 3,
    RequestId = 4,
    EmptyPage = 5,
}

/// The number for `ordinal`: the same for the same three arguments, spread evenly over 64 bits.
pub(crate) fn draw(seed: u64, purpose: Purpose, ordinal: u64) -> u64 {
    mix(mix(mix(seed) ^ purpose as u64) ^ ordinal)
}

/// The number as a fraction in `0.0..1.0`.
#[allow(clippy::cast_precision_loss)]
pub(crate) fn fraction(number: u64) -> f64 {
    // 53 bits are what a double holds exactly.
    (number >> 11) as f64 / (1_u64 << 53) as f64
}

/// Spreads every bit of a number over all of them (the finaliser of `SplitMix64`).
pub(crate) fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_repeatable_and_apart_by_purpose() {
        assert_eq!(draw(1, Purpose::Fault, 7), draw(1, Purpose::Fault, 7));
        assert_ne!(draw(1, Purpose::Fault, 7), draw(1, Purpose::Latency, 7));
        assert_ne!(draw(1, Purpose::Fault, 7), draw(2, Purpose::Fault, 7));
    }

    #[test]
    fn fractions_are_even_over_the_unit() {
        let draws = 10_000;
        let low = (0..draws).filter(|n| fraction(draw(3, Purpose::Fault, *n)) < 0.1).count();
        assert!((900..1_100).contains(&low), "{low} of {draws} below a tenth");
        assert!(fraction(u64::MAX) < 1.0);
    }
}
