//! [`Value`]: a property value that every graph store can hold.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use crate::Text;

/// A property value: what Neo4j and SQLite can both hold and give back unchanged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// True or false.
    Boolean(bool),
    /// A 64-bit signed integer.
    Integer(i64),
    /// A finite 64-bit float; sinks reject NaN and infinities as a bad row.
    Float(f64),
    /// A text.
    Text(Text),
    /// A list of values of one kind, not nested.
    List(Vec<Value>),
}

impl Value {
    /// Why no store takes this value, if so.
    pub fn problem(&self) -> Option<&'static str> {
        match self {
            Self::Float(number) if !number.is_finite() => Some("a number that is not finite"),
            Self::List(items) if items.iter().any(|item| matches!(item, Self::List(_))) => {
                Some("a list within a list")
            }
            Self::List(items) => match items.split_first() {
                Some((first, rest)) => first.problem().or_else(|| {
                    let kind = std::mem::discriminant(first);
                    rest.iter().find_map(|item| {
                        if std::mem::discriminant(item) == kind {
                            item.problem()
                        } else {
                            Some("a list of values of different kinds")
                        }
                    })
                }),
                None => None,
            },
            _ => None,
        }
    }
}

impl Value {
    /// A copy with buffers of its own; see [`Text::detached`].
    #[must_use]
    pub fn detached(&self) -> Self {
        match self {
            Self::Text(text) => Self::Text(text.detached()),
            Self::List(items) => Self::List(items.iter().map(Self::detached).collect()),
            other => other.clone(),
        }
    }

    /// About how many bytes the value holds.
    pub fn size(&self) -> usize {
        let inner = match self {
            Self::Text(text) => text.len(),
            Self::List(items) => items.iter().map(Self::size).sum(),
            _ => 0,
        };
        inner + size_of::<Self>()
    }
}

/// Copies named values into buffers of their own.
pub(crate) fn detached_columns(columns: &[(Text, Value)]) -> Vec<(Text, Value)> {
    columns.iter().map(|(name, value)| (name.detached(), value.detached())).collect()
}

/// About how many bytes named values hold.
pub(crate) fn columns_size(columns: &[(Text, Value)]) -> usize {
    columns.iter().map(|(name, value)| name.len() + value.size()).sum()
}

/// Feeds named values to a hash, whatever their order.
pub(crate) fn update_columns(state: &mut Xxh3, columns: &[(Text, Value)]) {
    let mut sorted: Vec<_> = columns.iter().collect();
    sorted.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    for (name, value) in sorted {
        update_text(state, name);
        update_value(state, value);
    }
}

/// Feeds a text and its end, so that ("ab", "c") and ("a", "bc") differ.
pub(crate) fn update_text(state: &mut Xxh3, text: &str) {
    state.update(text.as_bytes());
    state.update(&[0xff]);
}

fn update_value(state: &mut Xxh3, value: &Value) {
    match value {
        Value::Boolean(value) => state.update(&[1, u8::from(*value)]),
        Value::Integer(number) => {
            state.update(&[2]);
            state.update(&number.to_le_bytes());
        }
        Value::Float(number) => {
            state.update(&[3]);
            state.update(&number.to_bits().to_le_bytes());
        }
        Value::Text(text) => {
            state.update(&[4]);
            update_text(state, text);
        }
        Value::List(items) => {
            state.update(&[5]);
            state.update(&(items.len() as u64).to_le_bytes());
            for item in items {
                update_value(state, item);
            }
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<Text> for Value {
    fn from(text: Text) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

#[cfg(test)]
mod tests {
    use super::Value;

    #[test]
    fn problems_are_named() {
        assert!(Value::from(1.5).problem().is_none());
        assert!(Value::from(f64::NAN).problem().is_some());
        assert!(Value::List(vec![Value::from(1), Value::from("x")]).problem().is_some());
        assert!(Value::List(vec![Value::List(vec![])]).problem().is_some());
        assert!(Value::List(vec![Value::from(f64::INFINITY)]).problem().is_some());
        assert!(Value::List(vec![]).problem().is_none());
    }
}
