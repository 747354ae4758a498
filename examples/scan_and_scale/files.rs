//! The files that a run is asked to write beside its graph.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use atg_core::{Error, ErrorKind, Result};
use atg_perf::report::MetricsFile;
use tempfile::NamedTempFile;

use crate::options::Options;

/// Finds, before any work, a file that cannot be written, is the graph's, or is named twice.
pub(crate) fn check(options: &Options, graph: Option<&Path>) -> Result<()> {
    let mut taken: Vec<(PathBuf, &str)> = graph.into_iter().flat_map(of_the_graph).collect();
    for path in [&options.report, &options.html].into_iter().flatten() {
        check_one(path, &mut taken)?;
    }
    if let Some(path) = &options.metrics {
        if path.exists() && !path.is_file() {
            return Err(problem(path, "runs are added to a file, and this is none"));
        }
        check_one(path, &mut taken)?;
        if path.exists() {
            MetricsFile::new(path).prepare()?;
        }
    }
    Ok(())
}

/// What an SQLite graph takes.
fn of_the_graph(graph: &Path) -> impl Iterator<Item = (PathBuf, &'static str)> + use<> {
    let graph = graph.as_os_str().to_owned();
    ["", "-wal", "-shm"].into_iter().map(move |ending| {
        let mut name = graph.clone();
        name.push(ending);
        (true_path(Path::new(&name)), "this file is the graph; give the report another path")
    })
}

fn check_one(path: &Path, taken: &mut Vec<(PathBuf, &'static str)>) -> Result<()> {
    if path.is_dir() {
        return Err(problem(path, "the path is a directory; name a file in it"));
    }
    let folder = folder(path);
    if !folder.is_dir() {
        let why = format!("there is no directory {}; create it first", folder.display());
        return Err(problem(path, &why));
    }
    let truly = true_path(path);
    if let Some((_, why)) = taken.iter().find(|(other, _)| *other == truly) {
        return Err(problem(path, why));
    }
    if !is_special(path) {
        NamedTempFile::new_in(folder).map_err(|error| {
            let why = format!("nothing can be written to {}", folder.display());
            problem(path, &why).with_source(error)
        })?;
        taken.push((truly, "each report needs a file of its own"));
    }
    Ok(())
}

fn problem(path: &Path, why: &str) -> Error {
    Error::new(ErrorKind::InvalidInput, "write report", format!("{}: {why}", path.display()))
}

fn folder(path: &Path) -> &Path {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new("."))
}

/// A device, a pipe or a link, such as /dev/stdout.
fn is_special(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|found| !found.is_file())
}

/// One spelling of each file, also of one that is not there yet.
fn true_path(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| {
        let folder = folder(path).canonicalize().unwrap_or_else(|_| folder(path).to_owned());
        path.file_name().map_or_else(|| folder.clone(), |name| folder.join(name))
    })
}

/// Writes a file: to a temporary one beside it first, so that a reader never sees half of it.
pub(crate) fn write(text: &str, path: &Path) -> Result<()> {
    let failed = |error| problem(path, "cannot be written; choose another path").with_source(error);
    if is_special(path) {
        // It is written to, never replaced.
        return std::fs::write(path, text).map_err(failed);
    }
    let mut temporary = NamedTempFile::new_in(folder(path)).map_err(failed)?;
    temporary.write_all(text.as_bytes()).map_err(failed)?;
    temporary.persist(path).map(drop).map_err(|error| failed(error.error))
}
