//! Lists of names as people write them: one name, a list, or null.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use naming::NameError;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Reads a list of names that each follow `T`'s grammar. A single name is a list of one, and null is an empty list.
/// Repeated names are kept once; case does not matter.
pub(crate) fn names<'de, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: FromStr<Err = NameError> + fmt::Display,
    D: Deserializer<'de>,
{
    deserializer.deserialize_any(Names(PhantomData))
}

struct Names<T>(PhantomData<T>);

impl<'de, T: FromStr<Err = NameError> + fmt::Display> Visitor<'de> for Names<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a name or a list of names")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(vec![text.parse().map_err(E::custom)?])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut names = Vec::new();
        // Not `T: Deserialize`: the error of an element would lose the list's position.
        while let Some(Text(text)) = list.next_element()? {
            let name = text.parse().map_err(A::Error::custom)?;
            add(&mut names, name);
        }
        Ok(names)
    }
}

/// Adds a name unless it is there already; case does not matter for packages, tools and compilers.
pub(crate) fn add<T: fmt::Display>(names: &mut Vec<T>, name: T) {
    let text = name.to_string();
    if !names
        .iter()
        .any(|there| there.to_string().eq_ignore_ascii_case(&text))
    {
        names.push(name);
    }
}

/// A name as written. `String` would accept `null` and `12` in YAML.
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Text(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use naming::PackageName;
    use serde::Deserialize;

    #[derive(Deserialize)]
    struct Holder {
        #[serde(default, deserialize_with = "super::names")]
        list: Vec<PackageName>,
    }

    fn read(text: &str) -> Result<Vec<String>, String> {
        let holder: Holder = serde_yaml::from_str(text).map_err(|error| error.to_string())?;
        Ok(holder.list.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn one_several_or_none() {
        assert_eq!(read("list: a"), Ok(vec!["a".into()]));
        assert_eq!(read("list: [a, b, a, B]"), Ok(vec!["a".into(), "b".into()]));
        assert_eq!(read("list:"), Ok(vec![]));
        assert_eq!(read("{}"), Ok(vec![]));
    }

    #[test]
    fn wrong_ones_say_where() {
        for (text, says) in [
            (
                "list: 7",
                "expected a name or a list of names at line 1 column 7",
            ),
            ("list: {a: b}", "expected a name or a list of names"),
            (
                "list:\n- a\n- 'x; rm'",
                "contains `;`, which is not allowed",
            ),
            ("list:\n- a\n- [b]", "line 3 column 3"),
            ("list: [a, null]", "expected a name at line 1 column 11"),
            ("list: [12]", "expected a name"),
        ] {
            let error = read(text).expect_err(text);
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
