//! Where everything lies: a directory a namespace, in it 256 shards, in them a file a key.

use std::path::{Path, PathBuf};
use std::{fs, io};

use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

const LONGEST_NAMESPACE: usize = 48;
/// Where keys without a `:` lie.
const NO_NAMESPACE: &str = "_";

/// The paths below one directory. What is not a namespace begins with a dot, as none does.
#[derive(Debug)]
pub(super) struct Layout {
    root: PathBuf,
}

impl Layout {
    pub(super) fn new(directory: &Path) -> Self {
        Self { root: directory.join("v1") }
    }

    pub(super) fn entry(&self, key: &str) -> PathBuf {
        let hash = xxh3_128(key.as_bytes());
        let shard = format!("{:02x}", hash >> 120);
        self.root.join(namespace(key)).join(shard).join(format!("{hash:032x}"))
    }

    pub(super) fn tag(&self, tag: &str) -> PathBuf {
        self.tags().join(format!("{:032x}", xxh3_128(tag.as_bytes())))
    }

    pub(super) fn tags(&self) -> PathBuf {
        self.root.join(".tags")
    }

    /// Where files lie until they are whole.
    pub(super) fn temporaries(&self) -> PathBuf {
        self.root.join(".temporaries")
    }

    pub(super) fn lock(&self, name: &str) -> PathBuf {
        self.root.join(".locks").join(name)
    }

    /// See [`Written`](super::written::Written).
    pub(super) fn written(&self) -> PathBuf {
        self.root.join(".written")
    }

    /// Every namespace's directory.
    pub(super) fn namespaces(&self) -> io::Result<Vec<PathBuf>> {
        children(&self.root, |name| !name.starts_with('.'))
    }

    /// The directories that may hold keys that a glob matches: one namespace's where the glob
    /// names one, else all.
    pub(super) fn namespaces_of(&self, glob: &str) -> io::Result<Vec<PathBuf>> {
        match glob.split_once('*') {
            Some((literal, _)) if !literal.contains(':') => self.namespaces(),
            _ => Ok(vec![self.root.join(namespace(glob))]),
        }
    }

    pub(super) fn shards(namespace: &Path) -> io::Result<Vec<PathBuf>> {
        children(namespace, |name| name.len() == 2)
    }

    /// Visits every entry's file in these namespaces, and adds up what the visits give; ends with
    /// the first failure.
    pub(super) fn each_file(
        namespaces: &[PathBuf],
        mut visit: impl FnMut(&Path) -> io::Result<u64>,
    ) -> io::Result<u64> {
        let mut sum = 0;
        for namespace in namespaces {
            for shard in Self::shards(namespace)? {
                for path in Self::files(&shard)? {
                    sum += visit(&path)?;
                }
            }
        }
        Ok(sum)
    }

    /// The files in one shard, or those of the tags.
    pub(super) fn files(directory: &Path) -> io::Result<Vec<PathBuf>> {
        children(directory, |name| {
            name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
    }
}

/// What is in a directory under such a name; nothing where there is no directory.
pub(super) fn children(directory: &Path, named: impl Fn(&str) -> bool) -> io::Result<Vec<PathBuf>> {
    let listing = match fs::read_dir(directory) {
        Ok(listing) => listing,
        Err(error) if absent(&error) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut paths = Vec::new();
    for child in listing {
        match child {
            Ok(child) if child.file_name().to_str().is_some_and(&named) => paths.push(child.path()),
            Ok(_) => {}
            // The directory was empty, and went while it was listed.
            Err(error) if absent(&error) => break,
            Err(error) => return Err(error),
        }
    }
    Ok(paths)
}

/// Whether an error says that nothing is there.
pub(super) fn absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// The directory for keys that begin like this one. It only groups: whole keys are told apart by
/// their hash and in their files.
fn namespace(key: &str) -> String {
    let Some((name, _)) = key.split_once(':') else {
        return NO_NAMESPACE.to_owned();
    };
    let safe = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-');
    if (1..=LONGEST_NAMESPACE).contains(&name.len()) && name.bytes().all(safe) {
        name.to_owned()
    } else {
        format!("~{:016x}", xxh3_64(name.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaces_are_safe_names() {
        assert_eq!(namespace("vm_list:a:b"), "vm_list");
        assert_eq!(namespace("vm_list"), "_");
        for odd in ["", ".", "..", "a/b", "A", "ä", "a\0", "a\n", &"k".repeat(65_536)] {
            let name = namespace(&format!("{odd}:rest"));
            assert!(name.len() == 17 && name.starts_with('~'), "{odd:?} {name:?}");
        }
    }

    #[test]
    fn a_glob_that_names_its_namespace_stays_in_it() {
        let directory = tempfile::tempdir().unwrap();
        let layout = Layout::new(directory.path());
        for name in ["a", "b", ".tags"] {
            fs::create_dir_all(layout.root.join(name)).unwrap();
        }
        for (glob, count) in [("*", 2), ("a*:x", 2), ("a:*", 1), ("a:b", 1), ("ab", 1), ("", 1)] {
            assert_eq!(layout.namespaces_of(glob).unwrap().len(), count, "{glob}");
        }
        assert_eq!(layout.namespaces_of("a:*").unwrap(), [layout.root.join("a")]);
    }
}
