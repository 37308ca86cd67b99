//! All fields of one image, as `key: value` lines.

use archive::Compression;
use chrono::{DateTime, Utc};

use registry::Requested;

use crate::age::age;
use crate::listed::{AlsoIn, Listed};
use crate::record::{NOTHING, holders, one_field, time, yes_no};
use crate::sight::ArchivedLayer;

/// The lines, without a newline at the end.
pub(crate) fn long(image: &Listed<'_>, now: DateTime<Utc>) -> String {
    let entry = &image.entry;
    let list = |items: &[String]| text((!items.is_empty()).then(|| items.join(", ")));
    let when = |then: Option<DateTime<Utc>>| match then {
        Some(_) => format!("{} ({})", time(then), age(then, now, false)),
        None => "never".to_owned(),
    };
    let aliases: Vec<_> = entry.aliases.iter().map(ToString::to_string).collect();
    let bytes = |bytes: u64| format!("{} ({bytes} bytes)", ui::size(bytes));
    let megabytes = |size: f64| format!("{size} MB");
    let requested = |requested: &Requested| {
        let names = requested.packages.iter().chain(&requested.tools);
        names.cloned().collect::<Vec<_>>().join(", ")
    };
    let mut lines = vec![
        ("name", entry.name.clone()),
        ("archive", image.path().to_string()),
        ("size", text(image.size().map(bytes))),
        ("registered size", text(entry.size_mb.map(megabytes))),
        ("shared", text(image.shared.map(bytes))),
        ("tag", entry.docker_tag.to_string()),
        ("aliases", list(&aliases)),
        ("os", entry.os.clone()),
        ("architecture", entry.architecture.clone()),
        ("compilers", list(&entry.compilers)),
        ("packages", list(&entry.packages)),
        ("tools", list(&entry.tools)),
        ("variants", list(&entry.variants)),
        ("created", text(entry.created.map(|at| when(Some(at))))),
        ("last used", when(entry.last_used)),
        ("uses", entry.usage_count.to_string()),
        ("image_id", text(entry.image_id)),
        ("manifest", text(entry.manifest)),
        ("digest", text(entry.digest)),
        ("requested", text(entry.requested.as_ref().map(requested))),
        ("fingerprint", text(entry.fingerprint)),
        ("build seconds", text(entry.build_seconds)),
        ("built because", text(entry.built_because.as_ref())),
        ("base", text(entry.base.as_ref())),
        ("thin", yes_no(Some(entry.thin)).to_owned()),
        ("remote", text(entry.remote.as_ref())),
        ("pinned", yes_no(Some(entry.pinned)).to_owned()),
        ("loaded", yes_no(image.loaded).to_owned()),
        ("leases", holders(image)),
        ("state", image.state().to_string()),
    ];
    let inputs = entry.inputs.iter();
    lines.extend(inputs.map(|input| ("input", input.clone())));
    let layers = image.sight.image.iter().flat_map(|seen| &seen.layers);
    for (index, seen) in layers.enumerate() {
        lines.push(("layer", layer(seen, image.also_in.get(index))));
    }
    for finding in image.findings() {
        lines.push(("problem", finding.problem()));
    }
    let lines = lines
        .iter()
        .map(|(key, value)| format!("{key}: {}", one_field(value)));
    lines.collect::<Vec<_>>().join("\n")
}

/// What is known, or a dash.
fn text(value: Option<impl ToString>) -> String {
    value.map_or_else(|| NOTHING.to_owned(), |value| value.to_string())
}

/// `9826d839f381 198.90 MB, stored 76.10 MB zstd, also in a, b and 3 more`.
fn layer(layer: &ArchivedLayer, also_in: Option<&AlsoIn>) -> String {
    let mut words = layer.diff_id.short();
    if let Some(size) = layer.size {
        words += &format!(" {}", ui::size(size));
    }
    let stored = ui::size(layer.stored);
    words += &match layer.compression {
        _ if layer.left_out => ", left to the base".to_owned(),
        Compression::None => ", stored uncompressed".to_owned(),
        Compression::Gzip => format!(", stored {stored} gzip"),
        Compression::Zstd => format!(", stored {stored} zstd"),
    };
    if let Some(also_in) = also_in.filter(|also_in| !also_in.names.is_empty()) {
        words += &format!(", also in {}", also_in.names.join(", "));
        if also_in.more > 0 {
            words += &format!(" and {} more", also_in.more);
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn layers_say_where_they_are() {
        let plain = testing::layer(0xab, 1_500_000);
        let zstd = ArchivedLayer {
            compression: Compression::Zstd,
            stored: 400,
            ..plain
        };
        let unknown = ArchivedLayer { size: None, ..zstd };
        let left_out = ArchivedLayer {
            left_out: true,
            stored: 0,
            ..plain
        };
        let also_in = AlsoIn {
            names: vec!["a".into(), "b".into()],
            more: 3,
        };
        for (seen, also_in, words) in [
            (plain, None, "1.50 MB, stored uncompressed"),
            (zstd, None, "1.50 MB, stored 400 B zstd"),
            (left_out, None, "1.50 MB, left to the base"),
            (
                zstd,
                Some(&also_in),
                "1.50 MB, stored 400 B zstd, also in a, b and 3 more",
            ),
        ] {
            assert_eq!(layer(&seen, also_in), format!("abababababab {words}"));
        }
        assert_eq!(layer(&unknown, None), "abababababab, stored 400 B zstd");
    }

    #[test]
    fn all_of_an_entry_is_shown() {
        let mut image = testing::listed("the-name");
        let entry = image.entry.to_mut();
        let words = |text: &str| vec![format!("{text}-1"), format!("{text}-2")];
        let digest = |number: u8| Some(naming::Digest::from_bytes([number; 32]));
        entry.aliases = ["nginx:1.27", "quay.io/x/y:2"]
            .map(|alias| alias.parse().expect("a reference"))
            .into();
        (entry.compilers, entry.packages) = (words("compiler"), words("package"));
        (entry.tools, entry.variants) = (words("tool"), words("variant"));
        entry.size_mb = Some(77.5);
        entry.created = "2026-02-06T01:02:03Z".parse().ok();
        entry.last_used = "2026-02-07T01:02:03Z".parse().ok();
        entry.usage_count = 4711;
        (entry.image_id, entry.digest, entry.fingerprint) = (digest(7), digest(8), digest(9));
        entry.manifest = digest(10);
        entry.requested = Some(Requested {
            packages: words("wanted-package"),
            tools: words("wanted-tool"),
        });
        entry.build_seconds = Some(12.5);
        entry.built_because = Some("the base changed".into());
        entry.inputs = words("input 0a1b");
        entry.base = Some("the-base".into());
        entry.remote = "registry.example:5000/ci/x:1".parse().ok();
        let text = long(&image, Utc::now());
        let shown = |value: &serde_json::Value| {
            let value = match value {
                serde_json::Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            text.contains(&value)
        };
        let entry = serde_json::to_value(&image.entry).expect("JSON");
        for (key, value) in entry.as_object().expect("an object") {
            let is_shown = match value {
                serde_json::Value::Array(values) => {
                    assert!(!values.is_empty(), "{key} is tried");
                    values.iter().all(shown)
                }
                serde_json::Value::Object(lists) => {
                    let mut values = lists.values().filter_map(|list| list.as_array()).flatten();
                    values.all(shown)
                }
                // Other keys may have the same value, so look for the whole line.
                serde_json::Value::Bool(_) => text.contains(&format!("\n{key}: no\n")),
                value => {
                    assert!(!value.is_null(), "{key} is tried");
                    shown(value)
                }
            };
            assert!(is_shown, "{key}: {value} is not in\n{text}");
        }
        assert!(
            text.contains("\ninput: input 0a1b-1\ninput: input 0a1b-2\n"),
            "{text}"
        );
    }

    #[test]
    fn every_line_has_its_key() {
        let text = long(&testing::listed("a\u{1b}[31m"), Utc::now());
        assert!(
            text.starts_with("name: a\\u{1b}[31m\narchive: a.tar\n"),
            "{text}"
        );
        assert!(text.contains("\nlast used: never\n"), "{text}");
        assert!(text.lines().all(|line| line.contains(": ")), "{text}");
    }
}
