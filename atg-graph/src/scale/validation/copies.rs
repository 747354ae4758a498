//! [`CopyChecks`]: what must hold for the copies of a template.

use atg_core::{GraphCounts, Node, Relationship, Value};
use xxhash_rust::xxh3::xxh3_128;

use super::graph::Keys;
use super::{Check, Inspect, Misfits};
use crate::scale::origins::{Origins, Part, Shown};
use crate::scale::report::ScaleReport;
use crate::scale::stencil::refers;
use crate::scale::template::{Home, Template};

/// A set of texts, as their number and the sum of their hashes: equal for equal sets, in any
/// order, and in practice for no others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Sum {
    count: u64,
    hashes: u128,
}

impl Sum {
    fn add(&mut self, text: &str) {
        self.count += 1;
        self.hashes = self.hashes.wrapping_add(xxh3_128(text.as_bytes()));
    }
}

/// The nodes and relationships of the template, or of a copy as the template spells them.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    nodes: Sum,
    relationships: Sum,
}

/// Checks while a graph is read.
pub(super) struct CopyChecks<'a> {
    report: &'a ScaleReport,
    template: &'a Template,
    keys: &'a Keys,
    origins: Origins<'a>,
    original: Sums,
    copies: Vec<Sums>,
    synthetic: u64,
    own: u64,
    unmarked: Misfits,
    astray: Misfits,
    referring: Misfits,
}

impl<'a> CopyChecks<'a> {
    pub(super) fn new(report: &'a ScaleReport, template: &'a Template, keys: &'a Keys) -> Self {
        let [unmarked, astray, referring] = std::array::from_fn(|_| Misfits::default());
        Self {
            report,
            template,
            keys,
            origins: Origins::new(template, &report.operation_id, report.copies),
            original: Sums::default(),
            copies: vec![Sums::default(); usize::try_from(report.copies).unwrap_or_default()],
            synthetic: 0,
            own: 0,
            unmarked,
            astray,
            referring,
        }
    }

    pub(super) fn finish(self, counts: &GraphCounts) -> Vec<Check> {
        let report = self.report;
        let (copies, original) = (report.copies, self.original);
        let nodes = (report.template_nodes, report.nodes_before, counts.nodes);
        let relationships =
            (report.template_relationships, report.relationships_before, counts.relationships);
        let other = |part: fn(&Sums) -> Sum| {
            self.copies.iter().filter(|copy| part(copy) != part(&original)).count()
        };
        let (other_nodes, other_relationships) =
            (other(|sums| sums.nodes), other(|sums| sums.relationships));
        let synthetic = format!("{} synthetic nodes", self.synthetic);
        let own = format!("{} nodes of the operation", self.own);
        vec![
            multiplied("node count", copies, nodes, report.nodes),
            multiplied("relationship count", copies, relationships, report.relationships),
            Check::new(
                "each copy has the template's nodes",
                other_nodes == 0 && original.nodes.count == report.template_nodes,
                format!("{copies} copies of {} nodes, {other_nodes} differ", original.nodes.count),
            ),
            Check::new(
                "each copy has the template's relationships and degrees",
                other_relationships == 0
                    && original.relationships.count == report.template_relationships,
                format!(
                    "{copies} copies of {} relationships, {other_relationships} differ",
                    original.relationships.count
                ),
            ),
            self.astray.into_check("copies keep to themselves", &own),
            self.unmarked.into_check("every synthetic node names its origin", &synthetic),
            self.referring.into_check("no copy refers to a template subscription", &own),
        ]
    }

    fn copied_node(&mut self, node: &Node) {
        self.own += 1;
        match self.origins.of_node(node) {
            Some((copy, origin)) => {
                if let Some(sums) = sums_of(&mut self.copies, copy) {
                    sums.nodes.add(&origin);
                }
            }
            None => self.astray.add(|| node.id.to_string()),
        }
        let is_one = |text| self.template.subscriptions.number(text).is_some();
        let texts = [&node.tags, &node.properties, &node.additional, &node.sku];
        let refers = texts.iter().any(|text| self.template.references(text).next().is_some())
            || is_one(&node.subscription_id)
            || is_one(&node.name)
            || self.refer(&node.columns);
        if refers {
            self.referring.add(|| node.id.to_string());
        }
    }

    fn refer<T>(&self, values: &[(T, Value)]) -> bool {
        values.iter().any(|(_, value)| refers(value, self.template))
    }

    /// Whether a synthetic node says where it comes from. What another operation copied may be
    /// gone by now.
    fn is_marked(&self, node: &Node) -> bool {
        let origin = &node.template_source_id;
        if *node.scale_operation_id == *self.report.operation_id {
            self.keys.contain(origin)
        } else {
            !node.scale_operation_id.is_empty() && !origin.is_empty()
        }
    }
}

fn sums_of(copies: &mut [Sums], copy: u64) -> Option<&mut Sums> {
    copies.get_mut(usize::try_from(copy).ok()?)
}

fn multiplied(
    name: &str,
    copies: u64,
    (template, before, after): (u64, u64, u64),
    made: u64,
) -> Check {
    let expected = template.saturating_mul(copies);
    let passed = made == expected && after == before.saturating_add(expected);
    let detail =
        format!("{before} before + {copies} x {template}: {after} now, {made} of them copies");
    Check::new(name, passed, detail)
}

impl Inspect for CopyChecks<'_> {
    fn node(&mut self, node: &Node) {
        if !node.synthetic {
            if self.template.home(&node.id) == Home::Template {
                self.original.nodes.add(node.id.key());
            }
            return;
        }
        self.synthetic += 1;
        if !self.is_marked(node) {
            self.unmarked.add(|| node.id.to_string());
        }
        if *node.scale_operation_id == *self.report.operation_id {
            self.copied_node(node);
        }
    }

    fn relationship(&mut self, one: &Relationship) {
        match self.origins.part(one) {
            Part::Template(shown) => self.original.relationships.add(&text(&shown)),
            Part::Copy(copy, shown) => {
                if let Some(sums) = sums_of(&mut self.copies, copy) {
                    sums.relationships.add(&text(&shown));
                }
                if self.refer(&one.properties) {
                    self.referring.add(|| spelled(one));
                }
            }
            Part::Astray => self.astray.add(|| spelled(one)),
            Part::Other => {}
        }
    }
}

fn spelled(one: &Relationship) -> String {
    format!("{} -{}-> {}", one.source, one.relation, one.target)
}

/// A relationship as one text: its identity and its claims.
fn text(shown: &Shown) -> String {
    format!("{}\0{}", shown.identity, shown.claims)
}
