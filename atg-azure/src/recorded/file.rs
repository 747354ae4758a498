//! Files of recorded answers: finding and unwrapping them, the bodies untouched.

use std::path::{Path, PathBuf};

use atg_core::{Error, ErrorKind, Result, Text};
use serde::Deserialize;
use serde_json::value::RawValue;

/// One recorded answer.
#[derive(Debug)]
pub(super) struct Interaction {
    pub(super) method: String,
    pub(super) uri: String,
    pub(super) status: u16,
    pub(super) body: Text,
}

impl Interaction {
    /// Whether this is the answer that lists the providers of a subscription.
    pub(super) fn is_providers(&self) -> bool {
        let path = self.uri.split('?').next().unwrap_or_default().to_ascii_lowercase();
        path.ends_with("/providers")
    }
}

#[derive(Deserialize)]
struct File<'a> {
    #[serde(borrow)]
    request: Option<Request<'a>>,
    #[serde(borrow)]
    response: Option<Response<'a>>,
    #[serde(borrow)]
    interactions: Option<Vec<File<'a>>>,
    status: Option<u16>,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(default, borrow)]
    method: std::borrow::Cow<'a, str>,
    #[serde(default, borrow)]
    uri: std::borrow::Cow<'a, str>,
}

#[derive(Deserialize)]
struct Response<'a> {
    #[serde(default = "ok")]
    status: u16,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
}

fn ok() -> u16 {
    200
}

/// Every `.json` and `.jsonl` file below a folder, sorted by path; links are not followed.
pub(super) fn find(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).map_err(|error| unreadable(&folder, error))?;
        for entry in entries {
            let entry = entry.map_err(|error| unreadable(&folder, error))?;
            let kind = entry.file_type().map_err(|error| unreadable(&folder, error))?;
            let path = entry.path();
            if kind.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "json" || end == "jsonl") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// What a file holds: its answers, and what is wrong with the parts that cannot be read.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) answers: Vec<Interaction>,
    pub(super) broken: Vec<Error>,
}

/// The answers in a file; none where the file holds something else. A broken line of many costs
/// only itself.
pub(super) fn read(path: &Path) -> Contents {
    let mut contents = Contents::default();
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            contents.broken.push(unreadable(path, error));
            return contents;
        }
    };
    if path.extension().is_some_and(|end| end == "jsonl") {
        for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
            contents.take(line, path, &format!(", line {number},"));
        }
    } else if text.trim_start().starts_with('{') {
        contents.take(&text, path, "");
    }
    contents
}

impl Contents {
    fn take(&mut self, text: &str, path: &Path, place: &str) {
        let taken = serde_json::from_str(text)
            .map_err(|error| invalid(path, place, error))
            .and_then(|file| collect(file, &mut self.answers, path));
        self.broken.extend(taken.err());
    }
}

fn collect(file: File<'_>, found: &mut Vec<Interaction>, path: &Path) -> Result<()> {
    for one in file.interactions.into_iter().flatten() {
        collect(one, found, path)?;
    }
    let request = file.request;
    let (status, body) = match (file.response, file.status) {
        (Some(response), _) => (response.status, response.body),
        // A body quoted without its request.
        (None, Some(status)) if file.body.is_some() => (status, file.body),
        _ => return Ok(()),
    };
    let (method, uri) = request
        .map_or_else(Default::default, |one| (one.method.into_owned(), one.uri.into_owned()));
    found.push(Interaction { method, uri, status, body: body_text(body, path)? });
    Ok(())
}

/// The body as it came over the wire: a JSON string in the file stands for text that was no
/// JSON (an HTML page), or for JSON kept as a string.
fn body_text(body: Option<&RawValue>, path: &Path) -> Result<Text> {
    match body.map(RawValue::get) {
        None | Some("null") => Ok(Text::new()),
        Some(raw) if raw.starts_with('"') => {
            serde_json::from_str::<String>(raw).map(Text::from).map_err(|e| invalid(path, "", e))
        }
        Some(raw) => Ok(Text::from(raw)),
    }
}

fn unreadable(path: &Path, error: std::io::Error) -> Error {
    let kind = match error.kind() {
        std::io::ErrorKind::NotFound => ErrorKind::NotFound,
        std::io::ErrorKind::PermissionDenied => ErrorKind::PermissionDenied,
        _ => ErrorKind::InvalidInput,
    };
    Error::new(kind, "open recorded answers", format!("{} cannot be read", path.display()))
        .with_source(error)
}

fn invalid(path: &Path, place: &str, error: serde_json::Error) -> Error {
    Error::new(
        ErrorKind::InvalidData,
        "open recorded answers",
        format!("{}{place} is no recorded answer", path.display()),
    )
    .with_source(error)
}
