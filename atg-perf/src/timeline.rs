//! [`Timeline`]: how a value went over a run, in bounded memory.

use serde::{Deserialize, Serialize};

/// The most points a timeline keeps; even, so that they merge in pairs.
const MOST_POINTS: usize = 2_000;
/// Larger magnitudes are taken for mistakes, as NaN is: their sums would overflow.
const LARGEST: f64 = 1e300;

/// How the values of a [`Timeline`] belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum TimelineKind {
    /// A state that rises and falls, such as memory in bytes. Merged values are averaged.
    #[default]
    Gauge,
    /// A count since the start that only rises, such as requests sent. Of merged values the last
    /// stays; what is shown is the rate.
    Counter,
}

/// A value at a time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "(Option<f64>, Option<f64>)", into = "(f64, f64)")]
pub struct Point {
    /// Seconds since the run began.
    pub seconds: f64,
    /// The value, in the timeline's unit.
    pub value: f64,
}

impl From<(Option<f64>, Option<f64>)> for Point {
    /// JSON has no NaN: what is not a number is written as null.
    fn from((seconds, value): (Option<f64>, Option<f64>)) -> Self {
        Self { seconds: seconds.unwrap_or(f64::NAN), value: value.unwrap_or(f64::NAN) }
    }
}

impl From<Point> for (f64, f64) {
    fn from(point: Point) -> Self {
        (point.seconds, point.value)
    }
}

/// A series of values over the time of a run, at most 2,000 points whatever the run's length.
///
/// - **Bounded**: when full, neighbours merge in pairs, and from then on each point stands for
///   twice as many values. All but the last stand for equally many.
/// - **Always finite and in order**: a time or value that is NaN, infinite or beyond 1e300 is left
///   out; a time before the last one counts as the last one.
/// - **Plain values**: no clock, no lock. A push changes one point, and once every thousand pushes
///   or more all of them.
///
/// ```
/// use atg_perf::Timeline;
///
/// let mut requests = Timeline::counter("requests", "requests").in_chart("load");
/// requests.push(0.0, 0.0);
/// requests.push(2.0, 50.0);
/// assert_eq!(requests.series()[0].value, 25.0); // a second
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "Stored")]
pub struct Timeline {
    name: String,
    chart: String,
    unit: String,
    kind: TimelineKind,
    points: Vec<Point>,
    /// How many values a full point stands for.
    #[serde(skip)]
    stride: u64,
    /// How many values the last point stands for so far.
    #[serde(skip)]
    in_last: u64,
}

/// A timeline as a file has it: anybody may have written it, so its points are pushed again.
#[derive(Deserialize)]
struct Stored {
    name: String,
    #[serde(default)]
    chart: Option<String>,
    #[serde(default)]
    unit: String,
    #[serde(default)]
    kind: TimelineKind,
    #[serde(default)]
    points: Vec<Point>,
}

impl From<Stored> for Timeline {
    fn from(stored: Stored) -> Self {
        let mut timeline = Self::new(stored.name, stored.unit, stored.kind);
        if let Some(chart) = stored.chart {
            timeline.chart = chart;
        }
        for point in stored.points {
            timeline.push(point.seconds, point.value);
        }
        timeline
    }
}

impl Timeline {
    /// A state that rises and falls, in `unit` ("rows", "bytes", "rows/s").
    pub fn gauge(name: impl Into<String>, unit: impl Into<String>) -> Self {
        Self::new(name.into(), unit.into(), TimelineKind::Gauge)
    }

    /// A count since the start, of things called `unit` ("requests"). Start it with its value at
    /// second 0, so that the first rate is known.
    pub fn counter(name: impl Into<String>, unit: impl Into<String>) -> Self {
        Self::new(name.into(), unit.into(), TimelineKind::Counter)
    }

    fn new(name: String, unit: String, kind: TimelineKind) -> Self {
        Self { chart: name.clone(), name, unit, kind, points: Vec::new(), stride: 1, in_last: 0 }
    }

    /// Drawn together with all timelines of the same `chart` and unit. Default: the name.
    #[must_use]
    pub fn in_chart(mut self, chart: impl Into<String>) -> Self {
        self.chart = chart.into();
        self
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The title of the chart it is drawn in.
    pub fn chart(&self) -> &str {
        &self.chart
    }

    /// The unit of what was pushed.
    pub fn unit(&self) -> &str {
        &self.unit
    }

    /// Whether it is a state or a count.
    pub fn kind(&self) -> TimelineKind {
        self.kind
    }

    /// The points kept, in order of time.
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// Adds the value at so many seconds since the run began.
    pub fn push(&mut self, seconds: f64, value: f64) {
        // Written so that NaN is left out too.
        if !(seconds.abs() <= LARGEST && value.abs() <= LARGEST) {
            return;
        }
        let full = self.in_last >= self.stride;
        if full && self.points.len() >= MOST_POINTS {
            self.halve();
        }
        let seconds = self.points.last().map_or(seconds, |last| last.seconds.max(seconds));
        let point = Point { seconds, value };
        match self.points.last_mut() {
            Some(last) if self.in_last < self.stride => {
                *last = merged(self.kind, *last, point, self.in_last);
                self.in_last += 1;
            }
            _ => {
                self.points.push(point);
                self.in_last = 1;
            }
        }
    }

    fn halve(&mut self) {
        let kind = self.kind;
        let pairs = self.points.chunks(2).filter_map(|pair| {
            let (first, rest) = pair.split_first()?;
            Some(rest.iter().fold(*first, |sum, next| merged(kind, sum, *next, 1)))
        });
        self.points = pairs.collect();
        self.stride = self.stride.saturating_mul(2);
        self.in_last = self.stride;
    }

    /// What a chart shows: the values of a gauge, the rate a second of a counter.
    ///
    /// A rate stands at the end of the stretch it was measured over. A count that falls was
    /// restarted from 0. Points of one moment have no rate between them and count for the next.
    pub fn series(&self) -> Vec<Point> {
        match self.kind {
            TimelineKind::Gauge => self.points.clone(),
            TimelineKind::Counter => rates(&self.points),
        }
    }

    /// The unit of [`series`](Self::series): a counter's is "so many a second".
    pub fn series_unit(&self) -> String {
        match self.kind {
            TimelineKind::Gauge => self.unit.clone(),
            TimelineKind::Counter => format!("{}/s", self.unit),
        }
    }
}

/// One point for two, the first of which stands for `weight` values and the second for one.
fn merged(kind: TimelineKind, first: Point, second: Point, weight: u64) -> Point {
    match kind {
        TimelineKind::Counter => second,
        TimelineKind::Gauge => {
            #[allow(clippy::cast_precision_loss, reason = "a weight")]
            let share = 1.0 / (weight as f64 + 1.0);
            let mean = |a: f64, b: f64| a * (1.0 - share) + b * share;
            let seconds = mean(first.seconds, second.seconds);
            Point { seconds, value: mean(first.value, second.value) }
        }
    }
}

fn rates(points: &[Point]) -> Vec<Point> {
    let Some((first, rest)) = points.split_first() else { return Vec::new() };
    let mut rates = Vec::with_capacity(rest.len());
    let (mut since, mut before, mut risen) = (first.seconds, first.value, 0.0);
    for point in rest {
        risen += if point.value < before { point.value.max(0.0) } else { point.value - before };
        before = point.value;
        let value = risen / (point.seconds - since);
        if point.seconds > since && value.is_finite() {
            rates.push(Point { seconds: point.seconds, value });
            (since, risen) = (point.seconds, 0.0);
        }
    }
    rates
}
