//! What differs between two sets of runs besides their times.

use std::collections::BTreeSet;

use crate::report::RunReport;

/// A line for each property of which the two sides have other values.
pub(super) fn differences(before: &[&RunReport], after: &[&RunReport]) -> Vec<String> {
    let mut notes = Vec::new();
    let mut check = |what: &str, of: &dyn Fn(&RunReport) -> String| {
        let values =
            |runs: &[&RunReport]| -> BTreeSet<String> { runs.iter().map(|run| of(run)).collect() };
        let (first, second) = (values(before), values(after));
        if first != second && !first.is_empty() && !second.is_empty() {
            notes.push(format!("{what} differs: {} and {}", listed(&first), listed(&second)));
        }
    };
    check("the name", &|run| run.name.clone());
    check("the operating system", &|run| run.environment.os.clone());
    check("the architecture", &|run| run.environment.arch.clone());
    check("the number of processors", &|run| run.environment.logical_cpus.to_string());
    check("the memory in bytes", &|run| {
        run.environment.total_memory_bytes.map_or_else(|| "unknown".to_owned(), |n| n.to_string())
    });
    let runs = || before.iter().chain(after);
    let parameters: BTreeSet<&String> = runs().flat_map(|run| run.parameters.keys()).collect();
    for parameter in parameters {
        check(&format!("parameter {parameter}"), &|run| {
            run.parameters.get(parameter).map_or_else(|| "nothing".to_owned(), Clone::clone)
        });
    }
    notes
}

fn listed(values: &BTreeSet<String>) -> String {
    const MOST: usize = 4;
    let mut text = values.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ");
    if values.len() > MOST {
        text.push_str(", …");
    }
    text
}
