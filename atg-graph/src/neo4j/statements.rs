//! The statements: text made from a shape (labels, types, property names), never from values.
//!
//! Rows are lists read by position, labels and types are static text, and each property is set
//! by itself, for which the server's plans need no Eager. The server keeps plans by text, so the
//! same shape must always give the same text.
//!
//! Nodes and relationships are sought by hints. The server counts what an index holds now and then
//! only, and as long as it takes an index for empty it would scan the whole of it for each row.

use std::fmt::Write as _;

use super::names::quoted;

/// The label of every node, which carries the unique constraint on `id`.
pub(super) const BASE_LABEL: &str = "Resource";

/// Finds relationships' ends without the locks that a seek in a writing statement takes on
/// the entries of missing nodes, for which other writers would wait: a range of one value does.
const ENDS_BY_KEY: &str = "MATCH (a:Resource) USING INDEX SEEK a:Resource(id) \
    WHERE a.id >= s[0] AND a.id <= s[0] \
    UNWIND s[1] AS r MATCH (b:Resource) USING INDEX SEEK b:Resource(id) \
    WHERE b.id >= r[0] AND b.id <= r[0]";

/// Finds relationships' ends by their numbers.
const ENDS_BY_NUMBER: &str = "MATCH (a) WHERE id(a) = s[0] AND a.content_hash = s[1] \
    UNWIND s[2] AS r MATCH (b) WHERE id(b) = r[0] AND b.content_hash = r[1]";

/// How the rows of a statement name nodes that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Naming {
    /// By key: a column.
    Key,
    /// By the number that the server stores it under, and its content hash: two columns.
    Number,
}

impl Naming {
    fn columns(self) -> usize {
        match self {
            Self::Key => 1,
            Self::Number => 2,
        }
    }
}

/// Which nodes are not stored just so; rows are key, content hash, place.
pub(super) const DIFFERING_NODES: &str = "UNWIND $rows AS r \
    OPTIONAL MATCH (n:Resource {id: r[0]}) USING INDEX SEEK n:Resource(id) \
    WITH r, n WHERE n IS NULL OR coalesce(n.content_hash, 0) <> r[1] \
    RETURN r[2] AS place, n IS NULL AS absent";

/// Locks nodes until the transaction ends; rows start with the key.
///
/// Setting a property to itself would lock, too, but write back what was read before the lock.
pub(super) const LOCK_NODES: &str = "UNWIND $rows AS r \
    MATCH (n:Resource {id: r[0]}) USING INDEX SEEK n:Resource(id) SET n += {}";

/// What an update has to take away from nodes; rows are key, place.
pub(super) const LABELS_AND_KEYS: &str = "UNWIND $rows AS r \
    MATCH (n:Resource {id: r[0]}) USING INDEX SEEK n:Resource(id) \
    RETURN r[1] AS place, labels(n) AS labels, keys(n) AS keys";

/// The hashes of the sets that nodes name; rows are key, place.
pub(super) const SET_HASHES: &str = "UNWIND $rows AS r \
    MATCH (n:Resource {id: r[0]}) USING INDEX SEEK n:Resource(id) \
    RETURN r[1] AS place, n.relationships_hash AS hash";

/// Locks nodes until the transaction ends, and gives the hashes of the sets that they name; rows
/// are key, place.
pub(super) const LOCK_SET_HASHES: &str = "UNWIND $rows AS r \
    MATCH (n:Resource {id: r[0]}) USING INDEX SEEK n:Resource(id) SET n += {} \
    RETURN r[1] AS place, n.relationships_hash AS hash";

/// Keeps the hashes of whole sets; rows are key, hash.
pub(super) const KEEP_SET_HASHES: &str = "UNWIND $rows AS r \
    MATCH (n:Resource {id: r[0]}) USING INDEX SEEK n:Resource(id) SET n.relationships_hash = r[1]";

/// Notes that a node, which is locked, has something to withdraw; rows are key.
pub(super) const NOTE_CLAIMED: &str = "UNWIND $rows AS r \
    MATCH (n:Resource {id: r[0]}) USING INDEX SEEK n:Resource(id) \
    SET n.relationships_hash = coalesce(n.relationships_hash, 0)";

/// What nodes claim of the relationships that start at them; rows are key, place.
pub(super) const OUTGOING_CLAIMS: &str = "UNWIND $rows AS r \
    MATCH (n:Resource {id: r[0]})-[e]->(m) USING INDEX SEEK n:Resource(id) \
    WHERE e.relationship_key IS NOT NULL AND (n = m OR e.named_by % 2 = 1) \
    RETURN r[1] AS place, type(e) AS relation, e.relationship_key AS key, \
    e.named_by AS named_by, CASE WHEN n = m THEN 3 ELSE 1 END AS claims";

/// What nodes claim of the relationships that point at them, loops aside; rows are key, place.
pub(super) const INCOMING_CLAIMS: &str = "UNWIND $rows AS r \
    MATCH (n:Resource {id: r[0]})<-[e]-(m) USING INDEX SEEK n:Resource(id) \
    WHERE e.relationship_key IS NOT NULL AND n <> m AND e.named_by >= 2 \
    RETURN r[1] AS place, type(e) AS relation, e.relationship_key AS key, \
    e.named_by AS named_by, 2 AS claims";

/// Which ends are not there; rows are source, target, place.
pub(super) const MISSING_ENDS: &str = "UNWIND $rows AS r \
    OPTIONAL MATCH (a:Resource {id: r[0]}) USING INDEX SEEK a:Resource(id) \
    OPTIONAL MATCH (b:Resource {id: r[1]}) USING INDEX SEEK b:Resource(id) \
    WITH r, a, b WHERE a IS NULL OR b IS NULL \
    RETURN r[2] AS place, a IS NULL AS no_source, b IS NULL AS no_target";

/// Creates nodes with these labels beside the base label, and properties; a row has a value for
/// each property. Returns the numbers of the nodes, in the order of the rows.
pub(super) fn create_nodes(labels: &str, properties: &[&str], resource: bool) -> String {
    let separator = if labels.is_empty() { "" } else { ":" };
    let mut statement = format!("UNWIND $rows AS r CREATE (n:{BASE_LABEL}{separator}{labels} {{");
    push_members(&mut statement, properties, 0);
    statement.push_str(if resource { "})" } else { ", is_resource: false})" });
    statement.push_str(" RETURN collect(id(n)) AS numbers");
    statement
}

/// What an update of nodes does beside setting properties.
#[derive(Debug)]
pub(super) struct NodeChange<'a> {
    /// The node's labels but for the base label.
    pub(super) labels: &'a str,
    pub(super) stale_labels: &'a str,
    pub(super) stale_properties: &'a [String],
    pub(super) resource: bool,
}

/// Makes nodes what the rows say; a row is the key and a value for each property.
pub(super) fn update_nodes(change: &NodeChange<'_>, properties: &[&str]) -> String {
    let mut statement = String::from(
        "UNWIND $rows AS r MATCH (n:Resource {id: r[0]}) \
         USING INDEX SEEK n:Resource(id)",
    );
    if !change.stale_labels.is_empty() {
        let _ = write!(statement, " REMOVE n:{}", change.stale_labels);
    }
    // The base label is there, or the node would not be found; setting it would need an Eager.
    let resource = if change.resource { "null" } else { "false" };
    let _ = write!(statement, " SET n.is_resource = {resource}");
    if !change.labels.is_empty() {
        let _ = write!(statement, ", n:{}", change.labels);
    }
    push_settings(&mut statement, "n", properties, 1);
    push_removals(&mut statement, "n", change.stale_properties);
    statement
}

/// Locks nodes until the transaction ends, and keeps the hashes of their first sets. It leaves
/// alone what keeps a hash, and what keeps 0 unless it is only added to, for its claims would have
/// to be compared. Rows are the node, hash, whether the node is only added to.
pub(super) fn keep_new_set_hashes(naming: Naming) -> String {
    let found = match naming {
        Naming::Key => "(n:Resource {id: r[0]}) USING INDEX SEEK n:Resource(id)",
        Naming::Number => "(n) WHERE id(n) = r[0] AND n.content_hash = r[1]",
    };
    let hash = naming.columns();
    format!(
        "UNWIND $rows AS r MATCH {found} SET n += {{}} \
         FOREACH (_ IN CASE WHEN n.relationships_hash IS NULL \
         OR (r[{}] AND n.relationships_hash = 0) THEN [1] ELSE [] END | \
         SET n.relationships_hash = r[{hash}])",
        hash + 1
    )
}

/// Creates relationships of one type between nodes that are there; rows are a source and a list
/// for each of its relationships: target, key, claims, and a value for each property.
pub(super) fn create_relationships(relation: &str, properties: &[&str], naming: Naming) -> String {
    let ends = match naming {
        Naming::Key => ENDS_BY_KEY,
        Naming::Number => ENDS_BY_NUMBER,
    };
    let key = naming.columns();
    let mut statement = format!(
        "UNWIND $rows AS s {ends} \
         CREATE (a)-[:{} {{relationship_key: r[{key}], named_by: r[{}]",
        quoted(relation),
        key + 1
    );
    if !properties.is_empty() {
        statement.push_str(", ");
        push_members(&mut statement, properties, key + 2);
    }
    statement.push_str("}]->(b)");
    statement
}

/// A relationship `e` between `a` and `b`, found by its key.
///
/// For a type without the index, of another tool's, the server goes without, unless its setting
/// `dbms.cypher.hints_error` makes that an error.
pub(super) fn keyed(relation: &str, a: &str, b: &str, condition: &str) -> String {
    let relation = quoted(relation);
    format!(
        "({a})-[e:{relation}]->({b}) USING INDEX SEEK e:{relation}(relationship_key) \
         WHERE e.relationship_key {condition}"
    )
}

/// What is stored of relationships, and which of their ends are not there; rows are source,
/// target, key, place.
pub(super) fn find_relationships(relation: &str) -> String {
    format!(
        "UNWIND $rows AS r \
         OPTIONAL MATCH (a:Resource {{id: r[0]}}) USING INDEX SEEK a:Resource(id) \
         OPTIONAL MATCH (b:Resource {{id: r[1]}}) USING INDEX SEEK b:Resource(id) \
         OPTIONAL MATCH {} \
         WITH r, a, b, e WHERE a IS NULL OR b IS NULL OR e IS NOT NULL \
         RETURN r[3] AS place, a IS NULL AS no_source, b IS NULL AS no_target, \
         properties(e) AS stored",
        keyed(relation, "", "", "= r[2]")
    )
}

/// Locks relationships until the transaction ends; rows are key.
pub(super) fn lock_relationships(relation: &str) -> String {
    format!("UNWIND $rows AS r MATCH {} SET e += {{}}", keyed(relation, "", "", "= r[0]"))
}

/// How many relationships are still claimed as they were; rows are key, claims.
pub(super) fn count_claims(relation: &str) -> String {
    format!(
        "UNWIND $rows AS r MATCH {} AND e.named_by = r[1] RETURN count(*) AS stored",
        keyed(relation, "", "", "= r[0]")
    )
}

/// Makes relationships what the rows say; rows are key, claims, and a value for each property.
pub(super) fn update_relationships(
    relation: &str,
    properties: &[&str],
    stale: &[String],
) -> String {
    let mut statement = format!(
        "UNWIND $rows AS r MATCH {} SET e.named_by = r[1]",
        keyed(relation, "", "", "= r[0]")
    );
    push_settings(&mut statement, "e", properties, 2);
    push_removals(&mut statement, "e", stale);
    statement
}

/// Deletes relationships; rows are key.
pub(super) fn delete_relationships(relation: &str) -> String {
    format!("UNWIND $rows AS r MATCH {} DELETE e", keyed(relation, "", "", "= r[0]"))
}

/// `name: r[0], other: r[1]`.
fn push_members(statement: &mut String, properties: &[&str], first: usize) {
    for (index, property) in properties.iter().enumerate() {
        let separator = if index == 0 { "" } else { ", " };
        let _ = write!(statement, "{separator}{}: r[{}]", quoted(property), first + index);
    }
}

/// `, n.name = r[1], n.other = r[2]`.
fn push_settings(statement: &mut String, variable: &str, properties: &[&str], first: usize) {
    for (index, property) in properties.iter().enumerate() {
        let _ = write!(statement, ", {variable}.{} = r[{}]", quoted(property), first + index);
    }
}

/// `, n.name = null`.
fn push_removals(statement: &mut String, variable: &str, properties: &[String]) {
    for property in properties {
        let _ = write!(statement, ", {variable}.{} = null", quoted(property));
    }
}
