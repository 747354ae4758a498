//! [`Listing`]: one page of any list of Resource Manager.

use super::super::answer::{Answer, Failure, ok, quoted};
use super::super::call::Call;
use super::super::random::{Purpose, draw, fraction};
use super::super::settings::MOST_ITEMS;
use super::super::token::Cursor;
use super::super::world::World;

/// Pages of a list: which items, how each is written, what follows them.
pub(super) struct Listing<'a, I> {
    pub(super) world: &'a World,
    pub(super) call: &'a Call,
    /// The numbers of all items; skipping must be cheap where the list is long.
    pub(super) items: I,
    /// Members after the items, with a comma before each.
    pub(super) tail: String,
}

impl<I: Iterator<Item = u64>> Listing<'_, I> {
    /// The page that the call asks for.
    pub(super) fn page(self, write: impl Fn(u64, &mut String)) -> Result<Answer, Failure> {
        let from = self.cursor()?;
        let mut body = String::from("{\"value\":[");
        if from.empty < self.empty_pages_before(from) {
            let next = Cursor { empty: from.empty + 1, ..from };
            return Ok(ok(self.finish(body, Some(next))));
        }
        let offset = usize::try_from(from.offset).unwrap_or(usize::MAX);
        let Self { world, call, items, tail } = self;
        let mut items = items.skip(offset).fuse();
        let mut written = 0;
        for item in items.by_ref().take(from.page as usize) {
            if written > 0 {
                body.push(',');
            }
            write(item, &mut body);
            written += 1;
        }
        let next = Cursor { offset: from.offset + written, page: from.page, empty: 0 };
        let more = items.next().is_some();
        let rest = Listing { world, call, items: std::iter::empty(), tail };
        let more = more || written > 0 && rest.empty_pages_before(next) > 0;
        Ok(ok(rest.finish(body, more.then_some(next))))
    }

    fn cursor(&self) -> Result<Cursor, Failure> {
        let page_size = self.world.settings.page_size;
        let page = self.call.top(MOST_ITEMS)?.unwrap_or(page_size).min(page_size);
        match self.call.parameter("$skiptoken") {
            None => Ok(Cursor { offset: 0, page, empty: 0 }),
            Some(text) => Cursor::decode(text, self.call.fingerprint()).ok_or_else(|| {
                let message = "The skip token does not belong to this list.";
                Failure::bad_request("InvalidSkipToken", message)
            }),
        }
    }

    /// How many pages without items, but with a link, come before the items at the cursor: none,
    /// one or two, always the same for the same place in the same list.
    fn empty_pages_before(&self, at: Cursor) -> u32 {
        let settings = &self.world.settings;
        let number = draw(settings.seed ^ self.call.fingerprint(), Purpose::EmptyPage, at.offset);
        if fraction(number) < settings.empty_pages { 1 + u32::from(number & 1 == 1) } else { 0 }
    }

    fn finish(&self, mut body: String, next: Option<Cursor>) -> String {
        body.push(']');
        if let Some(next) = next {
            let link = self.call.next_link(&next.encode(self.call.fingerprint()));
            body.push_str(",\"nextLink\":");
            body.push_str(&quoted(&link));
        }
        body.push_str(&self.tail);
        body.push('}');
        body
    }
}
