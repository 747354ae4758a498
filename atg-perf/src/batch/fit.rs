//! A parabola through weighted points, by least squares.

/// One batch that was seen: ln(rows), ln(seconds a row).
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    pub(super) u: f64,
    pub(super) y: f64,
    /// How much it counts, before age and distance.
    pub(super) weight: f64,
}

/// y ≈ level + slope·(u−centre) + curvature·(u−centre)².
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Fit {
    pub(super) centre: f64,
    pub(super) level: f64,
    pub(super) slope: f64,
    pub(super) curvature: f64,
    /// The spread of points around it.
    pub(super) sigma: f64,
}

/// What the curvature is drawn to where points do not tell: a cost that is a tenth dearer at e
/// times the best size.
const USUAL_CURVATURE: f64 = 0.1;

/// How strongly, in points.
const RIDGE: f64 = 0.3;

/// Beyond how many sigmas a point counts less, and how often the weights are made anew.
const HUBER: f64 = 1.5;
const ROUNDS: usize = 3;

/// The least spread that is believed.
const LEAST_SIGMA: f64 = 0.02;

impl Fit {
    /// The fit around `centre` of points, the newest last: each counts 5% less than the next, and
    /// less with its distance.
    pub(super) fn of<'a>(
        points: &(impl DoubleEndedIterator<Item = &'a Point> + Clone),
        centre: f64,
    ) -> Option<Self> {
        let weights = |fit: Option<Self>| {
            points.clone().rev().scan(1.0, move |age, point| {
                let fresh = *age;
                *age *= 0.95;
                let distance = (point.u - centre) / 1.2;
                let near = 1.0 / (1.0 + distance.powi(4));
                let robust = fit.map_or(1.0, |fit: Self| {
                    let off = (point.y - fit.at(point.u)).abs() / fit.sigma;
                    if off > HUBER { HUBER / off } else { 1.0 }
                });
                Some((*point, point.weight * fresh * near * robust))
            })
        };
        let mut fit = Self::least_squares(weights(None), centre)?;
        for _ in 1..ROUNDS {
            fit = Self::least_squares(weights(Some(fit)), centre)?;
        }
        Some(fit)
    }

    pub(super) fn at(&self, u: f64) -> f64 {
        let x = u - self.centre;
        self.level + x * (self.slope + x * self.curvature)
    }

    /// How far the cheapest size is, as a difference of logarithms; the curve is taken to bend
    /// upwards a little at least.
    pub(super) fn way_to_the_best(&self) -> f64 {
        -self.slope / (2.0 * self.curvature.max(0.05))
    }

    fn least_squares(
        points: impl Iterator<Item = (Point, f64)> + Clone,
        centre: f64,
    ) -> Option<Self> {
        // Sums of w·x^k and of w·x^k·y.
        let (mut x, mut y) = ([0.0; 5], [0.0; 3]);
        for (point, weight) in points.clone() {
            let at = point.u - centre;
            let mut power = weight;
            for (k, sum) in x.iter_mut().enumerate() {
                *sum += power;
                if let Some(sum) = y.get_mut(k) {
                    *sum += power * point.y;
                }
                power *= at;
            }
        }
        let [level, slope, curvature] = solve(
            [[x[0], x[1], x[2]], [x[1], x[2] + 0.02, x[3]], [x[2], x[3], x[4] + RIDGE]],
            [y[0], y[1], y[2] + RIDGE * USUAL_CURVATURE],
        )?;
        let mut fit = Self { centre, level, slope, curvature, sigma: 0.0 };
        let (mut squares, mut all) = (0.0, 0.0);
        for (point, weight) in points {
            squares += weight * (point.y - fit.at(point.u)).powi(2);
            all += weight;
        }
        fit.sigma = (squares / all).sqrt().max(LEAST_SIGMA);
        fit.sigma.is_finite().then_some(fit)
    }
}

/// Gauss without much ado: three equations, of which the diagonal is never small.
fn solve(mut a: [[f64; 3]; 3], mut b: [f64; 3]) -> Option<[f64; 3]> {
    for pivot in 0..3 {
        if a[pivot][pivot].abs() < 1e-12 {
            return None;
        }
        for row in pivot + 1..3 {
            let factor = a[row][pivot] / a[pivot][pivot];
            let above = a[pivot];
            for (value, above) in a[row].iter_mut().zip(above) {
                *value -= factor * above;
            }
            b[row] -= factor * b[pivot];
        }
    }
    let mut x = [0.0; 3];
    for row in (0..3).rev() {
        let known: f64 = (row + 1..3).map(|column| a[row][column] * x[column]).sum();
        x[row] = (b[row] - known) / a[row][row];
    }
    Some(x)
}

#[cfg(test)]
mod tests {
    use super::{Fit, Point};

    #[test]
    fn it_finds_a_parabola_whatever_one_point_says() {
        let curve = |u: f64| 0.5 + 0.3 * (u - 7.0).powi(2);
        let point = |i: i32| {
            let u = 6.0 + f64::from(i % 9) * 0.2;
            Point { u, y: curve(u), weight: 1.0 }
        };
        let mut points: Vec<Point> = (0..40).map(point).collect();
        points[33].y += 5.0;
        let fit = Fit::of(&points.iter(), 6.5).unwrap();
        assert!((fit.way_to_the_best() - 0.5).abs() < 0.15, "{fit:?}");
        assert!((fit.at(7.0) - 0.5).abs() < 0.1, "{fit:?}");
    }

    #[test]
    fn nothing_is_no_fit_and_one_point_has_no_slope() {
        assert!(Fit::of(&[].iter(), 6.0).is_none());
        let one = [Point { u: 6.0, y: -3.0, weight: 1.0 }];
        let fit = Fit::of(&one.iter(), 6.0).unwrap();
        assert!(fit.slope.abs() < 1e-6 && fit.way_to_the_best().abs() < 1e-6);
    }
}
