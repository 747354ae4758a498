//! What the tests of the file tier share.
#![allow(dead_code)]

use std::path::{Path, PathBuf};

/// Every file below a directory whose name is an entry's: 32 hexadecimal digits, outside of the
/// directories that begin with a dot.
pub(crate) fn entry_files(directory: &Path) -> Vec<PathBuf> {
    files(directory).into_iter().filter(|path| !hidden(directory, path)).collect()
}

/// What is left of writers.
pub(crate) fn temporaries(directory: &Path) -> Vec<PathBuf> {
    files(&directory.join("v1/.temporaries"))
}

/// The one entry there is.
pub(crate) fn only_entry(directory: &Path) -> PathBuf {
    let [only] = entry_files(directory).try_into().expect("one entry");
    only
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let children = std::fs::read_dir(directory).unwrap().map(|child| child.unwrap().path());
    children.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn hidden(directory: &Path, path: &Path) -> bool {
    let below = path.strip_prefix(directory).unwrap();
    below.iter().any(|part| part.as_encoded_bytes().starts_with(b"."))
}
