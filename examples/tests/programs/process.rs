//! Starting the programs and judging how they end.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::SystemTime;

use serde_json::Value;

/// Options that make a scan quick: no latency, no limits.
pub(crate) const QUICK: &str = "--latency-ms 0 --limits none";

/// A built example, to be run in `folder`; no variable of the caller signs it in or names a server.
pub(crate) fn program(name: &str, folder: &Path) -> Command {
    let mut command = Command::new(path_of(name));
    command.current_dir(folder).stdin(Stdio::null());
    for variable in [
        "AZURE_TENANT_ID",
        "AZURE_ACCESS_TOKEN",
        "NEO4J_URI",
        "NEO4J_USER",
        "NEO4J_PASSWORD",
        "NEO4J_DATABASE",
    ] {
        command.env_remove(variable);
    }
    command
}

/// Where `cargo test` built an example: beside the folder of this test. With the name of a test
/// or of a target cargo leaves the examples as they are, so one that is missing or old is refused.
pub(crate) fn path_of(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().and_then(Path::parent).unwrap();
    let path = profile.join("examples").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    let built = path.metadata().and_then(|file| file.modified()).ok();
    let is_new = built.is_some_and(|built| sources(name).all(|source| source <= built));
    assert!(is_new, "{} is missing or old: cargo build -p atg-examples --examples", path.display());
    path
}

/// When each source file of an example was last changed.
fn sources(name: &str) -> impl Iterator<Item = SystemTime> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = fs::read_dir(package.join(name)).into_iter().flatten();
    let files = folder.map(|entry| entry.unwrap().path());
    let files = files.chain([package.join(format!("{name}.rs"))]);
    files.filter_map(|path| path.metadata().and_then(|file| file.modified()).ok())
}

/// `scan_and_scale` with options that are apart by blanks.
pub(crate) fn scan_and_scale(folder: &Path, options: &str) -> Command {
    let mut command = program("scan_and_scale", folder);
    command.args(options.split_whitespace());
    command
}

/// Runs `scan_and_scale` to its end.
pub(crate) fn scan(folder: &Path, options: &str) -> Ended {
    run(&mut scan_and_scale(folder, options))
}

/// Runs a program to its end.
pub(crate) fn run(command: &mut Command) -> Ended {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).expect("text");
    Ended { status: status.code(), stdout: text(stdout), stderr: text(stderr) }
}

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The exit status; `None` where a signal ended it.
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// Asserts that all was done, without a word of complaint.
    pub(crate) fn done(self) -> Self {
        assert_eq!((self.status, self.stderr.as_str()), (Some(0), ""), "{self:#?}");
        self
    }

    /// Asserts a failure that one clear message explains: it says each of `words`.
    pub(crate) fn failed(self, words: &[&str]) -> Self {
        assert!(self.status.is_some_and(|status| status != 0), "{self:#?}");
        let messages = self.stderr.lines().filter(|line| line.starts_with("error: ")).count();
        assert_eq!(messages, 1, "{self:#?}");
        self.explained(words)
    }

    /// Asserts that the job was done in part, and that the program says so.
    pub(crate) fn partly_done(self) -> Self {
        assert_eq!(self.status, Some(1), "{self:#?}");
        self.explained(&["in part"])
    }

    fn explained(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.stderr.contains(word), "{word:?} is not in {self:#?}");
        }
        for word in ["panicked", "RUST_BACKTRACE"] {
            assert!(!self.stderr.contains(word), "{self:#?}");
        }
        self
    }
}

/// Asserts that `command`, run in `folder`, fails with a message of these words and changes no
/// file there.
pub(crate) fn refused(folder: &Path, command: &mut Command, words: &[&str]) -> Ended {
    let before = files(folder);
    let ended = run(command).failed(words);
    assert!(before == files(folder), "files changed: {command:?}");
    ended
}

/// Every file in a folder, with its bytes.
pub(crate) fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .filter(|path| path.is_file())
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect()
}

/// The report that a run wrote.
pub(crate) fn report(folder: &Path, name: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(folder.join(name)).unwrap()).unwrap()
}
