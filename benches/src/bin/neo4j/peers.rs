//! The loaders in other languages: their toolchains, and the rows in files.

use std::fs::{self, File};
use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value, json};

use crate::Outcome;
use crate::contestant::{Contestant, Label, Role};
use crate::data::Rows;
use crate::options::Options;
use crate::plain_neo4rs::BATCH;
use crate::subprocess::Subprocess;
use crate::verify::{columns, weight};

/// A loader that could not be made, and why.
pub(crate) struct Absent {
    pub(crate) name: &'static str,
    pub(crate) why: String,
}

const GO: &str = "Go driver";
const PYTHON: &str = "Python driver";

/// Adds the loaders whose toolchains are there.
pub(crate) fn add(
    rows: &Rows,
    options: &Options,
    contestants: &mut Vec<Box<dyn Contestant>>,
    absent: &mut Vec<Absent>,
) -> Outcome {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("neo4j_peers");
    let folder = folder()?;
    write_rows(rows, &folder)?;
    match go(&sources.join("go"), &folder) {
        Ok(loader) => {
            for workers in [1, 2] {
                let mut command = Command::new(&loader);
                command.arg(&options.uri).arg(&folder).arg(workers.to_string());
                let label = Label::new(GO, Role::Peer, BATCH, workers);
                contestants.push(Box::new(Subprocess::new(label, command)));
            }
        }
        Err(why) => absent.push(Absent { name: GO, why }),
    }
    match python(&sources.join("python"), &folder) {
        Ok(python) => {
            let mut command = Command::new(python);
            command.arg(sources.join("python/loader.py")).arg(&options.uri).arg(&folder);
            let label = Label::new(PYTHON, Role::Peer, BATCH, 1);
            contestants.push(Box::new(Subprocess::new(label, command)));
        }
        Err(why) => absent.push(Absent { name: PYTHON, why }),
    }
    Ok(())
}

/// Where all is made: beside this program, among what can be built anew.
fn folder() -> Outcome<PathBuf> {
    let program = std::env::current_exe()?;
    let beside = program.parent().ok_or("this program is in no folder")?;
    let folder = beside.join("neo4j_peers");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn write_rows(rows: &Rows, folder: &Path) -> Outcome {
    let nodes = rows.nodes.iter().map(|node| {
        let members = columns(node).into_iter().map(|(name, text)| (name.into(), text.into()));
        Value::Object(members.collect::<Map<_, _>>())
    });
    write_lines(&folder.join("nodes.jsonl"), nodes)?;
    let relationships = rows.relationships.iter().map(|one| {
        json!({
            "source": &**one.source.key(),
            "relation": &*one.relation,
            "target": &**one.target.key(),
            "weight": weight(one),
        })
    });
    write_lines(&folder.join("relationships.jsonl"), relationships)
}

fn write_lines(path: &Path, values: impl Iterator<Item = Value>) -> Outcome {
    let mut file = BufWriter::new(File::create(path)?);
    for value in values {
        writeln!(file, "{value}")?;
    }
    Ok(file.flush()?)
}

fn go(source: &Path, folder: &Path) -> Result<PathBuf, String> {
    let loader = folder.join("loader");
    run("go", Command::new("go").current_dir(source).arg("build").arg("-o").arg(&loader).arg("."))?;
    Ok(loader)
}

fn python(source: &Path, folder: &Path) -> Result<PathBuf, String> {
    let environment = folder.join("venv");
    let python = environment.join("bin/python");
    if !python.exists() {
        run("python3", Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
    }
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
    run("pip", Command::new(&python).args(install).arg(source.join("requirements.txt")))?;
    Ok(python)
}

/// Runs a command to its end.
fn run(name: &str, command: &mut Command) -> Result<(), String> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{name} failed ({status}), see above")),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(format!("no {name}")),
        Err(error) => Err(format!("{name}: {error}")),
    }
}
