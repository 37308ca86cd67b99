//! Mappings that refuse unknown keys: a misspelt key would silently drop a requirement.
//!
//! An unknown key is an error with its position and the nearest known key. Keys with the prefix `x-` are free for other
//! tools, and are skipped.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, Error, IgnoredAny, IntoDeserializer, MapAccess, Visitor,
};
use serde::forward_to_deserialize_any;

/// The prefix of other tools' keys.
const FREE: &str = "x-";

/// The error for an unknown key.
pub(crate) fn refusal(key: &str, known: &[&str]) -> Option<String> {
    if known.contains(&key) || key.starts_with(FREE) {
        return None;
    }
    let shown = naming::visible(key.chars().take(SHOWN));
    Some(match naming::nearest(key, known.iter().copied()) {
        Some(near) => format!("unknown key `{shown}` (did you mean `{near}`?)"),
        None => format!("unknown key `{shown}` (known: {})", known.join(", ")),
    })
}

/// How much of a key a message repeats, in characters.
const SHOWN: usize = 60;

/// A deserializer whose structs accept only their own keys.
pub(crate) struct Strict<D>(pub D);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Strict<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_any(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0
            .deserialize_struct(name, fields, Fields { fields, visitor })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// Reads and writes a type with the functions that serde derives with `remote = "Self"`, and accepts only its own keys.
macro_rules! strict {
    ($type:ty) => {
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::deserialize($crate::strict::Strict(deserializer))
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                Self::serialize(self, serializer)
            }
        }
    };
}

pub(crate) use strict;

/// Passes a mapping with known keys to a struct's own visitor.
struct Fields<V> {
    fields: &'static [&'static str],
    visitor: V,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Fields<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        self.visitor.expecting(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        let fields = self.fields;
        self.visitor.visit_map(KnownKeys { map, fields })
    }
}

struct KnownKeys<A> {
    map: A,
    fields: &'static [&'static str],
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for KnownKeys<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        while let Some(key) = self.map.next_key_seed(Key(self.fields))? {
            if let Some(field) = key {
                let field: StrDeserializer<'_, A::Error> = field.into_deserializer();
                return seed.deserialize(field).map(Some);
            }
            self.map.next_value::<IgnoredAny>()?;
        }
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

/// The field of a key; `None` for a free one.
struct Key(&'static [&'static str]);

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Option<&'static str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key {
    type Value = Option<&'static str>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        match refusal(key, self.0) {
            Some(why) => Err(E::custom(why)),
            None => Ok(self.0.iter().copied().find(|field| *field == key)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::source::read_all;

    #[derive(Debug, Deserialize)]
    struct Fields {
        #[serde(default)]
        packages: Vec<String>,
        #[serde(default)]
        inner: Option<Inner>,
    }

    #[derive(Debug)]
    struct Outer(Fields);

    impl<'de> Deserialize<'de> for Outer {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            Fields::deserialize(Strict(deserializer)).map(Self)
        }
    }

    #[derive(Debug, Deserialize, Serialize)]
    #[serde(remote = "Self")]
    struct Inner {
        target: String,
    }

    strict!(Inner);

    fn read(text: &str) -> Result<Fields, String> {
        read_all::<Outer>(text).remove(0).map(|outer| outer.0)
    }

    #[test]
    fn free_keys_are_skipped_wherever_they_stand() {
        for text in [
            "x-a: {b: [1, 2]}\npackages: [a]\nx-b:\ninner: {x-c: 1, target: t}\n",
            r#"{"x-a": {"b": [1]}, "packages": ["a"], "inner": {"target": "t", "x-c": null}}"#,
        ] {
            let read = read(text).expect(text);
            assert_eq!(read.packages, ["a"]);
            assert_eq!(read.inner.expect("inner").target, "t");
        }
    }

    #[test]
    fn an_unknown_key_is_named_with_its_place_and_the_nearest() {
        for (text, says) in [
            (
                "packages: [a]\npackges: [b]\n",
                "unknown key `packges` (did you mean `packages`?) at line 2 column 1",
            ),
            (
                "colour: red\n",
                "unknown key `colour` (known: packages, inner) at line 1 column 1",
            ),
            (
                "inner:\n  tagret: t\n",
                "unknown key `tagret` (did you mean `target`?) at line 2 column 3",
            ),
            (
                "- {packages: [a], packges: [b]}\n",
                "unknown key `packges` (did you mean `packages`?) at line 1 column 19",
            ),
            (
                "{\"packages\": [],\n \"packges\": []}\n",
                "unknown key `packges` (did you mean `packages`?) at line 2",
            ),
            (
                "[{\"inner\": {\n\"tagret\": 1}}]",
                "unknown key `tagret` (did you mean `target`?) at line 2",
            ),
            ("<<: {packages: [a]}\n", "unknown key `<<`"),
        ] {
            let error = read(text).expect_err(text);
            assert!(error.contains(says), "{text}\n{error}");
        }
    }
}
