//! Values to the driver and back.

use atg_core::Value;
use neo4rs::{BoltBoolean, BoltFloat, BoltInteger, BoltList, BoltNull, BoltString, BoltType};
use serde::{Deserialize, Deserializer};

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

/// Who claims a relationship, as bits.
pub(super) fn claims(bits: u8) -> BoltType {
    integer(i64::from(bits))
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
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Straight into a value, a date would come as a text.
        BoltType::deserialize(deserializer).map(|value| Self(decode(value)))
    }
}

fn decode(value: BoltType) -> Option<Value> {
    match value {
        BoltType::Boolean(BoltBoolean { value }) => Some(Value::Boolean(value)),
        BoltType::Integer(BoltInteger { value }) => Some(Value::Integer(value)),
        BoltType::Float(BoltFloat { value }) => Some(Value::Float(value)),
        BoltType::String(BoltString { value }) => Some(Value::Text(value.into())),
        BoltType::List(items) => {
            items.into_iter().map(decode).collect::<Option<_>>().map(Value::List)
        }
        _ => None,
    }
}
