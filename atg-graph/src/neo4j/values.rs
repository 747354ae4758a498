//! Values to the driver and back.

use std::fmt;

use atg_core::{Text, Value};
use neo4rs::{BoltBoolean, BoltFloat, BoltInteger, BoltList, BoltNull, BoltString, BoltType};
use serde::Deserialize;
use serde::de::{self, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A text.
pub(super) fn text(text: &str) -> BoltType {
    BoltType::String(BoltString { value: text.to_owned() })
}

/// A text; null where it is empty.
pub(super) fn text_or_null(value: &str) -> BoltType {
    if value.is_empty() { null() } else { text(value) }
}

/// An integer.
pub(super) fn integer(number: i64) -> BoltType {
    BoltType::Integer(BoltInteger { value: number })
}

/// A row's place in its batch.
pub(super) fn place(index: usize) -> BoltType {
    integer(i64::try_from(index).unwrap_or(i64::MAX))
}

/// A hash: the server has signed integers only.
pub(super) fn hash(hash: u64) -> BoltType {
    integer(hash.cast_signed())
}

/// True or false.
pub(super) fn boolean(value: bool) -> BoltType {
    BoltType::Boolean(BoltBoolean { value })
}

/// No value.
pub(super) fn null() -> BoltType {
    BoltType::Null(BoltNull)
}

/// A row: its values by position.
pub(super) fn row(values: Vec<BoltType>) -> BoltType {
    BoltType::List(BoltList { value: values })
}

/// A property value.
pub(super) fn encode(value: &Value) -> BoltType {
    match value {
        Value::Boolean(value) => boolean(*value),
        Value::Integer(number) => integer(*number),
        Value::Float(number) => BoltType::Float(BoltFloat { value: *number }),
        Value::Text(value) => text(value),
        Value::List(items) => row(items.iter().map(encode).collect()),
    }
}

/// A property as the server holds it; nothing where it is of a kind that [`Value`] has not (a
/// date, a point), which only other writers store.
#[derive(Debug)]
pub(super) struct Stored(pub(super) Option<Value>);

impl<'de> Deserialize<'de> for Stored {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StoredVisitor).map(Self)
    }
}

struct StoredVisitor;

impl<'de> Visitor<'de> for StoredVisitor {
    type Value = Option<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a property")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Some(Value::Boolean(value)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Some(Value::Integer(number)))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Some(Value::Float(number)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Some(Value::Text(Text::from(value))))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bytes<E>(self, _: &[u8]) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut list = Some(Vec::new());
        while let Some(Stored(item)) = items.next_element()? {
            list = list.zip(item).map(|(mut list, item)| {
                list.push(item);
                list
            });
        }
        Ok(list.map(Value::List))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}
