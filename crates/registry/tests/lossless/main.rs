//! Edits of random registries: this crate and another YAML parser read the intended result, and everything except the
//! lines of the edited entry stays byte for byte.

#![expect(clippy::unwrap_used, reason = "a test may end where it fails")]

mod spelling;
mod tape;
mod writer;

use camino::Utf8Path;
use proptest::prelude::*;
use registry::{Edit, Entry, Registry};
use tape::Tape;
use writer::Written;

fn parse(text: &str) -> Registry {
    match Registry::parse(Utf8Path::new("image-registry.yml"), text.to_owned()) {
        Ok(registry) => registry,
        Err(error) => panic!("{error}\n{text}"),
    }
}

fn edited(old: &Registry, edits: &[Edit]) -> Registry {
    let new = match old.with_edits(edits) {
        Ok(new) => new,
        Err(error) => panic!("{error}\n{edits:?}\n{}", old.text()),
    };
    // The remembered entries equal those of the text.
    assert_eq!(new.entries(), parse(new.text()).entries(), "{}", new.text());
    new
}

/// Compares the entries with the result of another parser.
fn agrees(registry: &Registry) {
    let text = registry.text().trim_start_matches('\u{feff}');
    let document: serde_yaml::Value = match serde_yaml::from_str(text) {
        Ok(document) => document,
        Err(error) => panic!("{error}\n{text}"),
    };
    for (index, entry) in registry.entries().iter().enumerate() {
        let read = &document["images"][index];
        let string = |key: &str| read[key].as_str().map(str::to_owned);
        assert_eq!(string("name").as_ref(), Some(&entry.name), "{text}");
        assert_eq!(string("file").as_deref(), Some(entry.file.as_str()));
        assert_eq!(string("os").as_ref(), Some(&entry.os));
        assert_eq!(string("base"), entry.base);
        assert_eq!(read["size_mb"].as_f64(), entry.size_mb);
        assert_eq!(read["usage_count"].as_u64().unwrap_or(0), entry.usage_count);
        for (key, list) in [
            ("packages", &entry.packages),
            ("compilers", &entry.compilers),
        ] {
            let read: Option<Vec<String>> = serde_yaml::from_value(read[key].clone()).unwrap();
            assert_eq!(&read.unwrap_or_default(), list, "{text}");
        }
        let requested = entry.requested.as_ref().map(|requested| {
            let texts = |texts: &[String]| serde_yaml::to_value(texts).unwrap();
            (texts(&requested.packages), texts(&requested.tools))
        });
        let read_requested = &read["requested"];
        let read_requested = (!read_requested.is_null()).then(|| {
            let (packages, tools) = (&read_requested["packages"], &read_requested["tools"]);
            (packages.clone(), tools.clone())
        });
        assert_eq!(read_requested, requested, "{text}");
        let used = string("last_used").map(|time| time.parse().unwrap());
        assert_eq!(used, entry.last_used);
    }
}

/// How much of `old` is at both ends of `new`, in bytes.
fn kept(old: &str, new: &str) -> usize {
    let common = |a: &mut dyn Iterator<Item = u8>, b: &mut dyn Iterator<Item = u8>| {
        a.zip(b).take_while(|(a, b)| a == b).count()
    };
    let front = common(&mut old.bytes(), &mut new.bytes());
    let (old, new) = (&old.as_bytes()[front..], &new.as_bytes()[front..]);
    front
        + common(
            &mut old.iter().rev().copied(),
            &mut new.iter().rev().copied(),
        )
}

/// A change of some keys of an entry.
fn changed(entry: &Entry, tape: &mut Tape) -> Entry {
    let mut new = entry.clone();
    for _ in 0..=tape.below(4) {
        match tape.below(14) {
            0 => {
                new.last_used = (!tape.one_in(3)).then(|| tape::time(tape));
            }
            1 => new.usage_count += 1,
            2 => new.packages = tape::texts(tape),
            3 => new.tools = tape::texts(tape),
            4 => new.size_mb = [None, Some(1500.0), Some(0.25), Some(1e-9)][tape.below(4)],
            5 => new.pinned = !new.pinned,
            6 => new.base = (!tape.one_in(2)).then(|| tape::text(tape)),
            7 => new.os = tape::text(tape),
            8 => new.image_id = Some(naming::Digest::from_bytes([tape.next(); 32])),
            9 => new.build_seconds = [None, Some(12.5), Some(0.0)][tape.below(3)],
            10 => new.built_because = (!tape.one_in(2)).then(|| tape::text(tape)),
            11 => new.inputs = tape::texts(tape),
            12 => new.requested = tape::requested(tape),
            _ => new.compilers = tape::texts(tape),
        }
    }
    new
}

fn new_entry(tape: &mut Tape) -> Entry {
    let tag = "new-ubuntu-25.04-gcc15".parse().unwrap();
    let entry = Entry::new("new", tape::text(tape), tag, "ubuntu:25.04", "x86_64");
    changed(&entry, tape)
}

proptest! {
    #[test]
    fn a_registry_is_read_as_it_was_meant(tape in Tape::any()) {
        let written = Written::new(&mut { tape });
        let registry = parse(&written.text());
        prop_assert_eq!(registry.entries(), &written.entries[..], "{}", written.text());
        agrees(&registry);
    }

    #[test]
    fn a_put_changes_its_entry_alone(tape in Tape::any()) {
        let mut tape = tape;
        let written = Written::new(&mut tape);
        let Some(index) = written.pick(&mut tape) else { return Ok(()) };
        let entry = changed(&written.entries[index], &mut tape);
        let new = edited(&parse(&written.text()), &[Edit::Put(entry.clone())]);
        let (before, own, after) = written.around(index);
        prop_assert!(new.text().starts_with(&before), "{}\n---\n{}", written.text(), new.text());
        prop_assert!(new.text().ends_with(&after), "{}\n---\n{}", written.text(), new.text());
        if entry == written.entries[index] {
            prop_assert_eq!(new.text(), written.text());
        }
        // Foreign keys and comments in the entry itself.
        let now = &new.text()[before.len()..new.text().len() - after.len()];
        let foreign = |text: &str| text.matches("foreign").count();
        prop_assert_eq!(foreign(now), foreign(&own), "{}\n---\n{}", own, now);
        let mut wanted = written.entries.clone();
        wanted[index] = entry;
        prop_assert_eq!(new.entries(), &wanted[..]);
        agrees(&new);
    }

    #[test]
    fn a_removal_takes_its_entry_alone(tape in Tape::any()) {
        let mut tape = tape;
        let written = Written::new(&mut tape);
        let Some(index) = written.pick(&mut tape) else { return Ok(()) };
        let new = edited(&parse(&written.text()), &[Edit::Remove(written.entries[index].name.clone())]);
        let (before, _, after) = written.around(index);
        if written.entries.len() > 1 {
            prop_assert_eq!(new.text(), before + &after);
        } else {
            prop_assert_eq!(new.text().replacen(" []", "", 1), before + &after);
        }
        let mut wanted = written.entries.clone();
        wanted.remove(index);
        prop_assert_eq!(new.entries(), &wanted[..]);
        agrees(&new);
    }

    #[test]
    fn a_new_entry_is_only_inserted(tape in Tape::any()) {
        let mut tape = tape;
        let written = Written::new(&mut tape);
        let entry = new_entry(&mut tape);
        let text = written.text();
        let new = edited(&parse(&text), &[Edit::Put(entry.clone())]);
        // If the list was empty, its placeholder is replaced.
        let mut base = text.clone();
        if written.entries.is_empty() {
            for nothing in [" []", " [ ]", " null", " ~"] {
                base = base.replacen(&format!("images:{nothing}"), "images:", 1);
            }
        }
        prop_assert_eq!(kept(&base, new.text()), base.len(), "{}\n---\n{}", text, new.text());
        let mut wanted = written.entries.clone();
        wanted.push(entry);
        prop_assert_eq!(new.entries(), &wanted[..]);
        agrees(&new);
    }

    #[test]
    fn many_edits_at_once_are_like_one_after_the_other(tape in Tape::any()) {
        let mut tape = tape;
        let written = Written::new(&mut tape);
        let mut edits = Vec::new();
        for entry in &written.entries {
            match tape.below(3) {
                0 => edits.push(Edit::Put(changed(entry, &mut tape))),
                1 => edits.push(Edit::Remove(entry.name.clone())),
                _ => {}
            }
        }
        if tape.one_in(2) {
            edits.push(Edit::Put(new_entry(&mut tape)));
        }
        let old = parse(&written.text());
        let new = edited(&old, &edits);
        let one_by_one = edits.iter().fold(old, |old, edit| edited(&old, std::slice::from_ref(edit)));
        prop_assert_eq!(new.entries(), one_by_one.entries());
        for comment in written.comments() {
            prop_assert!(new.text().contains(comment), "{}\n---\n{}", written.text(), new.text());
        }
        agrees(&new);
    }

    /// Random damage: never a panic, and never an unintended edit.
    #[test]
    fn damage_is_an_error_or_harmless(tape in Tape::any(), hits in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(b"\n\r\t -:#&*!|>'\"%@`{}[],?a0\xc3".to_vec())), 1..4)) {
        let mut tape = tape;
        let written = Written::new(&mut tape);
        let mut bytes = written.text().into_bytes();
        for (index, byte) in hits {
            let index = index.index(bytes.len().max(1));
            if let Some(at) = bytes.get_mut(index) {
                *at = byte;
            }
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Ok(registry) = Registry::parse(Utf8Path::new("r.yml"), text) else { return Ok(()) };
        let entry = match registry.entries() {
            [] => new_entry(&mut tape),
            entries => changed(&entries[tape.below(entries.len())], &mut tape),
        };
        for edit in [Edit::Remove(entry.name.clone()), Edit::Put(entry)] {
            if let Ok(new) = registry.with_edits(std::slice::from_ref(&edit)) {
                let read = parse(new.text());
                prop_assert_eq!(new.entries(), read.entries(), "{}", new.text());
                let there = new.get(edit.name());
                prop_assert_eq!(there, match &edit { Edit::Put(entry) => Some(entry), _ => None });
            }
        }
    }
}
