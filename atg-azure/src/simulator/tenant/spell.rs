//! [`Spell`]: what can be written into a text without an allocation.

/// A piece of text that knows how to append itself; tuples are pieces in a row.
pub(super) trait Spell {
    fn spell(&self, out: &mut String);
}

impl Spell for str {
    fn spell(&self, out: &mut String) {
        out.push_str(self);
    }
}

impl Spell for u64 {
    fn spell(&self, out: &mut String) {
        number(*self, 10, 1, out);
    }
}

/// A decimal number with at least so many digits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Padded(pub(super) u64, pub(super) usize);

impl Spell for Padded {
    fn spell(&self, out: &mut String) {
        number(self.0, 10, self.1, out);
    }
}

/// A number in the 36 digits that names may have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Base36(pub(super) u64);

impl Spell for Base36 {
    fn spell(&self, out: &mut String) {
        number(self.0, 36, 3, out);
    }
}

/// A text in a JSON string: what JSON cannot hold as it is, escaped.
#[derive(Debug, Clone, Copy)]
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl Spell for Escaped<'_> {
    fn spell(&self, out: &mut String) {
        for letter in self.0.chars() {
            if matches!(letter, '"' | '\\') {
                out.push('\\');
            }
            out.push(letter);
        }
    }
}

fn number(value: u64, base: u64, least_digits: usize, out: &mut String) {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut digits = [b'0'; 20];
    let (mut rest, mut start) = (value, digits.len());
    while rest > 0 || digits.len() - start < least_digits {
        start -= 1;
        digits[start] = DIGITS[usize::try_from(rest % base).unwrap_or_default()];
        rest /= base;
    }
    out.push_str(std::str::from_utf8(&digits[start..]).unwrap_or_default());
}

impl<A: Spell, B: Spell> Spell for (A, B) {
    fn spell(&self, out: &mut String) {
        self.0.spell(out);
        self.1.spell(out);
    }
}

impl<A: Spell, B: Spell, C: Spell> Spell for (A, B, C) {
    fn spell(&self, out: &mut String) {
        self.0.spell(out);
        self.1.spell(out);
        self.2.spell(out);
    }
}

impl<A: Spell, B: Spell, C: Spell, D: Spell> Spell for (A, B, C, D) {
    fn spell(&self, out: &mut String) {
        ((&self.0, &self.1), (&self.2, &self.3)).spell(out);
    }
}

impl<A: Spell, B: Spell, C: Spell, D: Spell, E: Spell> Spell for (A, B, C, D, E) {
    fn spell(&self, out: &mut String) {
        ((&self.0, &self.1), (&self.2, &self.3, &self.4)).spell(out);
    }
}

impl<T: Spell + ?Sized> Spell for &T {
    fn spell(&self, out: &mut String) {
        (*self).spell(out);
    }
}

#[cfg(test)]
mod tests {
    use super::{Base36, Escaped, Padded, Spell};

    fn spelled(piece: impl Spell) -> String {
        let mut out = String::new();
        piece.spell(&mut out);
        out
    }

    #[test]
    fn pieces_append_themselves() {
        assert_eq!(spelled(0_u64), "0");
        assert_eq!(spelled(u64::MAX), u64::MAX.to_string());
        assert_eq!(spelled(("a", Padded(7, 3), Base36(35), "-", 12_u64)), "a00700z-12");
        assert_eq!(spelled(Escaped(r#"a"b\c"#)), r#"a\"b\\c"#);
    }
}
