//! The page's HTML: what is written around numbers, tables and charts.

use std::fmt::Write as _;

use super::chart::{COLOURS, Chart};
use crate::report::format::printable;

const STYLE: &str = include_str!("style.css");

/// Text from outside, made harmless in elements and in quoted attributes.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in printable(text).chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// What stands in a cell of a table.
pub(super) enum Cell {
    /// The row's name.
    Name(String),
    /// Any other text.
    Text(String),
    /// A number as text, aligned to the right.
    Number(String),
    /// A bar of this share of the column, 0 to 1.
    Share(f64),
}

/// A page being written.
pub(super) struct Page {
    head: String,
    cards: String,
    body: String,
}

impl Page {
    pub(super) fn new(name: &str, started_at: &str) -> Self {
        let (name, started_at) = (escaped(name), escaped(started_at));
        let mut head = String::from("<!doctype html>\n<html lang=\"en\">\n<head>\n");
        head.push_str("<meta charset=\"utf-8\">\n");
        head.push_str(concat!(
            "<meta http-equiv=\"Content-Security-Policy\" ",
            "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n",
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
        ));
        let _ = write!(head, "<title>{name} – run report</title>\n<style>\n{STYLE}");
        let _ = write!(head, "{}</style>\n</head>\n<body>\n<main>\n", colour_rules());
        let _ = writeln!(head, "<header><h1>{name}</h1><p>{started_at}</p></header>");
        Self { head, cards: String::new(), body: String::new() }
    }

    pub(super) fn card(&mut self, name: &str, value: &str) {
        let (name, value) = (escaped(name), escaped(value));
        let _ = writeln!(self.cards, "<div><dt>{name}</dt><dd>{value}</dd></div>");
    }

    pub(super) fn charts(&mut self, charts: &[Chart]) {
        if !charts.is_empty() {
            self.body.push_str("<section>\n<h2>Over time</h2>\n<div class=\"charts\">\n");
            for chart in charts {
                self.body.push_str(&chart.figure());
            }
            self.body.push_str("</div>\n</section>\n");
        }
    }

    /// A section with a table; nothing where it has no rows.
    pub(super) fn table(
        &mut self,
        title: &str,
        columns: &[&str],
        rows: impl Iterator<Item = Vec<Cell>>,
    ) {
        let mut rows = rows.peekable();
        let Some(first) = rows.peek() else { return };
        let _ =
            write!(self.body, "<section>\n<h2>{title}</h2>\n<div class=\"scroll\"><table>\n<tr>");
        for (column, cell) in columns.iter().zip(first) {
            let class = match cell {
                Cell::Number(_) => " class=\"number\"",
                Cell::Share(_) => " class=\"share\"",
                Cell::Name(_) | Cell::Text(_) => "",
            };
            let _ = write!(self.body, "<th scope=\"col\"{class}>{column}</th>");
        }
        self.body.push_str("</tr>\n");
        for row in rows {
            self.body.push_str("<tr>");
            for cell in &row {
                self.cell(cell);
            }
            self.body.push_str("</tr>\n");
        }
        self.body.push_str("</table></div>\n</section>\n");
    }

    /// What is written by `content` stands side by side where there is room.
    pub(super) fn columns(&mut self, content: impl FnOnce(&mut Self)) {
        self.body.push_str("<div class=\"columns\">\n");
        content(self);
        self.body.push_str("</div>\n");
    }

    fn cell(&mut self, cell: &Cell) {
        let _ = match cell {
            Cell::Name(text) => write!(self.body, "<th scope=\"row\">{}</th>", escaped(text)),
            Cell::Text(text) => write!(self.body, "<td>{}</td>", escaped(text)),
            Cell::Number(text) => {
                write!(self.body, "<td class=\"number\">{}</td>", escaped(text))
            }
            Cell::Share(share) => {
                let percent = if share.is_finite() { share.clamp(0.0, 1.0) * 100.0 } else { 0.0 };
                let bar = format!("<i style=\"width:{percent:.1}%\"></i>");
                write!(self.body, "<td class=\"share\" aria-hidden=\"true\">{bar}</td>")
            }
        };
    }

    pub(super) fn finish(self) -> String {
        let Self { head, cards, body } = self;
        format!("{head}<dl class=\"cards\">\n{cards}</dl>\n{body}</main>\n</body>\n</html>\n")
    }
}

/// The charts are drawn in the light theme's colours, as attributes; a rule for each takes the
/// theme's colour instead.
fn colour_rules() -> String {
    let mut rules = String::new();
    for (index, colour) in COLOURS.iter().enumerate() {
        let (r, g, b) = colour;
        let _ = write!(
            rules,
            "svg [stroke=\"#{r:02X}{g:02X}{b:02X}\"]{{stroke:var(--series{index})}}\n\
             svg [fill=\"#{r:02X}{g:02X}{b:02X}\"]{{fill:var(--series{index})}}\n\
             .key{index}{{background:var(--series{index})}}\n",
        );
    }
    rules
}
