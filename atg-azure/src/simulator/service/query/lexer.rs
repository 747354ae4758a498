//! The tokens of a query.

use super::ParseError;

/// A token and where it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) line: usize,
    pub(super) position: usize,
}

/// What a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A name or keyword; `in~` is one too.
    Word(String),
    /// A literal text, without its quotes.
    Text(String),
    /// A whole number.
    Number(u64),
    /// Punctuation or an operator.
    Sign(&'static str),
    /// The end of the query.
    End,
}

impl Token {
    /// The error that this token should not be here.
    pub(super) fn unexpected(&self) -> ParseError {
        let token = match &self.kind {
            TokenKind::Word(text) | TokenKind::Text(text) => text.clone(),
            TokenKind::Number(number) => number.to_string(),
            TokenKind::Sign(sign) => (*sign).to_owned(),
            TokenKind::End => "<EOF>".to_owned(),
        };
        ParseError { line: self.line, position: self.position, token }
    }
}

/// Longer signs first, so that `==` is not read as `=` twice.
const SIGNS: [&str; 7] = ["==", "=~", "|", "(", ")", ",", "%"];

/// Cuts a query into tokens; the last one is always [`TokenKind::End`].
pub(super) fn tokens(query: &str) -> Result<Vec<Token>, ParseError> {
    let mut lexer = Lexer { rest: query, line: 1, position: 0 };
    let mut tokens = Vec::new();
    loop {
        lexer.skip_blanks();
        let (line, position) = (lexer.line, lexer.position);
        let kind = lexer.next()?;
        let end = kind == TokenKind::End;
        tokens.push(Token { kind, line, position });
        if end {
            return Ok(tokens);
        }
    }
}

struct Lexer<'a> {
    rest: &'a str,
    line: usize,
    position: usize,
}

impl<'a> Lexer<'a> {
    fn next(&mut self) -> Result<TokenKind, ParseError> {
        let Some(first) = self.rest.chars().next() else { return Ok(TokenKind::End) };
        if first == '\'' || first == '"' {
            return self.text(first);
        }
        if first.is_ascii_digit() {
            let digits = self.take_while(|c| c.is_ascii_digit());
            return digits.parse().map(TokenKind::Number).map_err(|_| self.error(digits));
        }
        if first.is_alphabetic() || first == '_' {
            return Ok(TokenKind::Word(self.word()));
        }
        for sign in SIGNS {
            if self.rest.starts_with(sign) {
                self.advance(sign.len());
                return Ok(TokenKind::Sign(sign));
            }
        }
        Err(self.error(&first.to_string()))
    }

    fn word(&mut self) -> String {
        let mut word = self.take_while(|c| c.is_alphanumeric() || c == '_').to_owned();
        if word == "in" && self.rest.starts_with('~') {
            self.advance(1);
            word.push('~');
        }
        word
    }

    /// A text in single or double quotes; a backslash takes the next character as it is.
    fn text(&mut self, quote: char) -> Result<TokenKind, ParseError> {
        let mut text = String::new();
        let mut characters = self.rest.char_indices().skip(1);
        while let Some((at, character)) = characters.next() {
            match character {
                '\\' => text.extend(characters.next().map(|(_, escaped)| escaped)),
                '\n' => break,
                _ if character == quote => {
                    self.advance(at + quote.len_utf8());
                    return Ok(TokenKind::Text(text));
                }
                _ => text.push(character),
            }
        }
        Err(self.error(&quote.to_string()))
    }

    fn skip_blanks(&mut self) {
        loop {
            self.take_while(char::is_whitespace);
            if !self.rest.starts_with("//") {
                return;
            }
            self.take_while(|c| c != '\n');
        }
    }

    fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !belongs(c)).unwrap_or(self.rest.len());
        self.advance(end)
    }

    /// Moves on by `bytes`, which must end on a character.
    fn advance(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        for character in taken.chars() {
            if character == '\n' {
                self.line += 1;
                self.position = 0;
            } else {
                self.position += 1;
            }
        }
        self.rest = rest;
        taken
    }

    fn error(&self, token: &str) -> ParseError {
        ParseError { line: self.line, position: self.position, token: token.to_owned() }
    }
}
