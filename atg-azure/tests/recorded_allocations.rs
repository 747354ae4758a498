//! How many allocations a resource costs, on pages of 1,000 recorded bodies.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod recorded_support;

use atg_azure::scan::Scanner;
use atg_core::Text;
use recorded_support::{folder, page_of};

#[test]
fn a_resource_costs_few_allocations() {
    let Some(folder) = folder() else { return };
    for body_size in [1600, 3700] {
        let page = Text::from(page_of(&folder, 1000, body_size));
        let mut scanner = Scanner::default();
        // The first page fills the scanner's tables of types and paths.
        scanner.scan(&page).unwrap();
        let mut answer = None;
        let counted = allocation_counter::measure(|| answer = Some(scanner.scan(&page).unwrap()));
        let answer = answer.unwrap();
        assert_eq!((answer.resources.len(), answer.skipped.len()), (1000, 0));
        println!(
            "{} bytes a body: {} allocations, {} bytes, {} references a thousand resources",
            page.len() / 1000,
            counted.count_total,
            counted.bytes_total,
            answer.resources.iter().map(|resource| resource.references.len()).sum::<usize>(),
        );
        assert!(counted.count_total <= 3 * 1000, "{counted:?}");
    }
}
