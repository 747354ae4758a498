//! Reading relationships, and counting.

use std::collections::BTreeMap;

use atg_core::{
    GraphCounts, NamedBy, Relationship, RelationshipFilter, ResourceId, UNRESOLVED_LABEL,
};
use rusqlite::types::Value as Bound;
use rusqlite::{Connection, OptionalExtension as _, Row, params_from_iter};

use super::encode::parse_object;
use super::errors::{Failure, Try};
use super::pages::{PAGE_ROWS, Page};
use super::read_nodes::{find, gone, stored_id, text};
use super::settings::KeyHasher;

/// A relationship's place in the order: the numbers of source, type and target.
pub(super) type Place = (u32, u32, u32);

/// The filter and the place to start at, by numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Selection {
    kind: Option<u32>,
    source: Option<u32>,
    target: Option<u32>,
    synthetic: Option<bool>,
    pub(super) behind: Place,
}

impl Selection {
    /// Works a filter out; `None` where it names what is not there, so that nothing passes.
    pub(super) fn of(
        connection: &Connection,
        hasher: KeyHasher,
        filter: &RelationshipFilter,
        after: Option<&Relationship>,
    ) -> Try<Option<Self>> {
        let behind = match after {
            Some(after) => behind(connection, hasher, after)?,
            None => (0, 0, 0),
        };
        let end = |id: &Option<ResourceId>| match id {
            Some(id) => find(connection, hasher, id).map(|found| (found, true)),
            None => Ok((None, false)),
        };
        let kind = match &filter.relation {
            Some(name) => (find_kind(connection, name)?, true),
            None => (None, false),
        };
        let ends = [kind, end(&filter.source)?, end(&filter.target)?];
        if ends.iter().any(|(found, wanted)| *wanted && found.is_none()) {
            return Ok(None);
        }
        let [(kind, _), (source, _), (target, _)] = ends;
        Ok(Some(Self { kind, source, target, synthetic: filter.synthetic, behind }))
    }

    /// The statement and its bound values. With a target and no source, the order is that of the
    /// reverse index; else that of the table.
    pub(super) fn sql(&self) -> (String, Vec<Bound>) {
        let (source, kind, target) = self.behind;
        let mut columns = [
            ("r.src", source, self.source),
            ("r.type", kind, self.kind),
            ("r.dst", target, self.target),
        ];
        if self.source.is_none() && self.target.is_some() {
            columns.reverse();
        }
        let mut conditions = Vec::new();
        let mut bound: Vec<Bound> = Vec::new();
        let mut place = |value: Bound| {
            bound.push(value);
            format!("?{}", bound.len())
        };
        for (column, _, wanted) in columns {
            conditions.extend(wanted.map(|nid| format!("{column} = {}", place(nid.into()))));
        }
        if let Some(synthetic) = self.synthetic {
            conditions.push(format!("s.synthetic = {}", place(synthetic.into())));
        }
        // Leading columns that are given are left out: only then is the rest looked up, too.
        let given = columns.iter().take(2).take_while(|(_, _, wanted)| wanted.is_some()).count();
        let (names, places): (Vec<_>, Vec<_>) = columns
            .into_iter()
            .skip(given)
            .map(|(column, behind, _)| (column, place(behind.into())))
            .unzip();
        conditions.push(format!("({}) > ({})", names.join(", "), places.join(", ")));
        let sql = format!(
            "SELECT r.src, r.type, r.dst, r.named_by, r.properties, t.name, s.id, d.id \
             FROM rel r CROSS JOIN node s ON s.nid = r.src CROSS JOIN node d ON d.nid = r.dst \
             CROSS JOIN reltype t ON t.id = r.type \
             WHERE {} ORDER BY {} LIMIT {PAGE_ROWS}",
            conditions.join(" AND "),
            columns.map(|(column, ..)| column).join(", ")
        );
        (sql, bound)
    }
}

fn find_kind(connection: &Connection, name: &str) -> Try<Option<u32>> {
    let mut statement = connection.prepare_cached("SELECT id FROM reltype WHERE name = ?1")?;
    Ok(statement.query_row([name], |row| row.get(0)).optional()?)
}

fn behind(connection: &Connection, hasher: KeyHasher, after: &Relationship) -> Try<Place> {
    let source = find(connection, hasher, &after.source)?;
    let kind = find_kind(connection, &after.relation)?;
    let target = find(connection, hasher, &after.target)?;
    match (source, kind, target) {
        (Some(source), Some(kind), Some(target)) => Ok((source, kind, target)),
        _ => Err(gone(&format!(
            "an end or the type of {} {} {}",
            after.source, after.relation, after.target
        ))),
    }
}

/// A page of the relationships that pass.
pub(super) fn page(
    connection: &Connection,
    selection: Selection,
) -> Try<Page<Relationship, Option<Selection>>> {
    let (sql, bound) = selection.sql();
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(bound))?;
    let mut source: Option<(u32, ResourceId)> = None;
    let mut page = Page::new();
    while let Some(row) = rows.next()? {
        let place: Place = (row.get(0)?, row.get(1)?, row.get(2)?);
        // A node's relationships come one after the other: parse its id once.
        let start = match source.take().filter(|(nid, _)| *nid == place.0) {
            Some((_, id)) => id,
            None => stored_id(text(row, 6)?)?,
        };
        source = Some((place.0, start.clone()));
        let relationship = relationship(row, start)?;
        let bytes = relationship.size();
        if page.push(relationship, bytes, Some(Selection { behind: place, ..selection })) {
            break;
        }
    }
    Ok(page)
}

fn relationship(row: &Row<'_>, source: ResourceId) -> Try<Relationship> {
    let bits: u8 = row.get(3)?;
    let named_by = NamedBy::from_bits(bits)
        .ok_or_else(|| Failure::data("a relationship is stored that nobody names"))?;
    let json = row.get_ref(4)?.as_str_or_null()?;
    Ok(Relationship {
        source,
        relation: text(row, 5)?,
        target: stored_id(text(row, 7)?)?,
        named_by,
        properties: parse_object(json)?,
    })
}

/// Counts what there is.
pub(super) fn counts(connection: &Connection) -> Try<GraphCounts> {
    // One pass in storage order; through an index by labels it would be one jump a node.
    let sql = "SELECT count(*), coalesce(sum(synthetic), 0), coalesce(sum(labels IN (SELECT l.id FROM labelset l, \
               json_each(l.labels) j WHERE j.value = ?1)), 0) FROM node NOT INDEXED";
    let (nodes, synthetic_nodes, unresolved_nodes) =
        connection.query_row(sql, [UNRESOLVED_LABEL], |row| {
            Ok((count(row, 0)?, count(row, 1)?, count(row, 2)?))
        })?;
    let nodes_by_type =
        grouped(connection, "SELECT coalesce(type, ''), count(*) FROM node GROUP BY type")?;
    let relationships_by_type = grouped(
        connection,
        "SELECT t.name, r.count FROM (SELECT type, count(*) AS count FROM rel GROUP BY type) r \
         JOIN reltype t ON t.id = r.type",
    )?;
    Ok(GraphCounts {
        nodes,
        relationships: relationships_by_type.values().sum(),
        synthetic_nodes,
        unresolved_nodes,
        nodes_by_type,
        relationships_by_type,
    })
}

fn grouped(connection: &Connection, sql: &str) -> Try<BTreeMap<String, u64>> {
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, count(row, 1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(row.get::<_, i64>(column)?.cast_unsigned())
}
