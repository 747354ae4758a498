//! A disk that gets full while the graph is written: the limit that the shell sets on a file's
//! size stands for it, with its signal ignored, so that the write itself fails.

use std::path::Path;
use std::process::Command;

use crate::contents::{Contents, open};
use crate::process::{Ended, QUICK, path_of, run, scan};

const OPTIONS: &str = "--resources 1500 --scale-to 6000 --quiet --graph g.sqlite";

/// Runs the scan with files of at most so many blocks (of 512 or 1,024 bytes, by shell).
fn limited(folder: &Path, blocks: u32) -> Ended {
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let mut shell = Command::new("sh");
    shell.current_dir(folder).args(["-c", &script]).arg(path_of("scan_and_scale"));
    run(shell.args(QUICK.split(' ')).args(OPTIONS.split(' ')))
}

#[test]
fn a_clear_error_and_the_same_command_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let whole = tempfile::tempdir().unwrap();
    scan(whole.path(), &format!("{QUICK} {OPTIONS}")).done();
    let path = folder.path().join("g.sqlite");
    // Too small for the tables, for the first batch, for the copies.
    for blocks in [50, 1_000, 5_000] {
        limited(folder.path(), blocks).failed(&["g.sqlite"]);
        if blocks > 50 {
            let check: String = open(&path)
                .unwrap()
                .query_row("pragma integrity_check", [], |row| row.get(0))
                .unwrap();
            assert_eq!(check, "ok", "{blocks} blocks");
        }
    }
    scan(folder.path(), &format!("{QUICK} {OPTIONS}")).done();
    Contents::read(&path).assert_same(&Contents::read(&whole.path().join("g.sqlite")));
}
