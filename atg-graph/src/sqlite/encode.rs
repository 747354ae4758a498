//! Labels, custom columns and properties as JSON text, and back without loss.
//!
//! A float always has a point or an exponent and an integer never has, so both come back as what
//! they were; numbers are parsed by the standard library, whose results are exact.

use std::fmt;

use atg_core::{Labels, Text, Value};
use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde::ser::{SerializeMap as _, Serializer as _};
use serde_json::value::RawValue;

use super::errors::{Failure, Try};

/// Appends the pairs as a JSON object, in their order.
pub(super) fn write_object(out: &mut Vec<u8>, pairs: &[(Text, Value)]) -> Try<()> {
    let mut write = || {
        let mut serializer = serde_json::Serializer::new(&mut *out);
        let mut map = serializer.serialize_map(Some(pairs.len()))?;
        for (name, value) in pairs {
            map.serialize_entry(name, value)?;
        }
        map.end()
    };
    write().map_err(|error| Failure::data(format!("a value cannot be written: {error}")))
}

/// The pairs as a JSON object; `None` where there are none.
pub(super) fn object(pairs: &[(Text, Value)]) -> Try<Option<String>> {
    if pairs.is_empty() {
        return Ok(None);
    }
    let mut out = Vec::new();
    write_object(&mut out, pairs)?;
    utf8(&out).map(|text| Some(text.to_owned()))
}

/// What [`write_object`] wrote, as text.
pub(super) fn utf8(bytes: &[u8]) -> Try<&str> {
    std::str::from_utf8(bytes).map_err(|error| Failure::data(error.to_string()))
}

/// Reads what [`object`] wrote.
pub(super) fn parse_object(json: Option<&str>) -> Try<Vec<(Text, Value)>> {
    let Some(json) = json else { return Ok(Vec::new()) };
    let mut deserializer = serde_json::Deserializer::from_str(json);
    deserializer.deserialize_map(Pairs).map_err(|error| {
        Failure::data(format!("a row's properties are not the JSON that was written: {error}"))
    })
}

/// A label set as a JSON array.
pub(super) fn labels_json(labels: &Labels) -> Try<String> {
    serde_json::to_string(&**labels).map_err(|error| Failure::data(error.to_string()))
}

/// Reads what [`labels_json`] wrote.
pub(super) fn parse_labels(json: &str) -> Try<Labels> {
    serde_json::from_str::<Vec<Text>>(json).map(Into::into).map_err(|error| {
        Failure::data(format!("a label set is not the JSON that was written: {error}"))
    })
}

/// Collects an object's members in order.
struct Pairs;

impl<'de> Visitor<'de> for Pairs {
    type Value = Vec<(Text, Value)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some((name, raw)) = map.next_entry::<Text, &RawValue>()? {
            pairs.push((name, value(raw).map_err(serde::de::Error::custom)?));
        }
        Ok(pairs)
    }
}

fn value(raw: &RawValue) -> Result<Value, String> {
    let text = raw.get();
    let said = |error: &dyn fmt::Display| format!("{text:?}: {error}");
    match text.as_bytes().first() {
        Some(b't') => Ok(Value::Boolean(true)),
        Some(b'f') => Ok(Value::Boolean(false)),
        Some(b'"') => serde_json::from_str(text).map(Value::Text).map_err(|error| said(&error)),
        Some(b'[') => serde_json::from_str::<Vec<&RawValue>>(text)
            .map_err(|error| said(&error))?
            .into_iter()
            .map(value)
            .collect::<Result<_, _>>()
            .map(Value::List),
        _ if text.contains(['.', 'e', 'E']) => {
            text.parse().map(Value::Float).map_err(|error| said(&error))
        }
        _ => text.parse().map(Value::Integer).map_err(|error| said(&error)),
    }
}

#[cfg(test)]
mod tests {
    use atg_core::{Text, Value, labels};
    use proptest::prelude::*;

    use super::{labels_json, object, parse_labels, parse_object};

    fn round(value: Value) -> Value {
        let json = object(&[("x".into(), value)]).unwrap();
        parse_object(json.as_deref()).unwrap().remove(0).1
    }

    #[test]
    fn numbers_keep_their_kind_and_every_bit() {
        for number in [i64::MIN, -1, 0, i64::MAX] {
            assert_eq!(round(number.into()), Value::Integer(number));
        }
        for number in [0.0, -0.0, 1.0, 1e16, 1e300, 5e-324, f64::MAX, 0.1 + 0.2] {
            let Value::Float(back) = round(number.into()) else { panic!("{number} is no float") };
            assert_eq!(back.to_bits(), number.to_bits(), "{number}");
        }
    }

    #[test]
    fn nothing_is_null_and_what_is_foreign_is_an_error() {
        assert_eq!(object(&[]).unwrap(), None);
        assert!(parse_object(None).unwrap().is_empty());
        for bad in ["", "[]", "{\"a\":null}", "{\"a\":{}}", "{\"a\":99999999999999999999}"] {
            assert!(parse_object(Some(bad)).is_err(), "{bad}");
        }
    }

    fn scalar() -> impl Strategy<Value = Value> {
        prop_oneof![
            any::<bool>().prop_map(Value::Boolean),
            any::<i64>().prop_map(Value::Integer),
            prop::num::f64::NORMAL.prop_map(Value::Float),
            ".*".prop_map(|text| Value::Text(Text::from(text))),
        ]
    }

    proptest! {
        #[test]
        fn pairs_come_back_in_order(
            pairs in prop::collection::vec(
                (".*", prop_oneof![
                    scalar(),
                    prop::collection::vec(".*".prop_map(|t| Value::Text(t.into())), 0..3)
                        .prop_map(Value::List),
                    prop::collection::vec(prop::num::f64::ANY, 0..3).prop_map(|numbers| {
                        let finite = numbers.into_iter().filter(|number| number.is_finite());
                        Value::List(finite.map(Value::Float).collect())
                    }),
                ]),
                0..5,
            )
        ) {
            let pairs: Vec<(Text, Value)> =
                pairs.into_iter().map(|(name, value)| (name.into(), value)).collect();
            let json = object(&pairs).unwrap();
            prop_assert_eq!(parse_object(json.as_deref()).unwrap(), pairs);
        }

        #[test]
        fn label_sets_come_back(names in prop::collection::vec(".*", 0..4)) {
            let set = labels(names);
            prop_assert_eq!(parse_labels(&labels_json(&set).unwrap()).unwrap(), set);
        }
    }
}
