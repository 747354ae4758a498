//! Every recorded answer through the scanner, against an independent reading of the same JSON.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod recorded_support;

use std::collections::{BTreeMap, BTreeSet};

use atg_azure::scan::{Answer, Scanner, Shape};
use atg_core::{Resource, Text};
use recorded_support::{Recorded, dom, folder, successes};

fn scan(scanner: &mut Scanner, answer: &Recorded, text: String) -> Answer {
    scanner.scan(&Text::from(text)).unwrap_or_else(|error| panic!("{}: {error}", answer.name))
}

fn references(resource: &Resource) -> dom::References {
    let pair = |reference: &atg_core::Reference| {
        (reference.relation.to_string(), reference.target.key().to_string())
    };
    let found: dom::References = resource.references.iter().map(pair).collect();
    assert_eq!(found.len(), resource.references.len(), "{}: a reference repeats", resource.id);
    found
}

#[test]
fn ids_and_references_equal_those_of_a_tree() {
    let Some(folder) = folder() else { return };
    let (rules, mut scanner) = (dom::rules(&folder), Scanner::default());
    let (mut ids, mut relations) = (BTreeSet::new(), BTreeMap::<String, usize>::new());
    let (mut items, mut skipped) = (0, 0);
    for answer in successes(&folder) {
        let found = scan(&mut scanner, &answer, answer.body.to_string());
        let expected = dom::items(&answer.body);
        assert_eq!(found.items, expected.len(), "{}", answer.name);
        assert_eq!(found.items, found.resources.len() + found.skipped.len(), "{}", answer.name);
        let expected: Vec<_> =
            expected.iter().filter_map(|item| dom::resource(item, &rules)).collect();
        let found_here: Vec<_> = found
            .resources
            .iter()
            .map(|resource| (resource.id.key().to_string(), references(resource)))
            .collect();
        assert_eq!(found_here, expected, "{}", answer.name);
        items += found.items;
        skipped += found.skipped.len();
        for (id, references) in found_here {
            ids.insert(id);
            for (relation, _) in references {
                *relations.entry(relation).or_default() += 1;
            }
        }
    }
    println!("{items} items, {skipped} skipped, {} distinct resources", ids.len());
    println!("{} relations: {relations:?}", relations.len());
    assert!(ids.len() > 300, "{}", ids.len());
    assert!(relations.len() >= 25, "{relations:?}");
}

#[test]
fn white_space_and_order_change_nothing() {
    let Some(folder) = folder() else { return };
    let mut scanner = Scanner::default();
    for answer in successes(&folder) {
        let compact = scan(&mut scanner, &answer, answer.body.to_string());
        let pretty = serde_json::to_string_pretty(&answer.body).unwrap();
        let pretty = scan(&mut scanner, &answer, pretty);
        assert_eq!(compact.resources, pretty.resources, "{}", answer.name);
        assert_eq!(compact.skipped, pretty.skipped, "{}", answer.name);
        assert_eq!(compact.next_link, pretty.next_link, "{}", answer.name);
        assert_eq!(compact.skip_token, pretty.skip_token, "{}", answer.name);
    }
}

#[test]
fn every_column_is_kept() {
    let Some(folder) = folder() else { return };
    let mut scanner = Scanner::default();
    for answer in successes(&folder) {
        let found = scan(&mut scanner, &answer, answer.body.to_string());
        let items = dom::items(&answer.body);
        let items = items.iter().filter(|item| dom::resource(item, &[]).is_some());
        for (resource, item) in found.resources.iter().zip(items) {
            let json =
                |text: &Text| serde_json::from_str::<serde_json::Value>(text).unwrap_or_default();
            let member = |name: &str| item.get(name).cloned().unwrap_or_default();
            assert_eq!(json(&resource.properties), member("properties"), "{}", answer.name);
            assert_eq!(resource.location.as_str(), member("location").as_str().unwrap_or_default());
            let state = &member("properties")["provisioningState"];
            assert_eq!(resource.provisioning_state.as_str(), state.as_str().unwrap_or_default());
            let additional = json(&resource.additional);
            for (name, value) in item.iter().filter(|(name, _)| !is_column(name)) {
                let empty =
                    value.is_null() || value.as_object().is_some_and(serde_json::Map::is_empty);
                assert!(empty || additional[name] == *value, "{} {name}", answer.name);
            }
        }
    }
}

fn is_column(name: &str) -> bool {
    let columns =
        "id name type location kind sku tags properties tenantId subscriptionId resourceGroup";
    columns.split(' ').any(|column| column == name)
}

#[test]
fn both_formats_of_resource_graph_give_equal_resources() {
    let Some(folder) = folder() else { return };
    let mut scanner = Scanner::default();
    let mut compared = 0;
    for answer in recorded_support::answers(&folder, &["recorded/graph", "transcribed"]) {
        if !answer.body["data"]["rows"].is_array() {
            continue;
        }
        let table = scan(&mut scanner, &answer, answer.body.to_string());
        let mut body = answer.body.clone();
        body["data"] = dom::items(&answer.body).into();
        let objects = scan(&mut scanner, &answer, body.to_string());
        assert_eq!((table.shape, objects.shape), (Shape::ResourceGraph, Shape::ResourceGraph));
        assert_eq!(table.resources, objects.resources, "{}", answer.name);
        assert_eq!(table.total_records, answer.body["totalRecords"].as_u64());
        assert_eq!(table.skip_token.as_deref(), answer.body["$skipToken"].as_str());
        compared += table.resources.len();
    }
    assert!(compared > 10, "{compared}");
}

#[test]
fn the_paging_chain_keeps_its_links() {
    let Some(folder) = folder() else { return };
    let mut scanner = Scanner::default();
    let (mut pages, mut empty) = (0, 0);
    for answer in recorded_support::answers(&folder, &["recorded/paging"]) {
        if answer.name.starts_with("keyvault") {
            let found = scan(&mut scanner, &answer, answer.body.to_string());
            assert_eq!(found.next_link.as_deref(), answer.body["nextLink"].as_str());
            assert_eq!(found.shape, Shape::List);
            pages += 1;
            empty += usize::from(found.items == 0 && found.next_link.is_some());
        }
    }
    assert_eq!((pages, empty), (462, 284));
}
