//! The base chains of a registry. Reads no archive.

use registry::{Entry, Registry};

use crate::Error;

/// An entry and its bases according to the registry, the nearest first. Ends before a cycle repeats.
pub fn chain<'a>(registry: &'a Registry, entry: &'a Entry) -> Vec<&'a Entry> {
    let mut chain = vec![entry];
    let base = |entry: &Entry| registry.get(entry.base.as_deref()?);
    while let Some(next) = chain.last().and_then(|entry| base(entry)) {
        if chain.iter().any(|entry| entry.name == next.name) {
            break;
        }
        chain.push(next);
    }
    chain
}

/// Refuses a base that stands on the image itself, directly or through other entries.
///
/// Every `base:` counts, even if the archive is whole: one command makes it thin.
pub fn check_base(registry: &Registry, name: &str, base: &str) -> Result<(), Error> {
    let mut chain = vec![name];
    let mut next = Some(base);
    while let Some(current) = next {
        let is_known = chain.contains(&current);
        chain.push(current);
        if current == name {
            let chain = chain.into_iter().map(str::to_owned).collect();
            return Err(Error::Cycle { chain });
        }
        // Cycles of other entries are found when their archives are read.
        if is_known {
            break;
        }
        next = registry
            .get(current)
            .and_then(|entry| entry.base.as_deref());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use camino::Utf8Path;

    use super::*;

    fn registry(bases: &[(&str, &str)]) -> Registry {
        let mut text = "images:\n".to_owned();
        for (name, base) in bases {
            text.push_str(&format!(
                "- {{name: {name}, file: {name}.tar, docker_tag: {name}, os: 'debian:12', architecture: x86_64, base: {base}, thin: true}}\n"
            ));
        }
        Registry::parse(Utf8Path::new("image-registry.yml"), text).expect("a registry")
    }

    #[test]
    fn a_base_must_not_stand_on_the_image() {
        let registry = registry(&[
            ("b", "a"),
            ("c", "b"),
            ("d", "gone"),
            ("x", "y"),
            ("y", "x"),
            ("self", "self"),
        ]);
        for (name, base, chain) in [
            ("a", "a", Some("a -> a")),
            ("new", "new", Some("new -> new")),
            ("a", "b", Some("a -> b -> a")),
            ("a", "c", Some("a -> c -> b -> a")),
            ("b", "c", Some("b -> c -> b")),
            ("c", "a", None),
            ("d", "c", None),
            ("new", "d", None),
            ("new", "not-registered", None),
            // Cycles of others.
            ("new", "x", None),
            ("new", "self", None),
            ("x", "y", Some("x -> y -> x")),
        ] {
            let checked = check_base(&registry, name, base).map_err(|error| error.to_string());
            let expected = chain.map(|chain| format!("bases form a cycle: {chain}"));
            assert_eq!(checked.err(), expected, "{name} on {base}");
        }
    }
}
