//! Texts that hold one document or several: YAML documents, a list, JSON lines.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

/// Reads every `T` of a text. YAML documents are separated by `---`; a document may be a list; JSON objects
/// may stand one after the other. The error is a message with its place.
pub(crate) fn read_all<T: DeserializeOwned>(text: &str) -> Result<Vec<T>, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim_start().starts_with(['{', '[']) {
        match read_json(text) {
            // YAML's flow style begins like JSON.
            Err(error) if error.classify() == Category::Syntax => {
                read_yaml(text).map_err(|_| error.to_string())
            }
            read => read.map_err(|error| error.to_string()),
        }
    } else {
        read_yaml(text).map_err(|error| error.to_string())
    }
}

fn read_json<T: DeserializeOwned>(text: &str) -> Result<Vec<T>, serde_json::Error> {
    let mut all = Vec::new();
    for one in serde_json::Deserializer::from_str(text).into_iter::<OneOrMany<T>>() {
        all.append(&mut one?.0);
    }
    Ok(all)
}

fn read_yaml<T: DeserializeOwned>(text: &str) -> Result<Vec<T>, serde_yaml::Error> {
    let mut all = Vec::new();
    for document in serde_yaml::Deserializer::from_str(text) {
        all.append(
            &mut Option::<OneOrMany<T>>::deserialize(document)?
                .map(|one| one.0)
                .unwrap_or_default(),
        );
    }
    Ok(all)
}

/// An object, or a list of objects.
pub(crate) struct OneOrMany<T>(pub Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<T>(std::marker::PhantomData<T>);

        impl<'de, T: Deserialize<'de>> serde::de::Visitor<'de> for Visitor<T> {
            type Value = OneOrMany<T>;

            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("an object or a list of objects")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                map: A,
            ) -> Result<Self::Value, A::Error> {
                T::deserialize(serde::de::value::MapAccessDeserializer::new(map))
                    .map(|one| OneOrMany(vec![one]))
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut list: A,
            ) -> Result<Self::Value, A::Error> {
                let mut all = Vec::new();
                while let Some(one) = list.next_element()? {
                    all.push(one);
                }
                Ok(OneOrMany(all))
            }
        }

        deserializer.deserialize_any(Visitor(std::marker::PhantomData))
    }
}
