//! Resource Graph: the text of queries and the bodies of requests.

use serde::Serialize;

/// A table of Resource Graph.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GraphTable {
    /// The resources.
    Resources,
    /// Management groups, subscriptions and resource groups.
    ResourceContainers,
}

impl GraphTable {
    /// The table's name in a query.
    pub fn name(self) -> &'static str {
        match self {
            Self::Resources => "resources",
            Self::ResourceContainers => "resourcecontainers",
        }
    }
}

/// One of `of` partitions of a table by the hash of the id; the partitions are disjoint and
/// together hold every row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Partition {
    /// Which one, from 0.
    pub index: u32,
    /// How many there are; 1 for the whole table.
    pub of: u32,
}

impl Partition {
    /// The whole table.
    pub const WHOLE: Self = Self { index: 0, of: 1 };
}

/// The path every query is posted to.
pub(crate) const QUERY_LINK: &str =
    "/providers/Microsoft.ResourceGraph/resources?api-version=2024-04-01";

/// Rows a page; the service's own maximum.
const PAGE_ROWS: u32 = 1000;

/// The query for the rows of a partition. Sorted by id, which is unique: paging is by offset
/// inside the service, and without an order pages would overlap.
pub(crate) fn rows_query(table: GraphTable, partition: Partition) -> String {
    let table = table.name();
    match partition {
        Partition { of: 0 | 1, .. } => format!("{table} | order by id asc"),
        Partition { index, of } => {
            format!("{table} | where hash(tolower(id)) % {of} == {index} | order by id asc")
        }
    }
}

/// The query for the number of rows of a table.
pub(crate) fn count_query(table: GraphTable) -> String {
    format!("{} | summarize count()", table.name())
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    subscriptions: &'a [String],
    query: &'a str,
    options: Options<'a>,
}

#[derive(Serialize)]
struct Options<'a> {
    #[serde(rename = "$top")]
    top: u32,
    #[serde(rename = "$skipToken", skip_serializing_if = "Option::is_none")]
    skip_token: Option<&'a str>,
    #[serde(rename = "resultFormat")]
    result_format: &'static str,
    #[serde(rename = "allowPartialScopes", skip_serializing_if = "std::ops::Not::not")]
    allow_partial_scopes: bool,
}

/// The request body. No subscriptions means the whole tenant.
///
/// # Errors
/// None in practice: the body holds texts only.
pub(crate) fn body(
    subscriptions: &[String],
    query: &str,
    skip_token: Option<&str>,
) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&Body {
        subscriptions,
        query,
        options: Options {
            top: PAGE_ROWS,
            skip_token,
            result_format: "objectArray",
            // With subscriptions named, one that is gone must be an error, not a gap.
            allow_partial_scopes: subscriptions.is_empty(),
        },
    })
}

/// How many partitions a table of `rows` is read in: of at most `rows_per_partition`, and no
/// fewer than `parallel` while each still fills a page.
///
/// Each partition's last page is half empty on average, and each page costs a query of the
/// quota: few large partitions waste least, and `parallel` of them hide the latency.
pub(crate) fn partitions(rows: u64, rows_per_partition: u64, parallel: u32) -> u32 {
    let wanted = rows.div_ceil(rows_per_partition.max(1));
    let useful = rows.div_ceil(u64::from(PAGE_ROWS)).min(u64::from(parallel));
    u32::try_from(wanted.max(useful).max(1)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::{GraphTable, Partition, body, partitions, rows_query};

    #[test]
    fn partitions_waste_little_and_hide_latency() {
        assert_eq!(partitions(0, 25_000, 4), 1);
        assert_eq!(partitions(1_000, 25_000, 4), 1);
        assert_eq!(partitions(1_632, 25_000, 4), 2);
        assert_eq!(partitions(100_000, 25_000, 4), 4);
        assert_eq!(partitions(1_000_000, 25_000, 4), 40);
        assert_eq!(partitions(5_000, 1_000, 4), 5);
    }

    #[test]
    fn bodies_are_what_the_service_takes() {
        let query = rows_query(GraphTable::Resources, Partition { index: 3, of: 7 });
        let text = String::from_utf8(body(&[], &query, None).unwrap()).unwrap();
        assert!(text.contains("hash(tolower(id)) % 7 == 3 | order by id asc"), "{text}");
        assert!(!text.contains("subscriptions") && !text.contains("skipToken"), "{text}");
        let next = body(&["s".into()], "resources", Some("t")).unwrap();
        let text = String::from_utf8(next).unwrap();
        assert!(text.contains(r#""subscriptions":["s"]"#) && text.contains(r#""$skipToken":"t""#));
    }
}
