//! Recorded answers that are broken, odd or hostile: what can be read is read, the rest is named.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::contents::{number, texts};
use crate::process::{Ended, refused, report, scan, scan_and_scale};

const OPTIONS: &str = "--replay in --scale-to 0 --quiet --report r.json";

fn site(name: &str) -> String {
    format!("/subscriptions/S1/resourceGroups/Rg/providers/Microsoft.Web/sites/{name}")
}

fn answer(status: u16, body: &Value) -> String {
    let request = json!({"method": "GET", "uri": "https://management.azure.com/x", "headers": {}});
    json!({"request": request, "response": {"status": status, "headers": {}, "body": body}})
        .to_string()
}

/// Replays a folder of files; gives the report too.
fn replay(folder: &Path, files: &[(&str, String)]) -> (Ended, Value) {
    fs::create_dir(folder.join("in")).unwrap();
    for (name, text) in files {
        fs::write(folder.join("in").join(name), text).unwrap();
    }
    let ended = scan(folder, OPTIONS);
    (ended, report(folder, "r.json"))
}

fn skipped(report: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let list = report["scan"]["resources_skipped"].as_array().unwrap();
    list.iter().map(|one| (text(&one["id"]), text(&one["why"]))).collect()
}

fn sites(folder: &Path) -> Vec<String> {
    let query = "select name from nodes where type = 'microsoft.web/sites' order by name";
    texts(&folder.join("atg.sqlite"), query).concat()
}

#[test]
fn folders_without_answers_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::create_dir(folder.join("empty")).unwrap();
    fs::write(folder.join("file.json"), "{}").unwrap();
    for (name, words) in [
        ("none", ["none", "cannot be read"]),
        ("empty", ["empty", "no recorded answers"]),
        ("file.json", ["file.json", "cannot be read"]),
    ] {
        let options = format!("--replay {name} --scale-to 0 --quiet");
        refused(folder, &mut scan_and_scale(folder, &options), &words);
    }
}

#[test]
fn a_broken_file_fails_alone() {
    let folder = tempfile::tempdir().unwrap();
    let list = answer(200, &json!({"value": [{"id": site("a")}, {"id": site("b")}]}));
    let cut = list[..list.len() / 2].to_owned();
    let files = [
        ("cut.json", cut),
        ("good.json", list),
        ("one.json", answer(200, &json!({"id": site("c")}))),
    ];
    let (ended, report) = replay(folder.path(), &files);
    let ended = ended.partly_done();
    assert!(ended.stderr.contains("cut.json"), "{ended:#?}");
    assert_eq!(
        report["scan"]["scopes"],
        json!({"complete": 2, "partial": 0, "denied": 0, "failed": 1})
    );
    assert_eq!(sites(folder.path()), ["a", "b", "c"]);
    assert_eq!(report["validation"]["passed"], false);
    assert!(report.to_string().contains("cut.json"), "{report:#}");
}

#[test]
fn an_html_page_and_errors_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let page = json!("<html><body><h1>502 Bad Gateway</h1></body></html>");
    let files = [
        ("gateway.json", answer(502, &page)),
        ("portal.json", answer(200, &page)),
        ("error.json", answer(200, &json!({"error": {"code": "Gone", "message": "no more"}}))),
        ("list.json", answer(200, &json!([1, 2]))),
        ("good.json", answer(200, &json!({"value": [{"id": site("a")}]}))),
    ];
    let (ended, report) = replay(folder.path(), &files);
    ended.done();
    assert_eq!(sites(folder.path()), ["a"]);
    let skipped = skipped(&report);
    for (name, _) in &files[..4] {
        assert!(skipped.iter().any(|(id, _)| id.contains(name)), "{name}: {skipped:#?}");
    }
    assert_eq!(skipped.len(), 4, "{skipped:#?}");
}

#[test]
fn bad_items_do_not_lose_their_list() {
    let folder = tempfile::tempdir().unwrap();
    let items = json!([
        {"id": site("first"), "properties": {"x": 1}},
        {"name": "without id"},
        17,
        null,
        "text",
        {"id": 5},
        {"id": "no id at all"},
        {"id": ""},
        {"id": site("last"), "properties": null},
    ]);
    let files = [("list.json", answer(200, &json!({"value": items})))];
    let (ended, report) = replay(folder.path(), &files);
    ended.done();
    assert_eq!(sites(folder.path()), ["first", "last"]);
    assert_eq!(report["scan"]["resources_read"], 2);
    let skipped = skipped(&report);
    assert_eq!(skipped.len(), 7, "{skipped:#?}");
    for (id, why) in &skipped {
        assert!(id.contains("list.json") && !why.is_empty(), "{id}: {why}");
    }
}

#[test]
fn a_link_to_a_foreign_host_is_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let link = "http://127.0.0.1:9/steal?token=x";
    let files =
        [("list.json", answer(200, &json!({"value": [{"id": site("a")}], "nextLink": link})))];
    let (ended, report) = replay(folder.path(), &files);
    ended.done();
    assert_eq!(sites(folder.path()), ["a"]);
    assert_eq!(report["scan"]["requests"], 1);
    assert_eq!(
        number(
            &folder.path().join("atg.sqlite"),
            "select count(*) from nodes where id like '%steal%'"
        ),
        0
    );
}
