//! Compares an engine's image with an archived one, if the engine knows it by another ID than the registry does.
//!
//! A containerd store identifies an image by its manifest. Each compression has another manifest, and the store does
//! not show the config's digest. It shows some keys of the config. Images with the same layers, but another label or
//! command, differ in these keys.

use archive::Image;
use engine::ImageInfo;
use serde_json::{Map, Value};

/// The keys of a config that containers use: OCI's image specification, config.md, and Docker's additions. Other keys
/// depend on Docker's version.
const SETTINGS: [&str; 12] = [
    "Cmd",
    "Entrypoint",
    "Env",
    "ExposedPorts",
    "Healthcheck",
    "Labels",
    "OnBuild",
    "Shell",
    "StopSignal",
    "User",
    "Volumes",
    "WorkingDir",
];

/// Whether an engine's image has the layers, settings and creation time of an archived image.
pub fn is_alike(image: &Image, info: &ImageInfo) -> bool {
    let layers = image.layers.iter().map(|layer| &layer.diff_id);
    let Some(held) = &info.diff_ids else {
        return false;
    };
    let (settings, created) = (info.settings.as_ref(), info.created.as_deref());
    layers.eq(held) && is_configured_alike(&image.config.bytes, settings, created)
}

fn is_configured_alike(config: &[u8], settings: Option<&Value>, created: Option<&str>) -> bool {
    let Ok(Value::Object(config)) = serde_json::from_slice(config) else {
        return false;
    };
    let none = Map::new();
    let archived = config.get("config").and_then(Value::as_object);
    let held = settings.and_then(Value::as_object);
    let (archived, held) = (archived.unwrap_or(&none), held.unwrap_or(&none));
    let is_same = |key: &&str| said(archived, key) == said(held, key);
    SETTINGS.iter().all(is_same) && was_made(&config) == created
}

/// The value of a setting. A missing key, an empty text and an empty list are the same.
fn said<'a>(settings: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    settings.get(key).filter(|value| match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(items) => !items.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    })
}

fn was_made(config: &Map<String, Value>) -> Option<&str> {
    config.get("created").and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MADE: &str = "2026-11-27T02:56:39.516048573Z";

    fn is(config: &str, settings: &str, created: Option<&str>) -> bool {
        let settings: Value = serde_json::from_str(settings).unwrap();
        is_configured_alike(config.as_bytes(), Some(&settings), created)
    }

    #[test]
    fn settings_tell_images_of_the_same_layers_apart() {
        let config = format!(
            r#"{{"created":"{MADE}","config":{{"Env":["A=1"],"Cmd":null,"Labels":{{"a":"b"}},"Image":"sha256:1"}}}}"#
        );
        let same = r#"{"Env":["A=1"],"Labels":{"a":"b"}}"#;
        for (settings, expected) in [
            (same, true),
            (
                r#"{"Labels":{"a":"b"},"Env":["A=1"],"Cmd":[],"User":"","Volumes":{},"AttachStdin":false}"#,
                true,
            ),
            (r#"{"Env":["A=1"],"Labels":{"a":"c"}}"#, false),
            (r#"{"Env":["A=1"],"Labels":{"a":"b","c":""}}"#, false),
            (r#"{"Env":["A=1"],"Labels":{"a":"b"},"Cmd":["x"]}"#, false),
            (r#"{"Labels":{"a":"b"}}"#, false),
            ("null", false),
        ] {
            assert_eq!(is(&config, settings, Some(MADE)), expected, "{settings}");
        }
        assert!(!is(&config, same, Some("2026-11-27T02:57:00Z")));
        assert!(!is(&config, same, None));
    }

    #[test]
    fn an_image_may_say_nothing() {
        assert!(is("{}", "null", None));
        assert!(is(r#"{"config":{}}"#, r#"{"Env":null}"#, None));
        assert!(is_configured_alike(b"{}", None, None));
        assert!(!is("[]", "null", None));
    }
}
