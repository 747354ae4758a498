//! Recorded answers, and an independent reading of them through a tree of the JSON.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub(crate) mod dom;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// One recorded answer.
pub(crate) struct Recorded {
    /// The file, and the line where it has many.
    pub(crate) name: String,
    pub(crate) status: u16,
    pub(crate) body: Value,
}

/// The folder of recordings; `None`, said aloud, where there is none.
pub(crate) fn folder() -> Option<PathBuf> {
    let set = std::env::var_os("ATG_AZURE_DATA").map(PathBuf::from);
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/azure");
    let folder = set.unwrap_or(default);
    if folder.is_dir() {
        return Some(folder);
    }
    let required = std::env::var("ATG_REQUIRE_RECORDINGS").is_ok_and(|value| value == "1");
    assert!(!required, "no recorded answers in {}", folder.display());
    println!("skipped: no recorded answers (set ATG_AZURE_DATA)");
    None
}

/// Every answer in the named folders, files in order.
pub(crate) fn answers(folder: &Path, parts: &[&str]) -> Vec<Recorded> {
    let mut found = Vec::new();
    for part in parts {
        let entries = fs::read_dir(folder.join(part)).expect("a folder of recordings");
        let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for file in files {
            read(&file, &mut found);
        }
    }
    found
}

fn read(file: &Path, found: &mut Vec<Recorded>) {
    let text = fs::read_to_string(file).unwrap();
    let name = file.file_name().unwrap().to_string_lossy().into_owned();
    if file.extension().is_some_and(|extension| extension == "jsonl") {
        for (line, text) in text.lines().enumerate() {
            add(&format!("{name}:{}", line + 1), &serde_json::from_str(text).unwrap(), found);
        }
    } else {
        add(&name, &serde_json::from_str(&text).unwrap(), found);
    }
}

fn add(name: &str, recorded: &Value, found: &mut Vec<Recorded>) {
    if let Some(interactions) = recorded["interactions"].as_array() {
        for (number, interaction) in interactions.iter().enumerate() {
            add(&format!("{name}#{number}"), interaction, found);
        }
        return;
    }
    // Some bodies stand alone, without the request and the rest of the answer.
    let response = recorded.get("response").unwrap_or(recorded);
    if let Some(status) = response["status"].as_u64() {
        let status = u16::try_from(status).unwrap();
        found.push(Recorded { name: name.to_owned(), status, body: response["body"].clone() });
    }
}

/// The answers of status 2xx that are objects.
pub(crate) fn successes(folder: &Path) -> Vec<Recorded> {
    let parts = [
        "recorded/types",
        "recorded/lists",
        "recorded/paging",
        "recorded/graph",
        "recorded/misc",
        "transcribed",
    ];
    let mut all = answers(folder, &parts);
    all.retain(|answer| (200..300).contains(&answer.status) && answer.body.is_object());
    all
}

/// A list of `count` different resources made of recorded bodies whose sizes average `body_size`
/// bytes: neighbours by size, again and again with other names in their ids.
pub(crate) fn page_of(folder: &Path, count: usize, body_size: usize) -> String {
    let bodies = bodies_around(folder, body_size);
    let items: Vec<String> = (0..count)
        .map(|number| {
            let body = &bodies[number % bodies.len()];
            body.replacen("/resourceGroups/", &format!("/resourceGroups/g{number}-"), 1)
        })
        .collect();
    format!("{{\"value\":[{}]}}", items.join(","))
}

fn bodies_around(folder: &Path, body_size: usize) -> Vec<String> {
    let mut bodies: Vec<String> = answers(folder, &["recorded/types"])
        .into_iter()
        .filter(|answer| answer.status == 200 && answer.body["id"].is_string())
        .map(|answer| answer.body.to_string())
        .collect();
    bodies.sort_by_key(|body| (body.len(), body.clone()));
    let off = |bodies: &[String]| {
        let total: usize = bodies.iter().map(String::len).sum();
        (total / bodies.len()).abs_diff(body_size)
    };
    let windows = (10..60).flat_map(|count| bodies.windows(count));
    let chosen = windows.min_by_key(|window| off(window)).unwrap().to_vec();
    assert!(off(&chosen) <= body_size / 50, "no bodies around {body_size} bytes");
    chosen
}
