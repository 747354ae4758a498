//! Deleting nodes with their relationships, in transactions of bounded size.

use atg_core::{DeleteOutcome, NamedBy, ResourceId};
use rusqlite::{CachedStatement, Connection};

use super::errors::Try;
use super::index::INCOMPLETE;
use super::settings::KeyHasher;
use super::writer::{Session, Writer};

/// Rows after which a transaction is committed; one node goes as a whole, however many
/// relationships it has.
const ROWS_A_TRANSACTION: u64 = 50_000;

/// Deletes nodes; what is not there is passed over.
pub(super) fn delete(
    writer: &mut Writer,
    hasher: KeyHasher,
    nodes: &[ResourceId],
) -> Try<DeleteOutcome> {
    let mut outcome = DeleteOutcome::default();
    let mut rest = nodes;
    while !rest.is_empty() {
        rest = writer.write(|session| {
            session.need_late_indexes()?;
            let left = delete_some(session, hasher, rest, &mut outcome);
            session.index.sort_free();
            left
        })?;
    }
    Ok(outcome)
}

/// Deletes what fits one transaction, and gives back the rest.
fn delete_some<'a>(
    session: &mut Session<'_>,
    hasher: KeyHasher,
    nodes: &'a [ResourceId],
    outcome: &mut DeleteOutcome,
) -> Try<&'a [ResourceId]> {
    let connection = session.connection;
    let mut statements = Statements::prepare(connection)?;
    let start = outcome.nodes + outcome.relationships;
    let mut rest = nodes.iter();
    for id in rest.by_ref() {
        if let Some(nid) = session.index.find(hasher(id.key()).into()) {
            outcome.relationships += statements.relationships(session, nid)?;
            statements.node.execute([nid])?;
            statements.hash.execute([nid])?;
            session.index.remove(nid);
            outcome.nodes += 1;
        }
        if outcome.nodes + outcome.relationships - start >= ROWS_A_TRANSACTION {
            break;
        }
    }
    Ok(rest.as_slice())
}

struct Statements<'a> {
    outgoing: CachedStatement<'a>,
    incoming: CachedStatement<'a>,
    node: CachedStatement<'a>,
    hash: CachedStatement<'a>,
}

impl<'a> Statements<'a> {
    fn prepare(connection: &'a Connection) -> Try<Self> {
        let outgoing = "DELETE FROM rel WHERE src = ?1 RETURNING dst, named_by";
        let incoming = "DELETE FROM rel WHERE dst = ?1 RETURNING src, named_by";
        Ok(Self {
            outgoing: connection.prepare_cached(outgoing)?,
            incoming: connection.prepare_cached(incoming)?,
            node: connection.prepare_cached("DELETE FROM node WHERE nid = ?1")?,
            hash: connection.prepare_cached("DELETE FROM nk WHERE nid = ?1")?,
        })
    }

    /// Deletes a node's relationships and counts them. Whoever else named one of them no longer
    /// has its set stored as a whole.
    fn relationships(&mut self, session: &mut Session<'_>, nid: u32) -> Try<u64> {
        let mut count = 0;
        let ends = [(&mut self.outgoing, NamedBy::Target), (&mut self.incoming, NamedBy::Source)];
        for (statement, other) in ends {
            let mut rows = statement.query([nid])?;
            while let Some(row) = rows.next()? {
                let (end, named_by): (u32, u8) = (row.get(0)?, row.get(1)?);
                if named_by & other.bits() != 0 {
                    session.index.set_relationships(end, INCOMPLETE);
                }
                count += 1;
            }
        }
        Ok(count)
    }
}
