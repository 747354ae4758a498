//! Rounds in which contestants take turns, and what to make of their figures.

#![allow(clippy::cast_precision_loss, reason = "counts are far below 2^52")]

/// The middle one, or the mean of the two in the middle.
pub fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let middles = values.get(values.len().checked_sub(1)? / 2..=values.len() / 2)?;
    Some(middles.iter().sum::<f64>() / middles.len() as f64)
}

/// Each round starts with another and goes the other way, so that nobody always follows the same.
pub fn order(contestants: usize, round: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..contestants).collect();
    order.rotate_left(round * 5 % contestants);
    if round % 2 == 1 {
        order.reverse();
    }
    order
}
