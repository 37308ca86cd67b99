//! One image as one record: fields between tabs, or a JSON object.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::finding::Finding;
use crate::listed::Listed;

/// The value of an empty field.
pub(crate) const NOTHING: &str = "-";

/// `name path size shared last_used uses loaded leased-by pinned state`, with tabs between.
pub(crate) fn line(image: &Listed<'_>) -> String {
    let bytes = |bytes: Option<u64>| bytes.map_or(NOTHING.into(), |bytes| bytes.to_string());
    let entry = &image.entry;
    let fields = [
        entry.name.clone(),
        image.path().to_string(),
        bytes(image.size()),
        bytes(image.shared),
        time(entry.last_used),
        entry.usage_count.to_string(),
        yes_no(image.loaded).to_owned(),
        holders(image),
        yes_no(Some(entry.pinned)).to_owned(),
        image.state().to_string(),
    ];
    fields.map(|field| one_field(&field)).join("\t")
}

/// The entry and its state.
pub(crate) fn json(image: &Listed<'_>) -> Value {
    let problems: Vec<_> = image.findings().iter().map(Finding::problem).collect();
    let found = json!({
        "path": image.path(),
        "size": image.size(),
        "shared_bytes": image.shared,
        "layers": image.layers(),
        "loaded": image.loaded,
        "leased": image.leased,
        "state": image.state().as_str(),
        "problems": problems,
    });
    let mut all = serde_json::to_value(&image.entry).unwrap_or_default();
    if let (Some(all), Value::Object(found)) = (all.as_object_mut(), found) {
        all.extend(found);
    }
    all
}

pub(crate) fn yes_no(answer: Option<bool>) -> &'static str {
    match answer {
        Some(true) => "yes",
        Some(false) => "no",
        None => NOTHING,
    }
}

/// The holders of leases.
pub(crate) fn holders(image: &Listed<'_>) -> String {
    if image.leased.is_empty() {
        NOTHING.to_owned()
    } else {
        image.leased.join(",")
    }
}

/// RFC 3339, in UTC.
pub(crate) fn time(time: Option<DateTime<Utc>>) -> String {
    time.map_or(NOTHING.into(), |time| {
        time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
    })
}

/// A text without tabs, line ends and control characters.
pub(crate) fn one_field(text: &str) -> String {
    naming::visible(text.chars())
}

#[cfg(test)]
mod tests {
    use failure::Failure;

    use super::*;
    use crate::finding::State;
    use crate::testing::listed;

    #[test]
    fn a_line_has_ten_fields() {
        let mut image = listed("a\tb\nc");
        image.leased = vec!["run 7".into(), "run 8".into()];
        image.entry.to_mut().last_used = "2026-02-06T00:00:00Z".parse().ok();
        image.entry.to_mut().pinned = true;
        assert_eq!(
            line(&image),
            "a\\tb\\nc\ta.tar\t1534000000\t100\t2026-02-06T00:00:00Z\t0\tyes\trun 7,run 8\tyes\tok"
        );
        image.sight.size = None;
        (image.shared, image.loaded, image.leased) = (None, None, Vec::new());
        image.entry.to_mut().last_used = None;
        let missing = Finding::new(State::Missing, Failure::invalid("no such file"));
        image.sight.findings.push(missing);
        assert_eq!(
            line(&image),
            "a\\tb\\nc\ta.tar\t-\t-\t-\t0\t-\t-\tyes\tmissing"
        );
    }

    #[test]
    fn an_object_has_the_entry_and_what_was_found() {
        let mut image = listed("a");
        image.loaded = None;
        let bad = Finding::new(State::BadName, Failure::invalid("bad").with_hint("other"));
        image.sight.findings.push(bad);
        let object = json(&image);
        for (key, value) in [
            ("name", json!("a")),
            ("docker_tag", json!("a-debian-12-base:latest")),
            ("pinned", json!(false)),
            ("path", json!("a.tar")),
            ("size", json!(1_534_000_000)),
            ("shared_bytes", json!(100)),
            ("layers", json!(1)),
            ("loaded", Value::Null),
            ("leased", json!([])),
            ("state", json!("bad name")),
            ("problems", json!(["bad"])),
        ] {
            assert_eq!(object[key], value, "{key}");
        }
    }
}
