//! Images that an engine may have, and that show which layers of a requested image it has.

use registry::{Entry, Registry, Target};

/// The largest number of images for the same system to inspect. Each takes the engine a millisecond.
const MAX_SIBLINGS: usize = 8;
/// The largest number of bases in a chain.
const MAX_BASES: usize = 8;

/// The tags of the bases of these images, and of the most recently used images for the same system.
pub(crate) fn relatives(registry: &Registry, targets: &[Target]) -> Vec<String> {
    let mut found: Vec<&Entry> = Vec::new();
    let wanted = || targets.iter().filter_map(|target| target.entry.as_ref());
    let is_wanted = |entry: &Entry| wanted().any(|wanted| wanted.name == entry.name);
    let mut systems: Vec<(&str, &str)> = Vec::new();
    for entry in wanted() {
        let system = (entry.os.as_str(), entry.architecture.as_str());
        if !systems.contains(&system) {
            systems.push(system);
        }
        let mut next = entry.base.as_deref();
        for _ in 0..MAX_BASES {
            let Some(base) = next.and_then(|base| registry.get(base)) else {
                break;
            };
            if !found.iter().any(|known| known.name == base.name) && !is_wanted(base) {
                found.push(base);
            }
            next = base.base.as_deref();
        }
    }
    let mut siblings: Vec<_> = registry.entries().iter().collect();
    siblings.retain(|entry| {
        systems.contains(&(entry.os.as_str(), entry.architecture.as_str()))
            && !is_wanted(entry)
            && !found.iter().any(|known| known.name == entry.name)
    });
    siblings.sort_by_key(|entry| std::cmp::Reverse((entry.last_used, entry.usage_count)));
    found.extend(siblings.into_iter().take(MAX_SIBLINGS));
    found
        .iter()
        .map(|entry| entry.docker_tag.unpinned().to_string())
        .collect()
}

#[cfg(test)]
mod tests {
    use camino::Utf8Path;

    use super::*;

    #[test]
    fn bases_come_first_then_what_was_used_last() {
        let mut text = "images:\n".to_owned();
        let mut add = |name: &str, os: &str, more: &str| {
            text += &format!(
                "- {{name: {name}, file: {name}.tar, docker_tag: {name}, os: '{os}', architecture: x86_64{more}}}\n"
            );
        };
        add("root", "debian:12", "");
        add("base", "debian:12", ", base: root");
        add("top", "debian:12", ", base: base");
        add("other", "debian:13", "");
        for number in 0..20 {
            let used = format!(", last_used: 2026-01-{:02}T00:00:00Z", number + 1);
            add(&format!("s{number}"), "debian:12", &used);
        }
        let registry = Registry::parse(Utf8Path::new("r.yml"), text).expect("a registry");
        let target = |name: &str| Target {
            path: "x.tar".into(),
            entry: registry.get(name).cloned(),
        };
        let of = |targets: &[Target]| {
            let found = relatives(&registry, targets);
            found.join(" ").replace(":latest", "")
        };
        let used = "s19 s18 s17 s16 s15 s14 s13 s12";
        assert_eq!(of(&[target("top")]), format!("base root {used}"));
        assert_eq!(of(&[target("top"), target("base")]), format!("root {used}"));
        assert_eq!(of(&[target("other")]), "");
        assert_eq!(of(&[target("none")]), "");
    }
}
