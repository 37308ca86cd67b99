//! Chooses entries by their values: `compiler=gcc`.

use std::collections::BTreeSet;
use std::str::FromStr;

use config::MATRIX_KEYS;
use naming::{Architecture, NameError};

use super::entry::{JobEntry, listed};
use super::marks::truth;
use super::needs::MatrixKeys;
use super::value::ExprValue;

/// The keys of the entry itself, not of its matrix.
const OWN: [&str; 4] = ["job", "name", "runs-on", "container"];

/// A key with a default from the container or runner, if the matrix lacks it.
const ARCHITECTURE: &str = "architecture";

/// A key and the value that an entry must have. Case does not matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    key: String,
    value: String,
}

impl FromStr for Filter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((key, value)) if !key.trim().is_empty() => Ok(Self {
                key: key.trim().to_owned(),
                value: value.trim().to_owned(),
            }),
            _ => Err(format!("`{text}` is not KEY=VALUE")),
        }
    }
}

impl Filter {
    /// Checks the key. The error lists the known keys; for an unknown architecture, the known architectures.
    pub fn check(&self, entries: &[JobEntry], keys: &MatrixKeys) -> Result<(), String> {
        if self.is_architecture(keys) {
            self.architecture()?;
        }
        let theirs = entries.iter().flat_map(JobEntry::keys);
        let all = OWN
            .into_iter()
            .chain(MATRIX_KEYS)
            .chain(keys.added())
            .chain(theirs);
        let known: BTreeSet<&str> = all.collect();
        match known.iter().any(|key| key.eq_ignore_ascii_case(&self.key)) {
            true => Ok(()),
            false => {
                let known: Vec<_> = known.into_iter().collect();
                Err(format!(
                    "no entry has the key `{}` (known: {})",
                    self.key,
                    known.join(", ")
                ))
            }
        }
    }

    /// Whether an entry has the value. The error says why this is unknown.
    pub fn accepts(&self, entry: &JobEntry, keys: &MatrixKeys) -> Result<bool, String> {
        let is = |text: &str| text.trim().eq_ignore_ascii_case(&self.value);
        match self.key.to_ascii_lowercase().as_str() {
            "job" => Ok(is(&entry.job)),
            "name" => Ok(is(&entry.name)),
            "runs-on" => {
                let labels = entry.runs_on.as_ref().map_err(Clone::clone)?;
                Ok(labels.iter().any(|label| is(label)))
            }
            "container" => {
                let image = entry.container.as_ref().map_err(Clone::clone)?;
                Ok(is(image.as_deref().unwrap_or_default()))
            }
            _ if self.is_architecture(keys) => {
                entry.runs_on_architecture(keys, self.architecture()?)
            }
            key => {
                let value = keys.value(&entry.matrix, key);
                if let Some(why) = value.unknown() {
                    return Err(format!("`{key}`: {why}"));
                }
                // A missing flag counts as not set.
                let unset = *value == ExprValue::Null && self.value.eq_ignore_ascii_case("false");
                let set = self.value.eq_ignore_ascii_case("true") && truth(value) == Ok(true);
                Ok(unset || set || is(&listed(value)))
            }
        }
    }

    fn is_architecture(&self, keys: &MatrixKeys) -> bool {
        self.key.eq_ignore_ascii_case(ARCHITECTURE) || keys.means(&self.key, ARCHITECTURE)
    }

    fn architecture(&self) -> Result<Architecture, String> {
        self.value.parse().map_err(|error: NameError| {
            let known = error.hint().map(|hint| format!(" ({hint})"));
            format!("`--filter`: {error}{}", known.unwrap_or_default())
        })
    }
}
