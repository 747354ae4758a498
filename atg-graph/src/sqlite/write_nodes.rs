//! Writing a batch of nodes.

use atg_core::{Node, NodeOutcome, RejectedRow, ResourceId};
use hashbrown::HashTable;
use rusqlite::types::Null;
use rusqlite::{CachedStatement, Connection};

use super::encode;
use super::errors::Try;
use super::index_rows::Identity;
use super::schema::TEXT_COLUMNS;
use super::settings::KeyHasher;
use super::writer::Session;

/// The most bytes of text a node may hold; a row of SQLite ends at a thousand million.
const MAX_ROW_BYTES: usize = 990_000_000;

/// A node that will be written, with all that can be worked out without the store.
pub(super) struct Row<'a> {
    node: &'a Node,
    identity: Identity,
    content: u64,
    columns: Option<String>,
}

/// Hashes the rows; leaves out, and counts, what no store can hold and what a later row of the
/// batch replaces.
pub(super) fn rows<'a>(
    nodes: &'a [Node],
    hasher: KeyHasher,
    outcome: &mut NodeOutcome,
) -> Try<Vec<Row<'a>>> {
    let mut rows: Vec<Row<'a>> = Vec::with_capacity(nodes.len());
    let mut places: HashTable<usize> = HashTable::with_capacity(nodes.len());
    for (index, node) in nodes.iter().enumerate() {
        let columns = match row_problem(node) {
            Some(why) => {
                outcome.rejected.push(RejectedRow { index, inner: 0, why });
                continue;
            }
            None => encode::object(&node.columns)?,
        };
        let identity = Identity::from(hasher(node.id.key()));
        let row = Row { node, identity, content: node.content_hash(), columns };
        let same = |&place: &usize| rows.get(place).is_some_and(|row| row.identity == identity);
        if let Some(&place) = places.find(identity.hash, same)
            && let Some(earlier) = rows.get_mut(place)
        {
            *earlier = row;
            outcome.unchanged += 1;
            continue;
        }
        places.insert_unique(identity.hash, rows.len(), |&place| {
            rows.get(place).map_or(0, |row| row.identity.hash)
        });
        rows.push(row);
    }
    Ok(rows)
}

fn row_problem(node: &Node) -> Option<String> {
    let size = node.size();
    let problem = node.problem().or_else(|| id_problem(&node.id));
    problem.or_else(|| {
        (size > MAX_ROW_BYTES).then(|| format!("{size} bytes are more than a row can hold"))
    })
}

/// Why an id would not be read back as it is: a named node whose kind is empty or looks like the
/// start of an ARM id.
fn id_problem(id: &ResourceId) -> Option<String> {
    let doubtful = id.key().starts_with(['/', ':']) && id.key().contains(':');
    if !doubtful {
        return None;
    }
    match ResourceId::from_stored(id.spelled().clone()) {
        Ok(back) if back == *id => None,
        Ok(_) => Some("the id would be read back as another".into()),
        Err(error) => Some(error.message().to_owned()),
    }
}

/// Writes the rows that are new or changed and counts what that did.
pub(super) fn upsert(
    session: &mut Session<'_>,
    rows: &[Row<'_>],
    outcome: &mut NodeOutcome,
) -> Try<()> {
    if session.may_begin_load(rows.len()) {
        let new = rows.iter().filter(|row| session.index.find(row.identity).is_none()).count();
        session.begin_load(new)?;
    }
    let connection = session.connection;
    let index = &mut session.index;
    let mut statements = Statements::prepare(connection)?;
    for row in rows {
        match index.find(row.identity) {
            Some(nid) if index.content(nid) == row.content => outcome.unchanged += 1,
            Some(nid) => {
                let labels = index.labels(connection, &row.node.labels)?;
                bind(&mut statements.update, nid, labels, row)?;
                statements.update.raw_execute()?;
                statements.update_hash.execute((nid, row.content.cast_signed()))?;
                index.set_content(nid, row.content);
                outcome.updated += 1;
            }
            None => {
                let labels = index.labels(connection, &row.node.labels)?;
                let nid = index.allocate()?;
                bind(&mut statements.insert, nid, labels, row)?;
                statements.insert.raw_execute()?;
                let (hash, checksum) = row.identity.columns();
                let content = row.content.cast_signed();
                statements.insert_hash.execute((nid, hash, checksum, content))?;
                index.insert(nid, row.identity, row.content);
                outcome.created += 1;
            }
        }
    }
    Ok(())
}

struct Statements<'a> {
    insert: CachedStatement<'a>,
    insert_hash: CachedStatement<'a>,
    update: CachedStatement<'a>,
    update_hash: CachedStatement<'a>,
}

impl<'a> Statements<'a> {
    fn prepare(connection: &'a Connection) -> Try<Self> {
        let names = TEXT_COLUMNS.join(", ");
        let places: Vec<String> = (6..6 + TEXT_COLUMNS.len()).map(|n| format!("?{n}")).collect();
        let pairs: Vec<String> = TEXT_COLUMNS
            .iter()
            .zip(&places)
            .map(|(name, place)| format!("{name} = {place}"))
            .collect();
        let insert = format!(
            "INSERT INTO node(nid, labels, synthetic, id, columns, {names}) \
             VALUES (?1, ?2, ?3, ?4, ?5, {})",
            places.join(", ")
        );
        let update = format!(
            "UPDATE node SET labels = ?2, synthetic = ?3, id = ?4, columns = ?5, {} WHERE nid = ?1",
            pairs.join(", ")
        );
        Ok(Self {
            insert: connection.prepare_cached(&insert)?,
            insert_hash: connection.prepare_cached(
                "INSERT INTO nk(nid, hash, checksum, content) VALUES (?1, ?2, ?3, ?4)",
            )?,
            update: connection.prepare_cached(&update)?,
            update_hash: connection.prepare_cached("UPDATE nk SET content = ?2 WHERE nid = ?1")?,
        })
    }
}

/// Binds a row in the one order that both statements use.
fn bind(statement: &mut CachedStatement<'_>, nid: u32, labels: i64, row: &Row<'_>) -> Try<()> {
    let node = row.node;
    statement.raw_bind_parameter(1, nid)?;
    statement.raw_bind_parameter(2, labels)?;
    statement.raw_bind_parameter(3, node.synthetic)?;
    statement.raw_bind_parameter(4, node.id.as_str())?;
    statement.raw_bind_parameter(5, row.columns.as_deref())?;
    for (place, (_, text)) in (6..).zip(node.text_columns()) {
        if text.is_empty() {
            statement.raw_bind_parameter(place, Null)?;
        } else {
            statement.raw_bind_parameter(place, text.as_str())?;
        }
    }
    Ok(())
}
