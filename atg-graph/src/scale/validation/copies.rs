//! [`CopyChecks`]: what must hold for the copies of a template.

use atg_core::{GraphCounts, Node, Relationship, ResourceId};
use xxhash_rust::xxh3::xxh3_128;

use super::graph::Keys;
use super::{Check, Inspect, Misfits};
use crate::scale::report::ScaleReport;
use crate::scale::stencil::is_template_relationship;
use crate::scale::subscriptions::CopiedSubscriptions;
use crate::scale::template::{Home, Template, subscription_of};

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
    copied: CopiedSubscriptions,
    original: Sums,
    copies: Vec<Sums>,
    synthetic: u64,
    unmarked: Misfits,
    astray: Misfits,
    referring: Misfits,
}

impl<'a> CopyChecks<'a> {
    pub(super) fn new(report: &'a ScaleReport, template: &'a Template, keys: &'a Keys) -> Self {
        let subscriptions = &template.subscriptions;
        let [unmarked, astray, referring] = std::array::from_fn(|_| Misfits::default());
        Self {
            report,
            template,
            keys,
            copied: CopiedSubscriptions::of(subscriptions, &report.operation_id, report.copies),
            original: Sums::default(),
            copies: vec![Sums::default(); usize::try_from(report.copies).unwrap_or_default()],
            synthetic: 0,
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
            self.astray.into_check("copies keep to themselves", &synthetic),
            self.unmarked.into_check("every synthetic node names its origin", &synthetic),
            self.referring.into_check("no copy refers to a template subscription", &synthetic),
        ]
    }

    /// The copy an id belongs to, and the id it was copied from.
    fn origin(&self, id: &ResourceId) -> Option<(usize, String)> {
        let key = id.key();
        let (copy, _) = self.copied.owner(subscription_of(id)?)?;
        let mut origin = String::with_capacity(key.len());
        let mut done = 0;
        for (place, (_, number)) in
            self.template.references_to(key, |found| self.copied.owner(found))
        {
            origin.push_str(key.get(done..place.start)?);
            origin.push_str(self.template.subscriptions.name(number)?);
            done = place.end;
        }
        origin.push_str(key.get(done..)?);
        Some((usize::try_from(copy).ok()?, origin))
    }

    fn copied_node(&mut self, node: &Node) {
        match self.origin(&node.id) {
            Some((copy, origin)) if *node.template_source_id == *origin => {
                if let Some(sums) = self.copies.get_mut(copy) {
                    sums.nodes.add(&origin);
                }
            }
            _ => self.astray.add(|| node.id.to_string()),
        }
        let texts = [&node.tags, &node.properties, &node.additional, &node.sku];
        let refers = texts.iter().any(|text| self.template.references(text).next().is_some())
            || self.template.subscriptions.number(&node.subscription_id).is_some();
        if refers {
            self.referring.add(|| node.id.to_string());
        }
    }
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
        if node.scale_operation_id.is_empty() || !self.keys.contain(&node.template_source_id) {
            self.unmarked.add(|| node.id.to_string());
        }
        if *node.scale_operation_id == *self.report.operation_id {
            self.copied_node(node);
        }
    }

    fn relationship(&mut self, one: &Relationship) {
        let ends = (self.origin(&one.source), self.origin(&one.target));
        let copy = match &ends {
            (None, None) => {
                if is_template_relationship(one, self.template) {
                    let shown = shown(one.source.key(), one, one.target.key());
                    self.original.relationships.add(&shown);
                }
                return;
            }
            (Some((source, _)), Some((target, _))) if source != target => None,
            (Some((copy, _)), _) | (None, Some((copy, _))) => Some(*copy),
        };
        let end = |origin: &Option<(usize, String)>, id: &ResourceId| match origin {
            Some((_, origin)) => Some(origin.clone()),
            None => (self.template.home(id) == Home::Shared).then(|| id.key().to_string()),
        };
        let (source, target) = (end(&ends.0, &one.source), end(&ends.1, &one.target));
        let sums = copy.and_then(|copy| self.copies.get_mut(copy));
        match (sums, source, target) {
            (Some(sums), Some(source), Some(target)) => {
                sums.relationships.add(&shown(&source, one, &target));
            }
            _ => self.astray.add(|| format!("{} -{}-> {}", one.source, one.relation, one.target)),
        }
    }
}

/// A relationship as one text: its identity and its claims.
fn shown(source: &str, one: &Relationship, target: &str) -> String {
    format!("{source}\0{}\0{target}\0{}", one.relation, one.named_by.bits())
}
