//! The recorded answers of Azure, counted independently.
//!
//! How they are counted: every `.json` and `.jsonl` file below the folder is read into a tree;
//! every `{request, response}` (also within `interactions`), and every `{status, body}` without a
//! request, is an answer; of those with a status below 300, the items of `value` or `data`, the
//! rows of `data.columns`/`data.rows`, or else the body itself, are taken; their `id`s, where
//! `ResourceId` parses them, are put into a set, in lower case and without a slash at the end.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use atg_core::ResourceId;
use serde_json::Value;

use crate::contents::number;
use crate::process::{report, run, scan_and_scale};
use crate::report_keys::assert_keys;

/// The folder of recordings; `None`, said aloud, where there is none.
fn recordings() -> Option<PathBuf> {
    let set = std::env::var_os("ATG_AZURE_DATA").map(PathBuf::from);
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/azure");
    let folder = set.unwrap_or(default);
    if folder.is_dir() {
        return Some(folder.canonicalize().unwrap());
    }
    let required = std::env::var("ATG_REQUIRE_RECORDINGS").is_ok_and(|value| value == "1");
    assert!(!required, "no recorded answers in {}", folder.display());
    println!("skipped: no recorded answers (set ATG_AZURE_DATA)");
    None
}

fn walk(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, found);
        } else if path.extension().is_some_and(|end| end == "json") {
            answer(&serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap(), found);
        } else if path.extension().is_some_and(|end| end == "jsonl") {
            for line in fs::read_to_string(path).unwrap().lines() {
                answer(&serde_json::from_str(line).unwrap(), found);
            }
        }
    }
}

fn answer(recorded: &Value, found: &mut BTreeSet<String>) {
    for one in recorded["interactions"].as_array().into_iter().flatten() {
        answer(one, found);
    }
    let answer = recorded.get("response").unwrap_or(recorded);
    if answer["status"].as_u64().is_some_and(|status| status < 300) {
        match &answer["body"] {
            Value::String(text) => {
                body(&serde_json::from_str(text).unwrap_or(Value::Null), found);
            }
            value => body(value, found),
        }
    }
}

fn body(body: &Value, found: &mut BTreeSet<String>) {
    let data = &body["data"];
    if let Some(items) = body["value"].as_array().or(data.as_array()) {
        found.extend(items.iter().filter_map(|item| id(&item["id"])));
    } else if let (Some(columns), Some(rows)) =
        (data["columns"].as_array(), data["rows"].as_array())
    {
        if let Some(place) = columns.iter().position(|column| column["name"] == "id") {
            found.extend(rows.iter().filter_map(|row| id(&row[place])));
        }
    } else {
        found.extend(id(&body["id"]));
    }
}

fn id(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    ResourceId::parse(text).ok()?;
    Some(text.to_lowercase().trim_end_matches('/').to_owned())
}

#[test]
fn every_recorded_resource_is_read() {
    let Some(recordings) = recordings() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut command = scan_and_scale(folder.path(), "--scale-to 0 --report r.json --quiet");
    run(command.arg("--replay").arg(&recordings)).done();
    let report = report(folder.path(), "r.json");
    assert_keys(&report);
    assert_eq!(report["scan"]["scopes"]["failed"], 0);
    assert_eq!(report["validation"]["passed"], true, "{report:#}");

    let mut ids = BTreeSet::new();
    walk(&recordings, &mut ids);
    println!("{} distinct resources", ids.len());
    assert!(ids.len() > 300, "{}", ids.len());
    assert_eq!(report["scan"]["resources_read"], ids.len());

    let graph = folder.path().join("atg.sqlite");
    let types = number(&graph, "select count(distinct type) from relationships");
    assert!(types >= 25, "{types} relationship types");
    let read = "select count(*) from nodes where labels not like '%\"Unresolved\"%' \
                and id like '/%'";
    assert!(number(&graph, read) >= ids.len() as u64);
}
