//! From the bytes of an answer to resources: one pass over the raw JSON, no tree of it.
//!
//! The pass goes through the envelope ([`Shape`]), its items, their columns and every value
//! below them. It checks the JSON strictly, notes where the columns stand, and collects every
//! string that a rule asks for or that is a resource id. What an item refers to is decided at
//! the item's end, because its `type` may come after its `properties`. Texts are slices of the
//! answer; what is not in it as is (lower-cased ids, JSON without white space, decoded strings)
//! goes into one arena a page.

mod answer;
mod arena;
mod envelope;
mod finish;
mod intern;
mod item;
mod json;
mod kind;
mod references;
mod table;
mod walk;

use std::sync::Arc;

use atg_core::Text;

pub use crate::service_error::{ErrorDetail, ServiceError};
pub use answer::{Answer, ScanError, Shape};
use intern::Interned;
use item::ItemBuffers;
use walk::WalkBuffers;

use crate::rules::RuleSet;

/// Turns answers into resources; keeps its buffers from one answer to the next, so make one a
/// task and use it for all the task's answers.
///
/// # What an item refers to
/// - What a rule of the item's type names, with the rule's relation; a rule for any type where
///   its own type has none at that place. A value that is not what the rule says is ignored.
/// - Every other value, and every member name, that is the id of something in a subscription:
///   `CONTAINS` where it stands below the item itself, else `REFERENCES`. The item's own id and
///   what the item is contained in are left out.
/// - A relation to the same target is kept once, the first.
///
/// # Cost
/// About 1.5 ns of CPU a byte, and one allocation for an item that refers to something.
///
/// ```
/// use atg_azure::scan::{Scanner, Shape};
/// let body = r#"{"value":[{"id":"/subscriptions/S/resourceGroups/G","location":"westeurope"}]}"#;
/// let answer = Scanner::default().scan(&body.into())?;
/// assert_eq!(answer.shape, Shape::List);
/// assert_eq!(answer.resources[0].location, "westeurope");
/// # Ok::<(), atg_azure::scan::ScanError>(())
/// ```
#[derive(Debug)]
pub struct Scanner {
    rules: Arc<RuleSet>,
    interned: Interned,
    walk: WalkBuffers,
    items: ItemBuffers,
    /// How large the last page's arena was, in 1,024ths of the page.
    arena_share: usize,
}

impl Scanner {
    /// A scanner with its rules.
    pub fn new(rules: Arc<RuleSet>) -> Self {
        Self {
            rules,
            interned: Interned::default(),
            walk: WalkBuffers::default(),
            items: ItemBuffers::default(),
            arena_share: 0,
        }
    }

    /// Reads one answer: a list, a page of Resource Graph, one resource, or an error that came
    /// with a status of success.
    ///
    /// An item that is no resource is named in [`Answer::skipped`] and costs nothing else.
    ///
    /// # Errors
    /// Where the text as a whole is not well-formed JSON, or not an object; nothing of it is
    /// delivered then.
    pub fn scan(&mut self, body: &Text) -> Result<Answer, ScanError> {
        match self.pass(body, true)? {
            Some(answer) => Ok(answer),
            // A resource with a member that is named like a list's: read it as the resource.
            None => {
                self.pass(body, false)?.ok_or(ScanError { position: 0, what: "it has no form" })
            }
        }
    }

    fn pass(&mut self, body: &Text, envelope: bool) -> Result<Option<Answer>, ScanError> {
        // An eighth more, so that pages of the same kind seldom make it grow.
        let capacity = body.len() / 1024 * (self.arena_share + self.arena_share / 8);
        let walker = walk::Walker::new(body, &self.rules, &mut self.walk);
        let mut pass = item::Pass::new(walker, &mut self.items, &mut self.interned, body, capacity);
        let Some(outcome) = pass.page(envelope)? else {
            return Ok(None);
        };
        self.arena_share = pass.text.mark() * 1024 / body.len().max(1);
        Ok(Some(pass.freeze(outcome)))
    }
}

impl Default for Scanner {
    /// A scanner with the standard rules.
    fn default() -> Self {
        Self::new(RuleSet::standard())
    }
}

#[cfg(test)]
mod tests;
