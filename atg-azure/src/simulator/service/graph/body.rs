//! [`Body`]: what a query's request asks for.

use serde::Deserialize;
use serde_json::json;

use super::super::answer::Failure;
use super::super::call::Call;
use super::super::token::Cursor;

/// The first api-version whose rows are objects unless the request says otherwise.
const OBJECTS_SINCE: &str = "2021-03-01";
/// The most rows a page.
const MOST_ROWS: u32 = 1_000;

/// The body of a query's request.
#[derive(Debug, Deserialize)]
pub(super) struct Body {
    #[serde(default)]
    pub(super) subscriptions: Option<Vec<String>>,
    #[serde(default, rename = "managementGroups")]
    pub(super) management_groups: Option<Vec<String>>,
    pub(super) query: String,
    #[serde(default)]
    options: Option<Options>,
}

#[derive(Debug, Default, Deserialize)]
struct Options {
    #[serde(default, rename = "$top")]
    top: Option<u64>,
    #[serde(default, rename = "$skip")]
    skip: Option<u64>,
    #[serde(default, rename = "$skipToken")]
    skip_token: Option<String>,
    #[serde(default, rename = "resultFormat")]
    result_format: Option<String>,
}

/// In which shape rows are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// `data` is a list of objects.
    Objects,
    /// `data` has `columns` and `rows`.
    Table,
}

impl Body {
    pub(super) fn of(call: &Call) -> Result<Self, Failure> {
        serde_json::from_slice(&call.body).map_err(|error| {
            let message = format!("The request's body is not a query: {error}.");
            bad_request().with_detail(json!({"code": "InvalidRequest", "message": message}))
        })
    }

    pub(super) fn format(&self, call: &Call) -> Result<Format, Failure> {
        let asked = self.options.as_ref().and_then(|options| options.result_format.as_deref());
        let default = if call.api_version() >= OBJECTS_SINCE { "objectArray" } else { "table" };
        let name = asked.unwrap_or(default);
        if name.eq_ignore_ascii_case("objectArray") {
            Ok(Format::Objects)
        } else if name.eq_ignore_ascii_case("table") {
            Ok(Format::Table)
        } else {
            Err(bad_option(&format!("resultFormat '{name}' is not known")))
        }
    }

    /// Where the page begins and how many rows it may have.
    pub(super) fn cursor(&self, page_size: u32) -> Result<Cursor, Failure> {
        let none = Options::default();
        let options = self.options.as_ref().unwrap_or(&none);
        let from = match &options.skip_token {
            Some(text) => Cursor::decode(text, self.fingerprint())
                .ok_or_else(|| bad_option("$skipToken does not belong to this query"))?,
            None => Cursor { offset: options.skip.unwrap_or(0), page: page_size, empty: 0 },
        };
        let page = match options.top {
            None => from.page,
            Some(top) => u32::try_from(top)
                .ok()
                .filter(|top| (1..=MOST_ROWS).contains(top))
                .ok_or_else(|| bad_option("$top is not between 1 and 1000"))?,
        };
        Ok(Cursor { page: page.min(page_size), ..from })
    }

    /// A number for the query and its scope, not for its options.
    pub(super) fn fingerprint(&self) -> u64 {
        let text =
            format!("{}\n{:?}\n{:?}", self.query, self.subscriptions, self.management_groups);
        xxhash_rust::xxh3::xxh3_64(text.as_bytes())
    }
}

/// The envelope in which Resource Graph refuses: the cause is in the details.
pub(super) fn bad_request() -> Failure {
    Failure::bad_request("BadRequest", "The query was refused; see the details for the cause.")
}

fn bad_option(problem: &str) -> Failure {
    let message = format!("The options are not valid: {problem}.");
    bad_request().with_detail(json!({"code": "InvalidOptions", "message": message}))
}
