//! How tables look.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};

/// Prints a table: the first column names, the others count.
pub fn print<const WIDTH: usize>(
    title: &str,
    header: [&str; WIDTH],
    rows: impl IntoIterator<Item = [String; WIDTH]>,
) {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header(header).add_rows(rows);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    println!("{title}\n{table}\n");
}
