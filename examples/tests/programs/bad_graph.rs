//! Paths that cannot be a graph: refused, and left as they are.

use std::fs;
use std::path::Path;

use rusqlite::Connection;

use crate::contents::Contents;
use crate::process::{QUICK, refused, scan, scan_and_scale};

const OPTIONS: &str = "--resources 20 --scale-to 0 --quiet";

/// Asserts that a scan into `path` is refused, and a dry run of it too.
fn is_refused(folder: &Path, path: &str, words: &[&str]) {
    for more in ["", "--dry-run"] {
        let options = format!("{QUICK} {OPTIONS} --graph {path} {more}");
        refused(folder, &mut scan_and_scale(folder, &options), words);
    }
}

#[test]
fn a_directory() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("inner")).unwrap();
    is_refused(folder.path(), "inner", &["inner", "is a directory", "name a file"]);
}

#[test]
fn a_file_that_is_no_database() {
    let folder = tempfile::tempdir().unwrap();
    let text = "an essay, not a database; long enough to have a header of its own\n".repeat(40);
    fs::write(folder.path().join("essay.txt"), text).unwrap();
    is_refused(
        folder.path(),
        "essay.txt",
        &["essay.txt", "not an SQLite database", "another path"],
    );
}

#[test]
fn another_applications_database() {
    let folder = tempfile::tempdir().unwrap();
    let database = Connection::open(folder.path().join("other.db")).unwrap();
    database.execute_batch("create table nodes(id text); insert into nodes values('x')").unwrap();
    drop(database);
    is_refused(folder.path(), "other.db", &["other.db", "another application's", "another path"]);
}

#[test]
fn a_file_without_write_permission() {
    let folder = tempfile::tempdir().unwrap();
    scan(folder.path(), &format!("{QUICK} {OPTIONS} --graph g.sqlite")).done();
    let path = folder.path().join("g.sqlite");
    let before = Contents::read(&path);
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    let options = format!("{QUICK} {OPTIONS} --seed 7 --graph g.sqlite");
    let mut command = scan_and_scale(folder.path(), &options);
    refused(folder.path(), &mut command, &["g.sqlite", "read-only", "permissions"]);
    before.assert_same(&Contents::read(&path));
}

#[test]
fn places_where_nothing_can_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let none = ["none/g.sqlite", "create it first"];
    let options = format!("{QUICK} {OPTIONS} --graph none/g.sqlite");
    refused(folder.path(), &mut scan_and_scale(folder.path(), &options), &none);
    // Not even root makes a file there.
    if Path::new("/proc/self").exists() {
        let options = format!("{QUICK} {OPTIONS} --graph /proc/g.sqlite");
        let words = ["/proc/g.sqlite", "cannot be opened", "permissions"];
        refused(folder.path(), &mut scan_and_scale(folder.path(), &options), &words);
    }
}

#[test]
fn a_graph_that_lost_its_end() {
    let folder = tempfile::tempdir().unwrap();
    scan(folder.path(), &format!("{QUICK} --resources 400 --scale-to 0 --quiet")).done();
    let path = folder.path().join("atg.sqlite");
    for beside in ["atg.sqlite-wal", "atg.sqlite-shm"] {
        let _ = fs::remove_file(folder.path().join(beside));
    }
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let options = format!("{QUICK} --resources 400 --scale-to 0 --quiet");
    scan(folder.path(), &options).failed(&["atg.sqlite", "damaged", "move it away"]);
}

#[test]
fn an_empty_file_becomes_a_graph() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("atg.sqlite"), "").unwrap();
    scan(folder.path(), &format!("{QUICK} {OPTIONS}")).done();
}
