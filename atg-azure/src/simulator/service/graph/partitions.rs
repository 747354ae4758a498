//! [`Partitions`]: the order of rows within hash partitions, computed once and kept.

use std::sync::{Arc, Mutex, PoisonError};

use super::super::query::{Partition, Table};
use super::super::random::mix;
use super::super::world::World;
use super::sort::sort_by_id;
use super::view::View;

/// The most partitions that a query may divide a table into.
pub(super) const MOST_PARTITIONS: u64 = 65_536;

/// The most views whose order is kept.
const MOST_VIEWS: usize = 1_024;

/// A few rows of a partition in the order of their ids.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Slice {
    /// Rows of the whole partition.
    pub(super) total: u64,
    /// The rows asked for.
    pub(super) rows: Vec<u32>,
}

/// The partitions of the views that were asked for lately.
///
/// The first query of a view and a number of partitions deals the rows out, in one pass; the
/// first query of a partition sorts it; every other page costs a copy of its own rows. Memory: 4
/// bytes a row; views are forgotten, oldest first, so that all together hold at most twice the
/// tenant's rows.
#[derive(Debug, Default)]
pub(crate) struct Partitions {
    kept: Mutex<Vec<Arc<Dealt>>>,
}

/// A view dealt out to its partitions.
#[derive(Debug)]
struct Dealt {
    view: View,
    of: u64,
    rows: usize,
    partitions: Vec<Mutex<Rows>>,
}

#[derive(Debug, Default)]
struct Rows {
    sorted: bool,
    rows: Vec<u32>,
}

impl Partitions {
    /// `limit` rows of a partition from `offset` on, by id upwards or downwards.
    pub(super) fn slice(
        &self,
        world: &World,
        view: &View,
        partition: Partition,
        window: Window,
    ) -> Slice {
        let dealt = self.dealt(world, view, partition.of);
        let number = usize::try_from(partition.number).unwrap_or(usize::MAX);
        let Some(rows) = dealt.partitions.get(number) else {
            return Slice { total: 0, rows: Vec::new() };
        };
        let mut rows = rows.lock().unwrap_or_else(PoisonError::into_inner);
        rows.sort(world, view.table());
        Slice { total: rows.rows.len() as u64, rows: window.of(&rows.rows) }
    }

    fn dealt(&self, world: &World, view: &View, of: u64) -> Arc<Dealt> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter().position(|dealt| dealt.of == of && dealt.view == *view);
        let dealt = match found {
            Some(at) => kept.remove(at),
            None => Arc::new(Dealt::new(world, view.clone(), of)),
        };
        kept.push(Arc::clone(&dealt));
        let bound = usize::try_from(world.tenant.len().max(64) * 2).unwrap_or(usize::MAX);
        while kept.len() > MOST_VIEWS
            || kept.len() > 1 && kept.iter().map(|dealt| dealt.rows).sum::<usize>() > bound
        {
            kept.remove(0);
        }
        dealt
    }
}

/// How many rows a partition has: one pass over the view, which deals and sorts nothing.
pub(super) fn count(world: &World, view: &View, partition: Partition) -> u64 {
    let belongs = |row: &u64| hash(world, view.table(), *row) % partition.of == partition.number;
    view.rows(world).filter(belongs).count() as u64
}

impl Dealt {
    fn new(world: &World, view: View, of: u64) -> Self {
        let place = |row: u64| match of {
            1 => 0,
            _ => usize::try_from(hash(world, view.table(), row) % of).unwrap_or_default(),
        };
        let mut sizes = vec![0_usize; usize::try_from(of).unwrap_or(1)];
        for row in view.rows(world) {
            if let Some(size) = sizes.get_mut(place(row)) {
                *size += 1;
            }
        }
        let mut partitions: Vec<Vec<u32>> =
            sizes.iter().map(|size| Vec::with_capacity(*size)).collect();
        for row in view.rows(world) {
            if let (Some(rows), Ok(row)) = (partitions.get_mut(place(row)), u32::try_from(row)) {
                rows.push(row);
            }
        }
        let partitions =
            partitions.into_iter().map(|rows| Mutex::new(Rows { sorted: false, rows })).collect();
        Self { view, of, rows: sizes.iter().sum(), partitions }
    }
}

impl Rows {
    fn sort(&mut self, world: &World, table: Table) {
        if self.sorted {
            return;
        }
        let tenant = &world.tenant;
        sort_by_id(&mut self.rows, |row, text| match table {
            Table::Resources => tenant.write_id(u64::from(row), text),
            Table::Containers => tenant.write_container_id(u64::from(row), text),
        });
        self.sorted = true;
    }
}

/// Which rows of a partition are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) offset: u64,
    pub(super) limit: u64,
    pub(super) descending: bool,
}

impl Window {
    fn of(self, rows: &[u32]) -> Vec<u32> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let offset = usize::try_from(self.offset).unwrap_or(usize::MAX);
        if self.descending {
            rows.iter().rev().skip(offset).take(limit).copied().collect()
        } else {
            rows.iter().skip(offset).take(limit).copied().collect()
        }
    }
}

/// What stands for `hash(tolower(id))`.
fn hash(world: &World, table: Table, row: u64) -> u64 {
    match table {
        Table::Resources => world.tenant.hash(row),
        Table::Containers => mix(world.settings.seed ^ mix(!row)),
    }
}
