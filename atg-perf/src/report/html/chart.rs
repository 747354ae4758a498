//! A chart of timelines as inline SVG.

use std::fmt::Write as _;
use std::ops::Range;

use plotters::prelude::*;

use super::markup::escaped;
use crate::report::format::{bytes_unit, number, printable};
use crate::timeline::{Point, Timeline};

/// The colours of the light theme; the style sheet names the dark theme's.
pub(super) const COLOURS: [(u8, u8, u8); 6] = [
    (0x1F, 0x6F, 0xB4),
    (0xC4, 0x4E, 0x1B),
    (0x2B, 0x8A, 0x4B),
    (0x8A, 0x4B, 0xA8),
    (0x8F, 0x70, 0x00),
    (0xB8, 0x32, 0x6B),
];
/// Points are whole numbers of these units, and the page shows two of them a pixel or more.
const SIZE: (u32, u32) = (1_200, 440);
/// What the axes may reach: beyond it their steps are lost in rounding.
const FARTHEST: f64 = 1e30;

/// A chart: its title, its unit, and the series in it.
pub(super) struct Chart {
    title: String,
    unit: String,
    series: Vec<(String, Vec<Point>)>,
    /// The first and the last second to show.
    time: (f64, f64),
}

impl Chart {
    pub(super) fn new(title: String, unit: String, timelines: &[&Timeline]) -> Self {
        let points = |timeline: &&Timeline| {
            let mut points = timeline.series();
            points.retain(|point| point.seconds.abs() < FARTHEST && point.value.abs() < FARTHEST);
            (timeline.name().to_owned(), points)
        };
        let mut chart =
            Self { title, unit, series: timelines.iter().map(points).collect(), time: (0.0, 0.0) };
        Self::align(std::slice::from_mut(&mut chart));
        chart.with_readable_bytes()
    }

    /// Gives all charts the time axis of all their points, so that what happened at one time
    /// stands at one place.
    pub(super) fn align(charts: &mut [Self]) {
        let time = span(charts.iter().flat_map(Self::points).map(|point| point.seconds));
        for chart in charts {
            chart.time = time;
        }
    }

    fn points(&self) -> impl Iterator<Item = &Point> {
        self.series.iter().flat_map(|(_, points)| points)
    }

    /// Bytes in the unit that fits, so that the axis has round steps.
    fn with_readable_bytes(mut self) -> Self {
        let Some(rest) = self.unit.strip_prefix("bytes") else { return self };
        let (size, unit) =
            bytes_unit(self.points().map(|point| point.value.abs()).fold(0.0, f64::max));
        self.unit = format!("{unit}{rest}");
        for point in self.series.iter_mut().flat_map(|(_, points)| points) {
            point.value /= size;
        }
        self
    }

    /// The chart with its title and, where there are several, the names of its series.
    pub(super) fn figure(&self) -> String {
        let mut figure = format!("<figure>\n<figcaption>{}", escaped(&self.title));
        for (index, (name, _)) in self.series.iter().enumerate() {
            if self.series.len() > 1 {
                let (name, colour) = (escaped(name), index % COLOURS.len());
                let _ = write!(figure, "<span><i class=\"key{colour}\"></i>{name}</span>");
            }
        }
        figure.push_str("</figcaption>\n");
        figure.push_str(&self.picture());
        figure.push_str("</figure>\n");
        figure
    }

    fn picture(&self) -> String {
        let mut svg = String::new();
        let drawn = self.ranges().and_then(|(x, y)| self.draw(&mut svg, x, y).ok());
        // The library's opening tag has a fixed size and no name.
        let content = svg.split_once('>').map(|(_, content)| content);
        match (drawn, content) {
            (Some(()), Some(content)) => {
                let (width, height) = SIZE;
                let label = escaped(&self.label());
                format!(
                    "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{label}\">\
                     \n<title>{label}</title>\n{content}"
                )
            }
            _ => "<p>no values</p>\n".to_owned(),
        }
    }

    /// What the chart shows, in words.
    fn label(&self) -> String {
        let mut label = format!("{}, in {} over time", self.title, self.unit);
        for (name, points) in &self.series {
            let largest = points.iter().map(|point| point.value).fold(f64::NAN, f64::max);
            let _ = write!(label, "; {name}: at most {}", number(largest));
        }
        label
    }

    /// What both axes span: the chart's time and all its values, each with its 0 unless that is
    /// far, never nothing. None without points.
    fn ranges(&self) -> Option<(Range<f64>, Range<f64>)> {
        self.points().next()?;
        let (mut left, mut right) = self.time;
        let (low, high) = span(self.points().map(|point| point.value));
        left = left.min(if left > 0.0 && left < right / 2.0 { 0.0 } else { left });
        let width = (right - left).max(left.abs() * 1e-6);
        right = if width > 0.0 { left + width } else { left + 1.0 };
        let (low, high) = (low.min(0.0), high.max(0.0));
        let room = (high - low) * 0.06;
        let top = if room > 0.0 { high + room } else { high + 1.0 };
        let bottom = if low < 0.0 { low - room } else { low };
        Some((left..right, bottom..top))
    }

    fn draw(
        &self,
        svg: &mut String,
        seconds: Range<f64>,
        values: Range<f64>,
    ) -> Result<(), Box<dyn std::error::Error>> {
        let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
        let mut chart = ChartBuilder::on(&area)
            .margin(14)
            .margin_right(40)
            .x_label_area_size(84)
            .y_label_area_size(150)
            .build_cartesian_2d(seconds, values)?;
        let text = ("sans-serif", 34).into_font().color(&BLACK);
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(BLACK.mix(0.15).stroke_width(2))
            .axis_style(BLACK.mix(0.5).stroke_width(2))
            .label_style(text.clone())
            .axis_desc_style(text)
            .x_labels(8)
            .y_labels(5)
            .x_desc("time, s")
            .y_desc(printable(&self.unit))
            .x_label_formatter(&|value| number(*value))
            .y_label_formatter(&|value| number(*value))
            .draw()?;
        for (index, (_, points)) in self.series.iter().enumerate() {
            let (r, g, b) = COLOURS.get(index % COLOURS.len()).copied().unwrap_or_default();
            let colour = RGBColor(r, g, b);
            let line = points.iter().map(|point| (point.seconds, point.value));
            if self.series.len() == 1 {
                chart.draw_series(AreaSeries::new(line.clone(), 0.0, colour.mix(0.15)))?;
            }
            if points.len() == 1 {
                chart.draw_series(line.clone().map(|at| Circle::new(at, 8, colour.filled())))?;
            }
            chart.draw_series(LineSeries::new(line, colour.stroke_width(4)))?;
        }
        area.present()?;
        Ok(())
    }
}

fn span(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = (f64::INFINITY, f64::NEG_INFINITY);
    values.fold((low, high), |(low, high), value| (low.min(value), high.max(value)))
}
