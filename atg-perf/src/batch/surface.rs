//! The closed loop for one kind of rows.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use atg_core::{BatchContext, BatchObservation, BatchResult};

use super::alarm::{Alarm, Step, Verdict};
use super::fit::{Fit, Point};

/// Batches that are remembered; older ones count for less than a twentieth.
const REMEMBERED: usize = 64;

/// Batches to go below which nothing is explored.
const TOO_FEW: f64 = 15.0;

/// How far sizes swing around the centre, as a logarithm: at first, each time less, and at least.
const SWING: (f64, f64, f64) = (0.4, 0.93, 0.10);

/// What part of the way to the best is gone at once, and how far at the most.
const STEP: (f64, f64) = (0.6, 0.7);

/// Batches for which a size that failed is not tried again.
const CEILING_BATCHES: u64 = 50;

/// How much a batch counts that had to be retried: its time is not its size's.
const CONTENDED: f64 = 0.3;

/// Points without which no fit is believed.
const FEW_POINTS: usize = 3;

#[derive(Debug, Clone)]
pub(super) struct Surface {
    /// ln(rows) of the best size so far; `None` before the first.
    centre: Option<f64>,
    points: VecDeque<Point>,
    /// Batches that explored.
    explored: u64,
    seen: u64,
    swing: f64,
    /// ln(rows) that failed, and until how many were seen it holds.
    ceiling: Option<(f64, u64)>,
    alarm: Alarm,
    reason: Reason,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    None,
    Start,
    Bracket,
    Swing,
    Best,
    Probe(Step),
    Bound,
}

impl Default for Surface {
    fn default() -> Self {
        Self {
            centre: None,
            points: VecDeque::new(),
            explored: 0,
            seen: 0,
            swing: SWING.0,
            ceiling: None,
            alarm: Alarm::default(),
            reason: Reason::None,
        }
    }
}

impl Surface {
    /// With a first size of so many rows.
    #[allow(clippy::cast_precision_loss, reason = "rows are far below 2^52")]
    pub(super) fn starting_at(rows: usize) -> Self {
        Self { centre: Some((rows.max(1) as f64).ln()), ..Self::default() }
    }

    #[allow(clippy::cast_precision_loss, reason = "rows are far below 2^52")]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded before")]
    pub(super) fn next_size(&mut self, context: &BatchContext, most: usize) -> usize {
        let centre = *self.centre.get_or_insert_with(|| start(context));
        let remaining = context.rows_remaining.map(|rows| rows as f64);
        // Where nobody knows, some are expected by what went before.
        let left = remaining.unwrap_or(4.0 * context.rows_done as f64) / centre.exp();
        let u = self.choose(centre, left);
        let cap = self.cap(most);
        if u > cap {
            self.reason = Reason::Bound;
        }
        let size = u.min(cap).exp();
        // The rest in equal parts, rather than a small one last.
        let even = remaining.map_or(size, |rows| {
            let parts = (rows / size).ceil();
            if parts > 0.0 && left < TOO_FEW { (rows / parts).ceil() } else { size }
        });
        (even.round() as usize).clamp(1, most)
    }

    /// ln(rows) of the next batch, without bounds.
    fn choose(&mut self, centre: f64, batches_left: f64) -> f64 {
        if let Some((step, u)) = self.alarm.wanted() {
            self.reason = Reason::Probe(step);
            return u;
        }
        if batches_left < TOO_FEW {
            self.reason = Reason::Best;
            return centre;
        }
        if self.explored > 0 && self.seen == 0 {
            // Others in flight beside a first one that may be far too large.
            self.reason = Reason::Start;
            return centre - 4_f64.ln();
        }
        self.explored += 1;
        // One row up or down at least.
        let swing = self.swing.max((-centre).exp().ln_1p());
        let (reason, off) = match self.explored - 1 {
            0 => (Reason::Start, 0.0),
            1 => (Reason::Bracket, 2_f64.ln()),
            2 => (Reason::Bracket, -(2_f64.ln())),
            // A look far down costs little, for there is little in it.
            far if far == 4 || far % 64 == 0 => (Reason::Swing, -(4_f64.ln())),
            odd if odd % 2 == 1 => (Reason::Swing, swing),
            _ => (Reason::Swing, -swing),
        };
        self.reason = reason;
        centre + off
    }

    #[allow(clippy::cast_precision_loss, reason = "rows are far below 2^52")]
    fn cap(&self, most: usize) -> f64 {
        let most = (most as f64).ln();
        match self.ceiling {
            Some((ceiling, until)) if self.seen < until => most.min(ceiling),
            _ => most,
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "rows are far below 2^52")]
    pub(super) fn observe(&mut self, observation: &BatchObservation) {
        if observation.rows == 0 {
            return;
        }
        let u = (observation.rows as f64).ln();
        match observation.result {
            BatchResult::Committed => self.saw(u, observation.elapsed, 1.0),
            BatchResult::Contended { .. } => self.saw(u, observation.elapsed, CONTENDED),
            BatchResult::Divided | BatchResult::OutOfMemory | BatchResult::TimedOut => {
                self.failed(u);
            }
            _ => {}
        }
    }

    fn failed(&mut self, u: f64) {
        self.seen += 1;
        self.alarm.end();
        self.points.retain(|point| point.u < u);
        self.stay_below(u);
        let half = u - 2_f64.ln();
        self.centre = Some(self.centre.map_or(half, |centre| centre.min(half)).max(0.0));
    }

    /// Keeps below a size that failed: at what worked, or, where that is far below, a tenth less.
    fn stay_below(&mut self, u: f64) {
        let worked = self.points.iter().map(|point| point.u).fold(f64::MIN, f64::max);
        let lower = if worked > u - 2_f64.ln() { worked } else { u + 0.9_f64.ln() };
        let known = self.ceiling.filter(|(_, until)| self.seen < *until);
        let ceiling = known.map_or(lower, |(ceiling, _)| ceiling.min(lower));
        self.ceiling = Some((ceiling, self.seen + CEILING_BATCHES));
    }

    fn saw(&mut self, u: f64, elapsed: Duration, weight: f64) {
        self.seen += 1;
        if self.alarm.gives_up(self.seen) {
            // There is nothing that the curve could be held against.
            self.points.clear();
        }
        let Some(centre) = self.centre else { return };
        let y = elapsed.as_secs_f64().max(1e-9).ln() - u;
        let point = Point { u, y, weight };
        let fit = self.fit(centre);
        let dear = fit.filter(|_| self.points.len() > 4).and_then(|fit| dearer(&fit, &point));
        match self.alarm.judge(&point, dear, self.seen) {
            Verdict::Believed => self.believe(point),
            Verdict::Doubted => {}
            Verdict::Slower(by) => {
                self.points.iter_mut().for_each(|known| known.y += by);
                self.believe(point);
            }
            Verdict::TooLarge(u) => {
                // It may have been as good as any, once.
                self.points.retain(|known| known.u < u);
                self.stay_below(u);
                self.points.retain(|known| known.u < u - 1.0);
                self.centre = Some((u - 4_f64.ln()).max(0.0));
            }
        }
        self.swing = (self.swing * SWING.1).max(SWING.2);
        self.go();
    }

    fn believe(&mut self, point: Point) {
        self.points.push_back(point);
        if self.points.len() > REMEMBERED {
            self.points.pop_front();
        }
    }

    fn fit(&self, centre: f64) -> Option<Fit> {
        Fit::of(&self.points.iter(), centre).filter(|_| self.points.len() >= FEW_POINTS)
    }

    /// Goes where the fit says it is cheaper.
    fn go(&mut self) {
        let Some(centre) = self.centre else { return };
        let Some(fit) = self.fit(centre) else { return };
        let step = (STEP.0 * fit.way_to_the_best()).clamp(-STEP.1, STEP.1);
        // No further than a little beyond what was ever tried.
        let tried = self.points.iter().map(|point| point.u);
        let (least, most) = tried.fold((f64::MAX, f64::MIN), |(l, m), u| (l.min(u), m.max(u)));
        let to = (centre + step).clamp(least - STEP.1, most + STEP.1);
        self.centre = Some(to.max(0.0));
    }

    pub(super) fn explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(centre) = self.centre else { return write!(f, "no size was asked for yet") };
        let why = match self.reason {
            Reason::None | Reason::Start => {
                "a start by the number of rows, or as the sink likes it"
            }
            Reason::Bracket => "twice or half the start, to have a curve",
            Reason::Swing => "a swing around the best so far, to see which way is cheaper",
            Reason::Best => "the best so far: too few batches are left to explore",
            Reason::Probe(Step::Smaller) => {
                "a quarter: the last batch was far dearer than expected"
            }
            Reason::Probe(Step::Again) => "the dear size once more: a smaller one was not dear",
            Reason::Bound => "as large as rows, bytes, memory, or a size that failed allow",
        };
        write!(f, "{why}; best so far {:.0} rows, seen {} batches", centre.exp(), self.seen)?;
        let Some(fit) = self.fit(centre) else { return Ok(()) };
        let (row, noise) = (fit.level.exp() * 1e6, fit.sigma * 100.0);
        write!(f, ", {row:.1} µs a row there, noise {noise:.0}%")
    }
}

/// ln(rows) to start with: an eighth of all, less with several writers, 100 to 1,000.
#[allow(clippy::cast_precision_loss, reason = "clamped to 1,000")]
fn start(context: &BatchContext) -> f64 {
    let total = context.rows_remaining.map_or(8_000, |rows| rows.saturating_add(context.rows_done));
    let parts = 6 + 2 * context.parallelism.clamp(1, 8) as u64;
    ((total / parts).clamp(100, 1_000) as f64).ln()
}

/// By how much a point is dearer than the curve says, where that is not noise.
fn dearer(fit: &Fit, point: &Point) -> Option<f64> {
    let by = point.y - fit.at(point.u);
    (by > (4.0 * fit.sigma).max(2_f64.ln())).then_some(by)
}

#[cfg(test)]
mod tests;
