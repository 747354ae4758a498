//! [`shape_of`]: a statement without its values.

/// Characters kept.
const LONGEST: usize = 200;

/// A statement with `?` for each text and number, comments left out and blanks made one.
///
/// It holds back rather than guess. Where languages do not agree on what follows, the shape ends
/// with `…`:
///
/// - texts with a backslash, texts that do not end, and quotings with dollars, three backticks,
///   three tildes or a `q` before the quote;
/// - a name directly behind a text;
/// - `--`, `//` and `#`, which begin a comment in one language and are operators in another, where
///   the rest of their line, which is left out, holds a sign that begins a text or a comment;
/// - comments within comments.
///
/// Names in backticks stay. Numbers that belong to a name (`t1`, `$1`) stay.
pub(super) fn shape_of(statement: &str) -> String {
    let mut writer = Writer::default();
    let mut rest = statement;
    while let Some(first) = rest.chars().next() {
        if writer.is_full() {
            return writer.cut();
        }
        let Some(taken) = writer.token(first, rest) else { return writer.cut() };
        writer.last = rest.get(..taken).and_then(|token| token.chars().next_back());
        rest = rest.get(taken..).unwrap_or_default();
    }
    if writer.characters > LONGEST { writer.cut() } else { writer.shape }
}

#[derive(Default)]
struct Writer {
    shape: String,
    characters: usize,
    /// A blank is due before the next token.
    blank: bool,
    /// The character before the next token.
    last: Option<char>,
}

impl Writer {
    /// Writes the token at the start of `rest`; gives its bytes, or `None` where it cannot be told
    /// where it ends.
    fn token(&mut self, first: char, rest: &str) -> Option<usize> {
        if is_comment(rest) {
            self.blank = true;
            return comment(rest);
        }
        match first {
            '\'' | '"' if matches!(self.last, Some('q' | 'Q')) => None,
            '`' if rest.starts_with("``") => None,
            '~' if rest.starts_with("~~~") => None,
            _ if is_word(first) && matches!(self.last, Some('\'' | '"')) => None,
            '\'' | '"' => {
                let taken = quoted(rest, first)?;
                self.value();
                Some(taken)
            }
            '`' => {
                let taken = rest.get(1..)?.find('`')? + 2;
                self.text(rest.get(..taken)?);
                Some(taken)
            }
            _ if first.is_whitespace() => {
                self.blank = true;
                Some(first.len_utf8())
            }
            _ if first.is_ascii_digit() || is_fraction(rest) => {
                self.value();
                Some(length(rest, |c| c.is_alphanumeric() || c == '.' || c == '_'))
            }
            _ if is_word(first) || matches!(first, '$' | '@' | ':') => self.word(first, rest),
            _ => {
                self.text(rest.get(..first.len_utf8())?);
                Some(first.len_utf8())
            }
        }
    }

    /// A name or a parameter; a dollar behind it, or one alone, quotes a text.
    fn word(&mut self, first: char, rest: &str) -> Option<usize> {
        let after = rest.get(first.len_utf8()..)?;
        let taken = first.len_utf8() + length(after, is_word);
        let follows = rest.get(taken..)?.chars().next();
        let quotes = follows == Some('$') || (first == '$' && taken == 1 && follows != Some('`'));
        if quotes {
            return None;
        }
        self.text(rest.get(..taken)?);
        Some(taken)
    }

    /// A value; several behind one another are one.
    fn value(&mut self) {
        if !self.shape.ends_with('?') {
            self.text("?");
        }
    }

    fn text(&mut self, text: &str) {
        if std::mem::take(&mut self.blank) && !self.shape.is_empty() {
            self.shape.push(' ');
            self.characters += 1;
        }
        self.shape.push_str(text);
        self.characters += text.chars().count();
    }

    fn is_full(&self) -> bool {
        self.characters >= LONGEST
    }

    fn cut(mut self) -> String {
        if let Some((end, _)) = self.shape.char_indices().nth(LONGEST) {
            self.shape.truncate(end);
        }
        self.shape.push('…');
        self.shape
    }
}

fn is_comment(rest: &str) -> bool {
    ["/*", "--", "//", "#"].iter().any(|start| rest.starts_with(start))
}

/// The bytes of a comment at the start; `None` where it may be none, and what it would hide is not
/// over at its end.
fn comment(rest: &str) -> Option<usize> {
    if let Some(inner) = rest.strip_prefix("/*") {
        let end = inner.find("*/")?;
        return (!inner.get(..end)?.contains("/*")).then_some(end + 4);
    }
    let end = length(rest, |c| c != '\n');
    let line = rest.get(..end)?;
    let opens = line.contains(['\'', '"', '`', '$', '~', '\\']) || line.contains("/*");
    (!opens).then_some(end)
}

/// The bytes of a quoted text at the start.
fn quoted(rest: &str, quote: char) -> Option<usize> {
    let inner = rest.get(1..)?;
    let end = inner.find(quote)?;
    (!inner.get(..end)?.contains('\\')).then_some(end + 2)
}

fn is_fraction(rest: &str) -> bool {
    rest.strip_prefix('.').is_some_and(|after| after.starts_with(|c: char| c.is_ascii_digit()))
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn length(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::shape_of;

    #[test]
    fn values_go_and_names_stay() {
        for (statement, shape) in [
            ("", ""),
            ("SELECT name FROM t1 WHERE id = $1", "SELECT name FROM t1 WHERE id = $1"),
            ("SELECT *\n  FROM t -- of Ada\n WHERE a=-1.5e3", "SELECT * FROM t WHERE a=-?"),
            ("VALUES ('O''Brien', \"x\", 0x1F, .5)", "VALUES (?, ?, ?, ?)"),
            (
                "UNWIND $rows AS row MATCH (n:`Odd Label` {id: 'a'})",
                "UNWIND $rows AS row MATCH (n:`Odd Label` {id: ?})",
            ),
            ("a = x'53454352' AND b = ?2", "a = x? AND b = ?"),
            ("/* for 'Ada' */ RETURN n_1.größe // 42", "RETURN n_1.größe"),
            ("SELECT a # of Ada\nFROM t", "SELECT a FROM t"),
            ("SELECT a~b, `c``d`, 'x' AS q", "SELECT a~b, `c``d`, ? AS q"),
            ("CALL { WITH $`a b` RETURN 1 }", "CALL { WITH $`a b` RETURN ? }"),
        ] {
            assert_eq!(shape_of(statement), shape, "{statement}");
            assert_eq!(shape_of(shape), shape, "{shape}");
        }
    }

    #[test]
    fn what_cannot_be_read_for_certain_is_cut_off() {
        for statement in [
            "a 'it\\'s secret'",
            "a 'C:\\', 'secret'",
            "a 'secret",
            "a \"secret",
            "a $$secret$$",
            "a $tag$secret$tag$",
            "a /* secret",
            "a `secret",
            "a /*/ secret",
            "a--(b {name: 'first\nsecret'}) RETURN a",
            "a 7 // 2, 'one\nsecret' ",
            "a-- b \"x\nsecret\"",
            "a-- b `x\nsecret`",
            "a-- b $$x\nsecret$$",
            "a-- b /* x\nsecret */",
            "a | where name == ```secret```",
            "a | where name == ~~~secret~~~",
            "a # 'x\nsecret'",
            "a /* /* */ secret */",
            "a q'[it's secret]' x",
            "a NQ'[it's secret]' x",
            "a 1q'[it's secret]' x",
            "a ''secret''",
            "a \"\"\"it\"secret\"\"\"",
        ] {
            let shape = shape_of(statement);
            assert!(shape.starts_with('a') && shape.ends_with('…'), "{statement}: {shape}");
            assert!(!shape.contains("secret"), "{statement}: {shape}");
        }
    }

    #[test]
    fn a_long_statement_is_cut() {
        let long = shape_of(&"größe, ".repeat(1_000_000));
        assert_eq!(long.chars().count(), 201);
        assert_eq!(shape_of(&"ä".repeat(1_000)).chars().count(), 201);
        assert_eq!(shape_of(&"1 ".repeat(1_000)), "?");
    }
}
