//! Nodes as rows of statements: what each needs, and which share a statement.

use std::collections::HashMap;

use atg_core::{Labels, Node, RESOURCE_LABEL, Text, Value};
use neo4rs::BoltType;

use super::names;
use super::values;

/// The longest text in an indexed column, in bytes; the server refuses somewhat longer ones.
const MAX_INDEXED_BYTES: usize = 4_000;

/// The text columns that are indexed, by their place in [`Node::text_columns`], and where longer
/// texts go.
const INDEXED: [(usize, &str); 3] =
    [(5, "tenant_id_long"), (12, "scale_operation_id_long"), (13, "template_source_id_long")];

/// All text columns.
const ALL_COLUMNS: u16 = (1 << 14) - 1;

/// A node on its way, with its place in the call and its hash.
#[derive(Debug, Clone, Copy)]
pub(super) struct NodeRow<'a> {
    pub(super) place: usize,
    pub(super) node: &'a Node,
    pub(super) hash: u64,
}

/// Why the server takes no such node, if so.
pub(super) fn problem(node: &Node) -> Option<String> {
    if node.id.key().len() > MAX_INDEXED_BYTES {
        return Some(format!("its id is longer than {MAX_INDEXED_BYTES} bytes"));
    }
    let label = node.labels.iter().find_map(|label| names::problem(label));
    let column = node.columns.iter().find_map(|(name, _)| names::problem(name));
    match (label, column) {
        (Some(why), _) => Some(format!("a label is {why}")),
        (_, Some(why)) => Some(format!("a column's name is {why}")),
        _ => node.problem(),
    }
}

/// A node's labels for a statement, but for the base label, which all have.
pub(super) fn label_text(labels: &Labels) -> String {
    let labels = labels.iter().filter(|label| *label != RESOURCE_LABEL);
    labels.map(|label| names::quoted(label)).collect::<Vec<_>>().join(":")
}

/// Whether the base label is one of the node's own.
pub(super) fn is_resource(labels: &Labels) -> bool {
    labels.iter().any(|label| *label == RESOURCE_LABEL)
}

/// Nodes whose creation is one statement: their labels, and which properties any of them has.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) labels: Labels,
    /// A bit for each text column that one of the nodes has.
    columns: u16,
    /// The properties beyond the text columns, sorted.
    custom: Vec<String>,
    pub(super) rows: Vec<usize>,
}

/// The nodes at these places, grouped; the groups in the order of their first node.
pub(super) fn groups(rows: &[NodeRow<'_>], places: impl Iterator<Item = usize>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut known: HashMap<(Labels, Vec<String>), usize, foldhash::fast::RandomState> =
        HashMap::default();
    for place in places {
        let Some(row) = rows.get(place) else { continue };
        let custom = custom_names(row.node);
        let next = groups.len();
        let index = *known.entry((row.node.labels.clone(), custom.clone())).or_insert(next);
        if index == next {
            let labels = row.node.labels.clone();
            groups.push(Group { labels, columns: 0, custom, rows: Vec::new() });
        }
        if let Some(group) = groups.get_mut(index) {
            group.columns |= used_columns(row.node);
            group.rows.push(place);
        }
    }
    groups
}

impl Group {
    /// The same group with every text column, as an update needs that clears what is empty.
    pub(super) fn with_all_columns(mut self) -> Self {
        self.columns = ALL_COLUMNS;
        self
    }

    /// The properties that a row of the group has a value for.
    pub(super) fn properties(&self) -> Vec<&str> {
        let mut names = vec!["id", "spelled_id", "synthetic", "content_hash"];
        names.extend(
            (0..).zip(COLUMN_NAMES).filter(|(bit, _)| self.has(*bit)).map(|(_, name)| name),
        );
        names.extend(self.custom.iter().map(String::as_str));
        names
    }

    /// A statement's rows: a value for each property.
    pub(super) fn encode(&self, rows: &[NodeRow<'_>]) -> Vec<BoltType> {
        let rows = self.rows.iter().filter_map(|place| rows.get(*place));
        rows.map(|row| self.encode_row(row)).collect()
    }

    fn encode_row(&self, row: &NodeRow<'_>) -> BoltType {
        let node = row.node;
        let (key, spelled) = (node.id.key(), node.id.spelled());
        let mut values = Vec::with_capacity(18 + self.custom.len());
        values.push(values::text(key));
        values.push(if key == spelled { values::null() } else { values::text(spelled) });
        values.push(values::boolean(node.synthetic));
        values.push(values::hash(row.hash));
        for (bit, (_, text)) in (0..).zip(node.text_columns()) {
            if self.has(bit) {
                let long = is_long(usize::from(bit), text);
                values.push(if long { values::null() } else { values::text_or_null(text) });
            }
        }
        values.extend(custom(node).into_iter().map(|(_, value)| value.encode()));
        values::row(values)
    }

    fn has(&self, bit: u16) -> bool {
        self.columns & (1 << bit) != 0
    }
}

/// The names of [`Node::text_columns`].
pub(super) const COLUMN_NAMES: [&str; 14] = [
    "type",
    "name",
    "location",
    "resource_group",
    "subscription_id",
    "tenant_id",
    "kind",
    "sku",
    "provisioning_state",
    "tags",
    "properties",
    "additional",
    "scale_operation_id",
    "template_source_id",
];

fn used_columns(node: &Node) -> u16 {
    (0..)
        .zip(node.text_columns())
        .fold(0, |columns, (bit, (_, text))| columns | (u16::from(!text.is_empty()) << bit))
}

fn is_long(column: usize, text: &Text) -> bool {
    text.len() > MAX_INDEXED_BYTES && INDEXED.iter().any(|(indexed, _)| *indexed == column)
}

/// What a property beyond the text columns holds.
enum Custom<'a> {
    Column(&'a Value),
    Long(&'a Text),
}

impl Custom<'_> {
    fn encode(&self) -> BoltType {
        match self {
            Self::Column(value) => values::encode(value),
            Self::Long(text) => values::text(text),
        }
    }
}

/// The properties beyond the text columns, sorted by name.
fn custom(node: &Node) -> Vec<(String, Custom<'_>)> {
    let columns = node
        .columns
        .iter()
        .map(|(name, value)| (names::column_property(name).into_owned(), Custom::Column(value)));
    let mut all: Vec<_> = columns.collect();
    let texts = node.text_columns();
    for (column, name) in INDEXED {
        if let Some((_, text)) = texts.get(column).filter(|(_, text)| is_long(column, text)) {
            all.push((name.to_owned(), Custom::Long(text)));
        }
    }
    all.sort_by(|one, other| one.0.cmp(&other.0));
    all
}

pub(super) fn custom_names(node: &Node) -> Vec<String> {
    custom(node).into_iter().map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use atg_core::{Node, ResourceId, Text, labels};

    use super::{COLUMN_NAMES, INDEXED, NodeRow, groups, problem};

    fn node(place: usize, change: impl FnOnce(&mut Node)) -> Node {
        let id = ResourceId::named("thing", &place.to_string());
        let mut node = Node::new(id, labels(["Resource", "thing"]));
        change(&mut node);
        node
    }

    fn rows(nodes: &[Node]) -> Vec<NodeRow<'_>> {
        let row = |(place, node): (usize, _)| NodeRow { place, node, hash: 1 };
        nodes.iter().enumerate().map(row).collect()
    }

    #[test]
    fn column_names_are_the_nodes_own() {
        let node = node(0, |_| {});
        assert_eq!(node.text_columns().map(|(name, _)| name), COLUMN_NAMES);
        for (column, long) in INDEXED {
            assert_eq!(long, format!("{}_long", COLUMN_NAMES[column]));
        }
    }

    #[test]
    fn nodes_of_one_shape_share_a_statement() {
        let nodes = [
            node(0, |_| {}),
            node(1, |node| node.kind = "x".into()),
            node(2, |node| node.labels = labels(["Resource", "other"])),
            node(3, |node| node.columns = vec![("cost".into(), 1.into())]),
        ];
        let groups = groups(&rows(&nodes), 0..4);
        let places: Vec<_> = groups.iter().map(|group| group.rows.clone()).collect();
        assert_eq!(places, [vec![0, 1], vec![2], vec![3]]);
        assert!(groups[0].properties().contains(&"kind"));
        assert!(!groups[1].properties().contains(&"kind"));
        assert!(groups[2].properties().contains(&"cost"));
    }

    #[test]
    fn texts_too_long_for_an_index_go_beside_it() {
        let long = Text::from("x".repeat(5_000));
        let nodes = [node(0, |node| {
            node.tenant_id = long.clone();
            node.name = long;
        })];
        let groups = groups(&rows(&nodes), 0..1);
        assert_eq!(groups[0].custom, ["tenant_id_long"]);
    }

    #[test]
    fn what_no_server_takes_is_told() {
        assert_eq!(problem(&node(0, |_| {})), None);
        assert!(problem(&node(0, |node| node.labels = labels([""]))).is_some());
        let long = node(0, |node| node.id = ResourceId::named("x", &"y".repeat(5_000)));
        assert!(problem(&long).unwrap().contains("longer than"));
    }
}
