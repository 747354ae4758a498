//! The statements that read: a page at a time, along an index.
//!
//! A page ends after a number of rows or of characters, whichever comes first, and says in
//! `found` how many rows the number alone would have let through. The server does the cut, for
//! only there a page of large bodies can be stopped before it is sent.

use atg_core::{NodeFilter, RESOURCE_LABEL, RelationshipFilter};

use super::names::quoted;
use super::statements::keyed;

/// Characters after which a page ends; its last row may go beyond.
const PAGE_CHARACTERS: u32 = 2 << 20;

/// Characters that a row of nodes is counted for beside its bodies.
const NODE_CHARACTERS: u32 = 1_000;

/// Characters that a row of relationships is counted for beside its properties.
const RELATIONSHIP_CHARACTERS: u32 = 400;

/// What is known of the nodes behind `$after`, at most `$limit`, a list for each column.
pub(super) const KNOWN: &str = "MATCH (n:Resource) USING INDEX SEEK n:Resource(id) \
    WHERE n.id > $after WITH n ORDER BY n.id LIMIT $limit \
    RETURN collect(n.id) AS keys, collect(coalesce(n.content_hash, 0)) AS contents, \
    collect(coalesce(n.relationships_hash, 0)) AS relationships";

/// The node `$id`.
pub(super) const NODE: &str = "MATCH (n:Resource {id: $id}) USING INDEX SEEK n:Resource(id) \
    RETURN labels(n) AS labels, properties(n) AS properties";

/// Nodes by type, and of each type how many are synthetic or unresolved.
pub(super) const COUNT_NODES: &str = "MATCH (n:Resource) WHERE n.id IS NOT NULL \
    RETURN coalesce(n.type, '') AS type, count(*) AS nodes, \
    sum(CASE WHEN n.synthetic = true THEN 1 ELSE 0 END) AS synthetic, \
    sum(CASE WHEN n:Unresolved THEN 1 ELSE 0 END) AS unresolved";

/// All relationship types that the database knows, of whatever tool, used or not.
pub(super) const RELATIONSHIP_TYPES: &str =
    "CALL db.relationshipTypes() YIELD relationshipType AS relation RETURN relation";

/// A page of the nodes behind `$after` that pass the filter, at most `$limit`; the filter's texts
/// are `$type` and `$scale_operation_id`, its flag `$synthetic`.
pub(super) fn nodes(filter: &NodeFilter) -> String {
    let mut conditions = String::new();
    if let Some(label) = &filter.label {
        conditions.push_str(" AND ");
        // Every node has the base label, whether it is one of its own or not.
        if *label == RESOURCE_LABEL {
            conditions.push_str("coalesce(n.is_resource, true) = true");
        } else {
            conditions.push_str("n:");
            conditions.push_str(&quoted(label));
        }
    }
    if filter.resource_type.is_some() {
        conditions.push_str(" AND coalesce(n.type, '') = $type");
    }
    if filter.synthetic.is_some() {
        conditions.push_str(" AND coalesce(n.synthetic, false) = $synthetic");
    }
    if filter.scale_operation_id.is_some() {
        conditions.push_str(
            " AND coalesce(n.scale_operation_id, n.scale_operation_id_long, '') \
             = $scale_operation_id",
        );
    }
    let bodies = ["properties", "additional", "tags"]
        .map(|name| format!("coalesce(size(toStringOrNull(n.{name})), 0)"))
        .join(" + ");
    // Any other index would give the nodes unsorted, for each page all of them anew.
    format!(
        "MATCH (n:Resource) USING INDEX SEEK n:Resource(id) WHERE n.id > $after{conditions} \
         WITH n ORDER BY n.id LIMIT $limit WITH collect(n) AS rows \
         WITH rows, reduce(page = [0, 0], n IN rows | \
         CASE WHEN page[1] > {PAGE_CHARACTERS} THEN page ELSE \
         [page[0] + 1, page[1] + {NODE_CHARACTERS} + {bodies}] END)[0] AS fitting \
         UNWIND rows[0..fitting] AS n \
         RETURN size(rows) AS found, labels(n) AS labels, properties(n) AS properties"
    )
}

/// A page of the relationships of one type behind the key `$after`, at most `$limit`.
pub(super) fn relationships_of_type(relation: &str, filter: &RelationshipFilter) -> String {
    let pattern = keyed(relation, "a", "b", "> $after");
    relationships(&pattern, "e.relationship_key", filter)
}

/// A page of the relationships of the node `$source` or `$target`, or between the two, behind the
/// type `$relation` and the key `$after`, at most `$limit`.
pub(super) fn relationships_of_node(filter: &RelationshipFilter) -> String {
    let end = |name: char, id: &str, is_given: bool| {
        if is_given { format!("({name}:Resource {{id: ${id}}})") } else { format!("({name})") }
    };
    let source = end('a', "source", filter.source.is_some());
    let target = end('b', "target", filter.target.is_some());
    let relation = filter.relation.as_ref().map(|name| format!(":{}", quoted(name)));
    let sought = if filter.source.is_some() { 'a' } else { 'b' };
    let pattern = format!(
        "{source}-[e{}]->{target} USING INDEX SEEK {sought}:Resource(id) \
         WHERE e.relationship_key IS NOT NULL AND (type(e) > $relation \
         OR (type(e) = $relation AND e.relationship_key > $after))",
        relation.unwrap_or_default()
    );
    relationships(&pattern, "type(e), e.relationship_key", filter)
}

/// A page of what a pattern with a condition finds, in this order.
fn relationships(pattern: &str, order: &str, filter: &RelationshipFilter) -> String {
    let synthetic = match filter.synthetic {
        Some(_) => " AND coalesce(a.synthetic, false) = $synthetic",
        None => "",
    };
    format!(
        "MATCH {pattern}{synthetic} \
         WITH a, e, b ORDER BY {order} LIMIT $limit WITH collect([a, e, b]) AS rows \
         WITH rows, reduce(page = [0, 0], row IN rows | \
         CASE WHEN page[1] > {PAGE_CHARACTERS} THEN page ELSE \
         [page[0] + 1, reduce(sum = page[1] + {RELATIONSHIP_CHARACTERS}, name IN keys(row[1]) | \
         sum + coalesce(size(toStringOrNull(row[1][name])), 0))] END)[0] AS fitting \
         UNWIND rows[0..fitting] AS row WITH size(rows) AS found, row[0] AS a, row[1] AS e, row[2] AS b \
         RETURN found, type(e) AS relation, coalesce(a.spelled_id, a.id) AS source, \
         coalesce(b.spelled_id, b.id) AS target, properties(e) AS properties"
    )
}

/// How many relationships of a type there are.
pub(super) fn count_relationships(relation: &str) -> String {
    format!(
        "MATCH ()-[e:{}]->() WHERE e.relationship_key IS NOT NULL RETURN count(*) AS relationships",
        quoted(relation)
    )
}

#[cfg(test)]
mod tests {
    use atg_core::{NodeFilter, RelationshipFilter, ResourceId};

    use super::{nodes, relationships_of_node};

    #[test]
    fn no_text_of_a_filter_ends_its_quotes_or_becomes_a_statement() {
        let odd = "a` DELETE n //";
        let filter = NodeFilter {
            label: Some(odd.into()),
            resource_type: Some(odd.into()),
            synthetic: Some(true),
            scale_operation_id: Some(odd.into()),
        };
        let statement = nodes(&filter);
        assert_eq!(statement.matches("DELETE").count(), 1);
        assert!(statement.contains("n:`a`` DELETE n //`"), "{statement}");
        let id = ResourceId::named("x", odd);
        let ends = RelationshipFilter {
            source: Some(id.clone()),
            target: Some(id),
            ..RelationshipFilter::default()
        };
        assert!(!relationships_of_node(&ends).contains("DELETE"));
    }
}
