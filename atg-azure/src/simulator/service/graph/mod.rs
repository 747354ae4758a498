//! The simulated Azure Resource Graph.

mod body;
mod members;
mod page;
mod partitions;
mod sort;
mod view;

use http::StatusCode;
use serde_json::json;

use super::answer::{Answer, Failure, ok, quoted};
use super::call::Call;
use super::query::{Filter, ParseError, Query, Summary, parse};
use super::token::Cursor;
use super::world::World;
use body::{Body, Format, bad_request};
use page::PageWriter;
use partitions::{MOST_PARTITIONS, Window};
use view::View;

pub(crate) use partitions::Partitions;

/// Answers a query.
pub(crate) fn query(world: &World, call: &Call) -> Result<Answer, Failure> {
    if !call.is_json() {
        // Azure fails here rather than to say what it misses.
        let message = "The request could not be processed.";
        return Err(Failure::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalServerError",
            message,
        ));
    }
    let body = Body::of(call)?;
    let format = body.format(call)?;
    let mut query = parse(&body.query).map_err(|error| refusal(&error))?;
    if query.partition.of > MOST_PARTITIONS {
        return Err(invalid_query(&format!("more than {MOST_PARTITIONS} partitions")));
    }
    let whole = scope(world, &body, &mut query.filter)?;
    let view = View::new(world, query.table, &query.filter, whole);
    match query.summary {
        Some(summary) => {
            let count = partitions::count(world, &view, query.partition);
            Ok(ok(summary_body(summary, count, format)))
        }
        None => rows(world, &body, &query, &view, format),
    }
}

fn rows(
    world: &World,
    body: &Body,
    query: &Query,
    view: &View,
    format: Format,
) -> Result<Answer, Failure> {
    let from = body.cursor(world.settings.page_size)?;
    let most = query.limit.unwrap_or(u64::MAX);
    let limit = u64::from(from.page).min(most.saturating_sub(from.offset));
    let window = Window { offset: from.offset, limit, descending: query.descending };
    let slice = world.partitions.slice(world, view, query.partition, window);
    let writer = PageWriter {
        tenant: &world.tenant,
        table: query.table,
        columns: query.columns.as_deref(),
        format,
        most_bytes: world.settings.most_bytes,
    };
    let total = slice.total.min(most);
    let mut written = writer.write(total, &slice.rows);
    let next = from.offset.saturating_add(written.rows);
    // A query with a limit never gets a token, and no query ever hears that there is more.
    let more = (next < total && query.limit.is_none())
        .then(|| Cursor { offset: next, ..from }.encode(body.fingerprint()));
    finish(&mut written.body, more.as_deref());
    Ok(ok(written.body))
}

fn finish(body: &mut String, token: Option<&str>) {
    body.push_str(",\"facets\":[],\"resultTruncated\":\"false\"");
    if let Some(token) = token {
        body.push_str(",\"$skipToken\":");
        body.push_str(&quoted(token));
    }
    body.push('}');
    body.shrink_to_fit();
}

fn summary_body(summary: Summary, count: u64, format: Format) -> String {
    let name = summary.column();
    let data = match format {
        Format::Objects => json!([{name: count}]),
        Format::Table => {
            json!({"columns": [{"name": name, "type": "integer"}], "rows": [[count]]})
        }
    };
    json!({
        "totalRecords": 1, "count": 1, "data": data, "facets": [], "resultTruncated": "false",
    })
    .to_string()
}

/// Narrows the filter to the request's scope; true where the scope is the tenant. Subscriptions
/// that do not exist are left out, unless there is no other.
fn scope(world: &World, body: &Body, filter: &mut Filter) -> Result<bool, Failure> {
    let groups = body.management_groups.as_deref().unwrap_or_default();
    let ids = body.subscriptions.as_deref().unwrap_or_default();
    if groups.is_empty() && ids.is_empty() || world.has_root(groups) {
        return Ok(true);
    }
    let mut numbers = world.subscriptions_below(groups);
    numbers.extend(ids.iter().filter_map(|id| world.tenant.subscription_number(id)));
    numbers.retain(|number| !world.access.denies_subscription(*number));
    if numbers.is_empty() {
        return Err(Failure::denied(&[groups, ids].concat().join(", ")));
    }
    let id = |number: &u32| world.tenant.subscription_id(*number).to_owned();
    filter.narrow_subscriptions(numbers.iter().map(id).collect());
    Ok(false)
}

fn refusal(error: &ParseError) -> Failure {
    invalid_query("see the parser's detail").with_detail(json!({
        "code": "ParserFailure",
        "message": "ParserFailure",
        "line": error.line,
        "characterPositionInLine": error.position,
        "token": error.token,
        "expectedToken": "",
    }))
}

fn invalid_query(problem: &str) -> Failure {
    let message = format!("This query cannot be run: {problem}.");
    bad_request().with_detail(json!({"code": "InvalidQuery", "message": message}))
}
