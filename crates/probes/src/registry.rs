//! Edits of registries: the result is as intended, for another parser too, and nothing else changes.

use camino::Utf8Path;
use registry::{Edit, Entry, Registry};
use samples::Dice;

use crate::words::fair;

/// How many bytes choose the edit; the rest is the registry's text.
const CHOICE: usize = 4;

/// The target `registry_edit`: four bytes that choose the edit, and a registry's text.
///
/// # Panics
/// If the edit has another result than intended.
pub fn registry(bytes: &[u8]) {
    let Some((choice, text)) = bytes.split_at_checked(CHOICE) else {
        return;
    };
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    let old = match Registry::parse(Utf8Path::new("r.yml"), text.to_owned()) {
        Ok(registry) => registry,
        Err(error) => return fair(&error.to_string()),
    };
    let seed = choice
        .iter()
        .fold(0, |seed, byte| (seed << 8) | u64::from(*byte));
    let mut dice = Dice::new(seed);
    let entry = match old.entries() {
        [] => new_entry(),
        entries if dice.below(4) > 0 => dice.pick(entries).clone(),
        _ => new_entry(),
    };
    let edit = match dice.below(4) {
        0 => Edit::Remove(entry.name.clone()),
        _ => Edit::Put(changed(entry, &mut dice)),
    };
    match old.with_edits(std::slice::from_ref(&edit)) {
        Err(error) => fair(&error.to_string()),
        Ok(new) => is_as_meant(&old, &new, &edit),
    }
}

fn is_as_meant(old: &Registry, new: &Registry, edit: &Edit) {
    let wanted = match edit {
        Edit::Put(entry) => Some(entry),
        Edit::Remove(_) => None,
    };
    assert_eq!(new.get(edit.name()), wanted, "{}", new.text());
    let others = |registry: &Registry| -> Vec<Entry> {
        let entries = registry.entries().iter();
        let others = entries.filter(|entry| entry.name != edit.name());
        others.cloned().collect()
    };
    assert_eq!(others(old), others(new));
    // The result is read again, and the same edit changes nothing.
    let text = new.text().to_owned();
    let again = Registry::parse(Utf8Path::new("r.yml"), text).expect("what was written is read");
    assert_eq!(again.entries(), new.entries());
    let twice = again
        .with_edits(std::slice::from_ref(edit))
        .expect("the same edit");
    assert_eq!(twice.text(), new.text());
    agrees(new);
}

/// Another parser reads the same names and tags, if it accepts the text at all.
fn agrees(registry: &Registry) {
    let text = registry.text().trim_start_matches('\u{feff}');
    let Ok(document) = serde_yaml::from_str::<serde_yaml::Value>(text) else {
        return;
    };
    for (index, entry) in registry.entries().iter().enumerate() {
        let read = &document["images"][index];
        assert_eq!(read["name"].as_str(), Some(entry.name.as_str()), "{text}");
        assert_eq!(read["file"].as_str(), Some(entry.file.as_str()), "{text}");
    }
}

fn new_entry() -> Entry {
    let tag = "new-debian-12-base:latest".parse().expect("a tag");
    Entry::new(
        "new-debian-12-base",
        "images/new.tar",
        tag,
        "debian:12",
        "x86_64",
    )
}

fn changed(mut entry: Entry, dice: &mut Dice) -> Entry {
    let texts = [
        "a", "x: y", "- z", "#", "'", "\"", "é", "null", "1", "{a: b}", "", " ", "\t",
    ];
    for _ in 0..=dice.below(3) {
        let text = (*dice.pick(&texts)).to_owned();
        match dice.below(7) {
            0 => entry.usage_count += 1,
            1 => entry.packages.push(text),
            2 => entry.tools = vec![text],
            3 => entry.pinned = !entry.pinned,
            4 => entry.base = Some(text),
            5 => entry.packages.clear(),
            _ => entry.size_mb = Some(1.5),
        }
    }
    entry
}
