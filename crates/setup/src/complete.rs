//! Completes registered names on a command line.

use std::ffi::OsString;

use camino::Utf8PathBuf;
use config::Config;
use failure::Failure;
use registry::Entry;

use crate::store::locate;

/// The names of the registry that the command line uses, each with its system. Empty if there is no store.
pub(crate) fn names(words: &[OsString]) -> Vec<(String, String)> {
    let entries = entries(words).unwrap_or_default().into_iter();
    entries.map(|entry| (entry.name, entry.os)).collect()
}

/// The entries of the registry that the command line uses.
fn entries(words: &[OsString]) -> Result<Vec<Entry>, Failure> {
    let config = Config::find(&ui::working_dir()?, given(words, "--config").as_deref())?;
    let registry = given(words, "--registry").or_else(|| {
        let variable = std::env::var("IMG_REGISTRY").ok();
        variable.map(Utf8PathBuf::from)
    });
    let store = locate(registry.as_deref(), &config)?;
    Ok(store.read_or_empty()?.entries().to_vec())
}

/// The value of a flag on a command line, which bash splits at `=`.
fn given(words: &[OsString], flag: &str) -> Option<Utf8PathBuf> {
    let mut words = words.iter().filter_map(|word| word.to_str());
    let value = loop {
        let word = words.next()?;
        match word.strip_prefix(flag) {
            Some("") => break words.find(|word| *word != "=")?,
            Some(rest) if rest.starts_with('=') => break &rest[1..],
            _ => {}
        }
    };
    Some(value.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_registry_on_a_command_line() {
        for (line, value) in [
            ("imgls -- imgls --registry a.yml x", Some("a.yml")),
            ("imgls -- imgls --registry=a.yml", Some("a.yml")),
            ("imgls -- imgls --registry = a.yml", Some("a.yml")),
            ("imgls -- imgls --registry", None),
            ("imgls -- imgls --registry-of a.yml", None),
            ("imgls", None),
        ] {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            assert_eq!(
                given(&words, "--registry").as_deref(),
                value.map(Into::into),
                "{line}"
            );
        }
    }
}
