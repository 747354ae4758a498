//! Sorting rows by their ids, which exist only when they are written.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Rows whose ids are held in memory at the same time: about 5 MB of text.
const CHUNK: usize = 32_768;

/// Sorts `rows` by their ids in lower case; `write_id` appends the id of a row to a text.
///
/// Cost: n log n comparisons of text; beyond 32,768 rows, sorted chunks are merged and each id is
/// written twice, so that memory stays near 5 MB however many rows there are.
pub(super) fn sort_by_id(rows: &mut Vec<u32>, write_id: impl Fn(u32, &mut String)) {
    let lower_id = |row: u32, text: &mut String| {
        let start = text.len();
        write_id(row, text);
        if let Some(id) = text.get_mut(start..) {
            id.make_ascii_lowercase();
        }
    };
    for chunk in rows.chunks_mut(CHUNK) {
        sort_chunk(chunk, lower_id);
    }
    if rows.len() > CHUNK {
        *rows = merge(rows, lower_id);
    }
}

fn sort_chunk(rows: &mut [u32], lower_id: impl Fn(u32, &mut String)) {
    let mut text = String::new();
    let mut keys = Vec::with_capacity(rows.len());
    for row in rows.iter() {
        let start = text.len();
        lower_id(*row, &mut text);
        keys.push((start, text.len(), *row));
    }
    keys.sort_unstable_by_key(|(start, end, _)| text.get(*start..*end));
    for (row, (_, _, sorted)) in rows.iter_mut().zip(keys) {
        *row = sorted;
    }
}

fn merge(rows: &[u32], lower_id: impl Fn(u32, &mut String)) -> Vec<u32> {
    let mut chunks: Vec<_> = rows.chunks(CHUNK).map(|chunk| chunk.iter().copied()).collect();
    let mut heads = BinaryHeap::with_capacity(chunks.len());
    let mut sorted = Vec::with_capacity(rows.len());
    for (number, chunk) in chunks.iter_mut().enumerate() {
        heads.extend(chunk.next().map(|row| Reverse((id_of(row, &lower_id), row, number))));
    }
    while let Some(Reverse((mut id, row, number))) = heads.pop() {
        sorted.push(row);
        if let Some(next) = chunks.get_mut(number).and_then(Iterator::next) {
            id.clear();
            lower_id(next, &mut id);
            heads.push(Reverse((id, next, number)));
        }
    }
    sorted
}

fn id_of(row: u32, lower_id: impl Fn(u32, &mut String)) -> String {
    let mut id = String::new();
    lower_id(row, &mut id);
    id
}

#[cfg(test)]
mod tests {
    use super::super::super::random::mix;
    use super::*;

    #[test]
    fn rows_are_sorted_by_folded_ids_within_a_chunk_and_over_many() {
        for count in [0, 1, 100, u32::try_from(CHUNK).unwrap() * 2 + 7] {
            let write_id = |row: u32, text: &mut String| {
                let id = format!("/{:x}", mix(u64::from(row)));
                text.push_str(&if row.is_multiple_of(2) { id.to_uppercase() } else { id });
            };
            let mut rows: Vec<u32> = (0..count).collect();
            sort_by_id(&mut rows, write_id);
            let ids: Vec<String> =
                rows.iter().map(|row| format!("/{:x}", mix(u64::from(*row)))).collect();
            assert!(ids.is_sorted(), "{count} rows");
            rows.sort_unstable();
            assert!(rows.iter().copied().eq(0..count), "each row once");
        }
    }
}
