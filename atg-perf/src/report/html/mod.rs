//! A report as one HTML page that needs nothing else: no script, no font, no network.

mod chart;
mod markup;

use std::collections::BTreeMap;

use chart::Chart;
use markup::{Cell, Page};

use super::format::{UNKNOWN, bytes, float, grouped, number, percent, seconds};
use super::text::{OPERATION_COLUMNS, operation_cells};
use super::{PhaseReport, RunReport};
use crate::Timeline;

impl RunReport {
    /// The report as a self-contained HTML page: summary, charts of the timelines, phases,
    /// operations, caches, parameters and environment. Feature `html`.
    ///
    /// Nothing is loaded and no script runs: a content security policy in the page forbids both.
    /// Every text that comes from the report is escaped. The page follows the reader's light or
    /// dark setting, and prints. A full timeline takes 36 KB of it.
    pub fn to_html(&self) -> String {
        let mut page = Page::new(&self.name, &self.environment.started_at);
        self.summary_cards(&mut page);
        self.charts(&mut page);
        self.phases(&mut page);
        self.operations(&mut page);
        self.caches(&mut page);
        page.columns(|page| self.details(page));
        page.finish()
    }

    fn summary_cards(&self, page: &mut Page) {
        for (name, value) in self.summary() {
            page.card(name, &value);
        }
        for (name, cache) in &self.caches {
            if let Some(ratio) = cache.ratio {
                page.card(&format!("hit ratio of {name}"), &percent(ratio));
            }
        }
    }

    fn charts(&self, page: &mut Page) {
        let mut groups: Vec<((&str, String), Vec<&Timeline>)> = Vec::new();
        for timeline in &self.timelines {
            let key = (timeline.chart(), timeline.series_unit());
            match groups.iter_mut().find(|(known, _)| *known == key) {
                Some((_, members)) => members.push(timeline),
                None => groups.push((key, vec![timeline])),
            }
        }
        // Charts of one title and several units cannot share an axis.
        let mut titles = BTreeMap::<&str, u32>::new();
        for ((title, _), _) in &groups {
            *titles.entry(title).or_default() += 1;
        }
        let charts = groups.iter().map(|((title, unit), timelines)| {
            let several = titles.get(title).is_some_and(|count| *count > 1);
            let title = if several { format!("{title} ({unit})") } else { (*title).to_owned() };
            Chart::new(title, unit.clone(), timelines)
        });
        let mut charts: Vec<Chart> = charts.collect();
        Chart::align(&mut charts);
        page.charts(&charts);
    }

    fn phases(&self, page: &mut Page) {
        let longest = self.phases.iter().map(|phase| phase.seconds).fold(0.0, f64::max);
        let rows = self.phases.iter().map(|phase| phase_row(phase, longest));
        page.table("Phases", &["phase", "", "time", "items", "items/s", "peak memory"], rows);
    }

    fn operations(&self, page: &mut Page) {
        let rows = self.operations.iter().map(|(name, operation)| {
            let cells = operation_cells(operation).into_iter().map(Cell::Number);
            std::iter::once(Cell::Name(name.clone())).chain(cells).collect()
        });
        page.table("Operations", &OPERATION_COLUMNS, rows);
    }

    fn caches(&self, page: &mut Page) {
        let rows = self.caches.iter().map(|(name, cache)| {
            let ratio = percent(cache.ratio.unwrap_or(f64::NAN));
            let numbers = [grouped(cache.hits), grouped(cache.misses), ratio].map(Cell::Number);
            std::iter::once(Cell::Name(name.clone())).chain(numbers).collect()
        });
        page.table("Caches", &["cache", "hits", "misses", "hit ratio"], rows);
    }

    fn details(&self, page: &mut Page) {
        let row = |name: String, value: String| vec![Cell::Name(name), Cell::Text(value)];
        let parameters =
            self.parameters.iter().map(|(name, value)| row(name.clone(), value.clone()));
        page.table("Parameters", &["parameter", "value"], parameters);
        let environment = self.environment_rows().into_iter();
        let environment = environment.map(|(name, value)| row(name.to_owned(), value));
        page.table("Environment", &["property", "value"], environment);
    }
}

fn phase_row(phase: &PhaseReport, longest: f64) -> Vec<Cell> {
    let peak = phase.peak_memory_bytes.map(|peak| bytes(float(peak)));
    let unknown = || UNKNOWN.to_owned();
    let (items, rate) = match phase.items {
        0 => (unknown(), unknown()),
        items => (grouped(items), number(phase.per_second)),
    };
    vec![
        Cell::Name(phase.name.clone()),
        Cell::Share(phase.seconds / longest),
        Cell::Number(seconds(phase.seconds)),
        Cell::Number(items),
        Cell::Number(rate),
        Cell::Number(peak.unwrap_or_else(unknown)),
    ]
}
