//! Seeded numbers and GUIDs: every choice is a function of the seed and a salt.

use super::spell::Spell;

/// The golden ratio's fraction: spreads consecutive salts over all 64 bits.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// Mixes a number so that each input bit moves every output bit (the finaliser of `SplitMix64`).
pub(super) fn mix(value: u64) -> u64 {
    let mut mixed = value.wrapping_add(GOLDEN);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// The number that `salt` selects under `seed`.
pub(super) fn salted(seed: u64, salt: u64) -> u64 {
    mix(seed ^ salt.wrapping_mul(GOLDEN))
}

/// A GUID of version 4; spelled in lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Guid(u128);

impl Guid {
    /// The GUID that `salt` selects under `seed`.
    pub(super) fn of(seed: u64, salt: u64) -> Self {
        let high = salted(seed, salt);
        let bits = u128::from(high) << 64 | u128::from(mix(high));
        // Version 4 and the RFC's variant sit in fixed bits.
        Self(bits & !(0xF << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62)
    }

    /// Reads 32 hexadecimal digits with hyphens anywhere between them.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let digits = text.chars().filter(|&letter| letter != '-');
        let value = digits.clone().try_fold(0_u128, |value, letter| {
            Some(value << 4 | u128::from(letter.to_digit(16)?))
        })?;
        (digits.count() == 32 && text.len() == 36).then_some(Self(value))
    }

    pub(super) fn value(self) -> u128 {
        self.0
    }

    pub(super) fn to_text(self) -> String {
        let mut text = String::with_capacity(36);
        self.spell(&mut text);
        text
    }

    /// The digits without hyphens.
    pub(super) fn digits(self) -> Digits {
        Digits(self.0)
    }
}

impl Spell for Guid {
    fn spell(&self, out: &mut String) {
        let digits = hexadecimal(self.0);
        let text = std::str::from_utf8(&digits).unwrap_or_default();
        let mut rest = text;
        for (number, length) in [8, 4, 4, 4, 12].into_iter().enumerate() {
            if number > 0 {
                out.push('-');
            }
            let (part, after) = rest.split_at(length);
            out.push_str(part);
            rest = after;
        }
    }
}

/// A GUID's 32 digits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Digits(u128);

impl Spell for Digits {
    fn spell(&self, out: &mut String) {
        out.push_str(std::str::from_utf8(&hexadecimal(self.0)).unwrap_or_default());
    }
}

fn hexadecimal(value: u128) -> [u8; 32] {
    let mut digits = [0; 32];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(value.to_be_bytes()) {
        for (digit, nibble) in pair.iter_mut().zip([byte >> 4, byte & 15]) {
            *digit = if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
        }
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::Guid;

    #[test]
    fn guids_read_back_whatever_their_case() {
        let guid = Guid::of(7, 9);
        let text = guid.to_text();
        assert_eq!(text.len(), 36);
        assert_eq!(&text[14..15], "4");
        assert_eq!(Guid::parse(&text.to_uppercase()), Some(guid));
        assert_eq!(Guid::parse(&text[1..]), None);
        assert_eq!(Guid::parse(&text.replace('-', "g")), None);
        assert_ne!(Guid::of(7, 10), guid);
        assert_ne!(Guid::of(8, 9), guid);
    }
}
