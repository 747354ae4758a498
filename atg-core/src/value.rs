//! [`Value`]: a property value that every graph store can hold.

use serde::{Deserialize, Serialize};

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
