//! Accepts JSON numbers and booleans for texts: `"target": 1` means the same as YAML's `target: 1`.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// Reads an object again if its `build` has such values; `None` if it has none, or has another error.
pub(crate) fn read<T: DeserializeOwned>(text: &[u8]) -> Option<T> {
    let mut value = serde_json::from_slice(text).ok()?;
    spell(&mut value).then(|| serde_json::from_value(value).ok())?
}

/// Turns such values below `build` into texts. Returns whether there were any.
pub(crate) fn spell(value: &mut Value) -> bool {
    let Some(object) = value.as_object_mut() else {
        return false;
    };
    let mut is_changed = object.get_mut("requirements").is_some_and(spell);
    if let Some(build) = object.get_mut("build").and_then(Value::as_object_mut) {
        for (key, value) in build {
            is_changed |= match (key.as_str(), value) {
                ("args", Value::Object(args)) => {
                    let spelled = args
                        .values_mut()
                        .filter_map(|value| spell_one(value).then_some(()));
                    spelled.count() > 0
                }
                ("target" | "network", value) => spell_one(value),
                _ => false,
            };
        }
    }
    is_changed
}

/// A fraction stays: `1.10` is read as 1.1, which may be unintended.
fn spell_one(value: &mut Value) -> bool {
    let text = match value {
        Value::Number(number) if !number.is_f64() => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        _ => return false,
    };
    *value = Value::String(text);
    true
}

#[cfg(test)]
mod tests {
    use crate::{Plan, Plans, parse_requirements};

    fn plan(build: &str) -> Result<Plan, String> {
        let text = format!(r#"{{"name":"x","base_image":"scratch","build":{build}}}"#);
        let plan = Plans::new(text.as_bytes()).next().expect("one");
        plan.map_err(|error| error.to_string())
    }

    #[test]
    fn numbers_and_truth_values_are_texts() {
        let build = r#"{"target":1,"args":{"A":2,"B":true,"C":"3","D":-4}}"#;
        let read = plan(build).expect("a plan").build;
        let values: Vec<_> = read.args.values().map(String::as_str).collect();
        assert_eq!(
            (read.target.as_deref(), &values[..]),
            (Some("1"), &["2", "true", "3", "-4"][..])
        );
        let yaml =
            "project: p\nos: debian:12\nbuild: {target: 1, args: {A: 2, B: true, C: '3', D: -4}}";
        let json = format!(r#"{{"project":"p","os":"debian:12","build":{build}}}"#);
        for text in [yaml, &json] {
            let wanted = parse_requirements(text).remove(0).expect(text);
            assert_eq!(wanted.build, Some(read.clone()), "{text}");
        }
        // The name completes the requirement of the same plan.
        let text = format!(
            r#"{{"name":"p-debian-12-x","requirements":{{"packages":[]}},"build":{build}}}"#
        );
        let both = Plans::new(text.as_bytes()).next().expect("one");
        assert_eq!(both.expect("a plan").build, read);
    }

    #[test]
    fn other_values_are_refused_at_their_place() {
        for (build, says) in [
            (
                r#"{"args":{"A":1.10}}"#,
                "floating point `1.1`, expected a string at line 1",
            ),
            (r#"{"args":{"A":1,"B":[]}}"#, "expected a string at line 1"),
            (r#"{"target":-1}"#, "expected a string"),
        ] {
            let error = plan(build).expect_err(build);
            assert!(error.contains(says), "{build}: {error}");
        }
    }
}
