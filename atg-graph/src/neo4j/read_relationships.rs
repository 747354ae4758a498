//! Reading relationships: by type and key, along each type's unique index, or from a node.
//!
//! Only what has a key is read: relationships without one are other tools'.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use atg_core::{NamedBy, Relationship, RelationshipFilter, Result, Text, Value, relation_problem};
use futures::stream::{self, BoxStream, StreamExt as _};
use neo4rs::{BoltType, Row};
use serde::Deserialize;
use serde::de::{self, IgnoredAny, MapAccess, Visitor};

use super::errors::Try;
use super::node_view::stored_id;
use super::pages::{Page, foreign, paged};
use super::pool::Access;
use super::sets::Identity;
use super::transaction::Transaction;
use super::values::{self, Stored};
use super::work::Work;
use super::{Inner, names, read_statements};

/// Relationships a page.
const PAGE_RELATIONSHIPS: usize = 5_000;

/// Streams the relationships that pass, by type and key; behind `after`, whether it is there or
/// not.
pub(super) fn relationships(
    inner: &Arc<Inner>,
    filter: RelationshipFilter,
    after: Option<Relationship>,
) -> BoxStream<'static, Result<Relationship>> {
    if filter.relation.as_ref().is_some_and(|relation| relation_problem(relation).is_some()) {
        return stream::empty().boxed();
    }
    let behind = after.map_or_else(start, |one| Identity::of(&one));
    let filter = Arc::new(filter);
    if filter.source.is_some() || filter.target.is_some() {
        let statement = read_statements::relationships_of_node(&filter).into();
        return paged(&inner.pool, NodePages { statement, filter, behind });
    }
    let types = filter.relation.clone().map(|relation| VecDeque::from([relation]));
    paged(&inner.pool, TypePages { types, filter, behind })
}

/// The place before every relationship.
fn start() -> Identity {
    Identity { relation: Text::new(), key: Text::new() }
}

/// The next page of a node's relationships.
struct NodePages {
    statement: Arc<str>,
    filter: Arc<RelationshipFilter>,
    behind: Identity,
}

#[async_trait]
impl Work for NodePages {
    type Outcome = Page<Relationship, Self>;

    fn operation(&self) -> &'static str {
        "read relationships of a node"
    }

    fn access(&self) -> Access {
        Access::Read
    }

    async fn attempt(&mut self, transaction: &mut Transaction) -> Try<Page<Relationship, Self>> {
        let mut parameters = parameters(&self.filter, &self.behind);
        parameters.push(("relation", values::text(&self.behind.relation)));
        let ends = [("source", &self.filter.source), ("target", &self.filter.target)];
        parameters.extend(
            ends.into_iter()
                .filter_map(|(name, id)| Some((name, values::text(id.as_ref()?.key())))),
        );
        let rows = transaction.fetch(&self.statement, parameters).await?;
        let (items, next) = relationships_of(&rows, &self.behind)?;
        let next = next.map(|behind| Self {
            statement: self.statement.clone(),
            filter: self.filter.clone(),
            behind,
        });
        Ok(Page { items, next })
    }
}

/// The next page of relationships of whatever node, all of one type.
struct TypePages {
    /// The types not read to their end; `None` before they are known.
    types: Option<VecDeque<Text>>,
    filter: Arc<RelationshipFilter>,
    behind: Identity,
}

impl TypePages {
    /// The types from that of the place on.
    async fn types(&self, transaction: &mut Transaction) -> Try<VecDeque<Text>> {
        let mut types = match &self.types {
            Some(types) => types.clone(),
            None => relationship_types(transaction).await?.into(),
        };
        types.retain(|relation| *relation >= self.behind.relation);
        Ok(types)
    }
}

/// The types that a relationship of ours may have, sorted.
pub(super) async fn relationship_types(transaction: &mut Transaction) -> Try<Vec<Text>> {
    let rows = transaction.fetch(read_statements::RELATIONSHIP_TYPES, Vec::new()).await?;
    let names = rows.iter().filter_map(|row| row.get::<&str>("relation").ok());
    let ours = names.filter(|relation| relation_problem(relation).is_none());
    let mut types: Vec<Text> = ours.map(Text::from).collect();
    types.sort_unstable();
    Ok(types)
}

#[async_trait]
impl Work for TypePages {
    type Outcome = Page<Relationship, Self>;

    fn operation(&self) -> &'static str {
        "read relationships"
    }

    fn access(&self) -> Access {
        Access::Read
    }

    async fn attempt(&mut self, transaction: &mut Transaction) -> Try<Page<Relationship, Self>> {
        let mut types = self.types(transaction).await?;
        let mut behind = self.behind.clone();
        while let Some(relation) = types.front() {
            if *relation != behind.relation {
                behind = Identity { relation: relation.clone(), ..start() };
            }
            let statement = read_statements::relationships_of_type(relation, &self.filter);
            let rows = transaction.fetch(&statement, parameters(&self.filter, &behind)).await?;
            let (items, next) = relationships_of(&rows, &behind)?;
            if next.is_none() {
                types.pop_front();
            }
            if !items.is_empty() {
                let filter = self.filter.clone();
                let behind = next.unwrap_or(behind);
                let next =
                    (!types.is_empty()).then_some(Self { types: Some(types), filter, behind });
                return Ok(Page { items, next });
            }
        }
        Ok(Page::last(Vec::new()))
    }
}

fn parameters(filter: &RelationshipFilter, behind: &Identity) -> Vec<(&'static str, BoltType)> {
    let mut parameters =
        vec![("after", values::text(&behind.key)), ("limit", values::place(PAGE_RELATIONSHIPS))];
    parameters.extend(filter.synthetic.map(|wanted| ("synthetic", values::boolean(wanted))));
    parameters
}

/// A row of relationships; what is missing was deleted since the page was cut.
#[derive(Deserialize)]
struct StoredRelationship<'a> {
    /// How many rows the page's bound on rows let through.
    found: usize,
    relation: Option<&'a str>,
    source: Option<&'a str>,
    target: Option<&'a str>,
    #[serde(borrow)]
    properties: Properties<'a>,
}

/// The relationships of a page's rows, and the place behind them if the next page starts there:
/// `behind` again where all of them were deleted.
fn relationships_of(rows: &[Row], behind: &Identity) -> Try<(Vec<Relationship>, Option<Identity>)> {
    let mut items = Vec::with_capacity(rows.len());
    let mut last = None;
    for row in rows {
        let one: StoredRelationship<'_> = row.to_strict().map_err(|error| {
            let text = |name| row.get::<&str>(name).unwrap_or("(no text)");
            let [source, relation, target] = ["source", "relation", "target"].map(text);
            foreign(&format!("the relationship {source} {relation} {target}"), error)
        })?;
        let StoredRelationship { found, relation, source, target, properties } = one;
        let (Some(relation), Some(source), Some(target)) = (relation, source, target) else {
            continue;
        };
        if !properties.key.is_empty() {
            last = Some((found, relation, properties.key));
            items.push(properties.into_relationship(source, relation, target)?);
        }
    }
    let next = match last {
        Some((found, relation, key)) if found == PAGE_RELATIONSHIPS || found > items.len() => {
            Some(Identity { relation: relation.into(), key: key.into() })
        }
        None if !rows.is_empty() => Some(behind.clone()),
        _ => None,
    };
    Ok((items, next))
}

/// A relationship's properties: the store's, and its own.
#[derive(Default)]
struct Properties<'a> {
    key: &'a str,
    named_by: i64,
    own: Vec<(Text, Value)>,
}

impl Properties<'_> {
    fn into_relationship(
        mut self,
        source: &str,
        relation: &str,
        target: &str,
    ) -> Try<Relationship> {
        let bits = u8::try_from(self.named_by).ok().filter(|bits| (1..=3).contains(bits));
        let named_by = bits.and_then(NamedBy::from_bits).ok_or_else(|| {
            let what = format!("the property named_by of {source} {relation} {target}");
            foreign(&what, format!("it is {}, not 1, 2 or 3", self.named_by))
        })?;
        self.own.sort_by(|one, other| one.0.cmp(&other.0));
        Ok(Relationship {
            source: stored_id(source)?,
            relation: relation.into(),
            target: stored_id(target)?,
            named_by,
            properties: self.own,
        })
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Properties<'a> {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PropertiesVisitor)
    }
}

struct PropertiesVisitor;

impl<'de> Visitor<'de> for PropertiesVisitor {
    type Value = Properties<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a relationship's properties")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut properties = Properties::default();
        while let Some(name) = map.next_key::<&str>()? {
            match name {
                "relationship_key" => properties.key = map.next_value()?,
                "named_by" => properties.named_by = map.next_value()?,
                _ => match names::relationship_property_of(name) {
                    Some(name) => {
                        let Stored(value) = map.next_value()?;
                        properties.own.extend(value.map(|value| (name, value)));
                    }
                    None => drop(map.next_value::<IgnoredAny>()?),
                },
            }
        }
        Ok(properties)
    }
}
