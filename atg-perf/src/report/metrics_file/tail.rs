//! What a killed process leaves at the end of a metrics file.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use atg_core::{Error, ErrorKind, Result};

use super::{APPEND, LONGEST_LINE};

/// Makes the file, which the caller has locked, end at a line's end: completes a last line that
/// is whole but for that, and moves one that is not to the file beside it.
///
/// A file that does not begin as a metrics file does, or whose last line is not the beginning of
/// an object, was written by something else: it is refused and stays as it is.
pub(super) fn mend(file: &mut File, path: &Path) -> Result<()> {
    let failed = |error: io::Error| {
        let message = format!("the torn last line of {} cannot be put aside", path.display());
        Error::new(ErrorKind::InvalidInput, APPEND, message).with_source(error)
    };
    if !begins_as_lines(file).map_err(failed)? {
        return Err(foreign(path, "does not begin with a JSON object", "choose another path"));
    }
    let Some(tail) = torn(file).map_err(failed)? else { return Ok(()) };
    if tail.len() > LONGEST_LINE || !begins_an_object(&tail) {
        let advice = "choose another path, or end or remove that line if it is yours";
        return Err(foreign(path, "ends in a line that is no beginning of a report", advice));
    }
    if serde_json::from_slice::<serde_json::Map<_, _>>(&tail).is_ok() {
        return file.write_all(b"\n").map_err(failed);
    }
    put_aside(file, path, tail).map_err(failed)
}

fn foreign(path: &Path, why: &str, advice: &str) -> Error {
    let path = path.display();
    let message = format!("{path} {why}: no metrics file; nothing was changed; {advice}");
    Error::new(ErrorKind::InvalidData, APPEND, message)
}

/// Whether the file begins with an object, or has nothing but blanks where one would begin.
fn begins_as_lines(file: &mut File) -> io::Result<bool> {
    const MOST_BLANKS: u64 = 4 << 10;
    file.seek(SeekFrom::Start(0))?;
    let mut head = Vec::new();
    (&*file).take(MOST_BLANKS).read_to_end(&mut head)?;
    Ok(matches!(head.trim_ascii_start().first(), None | Some(b'{')))
}

/// Whether these bytes may be what was written of a report: text, up to a torn last character.
fn begins_an_object(tail: &[u8]) -> bool {
    let is_text = std::str::from_utf8(tail).map_or_else(|e| e.error_len().is_none(), |_| true);
    is_text && tail.first() == Some(&b'{')
}

fn put_aside(file: &File, path: &Path, mut tail: Vec<u8>) -> io::Result<()> {
    let aside = aside(path);
    tracing::warn!(bytes = tail.len(), path = %aside.display(), "moving a torn line aside");
    let kept = file.metadata()?.len().saturating_sub(tail.len() as u64);
    tail.push(b'\n');
    OpenOptions::new().append(true).create(true).open(aside)?.write_all(&tail)?;
    file.set_len(kept)
}

/// Where torn lines are kept.
fn aside(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".torn");
    name.into()
}

/// What follows the last end of a line, up to a little more than a line may have; none if nothing
/// does.
fn torn(file: &mut File) -> io::Result<Option<Vec<u8>>> {
    const STEP: u64 = 64 << 10;
    let length = file.metadata()?.len();
    let mut begin = length;
    let mut tail = Vec::new();
    while begin > 0 && tail.len() <= LONGEST_LINE {
        let size = begin.min(STEP);
        begin -= size;
        file.seek(SeekFrom::Start(begin))?;
        let mut block = Vec::new();
        (&*file).take(size).read_to_end(&mut block)?;
        let end = block.iter().rposition(|byte| *byte == b'\n');
        block.drain(..end.map_or(0, |end| end + 1));
        block.append(&mut tail);
        tail = block;
        if end.is_some() {
            break;
        }
    }
    Ok((!tail.is_empty()).then_some(tail))
}
