//! [`RecordedSource`]: a folder of recorded answers, read by the parsers that real traffic takes.

mod file;

use std::collections::HashMap;
use std::path::Path;

use async_trait::async_trait;
use atg_core::{
    Error, ErrorKind, Page, Read, Resource, ResourceSource, Result, Scope, ScopeEnd, ScopeStatus,
    Skipped, SourceUsage, Text,
};
use futures::stream::{self, BoxStream, StreamExt};

use crate::api_versions::parse_providers;
use crate::rules::RuleSet;
use crate::scan::Scanner;
use crate::service_error::ServiceError;
use file::Interaction;

/// Recorded answers as a resource source: a folder, searched with its subfolders, of `.json`
/// files that hold one answer `{request, response}` or several `{interactions: […]}`, and of
/// `.jsonl` files with an answer a line.
///
/// Answers to GETs, lists, Resource Graph queries in both formats, pages and errors go through
/// the same scanner and the same error parser as real traffic. Each file is a scope. A resource
/// that several answers hold comes once: the record with properties before one without, then
/// the later file's. An answer that is an error is named among the skipped.
///
/// The whole folder is read when it is opened: recordings are small.
#[derive(Debug)]
pub struct RecordedSource {
    files: Vec<RecordedFile>,
    summary: RecordedSummary,
}

/// A file's answers, or why it cannot be read.
#[derive(Debug)]
struct RecordedFile {
    scope: Scope,
    page: Page,
    broken: Option<String>,
}

/// What a folder of recorded answers holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RecordedSummary {
    /// Files with answers.
    pub files: usize,
    /// Answers.
    pub answers: usize,
    /// Answers that are errors.
    pub errors: usize,
    /// Records, repeated ones included.
    pub records: usize,
    /// Distinct resources.
    pub resources: usize,
    /// Types whose api-version some recorded list of providers tells.
    pub versioned_types: usize,
}

impl RecordedSource {
    /// Opens a folder with the standard relationship rules.
    ///
    /// # Errors
    /// `NotFound` where there is no such folder or no answer in it. A file or line that is no JSON
    /// is no error here: its scope is not complete, and says why.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self> {
        let folder = folder.as_ref();
        let mut loader = Loader::new();
        for path in file::find(folder)? {
            let name = path.strip_prefix(folder).unwrap_or(&path).to_path_buf();
            loader.load(&path, &name);
        }
        if loader.files.is_empty() {
            return Err(Error::new(
                ErrorKind::NotFound,
                "open recorded answers",
                format!("{} holds no recorded answers", folder.display()),
            ));
        }
        Ok(loader.finish())
    }

    /// What the folder holds.
    pub fn summary(&self) -> RecordedSummary {
        self.summary
    }
}

#[async_trait]
impl ResourceSource for RecordedSource {
    async fn scopes(&self) -> Result<Vec<Scope>> {
        Ok(self.files.iter().map(|file| file.scope.clone()).collect())
    }

    fn read<'a>(&'a self, scope: &'a Scope) -> BoxStream<'a, Read> {
        let found = self.files.iter().find(|file| file.scope.name == scope.name);
        let end = |status, kind, why: &str| {
            let error = Error::new(kind, "read recorded answers", why.to_owned());
            Read::End(ScopeEnd { status, error: Some(error) })
        };
        let events = match found {
            Some(RecordedFile { broken: Some(why), page, .. }) => {
                let read = !page.resources.is_empty() || !page.skipped.is_empty();
                let status = if read { ScopeStatus::Partial } else { ScopeStatus::Failed };
                vec![Read::Page(page.clone()), end(status, ErrorKind::InvalidData, why)]
            }
            Some(file) => vec![
                Read::Page(file.page.clone()),
                Read::End(ScopeEnd { status: ScopeStatus::Complete, error: None }),
            ],
            None => {
                let why = format!("there is no file {:?}", scope.name);
                vec![end(ScopeStatus::Failed, ErrorKind::NotFound, &why)]
            }
        };
        stream::iter(events).boxed()
    }

    fn usage(&self) -> SourceUsage {
        let requests = self.summary.answers as u64;
        SourceUsage { requests, ..SourceUsage::default() }
    }
}

/// Collects files, then settles which record of each resource is kept.
struct Loader {
    scanner: Scanner,
    files: Vec<RecordedFile>,
    /// Where the kept record of a key is: file, place in its page.
    kept: HashMap<Text, (usize, usize)>,
    versions: HashMap<String, String>,
    summary: RecordedSummary,
}

impl Loader {
    fn new() -> Self {
        Self {
            scanner: Scanner::new(RuleSet::standard()),
            files: Vec::new(),
            kept: HashMap::new(),
            versions: HashMap::new(),
            summary: RecordedSummary::default(),
        }
    }

    fn load(&mut self, path: &Path, name: &Path) {
        let contents = file::read(path);
        if contents.answers.is_empty() && contents.broken.is_empty() {
            return;
        }
        let name = name.display().to_string();
        let broken: Vec<String> = contents.broken.iter().map(Error::report).collect();
        let mut file = RecordedFile {
            scope: Scope::new(name.as_str()),
            page: Page::default(),
            broken: (!broken.is_empty()).then(|| broken.join("; ")),
        };
        self.summary.files += 1;
        for (index, interaction) in contents.answers.iter().enumerate() {
            self.summary.answers += 1;
            self.answer(&format!("{name}#{index}"), interaction, &mut file.page);
        }
        self.files.push(file);
    }

    fn answer(&mut self, name: &str, interaction: &Interaction, page: &mut Page) {
        if interaction.status >= 300 {
            let error = ServiceError::parse(interaction.status, interaction.body.as_bytes());
            self.skip_error(name, error, &interaction.method, page);
            return;
        }
        if interaction.is_providers() {
            self.versions.extend(parse_providers(&interaction.body).unwrap_or_default());
        }
        if interaction.body.trim().is_empty() {
            return;
        }
        match self.scanner.scan(&interaction.body) {
            Ok(answer) => {
                if let Some(error) = answer.error {
                    self.skip_error(name, error, &interaction.method, page);
                }
                let skipped = answer
                    .skipped
                    .into_iter()
                    .map(|one| Skipped { id: format!("{name} {}", one.id).into(), why: one.why });
                page.skipped.extend(skipped);
                page.bytes += answer.bytes;
                self.summary.records += answer.resources.len();
                for resource in answer.resources {
                    self.keep(resource, page);
                }
            }
            Err(error) => skip(name, error.to_string(), page),
        }
    }

    fn skip_error(&mut self, name: &str, error: ServiceError, method: &str, page: &mut Page) {
        self.summary.errors += 1;
        skip(
            name,
            error.into_error(format!("recorded {method}").trim_end().to_owned()).report(),
            page,
        );
    }

    fn keep(&mut self, resource: Resource, page: &mut Page) {
        let at = (self.files.len(), page.resources.len());
        let key = resource.id.key().clone();
        let kept = self.kept.get(&key).and_then(|&(file, place)| {
            let kept_page = self.files.get(file).map_or(&*page, |file| &file.page);
            kept_page.resources.get(place)
        });
        let poorer =
            resource.properties.is_empty() && kept.is_some_and(|kept| !kept.properties.is_empty());
        if !poorer {
            self.kept.insert(key, at);
        }
        page.resources.push(resource);
    }

    fn finish(mut self) -> RecordedSource {
        for (index, file) in self.files.iter_mut().enumerate() {
            let resources = std::mem::take(&mut file.page.resources).into_iter().enumerate();
            file.page.resources = resources
                .filter(|(place, one)| self.kept.get(one.id.key()) == Some(&(index, *place)))
                .map(|(_, one)| one)
                .collect();
            file.scope.estimate = Some(file.page.resources.len() as u64);
        }
        self.summary.resources = self.kept.len();
        self.summary.versioned_types = self.versions.len();
        RecordedSource { files: self.files, summary: self.summary }
    }
}

fn skip(name: &str, why: String, page: &mut Page) {
    page.skipped.push(Skipped { id: name.into(), why: why.into() });
}

#[cfg(test)]
mod tests {
    use super::RecordedSource;
    use atg_core::{ErrorKind, Read, ResourceSource};
    use futures::StreamExt;

    const SITE: &str = "/subscriptions/S/resourceGroups/G/providers/Microsoft.Web/sites/a";

    fn answer(status: u16, body: &str) -> String {
        format!(
            r#"{{"request":{{"method":"GET","uri":"https://h/x","body":null}},
            "response":{{"status":{status},"headers":{{}},"body":{body}}}}}"#
        )
    }

    #[tokio::test]
    async fn one_record_a_resource_and_errors_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let full = answer(200, &format!(r#"{{"id":"{SITE}","properties":{{"x":1}}}}"#));
        let poor =
            answer(200, &format!(r#"{{"value":[{{"id":"{}"}},{{"n":1}}]}}"#, SITE.to_uppercase()));
        std::fs::write(folder.path().join("a.json"), full).unwrap();
        std::fs::create_dir(folder.path().join("sub")).unwrap();
        let lines = format!(
            "{}\n{}\n",
            poor.replace('\n', " "),
            answer(404, r#"{"error":{"code":"Gone","message":"m"}}"#).replace('\n', " ")
        );
        std::fs::write(folder.path().join("sub/b.jsonl"), lines).unwrap();
        std::fs::write(folder.path().join("rules.json"), "[1]").unwrap();
        let source = RecordedSource::open(folder.path()).unwrap();
        let summary = source.summary();
        assert_eq!(
            (summary.answers, summary.errors, summary.records, summary.resources),
            (3, 1, 2, 1)
        );
        let mut resources = Vec::new();
        let mut skipped = Vec::new();
        for scope in source.scopes().await.unwrap() {
            let mut stream = source.read(&scope);
            while let Some(event) = stream.next().await {
                if let Read::Page(page) = event {
                    resources.extend(page.resources);
                    skipped.extend(page.skipped);
                }
            }
        }
        assert_eq!(resources.len(), 1);
        assert_eq!(resources[0].properties, r#"{"x":1}"#);
        assert_eq!(skipped.len(), 2, "{skipped:?}");
        assert!(skipped.iter().any(|one| one.why.contains("Gone")), "{skipped:?}");
    }

    #[tokio::test]
    async fn folders_without_answers_are_an_error_and_broken_files_a_failed_scope() {
        let folder = tempfile::tempdir().unwrap();
        let error = RecordedSource::open(folder.path()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(RecordedSource::open(folder.path().join("none")).is_err());
        std::fs::write(folder.path().join("x.json"), "{\"response\":").unwrap();
        let source = RecordedSource::open(folder.path()).unwrap();
        let scopes = source.scopes().await.unwrap();
        let mut events: Vec<Read> = source.read(&scopes[0]).collect().await;
        let Some(Read::End(end)) = events.pop() else { panic!("no end") };
        assert!(end.error.unwrap().report().contains("x.json"));
    }
}
