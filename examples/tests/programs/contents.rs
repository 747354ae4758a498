//! Reading a graph by plain SQL, as any SQLite tool does.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Row};

/// Opens a graph for reading: closing it again leaves file and log as they are.
pub(crate) fn open(path: &Path) -> rusqlite::Result<Connection> {
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

/// The number that a query gives.
pub(crate) fn number(path: &Path, query: &str) -> u64 {
    let number: i64 = open(path).unwrap().query_row(query, [], |row| row.get(0)).unwrap();
    u64::try_from(number).unwrap()
}

/// Every row of a query, its columns as text.
pub(crate) fn texts(path: &Path, query: &str) -> Vec<Vec<String>> {
    let connection = open(path).unwrap();
    let mut statement = connection.prepare(query).unwrap();
    let columns = statement.column_count();
    let row = |row: &Row<'_>| (0..columns).map(|column| row.get(column)).collect();
    statement.query_map([], row).unwrap().collect::<rusqlite::Result<_>>().unwrap()
}

/// Everything that people see of a graph: the rows of both views, each with its name and a hash
/// of all its columns, in order.
///
/// An unresolved node is spelled as the reference that came first, which differs from run to
/// run: it is compared in lower case, and so are the ends of relationships.
#[derive(PartialEq, Eq)]
pub(crate) struct Contents {
    nodes: Vec<(String, u64)>,
    relationships: Vec<(String, u64)>,
}

impl Contents {
    pub(crate) fn read(path: &Path) -> Self {
        let connection = open(path).unwrap();
        let nodes = "select labels like '%\"Unresolved\"%', id, * from nodes";
        let relationships = "select true, source || ' -' || type || '-> ' || target, type, \
                             properties from relationships";
        Self { nodes: rows(&connection, nodes), relationships: rows(&connection, relationships) }
    }

    pub(crate) fn nodes(&self) -> usize {
        self.nodes.len()
    }

    pub(crate) fn assert_same(&self, other: &Self) {
        assert_same_rows("nodes", &self.nodes, &other.nodes);
        assert_same_rows("relationships", &self.relationships, &other.relationships);
    }
}

/// Rows by name, the second column; where the first is true, in lower case.
fn rows(connection: &Connection, query: &str) -> Vec<(String, u64)> {
    let mut statement = connection.prepare(query).unwrap();
    let columns = statement.column_count();
    let row = |row: &Row<'_>| {
        let (lower, name): (bool, String) = (row.get(0)?, row.get(1)?);
        let hash = hash(row, 2..columns, lower)?;
        Ok((if lower { name.to_lowercase() } else { name }, hash))
    };
    let mut rows: Vec<_> =
        statement.query_map([], row).unwrap().collect::<rusqlite::Result<_>>().unwrap();
    rows.sort_unstable();
    rows
}

fn hash(row: &Row<'_>, columns: Range<usize>, lower: bool) -> rusqlite::Result<u64> {
    let mut hasher = DefaultHasher::new();
    for column in columns {
        match row.get_ref(column)? {
            ValueRef::Null => 0_u8.hash(&mut hasher),
            ValueRef::Integer(number) => number.hash(&mut hasher),
            ValueRef::Real(number) => number.to_bits().hash(&mut hasher),
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) if lower => {
                bytes.to_ascii_lowercase().hash(&mut hasher);
            }
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.hash(&mut hasher),
        }
    }
    Ok(hasher.finish())
}

fn assert_same_rows(what: &str, found: &[(String, u64)], expected: &[(String, u64)]) {
    if found == expected {
        return;
    }
    let only = |these: &[(String, u64)], those: &[(String, u64)]| {
        let lacks = |row: &&(String, u64)| those.binary_search(row).is_err();
        these.iter().filter(lacks).take(5).map(|row| row.0.clone()).collect::<Vec<_>>()
    };
    panic!(
        "{what} differ: {} and {} expected; not expected or with other columns {:#?}; missing {:#?}",
        found.len(),
        expected.len(),
        only(found, expected),
        only(expected, found),
    );
}
