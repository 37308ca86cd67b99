//! JSON values with keys in their order: the order of a matrix's axes is that of its jobs.

use std::fmt;

use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::value::{ExprValue, shown};

impl Serialize for ExprValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null | Self::Unknown(_) => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => match shown(*number).parse::<i64>() {
                Ok(whole) => serializer.serialize_i64(whole),
                Err(_) => serializer.serialize_f64(*number),
            },
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => serializer.collect_seq(items),
            Self::Map(pairs) => {
                serializer.collect_map(pairs.iter().map(|(key, value)| (key, value)))
            }
        }
    }
}

impl<'de> Deserialize<'de> for ExprValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Json)
    }
}

struct Json;

impl<'de> Visitor<'de> for Json {
    type Value = ExprValue;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<ExprValue, E> {
        Ok(ExprValue::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<ExprValue, E> {
        Ok(ExprValue::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<ExprValue, E> {
        Ok(ExprValue::Number(value as f64))
    }

    fn visit_u64<E>(self, value: u64) -> Result<ExprValue, E> {
        Ok(ExprValue::Number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<ExprValue, E> {
        Ok(ExprValue::Number(value))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<ExprValue, E> {
        Ok(ExprValue::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<ExprValue, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(ExprValue::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ExprValue, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(ExprValue::Map(pairs))
    }
}
