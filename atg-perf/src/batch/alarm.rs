//! [`Alarm`]: a batch far dearer than the curve says, and what is done to find out why.

use super::fit::Point;

/// Batches within which a probe tells; else what is known is no longer believed.
const PATIENCE: u64 = 16;

/// What a probe is to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// A quarter of the dear size.
    Smaller,
    /// The dear size again.
    Again,
}

/// What a point means for the curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Verdict {
    /// It belongs to it.
    Believed,
    /// It may not.
    Doubted,
    /// The server became slower by this, for all sizes alike.
    Slower(f64),
    /// The size, as a logarithm, is too large.
    TooLarge(f64),
}

/// Nothing, or the probes of a dear size.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Alarm(Option<Probing>);

#[derive(Debug, Clone, Copy)]
struct Probing {
    /// Of the dear batch.
    u: f64,
    step: Step,
    /// Whether the size that the step wants was handed out.
    asked: bool,
    /// How many batches had been seen when the step began.
    since: u64,
}

impl Probing {
    fn begin(u: f64, step: Step, seen: u64) -> Self {
        Self { u, step, asked: false, since: seen }
    }

    /// Whether a batch of ln(rows) `u` is what the step wants.
    fn is_met_by(&self, u: f64) -> bool {
        match self.step {
            Step::Smaller => u < self.u - 1.0,
            Step::Again => (u - self.u).abs() < 0.1,
        }
    }
}

impl Alarm {
    /// Nothing is wrong any more.
    pub(super) fn end(&mut self) {
        self.0 = None;
    }

    /// The next probe's ln(rows), once for each step.
    pub(super) fn wanted(&mut self) -> Option<(Step, f64)> {
        let probing = self.0.as_mut().filter(|probing| !probing.asked)?;
        probing.asked = true;
        let u = match probing.step {
            Step::Smaller => probing.u - 4_f64.ln(),
            Step::Again => probing.u,
        };
        Some((probing.step, u))
    }

    /// Ends where no probe came back as it was wanted; true where it did.
    pub(super) fn gives_up(&mut self, seen: u64) -> bool {
        let in_vain = self.0.is_some_and(|probing| seen > probing.since + PATIENCE);
        self.0 = self.0.filter(|_| !in_vain);
        in_vain
    }

    /// Takes a point that is dearer than the curve says by `dear`, where that is not noise, after
    /// `seen` batches.
    pub(super) fn judge(&mut self, point: &Point, dear: Option<f64>, seen: u64) -> Verdict {
        let contended = point.weight < 1.0;
        let otherwise =
            if dear.is_some() && !contended { Verdict::Doubted } else { Verdict::Believed };
        let Some(probing) = &mut self.0 else {
            if otherwise == Verdict::Doubted {
                self.0 = Some(Probing::begin(point.u, Step::Smaller, seen));
            }
            return otherwise;
        };
        let Probing { u, step, .. } = *probing;
        match (step, dear) {
            _ if !probing.is_met_by(point.u) => return otherwise,
            // That it is dear is not its size's fault.
            (_, Some(_)) if contended => probing.asked = false,
            (Step::Smaller, None) => *probing = Probing::begin(u, Step::Again, seen),
            (Step::Again, None) => self.end(),
            (Step::Smaller, Some(by)) => {
                self.end();
                return Verdict::Slower(by);
            }
            (Step::Again, Some(_)) => {
                self.end();
                return Verdict::TooLarge(u);
            }
        }
        Verdict::Believed
    }
}
