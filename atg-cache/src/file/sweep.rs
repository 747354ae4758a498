//! The sweep: removes what can never be served, and the oldest beyond the size bound.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

use super::counters::Reason;
use super::layout::Layout;
use super::lock;
use super::store::{self, Identity, Opened};
use super::tier::Tier;
use super::written::weight;

/// What a sweep leaves of the bound, in percent, so that the next is not due at once.
const LEFT: u64 = 90;

/// What a sweep has found so far.
#[derive(Default)]
struct Survey {
    kept: Vec<Kept>,
    weight: u64,
    /// The files of the tags that entries were met with.
    tags: HashSet<PathBuf>,
    /// An entry could not be read or removed: what is left refers to unknown generations.
    incomplete: bool,
}

struct Kept {
    created: u64,
    path: PathBuf,
    identity: Identity,
}

impl Tier {
    /// Sweeps, unless another process or thread is at it; says whether it did. Counts failures.
    pub(super) fn sweep(&self) -> bool {
        self.try_sweep().unwrap_or_else(|error| {
            self.counters.failed("sweep", &error);
            false
        })
    }

    fn try_sweep(&self) -> io::Result<bool> {
        let Some(_turn) = lock::try_take(&self.layout.lock("sweep"))? else { return Ok(false) };
        let written = self.written.units()?;
        let now = self.clock.wall();
        let mut survey = Survey::default();
        let namespaces = self.layout.namespaces()?;
        for namespace in &namespaces {
            self.survey(namespace, now, &mut survey);
        }
        if survey.weight > self.max_bytes {
            self.evict(&mut survey);
        }
        self.counters.found(survey.kept.len() as u64, survey.weight);
        self.written.settle(written, survey.weight)?;
        remove_empty(&namespaces)?;
        store::collect_temporaries(&self.layout.temporaries())?;
        if !survey.incomplete {
            self.collect_tags(&survey.tags, now)?;
        }
        Ok(true)
    }

    fn survey(&self, namespace: &Path, now: u64, survey: &mut Survey) {
        let shards = Layout::shards(namespace).unwrap_or_else(|error| self.missed(survey, &error));
        for shard in shards {
            let files = Layout::files(&shard).unwrap_or_else(|error| self.missed(survey, &error));
            for path in files {
                if let Err(error) = self.survey_file(path, now, survey) {
                    self.missed::<()>(survey, &error);
                }
            }
        }
    }

    /// Goes on without what could not be read.
    fn missed<T: Default>(&self, survey: &mut Survey, error: &io::Error) -> T {
        self.counters.failed("sweep", error);
        survey.incomplete = true;
        T::default()
    }

    fn survey_file(&self, path: PathBuf, now: u64, survey: &mut Survey) -> io::Result<()> {
        let Some(mut file) = Opened::open(&path)? else { return Ok(()) };
        let Some(header) = file.read_header()? else {
            survey.incomplete |= !self.take(&path, &file.identity, Reason::Corrupt);
            return Ok(());
        };
        // Written since the sweep began, so the clock is asked anew rather than taken for wrong.
        let now = if header.created > now { self.clock.wall() } else { now };
        if let Some(reason) = self.why_not(&header, now)? {
            survey.incomplete |= !self.take(&path, &file.identity, reason);
            return Ok(());
        }
        survey.weight = survey.weight.saturating_add(weight(file.identity.length));
        survey.tags.extend(header.tags.iter().map(|(tag, _)| self.layout.tag(tag)));
        survey.kept.push(Kept { created: header.created, path, identity: file.identity });
        Ok(())
    }

    /// Removes the oldest until what is left is well within the bound.
    fn evict(&self, survey: &mut Survey) {
        let goal = self.max_bytes / 100 * LEFT;
        survey.kept.sort_unstable_by_key(|kept| Reverse(kept.created));
        while survey.weight > goal
            && let Some(oldest) = survey.kept.pop()
        {
            if self.take(&oldest.path, &oldest.identity, Reason::Evicted) {
                survey.weight -= weight(oldest.identity.length);
            }
        }
    }
}

/// Removes the directories that are empty; one that is not refuses.
fn remove_empty(namespaces: &[PathBuf]) -> io::Result<()> {
    for namespace in namespaces {
        for directory in Layout::shards(namespace)?.iter().chain([namespace]) {
            // Only tidying: a directory that stays does no harm.
            let _ = fs::remove_dir(directory);
        }
    }
    Ok(())
}
