//! Resource Manager: lists with their links, and records by id.

use std::collections::BTreeSet;

use atg_azure::Transport as _;
use atg_azure::simulator::{Face, Simulator};
use serde_json::{Value, json};

use super::{ARM, all_ids, get, header, parsed, refusal, request, simulator};

/// All pages of a list: its items, and how many items each page had.
async fn pages(azure: &Simulator, path: &str) -> (Vec<Value>, Vec<usize>) {
    let (mut items, mut sizes) = (Vec::new(), Vec::new());
    let mut next = path.to_owned();
    loop {
        let answer = get(azure, &next).await;
        assert_eq!(answer.status(), 200, "{next}");
        let page = parsed(&answer);
        let value = page["value"].as_array().unwrap();
        sizes.push(value.len());
        items.extend(value.iter().cloned());
        match page["nextLink"].as_str() {
            Some(link) => link.clone_into(&mut next),
            None => return (items, sizes),
        }
    }
}

fn subscription(azure: &Simulator, number: u32) -> String {
    format!("/subscriptions/{}", azure.tenant().subscription_id(number))
}

#[tokio::test(start_paused = true)]
async fn resources_come_once_without_properties_through_empty_pages() {
    let azure = simulator(500, 2).page_size(40).empty_pages(0.5).build().unwrap();
    let (mut found, mut empty) = (Vec::new(), 0);
    for number in 0..2 {
        let (items, sizes) = pages(&azure, &(subscription(&azure, number) + "/resources")).await;
        assert!(items.iter().all(|item| item.get("properties").is_none()));
        found.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_lowercase()));
        empty += sizes.iter().filter(|size| **size == 0).count();
    }
    let all: BTreeSet<_> = all_ids(&azure).iter().map(|id| id.to_lowercase()).collect();
    assert_eq!(found.len(), 500);
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), all);
    assert!(empty > 2, "{empty} empty pages");
}

#[tokio::test(start_paused = true)]
async fn with_every_page_preceded_by_an_empty_one_a_list_still_ends() {
    let azure = simulator(100, 1).empty_pages(1.0).build().unwrap();
    let (items, sizes) = pages(&azure, &(subscription(&azure, 0) + "/resources?$top=30")).await;
    assert_eq!(items.len(), 100);
    assert_eq!(sizes[0], 0);
    assert_eq!(*sizes.last().unwrap(), 0, "the last page is empty too");
}

#[tokio::test(start_paused = true)]
async fn top_has_a_bound_and_links_stay_on_the_host() {
    let azure = simulator(100, 1).build().unwrap();
    let list = subscription(&azure, 0) + "/resources";
    let refused = get(&azure, &format!("{list}?$top=1001")).await;
    assert_eq!(refusal(&refused).0, 400);
    let page = parsed(&get(&azure, &format!("{list}?$top=10")).await);
    assert_eq!(page["value"].as_array().unwrap().len(), 10);
    let link = page["nextLink"].as_str().unwrap();
    assert!(link.starts_with(&format!("{ARM}{list}?%24top=10&api-version=")), "{link}");
    let foreign = link.replace(&list, &(subscription(&azure, 0) + "/resourcegroups"));
    assert_eq!(get(&azure, &foreign).await.status(), 400, "a token of another list");
}

#[tokio::test(start_paused = true)]
async fn containers_are_listed() {
    let azure = simulator(300, 3).build().unwrap();
    let page = parsed(&get(&azure, "/subscriptions").await);
    assert_eq!(page["value"].as_array().unwrap().len(), 3);
    assert_eq!(page["count"], json!({"type": "Total", "value": 3}));
    let id = azure.tenant().tenant_id();
    assert_eq!(parsed(&get(&azure, "/tenants").await)["value"][0]["tenantId"], id);
    let groups = subscription(&azure, 1) + "/resourceGroups";
    let (items, _) = pages(&azure, &groups).await;
    assert_eq!(items.len(), azure.tenant().groups_of_subscription(1).count());
    let group = items[0]["name"].as_str().unwrap();
    let number = azure.tenant().group_number(1, group).unwrap();
    let (members, _) = pages(&azure, &format!("{groups}/{group}/resources")).await;
    assert_eq!(members.len(), azure.tenant().indexes_of_group(number).count());
}

#[tokio::test(start_paused = true)]
async fn typed_lists_have_whole_records_and_follow_nesting() {
    let azure = simulator(1_000, 2).page_size(7).build().unwrap();
    let tenant = azure.tenant();
    let kind = tenant.resource_type(0);
    let list = format!("{}/providers/{}", subscription(&azure, 0), kind.to_uppercase());
    let (items, sizes) = pages(&azure, &list).await;
    assert_eq!(items.len(), tenant.indexes_of_type(0, kind).count());
    assert!(sizes.len() > 1);
    let filtered =
        format!("{}/resources?$filter=resourceType%20eq%20'{kind}'", subscription(&azure, 0));
    assert_eq!(pages(&azure, &filtered).await.0.len(), items.len());
    for item in &items {
        let index = tenant.index_of(item["id"].as_str().unwrap()).unwrap();
        let mut record = String::new();
        tenant.write_resource(index, Face::Get, &mut record);
        assert_eq!(*item, serde_json::from_str::<Value>(&record).unwrap());
    }
    // A nested type is listed under its parent.
    let child =
        (0..tenant.len()).find(|index| tenant.resource_type(*index).split('/').count() == 3);
    let child = child.expect("the tenant has nested types");
    let mut id = String::new();
    tenant.write_id(child, &mut id);
    let (siblings, _) = pages(&azure, id.rsplit_once('/').unwrap().0).await;
    assert!(siblings.iter().any(|item| item["id"] == *id));
    assert!(siblings.len() <= tenant.indexes_of_group(tenant.group_of(child)).count());
}

#[tokio::test(start_paused = true)]
async fn every_id_leads_to_its_record_whatever_its_case() {
    let azure = simulator(200, 2).build().unwrap();
    for (index, id) in (0..).zip(all_ids(&azure)) {
        let answer = get(&azure, &id.to_uppercase()).await;
        assert_eq!(answer.status(), 200, "{id}");
        let mut record = String::new();
        azure.tenant().write_resource(index, Face::Get, &mut record);
        assert_eq!(parsed(&answer), serde_json::from_str::<Value>(&record).unwrap());
    }
    let head =
        request("HEAD", &format!("{ARM}{}?api-version=1", all_ids(&azure)[0]), "t", String::new());
    let head = azure.send(head).await.unwrap();
    assert_eq!((head.status().as_u16(), head.body().len()), (204, 0));
    let group = subscription(&azure, 0);
    assert_eq!(
        parsed(&get(&azure, &group).await)["subscriptionId"],
        azure.tenant().subscription_id(0)
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_named() {
    let azure = simulator(100, 1).build().unwrap();
    let known = subscription(&azure, 0);
    let unknown = "/subscriptions/00000000-0000-0000-0000-000000000000";
    let group = azure.tenant().resource_group_name(0);
    for (path, code) in [
        (format!("{unknown}/resources"), "SubscriptionNotFound"),
        (format!("{known}/resourceGroups/none/resources"), "ResourceGroupNotFound"),
        (format!("{known}/resourceGroups/none"), "ResourceGroupNotFound"),
        (
            format!("{known}/resourceGroups/{group}/providers/Microsoft.Web/sites/none"),
            "ResourceNotFound",
        ),
        (format!("{known}/providers/Microsoft.Nobody/things"), "InvalidResourceType"),
        ("/".to_owned(), "InvalidResourceType"),
    ] {
        assert_eq!(refusal(&get(&azure, &path).await), (404, code.to_owned()), "{path}");
    }
    let bare = azure.send(request("GET", &format!("{ARM}/subscriptions"), "t", String::new()));
    assert_eq!(refusal(&bare.await.unwrap()), (400, "MissingApiVersionParameter".to_owned()));
    let delete = request("DELETE", &format!("{ARM}{known}?api-version=1"), "t", String::new());
    assert_eq!(azure.send(delete).await.unwrap().status(), 405);
}

#[tokio::test(start_paused = true)]
async fn denied_types_and_subscriptions_are_403_and_not_silently_empty() {
    let open = simulator(300, 2).build().unwrap();
    let kind = open.tenant().resource_type(0);
    let azure = simulator(300, 2).deny_type(kind).deny_subscription(1).build().unwrap();
    let denied = (403, "AuthorizationFailed".to_owned());
    let typed = format!("{}/providers/{kind}", subscription(&azure, 0));
    let (first, other) = (all_ids(&azure)[0].clone(), subscription(&azure, 1) + "/resources");
    for path in [typed, first, other] {
        assert_eq!(refusal(&get(&azure, &path).await), denied, "{path}");
    }
    let list = subscription(&azure, 0) + "/resources";
    let (left, all) = (pages(&azure, &list).await.0.len(), pages(&open, &list).await.0.len());
    assert_eq!(left, all - open.tenant().indexes_of_type(0, kind).count());
}

#[tokio::test(start_paused = true)]
async fn providers_know_the_types_of_every_resource() {
    let azure = simulator(300, 1).build().unwrap();
    let document = parsed(&get(&azure, &(subscription(&azure, 0) + "/providers")).await);
    let known: BTreeSet<String> = document["value"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|provider| {
            let types = provider["resourceTypes"].as_array().unwrap().iter();
            types.map(|kind| format!("{}/{}", provider["namespace"], kind["resourceType"]))
        })
        .map(|name| name.replace('"', ""))
        .collect();
    for index in 0..300 {
        assert!(known.contains(azure.tenant().resource_type(index)));
    }
}

#[tokio::test(start_paused = true)]
async fn tokens_are_checked() {
    let azure = simulator(10, 1).token("good").token_lifetime(2).build().unwrap();
    let uri = format!("{ARM}/subscriptions?api-version=1");
    let bare = http::Request::get(&uri).body(bytes::Bytes::new()).unwrap();
    let bare = azure.send(bare).await.unwrap();
    assert_eq!(refusal(&bare), (401, "AuthenticationFailed".to_owned()));
    assert!(header(&bare, "www-authenticate").is_some());
    let ask = async |token: &str| {
        let answer = azure.send(request("GET", &uri, token, String::new())).await.unwrap();
        if answer.status() == 200 { (200, String::new()) } else { refusal(&answer) }
    };
    assert_eq!(ask("bad").await, (401, "InvalidAuthenticationToken".to_owned()));
    assert_eq!(ask("good").await.0, 200);
    assert_eq!(ask("good").await.0, 200);
    assert_eq!(ask("good").await, (401, "ExpiredAuthenticationToken".to_owned()));

    let any = simulator(10, 1).token_lifetime(1).build().unwrap();
    let ask = async |token: &str| {
        any.send(request("GET", &uri, token, String::new())).await.unwrap().status().as_u16()
    };
    assert_eq!([ask("a").await, ask("a").await, ask("b").await], [200, 401, 200]);
}
