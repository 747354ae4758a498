//! Reading a metrics file, line by line.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::Path;

use atg_core::{Error, ErrorKind, Result};

use super::{LONGEST_LINE, MetricsContents, READ, UnreadableLine};
use crate::report::RunReport;

/// Of how many unreadable lines the reason is kept.
const MOST_PROBLEMS: usize = 100;

/// Reads all lines. Nothing that a line holds is an error; a failure to read is.
pub(super) fn read(file: File, path: &Path) -> io::Result<MetricsContents> {
    let mut reader = BufReader::new(file);
    let mut contents = MetricsContents::default();
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        let longest = LONGEST_LINE as u64 + 1;
        if reader.by_ref().take(longest).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        let ended = line.last() == Some(&b'\n');
        if !ended && line.len() > LONGEST_LINE {
            skip_line(&mut reader)?;
        }
        take(&mut contents, number, &line, ended);
    }
    warn(&contents, path);
    Ok(contents)
}

fn take(contents: &mut MetricsContents, line: u64, bytes: &[u8], ended: bool) {
    if bytes.trim_ascii().is_empty() {
        return;
    }
    match parse(bytes) {
        Ok(report) => contents.reports.push(report),
        Err(error) if error.kind() == ErrorKind::Unsupported => contents.newer += 1,
        Err(error) => {
            contents.unreadable += 1;
            if contents.problems.len() < MOST_PROBLEMS {
                let why = if bytes.len() > LONGEST_LINE {
                    "it is longer than 16 MiB".to_owned()
                } else if ended {
                    error.report()
                } else {
                    "it is torn".to_owned()
                };
                contents.problems.push(UnreadableLine { line, why });
            }
        }
    }
}

fn parse(bytes: &[u8]) -> Result<RunReport> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        Error::new(ErrorKind::InvalidData, READ, "this is not text").with_source(error)
    })?;
    RunReport::from_json(text)
}

/// Goes to the next line without keeping what is in between.
fn skip_line(reader: &mut BufReader<File>) -> io::Result<()> {
    loop {
        let block = reader.fill_buf()?;
        let end = block.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(block.len(), |end| end + 1);
        let done = end.is_some() || block.is_empty();
        reader.consume(used);
        if done {
            return Ok(());
        }
    }
}

fn warn(contents: &MetricsContents, path: &Path) {
    let path = path.display();
    if contents.newer > 0 {
        tracing::warn!(%path, lines = contents.newer, "a newer version wrote lines; left out");
    }
    if let Some(first) = contents.problems.first() {
        let lines = contents.unreadable;
        tracing::warn!(%path, lines, first = first.line, why = %first.why, "lines are no reports; left out");
    }
}
