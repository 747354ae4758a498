//! Files: read while they last, written whole or not at all, removed while they are the same.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, TryLockError};
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime};

use super::entry::{self, Header};
use super::layout::{absent, children};

/// What most headers fit into.
const HEADER_GUESS: u64 = 1_024;

/// An open file, which stays readable whatever happens to its name.
pub(super) struct Opened {
    file: File,
    pub(super) identity: Identity,
}

impl Opened {
    /// `None` where there is no such file.
    pub(super) fn open(path: &Path) -> io::Result<Option<Self>> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let identity = Identity::of(&file.metadata()?);
        Ok(Some(Self { file, identity }))
    }

    pub(super) fn read(&mut self) -> io::Result<Vec<u8>> {
        self.read_to(Vec::new(), self.identity.length)
    }

    /// The header alone, unchecked; `None` where there is none.
    pub(super) fn read_header(&mut self) -> io::Result<Option<Header>> {
        let length = self.identity.length;
        let mut start = self.read_to(Vec::new(), length.min(HEADER_GUESS))?;
        if let Some(header) = entry::header_length(&start, length) {
            start = self.read_to(start, header as u64)?;
        }
        Ok(Header::decode(&start, length))
    }

    /// Reads on until there are this many bytes, or the file ends.
    fn read_to(&mut self, mut bytes: Vec<u8>, length: u64) -> io::Result<Vec<u8>> {
        let missing = length.saturating_sub(bytes.len() as u64);
        bytes.reserve_exact(usize::try_from(missing).unwrap_or_default());
        (&mut self.file).take(missing).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// What tells a file from another that took its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) length: u64,
    number: u64,
    modified: Option<SystemTime>,
}

impl Identity {
    fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        let number = std::os::unix::fs::MetadataExt::ino(metadata);
        #[cfg(not(unix))]
        let number = 0;
        Self { length: metadata.len(), number, modified: metadata.modified().ok() }
    }
}

/// Removes a file unless another has taken its name; says whether it did. One that takes the name
/// between the look and the removal, some microseconds, is lost: a miss.
pub(super) fn remove_same(path: &Path, identity: &Identity) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if Identity::of(&metadata) == *identity => remove(path).map(|it| it.is_some()),
        Ok(_) => Ok(false),
        Err(error) if absent(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Removes whatever file has this name; returns how long it was.
pub(super) fn remove(path: &Path) -> io::Result<Option<u64>> {
    // A file system that is read-only refuses to remove even what is not there.
    let length = match length(path) {
        Ok(Some(length)) => length,
        nothing => return nothing,
    };
    match fs::remove_file(path) {
        Ok(()) => Ok(Some(length)),
        Err(error) if absent(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// How long the file of this name is; `None` where there is none.
pub(super) fn length(path: &Path) -> io::Result<Option<u64>> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(Some(metadata.len())),
        Err(error) if absent(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes a directory, and those above it, that only its owner may enter.
pub(super) fn make_directory(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(path)
}

/// Opens a file to write to, and makes it and its directory where there is none.
pub(super) fn open_or_make(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    match options.create(true).open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            path.parent().map_or(Ok(()), make_directory)?;
            options.open(path)
        }
        other => other,
    }
}

/// How to open a file that only its owner may read once it is made.
pub(super) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Writes a file aside and gives it its name when it is whole. Tries again where somebody
/// removed the directories meanwhile, or took the temporary for a dead writer's.
pub(super) fn write(temporaries: &Path, path: &Path, parts: &[&[u8]]) -> io::Result<()> {
    const TRIES: usize = 5;
    for _ in 1..TRIES {
        match Temporary::create(temporaries).and_then(|file| file.finish(path, parts)) {
            Err(error) if error.kind() == ErrorKind::NotFound => make_directory(temporaries)?,
            other => return other,
        }
    }
    Temporary::create(temporaries)?.finish(path, parts)
}

/// A file that has not got its name yet. Its lock tells that its writer lives.
struct Temporary {
    path: PathBuf,
    file: File,
    named: bool,
}

impl Temporary {
    fn create(directory: &Path) -> io::Result<Self> {
        let path = directory.join(format!("{:016x}", unique()));
        let file = private().write(true).create_new(true).open(&path)?;
        // Where there are no locks, or a sweep was faster, the file may be gone when it is
        // to be named, and is written again.
        let _ = file.try_lock();
        Ok(Self { path, file, named: false })
    }

    fn finish(mut self, path: &Path, parts: &[&[u8]]) -> io::Result<()> {
        for part in parts {
            self.file.write_all(part)?;
        }
        match fs::rename(&self.path, path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                path.parent().map_or(Ok(()), make_directory)?;
                fs::rename(&self.path, path)?;
            }
            other => other?,
        }
        self.named = true;
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.named {
            // What cannot be removed now is collected later.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Removes the temporaries whose writers are dead.
pub(super) fn collect_temporaries(directory: &Path) -> io::Result<()> {
    for path in children(directory, |_| true)? {
        // The lock needs the right to write on some file systems.
        if let Ok(file) = OpenOptions::new().write(true).open(&path)
            && abandoned(&file)
        {
            remove(&path)?;
        }
    }
    Ok(())
}

fn abandoned(file: &File) -> bool {
    /// No writer takes longer, where there are no locks to tell.
    const LONGEST_WRITE: Duration = Duration::from_secs(5 * 60);
    match file.try_lock() {
        Ok(()) => true,
        Err(TryLockError::WouldBlock) => false,
        Err(TryLockError::Error(_)) => {
            let modified = file.metadata().and_then(|metadata| metadata.modified()).ok();
            let age = modified.and_then(|modified| modified.elapsed().ok());
            age.is_some_and(|age| age > LONGEST_WRITE)
        }
    }
}

/// A number that no other call, in any process, gives.
pub(super) fn unique() -> u64 {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let call = CALLS.fetch_add(1, Relaxed);
    // The random state differs between processes unless one was forked off the other.
    RandomState::new().hash_one((call, std::process::id(), SystemTime::now()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_dead_writers_temporaries_are_collected() {
        let directory = tempfile::tempdir().unwrap();
        let (temporaries, path) = (directory.path().join("temporaries"), directory.path());
        make_directory(&temporaries).unwrap();
        fs::write(temporaries.join("dead"), b"half").unwrap();
        let living = Temporary::create(&temporaries).unwrap();
        collect_temporaries(&temporaries).unwrap();
        assert_eq!(children(&temporaries, |_| true).unwrap(), std::slice::from_ref(&living.path));
        living.finish(&path.join("made/whole"), &[b"who", b"le"]).unwrap();
        assert_eq!(fs::read(path.join("made/whole")).unwrap(), b"whole");
        drop(Temporary::create(&temporaries).unwrap());
        assert_eq!(length(&temporaries.join("dead")).unwrap(), None);
        assert!(children(&temporaries, |_| true).unwrap().is_empty());
    }

    #[test]
    fn a_file_that_took_the_name_stays() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let put = |contents: &[u8]| write(directory.path(), &path, &[contents]).unwrap();
        put(b"old");
        let mut old = Opened::open(&path).unwrap().unwrap();
        put(b"new");
        assert!(!remove_same(&path, &old.identity).unwrap());
        assert_eq!(old.read().unwrap(), b"old");
        let new = Opened::open(&path).unwrap().unwrap();
        assert!(remove_same(&path, &new.identity).unwrap());
        assert!(!remove_same(&path, &new.identity).unwrap());
        assert!(Opened::open(&path).unwrap().is_none());
    }
}
