//! From the tokens of a query to a [`Query`].

use super::lexer::{Token, TokenKind, tokens};
use super::{Column, Filter, ParseError, Partition, Query, Summary, Table, column};

/// Understands a query.
///
/// The language is the part that readers of inventories need: a table, then any of
/// `where hash(tolower(id)) % N == k`, `where type|subscriptionId =~ | == | in~ | in`, joined by
/// `and`; `order by id [asc|desc]`; `project`; `limit` or `take`; `summarize count()` or `count`.
/// A stage after `summarize`, `count` or `limit` is not understood, nor is anything else.
pub(crate) fn parse(text: &str) -> Result<Query, ParseError> {
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens: &tokens, at: 0 };
    let mut query = Query {
        table: Table::Resources,
        filter: Filter::default(),
        partition: Partition::WHOLE,
        descending: false,
        columns: None,
        limit: None,
        summary: None,
    };
    if !parser.table(&mut query) {
        parser.stage(&mut query)?;
    }
    while parser.accept_sign("|") {
        if query.summary.is_some() || query.limit.is_some() {
            return Err(parser.unexpected());
        }
        parser.stage(&mut query)?;
    }
    if parser.peek() == &TokenKind::End { Ok(query) } else { Err(parser.unexpected()) }
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
}

impl Parser<'_> {
    fn table(&mut self, query: &mut Query) -> bool {
        let TokenKind::Word(word) = self.peek() else { return false };
        query.table = match word.to_ascii_lowercase().as_str() {
            "resources" => Table::Resources,
            "resourcecontainers" => Table::Containers,
            _ => return false,
        };
        self.at += 1;
        true
    }

    fn stage(&mut self, query: &mut Query) -> Result<(), ParseError> {
        let start = self.at;
        match self.word()?.as_str() {
            "where" => self.conditions(query),
            "order" | "sort" => self.order(query),
            "project" => self.project(query),
            "limit" | "take" => {
                query.limit = Some(self.number()?);
                Ok(())
            }
            "summarize" => {
                self.words(&["count"])?;
                self.signs(&["(", ")"])?;
                query.summary = Some(Summary::Summarize);
                Ok(())
            }
            "count" => {
                query.summary = Some(Summary::Count);
                Ok(())
            }
            _ => {
                self.at = start;
                Err(self.unexpected())
            }
        }
    }

    fn conditions(&mut self, query: &mut Query) -> Result<(), ParseError> {
        loop {
            self.condition(query)?;
            if !self.accept_word("and") {
                return Ok(());
            }
        }
    }

    fn condition(&mut self, query: &mut Query) -> Result<(), ParseError> {
        let start = self.at;
        match self.word()?.to_ascii_lowercase().as_str() {
            "hash" => self.partition(query),
            "type" => {
                let types = self.values()?;
                query.filter.narrow_types(types);
                Ok(())
            }
            "subscriptionid" => {
                let ids = self.values()?;
                query.filter.narrow_subscriptions(ids);
                Ok(())
            }
            _ => {
                self.at = start;
                Err(self.unexpected())
            }
        }
    }

    /// After `hash`: `(tolower(id)) % N == k`.
    fn partition(&mut self, query: &mut Query) -> Result<(), ParseError> {
        self.signs(&["("])?;
        self.words(&["tolower"])?;
        self.signs(&["("])?;
        self.words(&["id"])?;
        self.signs(&[")", ")", "%"])?;
        let of = self.number()?;
        self.signs(&["=="])?;
        let number = self.number()?;
        if of == 0 || query.partition != Partition::WHOLE {
            return Err(self.unexpected());
        }
        query.partition = Partition { of, number };
        Ok(())
    }

    /// After a column: the operator and what it compares with. Rows hold their values in lower
    /// case, so folding the query's values is what makes `=~` and `in~` forgiving.
    fn values(&mut self) -> Result<Vec<String>, ParseError> {
        let mut values = match self.next() {
            TokenKind::Sign("==") => return Ok(vec![self.text()?]),
            TokenKind::Sign("=~") => vec![self.text()?],
            TokenKind::Word(word) if word == "in" => return self.list(),
            TokenKind::Word(word) if word == "in~" => self.list()?,
            _ => {
                self.at -= 1;
                return Err(self.unexpected());
            }
        };
        for value in &mut values {
            value.make_ascii_lowercase();
        }
        Ok(values)
    }

    fn list(&mut self) -> Result<Vec<String>, ParseError> {
        self.signs(&["("])?;
        let mut values = vec![self.text()?];
        while self.accept_sign(",") {
            values.push(self.text()?);
        }
        self.signs(&[")"])?;
        Ok(values)
    }

    fn order(&mut self, query: &mut Query) -> Result<(), ParseError> {
        self.words(&["by", "id"])?;
        // Kusto sorts downwards unless told.
        query.descending = !self.accept_word("asc");
        self.accept_word("desc");
        Ok(())
    }

    fn project(&mut self, query: &mut Query) -> Result<(), ParseError> {
        let mut columns: Vec<&'static Column> = Vec::new();
        loop {
            let name = self.word()?;
            let Some(found) = column(&name) else {
                self.at -= 1;
                return Err(self.unexpected());
            };
            if !columns.contains(&found) {
                columns.push(found);
            }
            if !self.accept_sign(",") {
                query.columns = Some(columns);
                return Ok(());
            }
        }
    }

    fn peek(&self) -> &TokenKind {
        self.tokens.get(self.at).map_or(&TokenKind::End, |token| &token.kind)
    }

    fn next(&mut self) -> TokenKind {
        let kind = self.peek().clone();
        self.at += 1;
        kind
    }

    fn unexpected(&self) -> ParseError {
        let token = self.tokens.get(self.at).or(self.tokens.last());
        token.map_or_else(
            || ParseError { line: 1, position: 0, token: "<EOF>".to_owned() },
            Token::unexpected,
        )
    }

    fn accept_sign(&mut self, sign: &str) -> bool {
        let accepted = matches!(self.peek(), TokenKind::Sign(found) if *found == sign);
        self.at += usize::from(accepted);
        accepted
    }

    fn accept_word(&mut self, word: &str) -> bool {
        let accepted =
            matches!(self.peek(), TokenKind::Word(found) if found.eq_ignore_ascii_case(word));
        self.at += usize::from(accepted);
        accepted
    }

    fn signs(&mut self, signs: &[&str]) -> Result<(), ParseError> {
        for sign in signs {
            if !self.accept_sign(sign) {
                return Err(self.unexpected());
            }
        }
        Ok(())
    }

    fn words(&mut self, words: &[&str]) -> Result<(), ParseError> {
        for word in words {
            if !self.accept_word(word) {
                return Err(self.unexpected());
            }
        }
        Ok(())
    }

    fn word(&mut self) -> Result<String, ParseError> {
        let TokenKind::Word(word) = self.peek() else { return Err(self.unexpected()) };
        let word = word.clone();
        self.at += 1;
        Ok(word)
    }

    fn text(&mut self) -> Result<String, ParseError> {
        let TokenKind::Text(text) = self.peek() else { return Err(self.unexpected()) };
        let text = text.clone();
        self.at += 1;
        Ok(text)
    }

    fn number(&mut self) -> Result<u64, ParseError> {
        let TokenKind::Number(number) = self.peek() else { return Err(self.unexpected()) };
        let number = *number;
        self.at += 1;
        Ok(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Query {
        match parse(text) {
            Ok(query) => query,
            Err(error) => panic!("{text}: {error:?}"),
        }
    }

    #[test]
    fn a_partition_query_is_understood() {
        let query = parsed(
            "Resources | where hash(tolower(id)) % 40 == 7 and type in~ ('A/B', \"c/D\")\n\
             // a remark\n | order by id asc | project ID, tags",
        );
        assert_eq!(query.table, Table::Resources);
        assert_eq!(query.partition, Partition { of: 40, number: 7 });
        assert_eq!(query.filter.types, Some(vec!["a/b".to_owned(), "c/d".to_owned()]));
        assert!(!query.descending);
        let names: Vec<_> = query.columns.iter().flatten().map(|column| column.name).collect();
        assert_eq!(names, ["id", "tags"]);
    }

    #[test]
    fn the_table_may_be_left_out_and_counts_are_known() {
        assert_eq!(parsed("project id").table, Table::Resources);
        assert_eq!(parsed("resourcecontainers|count").summary, Some(Summary::Count));
        assert_eq!(parsed("resources | summarize count()").summary, Some(Summary::Summarize));
        assert_eq!(parsed("resources | take 5").limit, Some(5));
        assert!(parsed("resources | sort by id").descending, "Kusto's default");
    }

    #[test]
    fn filters_narrow_each_other_and_exact_ones_see_the_case() {
        let query = parsed("resources | where type in~ ('a','b') | where type =~ 'B'");
        assert_eq!(query.filter.types, Some(vec!["b".to_owned()]));
        let exact = parsed("resources | where type == 'Microsoft.Web/sites'");
        assert_eq!(exact.filter.types, Some(vec!["Microsoft.Web/sites".to_owned()]));
        let nobody = parsed("where subscriptionId == 'x' and subscriptionId == 'y'");
        assert_eq!(nobody.filter.subscriptions, Some(Vec::new()));
    }

    #[test]
    fn what_is_not_understood_is_named_with_its_place() {
        for (text, line, position, token) in [
            ("where where", 1, 6, "where"),
            ("resources |\n  extend a = 1", 2, 11, "="),
            ("resources |", 1, 11, "<EOF>"),
            ("resources | project nothing", 1, 20, "nothing"),
            ("resources | where hash(tolower(id)) % 0 == 0", 1, 44, "<EOF>"),
            ("resources | limit 5 | project id", 1, 22, "project"),
            ("resources | where type =~ 'open", 1, 26, "'"),
            ("resources resources", 1, 10, "resources"),
            ("", 1, 0, "<EOF>"),
        ] {
            let error = parse(text).err();
            let Some(error) = error else { panic!("{text:?} was understood") };
            let found = (error.line, error.position, error.token.as_str());
            assert_eq!(found, (line, position, token), "{text:?}");
        }
    }
}
