//! Resource Graph: every row once, in order, whatever the partitions and the pages.

use atg_azure::simulator::{Face, Simulator};
use serde_json::{Value, json};

use super::{all_ids, header, parsed, post_query, query, refusal, simulator};

/// All pages of a query: their rows, and how many rows each page had.
async fn pages(azure: &Simulator, text: &str, mut options: Value) -> (Vec<Value>, Vec<usize>) {
    let (mut rows, mut sizes) = (Vec::new(), Vec::new());
    loop {
        let page = query(azure, text, options.clone()).await;
        let data = page["data"].as_array().unwrap();
        assert_eq!(page["count"], data.len());
        assert_eq!(page["resultTruncated"], "false", "the quirk");
        assert_eq!(page["facets"], json!([]));
        sizes.push(data.len());
        rows.extend(data.iter().cloned());
        let Some(token) = page.get("$skipToken") else {
            assert_eq!(page["totalRecords"], rows.len());
            return (rows, sizes);
        };
        options["$skipToken"] = token.clone();
    }
}

fn ids(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| row["id"].as_str().unwrap()).collect()
}

fn sorted<T: Ord>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut items: Vec<T> = items.into_iter().collect();
    items.sort_unstable();
    items
}

#[tokio::test(start_paused = true)]
async fn every_id_comes_once_and_in_order_for_any_number_of_partitions() {
    let azure = simulator(3_217, 3).build().unwrap();
    for partitions in [1, 2, 7, 40] {
        let mut found = Vec::new();
        for number in 0..partitions {
            let text = format!(
                "resources | where hash(tolower(id)) % {partitions} == {number} | order by id asc"
            );
            let (rows, sizes) = pages(&azure, &text, json!({"$top": 300})).await;
            assert!(sizes.iter().rev().skip(1).all(|size| *size == 300), "{sizes:?}");
            let lower: Vec<_> = ids(&rows).iter().map(|id| id.to_lowercase()).collect();
            assert!(lower.is_sorted(), "partition {number} of {partitions}");
            found.extend(ids(&rows).into_iter().map(str::to_owned));
        }
        assert_eq!(sorted(found), sorted(all_ids(&azure)), "{partitions} partitions");
    }
}

#[tokio::test(start_paused = true)]
async fn rows_are_the_tenants_own_and_both_formats_agree() {
    let azure = simulator(120, 2).build().unwrap();
    let (objects, _) = pages(&azure, "resources | order by id asc", json!({})).await;
    for row in &objects {
        let index = azure.tenant().index_of(row["id"].as_str().unwrap()).unwrap();
        let mut record = String::new();
        azure.tenant().write_resource(index, Face::ResourceGraph, &mut record);
        assert_eq!(*row, serde_json::from_str::<Value>(&record).unwrap());
    }
    let options = json!({"resultFormat": "Table"});
    let table = query(&azure, "resources | order by id asc", options).await;
    let columns = table["data"]["columns"].as_array().unwrap();
    assert_eq!(columns[0], json!({"name": "id", "type": "string"}));
    let rows = table["data"]["rows"].as_array().unwrap();
    assert_eq!(rows.len(), objects.len());
    for (cells, object) in rows.iter().zip(&objects) {
        for (column, cell) in columns.iter().zip(cells.as_array().unwrap()) {
            assert_eq!(*cell, object[column["name"].as_str().unwrap()], "{column}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_default_format_depends_on_the_version() {
    let azure = simulator(5, 1).build().unwrap();
    let body = json!({"query": "resources | project ID, tags, sku"});
    let old = parsed(&post_query(&azure, "2018-09-01-preview", &body).await);
    let new = parsed(&post_query(&azure, "2021-03-01", &body).await);
    let columns = json!([
        {"name": "id", "type": "string"},
        {"name": "tags", "type": "object"},
        {"name": "sku", "type": "object"},
    ]);
    assert_eq!(old["data"]["columns"], columns);
    let object = new["data"][0].as_object().unwrap();
    assert_eq!(object.keys().collect::<Vec<_>>(), ["id", "sku", "tags"]);
    assert_eq!(old["data"]["rows"][0][0], object["id"]);
}

#[tokio::test(start_paused = true)]
async fn a_bound_of_bytes_makes_smaller_pages_and_loses_nothing() {
    let bound = 20_000;
    let azure = simulator(200, 2).max_response_bytes(bound).build().unwrap();
    for format in ["objectArray", "table"] {
        let options = json!({"resultFormat": format});
        let body = json!({"query": "resources | order by id asc", "options": options});
        let answer = post_query(&azure, "2024-04-01", &body).await;
        assert!(answer.body().len() <= bound, "{}", answer.body().len());
        assert!(parsed(&answer)["$skipToken"].is_string());
    }
    let (rows, sizes) = pages(&azure, "resources | order by id asc", json!({})).await;
    assert!(sizes.len() > 10, "{sizes:?}");
    assert_eq!(sorted(ids(&rows)), sorted(all_ids(&azure).iter().map(String::as_str)));

    let tiny = simulator(20, 2).max_response_bytes(1).build().unwrap();
    let (_, sizes) = pages(&tiny, "resources | order by id asc", json!({})).await;
    assert_eq!(sizes, [1; 20], "one row is always answered");
}

#[tokio::test(start_paused = true)]
async fn downwards_is_upwards_reversed() {
    let azure = simulator(150, 2).build().unwrap();
    let (up, _) = pages(&azure, "resources | order by id asc", json!({"$top": 40})).await;
    let (mut down, _) = pages(&azure, "resources | sort by id desc", json!({"$top": 70})).await;
    down.reverse();
    assert_eq!(up, down);
}

#[tokio::test(start_paused = true)]
async fn a_limit_gets_no_token_and_counts_itself() {
    let azure = simulator(150, 2).build().unwrap();
    let page = query(&azure, "resources | limit 120", json!({"$top": 50})).await;
    assert_eq!((&page["count"], &page["totalRecords"]), (&json!(50), &json!(120)));
    assert!(page.get("$skipToken").is_none());
    assert_eq!(query(&azure, "resources | take 7", json!({})).await["count"], 7);
}

#[tokio::test(start_paused = true)]
async fn counts_and_filters_agree_with_the_tenant() {
    let azure = simulator(900, 3).build().unwrap();
    let tenant = azure.tenant();
    let count = async |text: &str, column: &str| {
        query(&azure, text, json!({})).await["data"][0][column].as_u64().unwrap()
    };
    assert_eq!(count("resources | summarize count()", "count_").await, 900);
    assert_eq!(count("resourcecontainers | count", "Count").await, tenant.container_count());

    let (kind, id) = (tenant.resource_type(0), tenant.subscription_id(1));
    let expected = tenant.indexes_of_type(1, kind).count();
    assert!(expected > 0);
    let text = format!("resources | where type =~ '{kind}' and subscriptionId == '{id}'");
    let (rows, _) = pages(&azure, &text, json!({})).await;
    assert_eq!(rows.len(), expected);
    assert!(rows.iter().all(|row| row["type"] == kind.to_lowercase()));
    assert_eq!(count(&format!("{text} | count"), "Count").await, expected as u64);
    let exact = format!("resources | where type == '{kind}'");
    assert_eq!(pages(&azure, &exact, json!({})).await.0.len(), 0, "types are in lower case");

    let scoped = json!({"query": "resources", "subscriptions": [id.to_uppercase(), "unknown"]});
    let scoped = parsed(&post_query(&azure, "2024-04-01", &scoped).await);
    assert_eq!(scoped["totalRecords"], tenant.indexes_of_subscription(1).count());
}

#[tokio::test(start_paused = true)]
async fn containers_are_a_table_of_their_own() {
    let azure = simulator(900, 3).build().unwrap();
    let (rows, _) = pages(&azure, "ResourceContainers | order by id asc", json!({})).await;
    assert_eq!(rows.len() as u64, azure.tenant().container_count());
    let groups =
        "resourcecontainers | where type =~ 'Microsoft.Resources/subscriptions/resourceGroups'";
    let (rows, _) = pages(&azure, groups, json!({})).await;
    assert_eq!(rows.len() as u64, azure.tenant().group_count());
    let own = "resourcecontainers | where type == 'microsoft.resources/subscriptions'";
    assert_eq!(pages(&azure, own, json!({})).await.0.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn management_groups_hold_their_subscriptions() {
    let azure = simulator(90, 3).build().unwrap();
    let scoped = async |group: &str| {
        let text = "resourcecontainers | where type =~ 'microsoft.resources/subscriptions'";
        let body = json!({"query": text, "managementGroups": [group]});
        post_query(&azure, "2024-04-01", &body).await
    };
    let root = azure.tenant().tenant_id();
    assert_eq!(parsed(&scoped(root).await)["count"], 3);
    let (mut below, mut groups) = (0, 0);
    for row in pages(&azure, "resourcecontainers", json!({})).await.0 {
        if row["type"] == "microsoft.management/managementgroups" && row["name"] != root {
            below +=
                parsed(&scoped(row["name"].as_str().unwrap()).await)["count"].as_u64().unwrap();
            groups += 1;
        }
    }
    assert_eq!((groups, below), (2, 3), "each subscription below one of the two");
    assert_eq!(scoped("nobody").await.status(), 403);
}

#[tokio::test(start_paused = true)]
async fn what_is_denied_or_unknown_to_the_graph_is_left_out() {
    let all = simulator(900, 3).build().unwrap();
    let kind = all.tenant().resource_type(0);
    let mut spec = all.tenant().spec().clone();
    spec.missing_from_graph = vec![kind.to_owned()];
    let azure = Simulator::builder(spec).deny_subscription(2).build().unwrap();
    let (rows, _) = pages(&azure, "resources", json!({})).await;
    let tenant = all.tenant();
    let expected = (0..900).filter(|index| {
        tenant.resource_type(*index) != kind && tenant.subscription_of(*index) != 2
    });
    assert_eq!(rows.len(), expected.count());
    let denied = json!({"query": "resources", "subscriptions": [tenant.subscription_id(2)]});
    let denied = post_query(&azure, "2024-04-01", &denied).await;
    assert_eq!(refusal(&denied), (403, "AuthorizationFailed".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn bad_queries_are_refused_with_the_cause_in_the_details() {
    let azure = simulator(30, 1).build().unwrap();
    let cases = [
        (json!({"query": "resources | where where"}), "ParserFailure"),
        (json!({"query": "resources | join x"}), "ParserFailure"),
        (json!({"query": "resources", "options": {"$top": 1001}}), "InvalidOptions"),
        (json!({"query": "resources", "options": {"$skipToken": "e30="}}), "InvalidOptions"),
        (json!({"query": "resources", "options": {"resultFormat": "csv"}}), "InvalidOptions"),
        (json!({"query": 7}), "InvalidRequest"),
        (json!([]), "InvalidRequest"),
    ];
    for (body, cause) in cases {
        let answer = post_query(&azure, "2024-04-01", &body).await;
        assert_eq!(refusal(&answer), (400, "BadRequest".to_owned()), "{body}");
        let details = parsed(&answer)["error"]["details"].clone();
        let last = details.as_array().unwrap().last().unwrap();
        assert_eq!(last["code"], cause, "{body}");
    }
    let token = query(&azure, "resources | project id", json!({"$top": 3})).await;
    let foreign = json!({"query": "resources", "options": {"$skipToken": token["$skipToken"]}});
    let answer = post_query(&azure, "2024-04-01", &foreign).await;
    assert_eq!(answer.status(), 400, "a token of another query");
}

#[tokio::test(start_paused = true)]
async fn a_wrong_content_type_fails_as_it_does_in_azure() {
    use atg_azure::Transport as _;
    let azure = simulator(30, 1).build().unwrap();
    for kind in [None, Some("text/plain")] {
        let uri = "https://a/providers/microsoft.resourcegraph/RESOURCES?api-version=2021-03-01";
        let mut request = http::Request::post(uri).header("authorization", "Bearer t");
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        let request = request.body(r#"{"query":"resources"}"#.into()).unwrap();
        let answer = azure.send(request).await.unwrap();
        assert_eq!(refusal(&answer), (500, "InternalServerError".to_owned()));
        assert!(header(&answer, "x-ms-request-id").is_some());
    }
}
