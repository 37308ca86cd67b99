//! The keys of an entry, and their YAML values.

use chrono::{DateTime, SecondsFormat, Utc};
use yaml::YamlValue;

use crate::{Entry, Requested};

/// The keys that imgpipe knows, in the order of new entries.
macro_rules! keys {
    ($($key:ident $text:literal,)*) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Key {
            $($key),*
        }

        impl Key {
            pub const ALL: [Self; [$($text),*].len()] = [$(Self::$key),*];

            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$key => $text),*
                }
            }
        }
    };
}

keys! {
    Name "name",
    File "file",
    DockerTag "docker_tag",
    Aliases "aliases",
    Os "os",
    Architecture "architecture",
    Compilers "compilers",
    Packages "packages",
    Tools "tools",
    Variants "variants",
    SizeMb "size_mb",
    Created "created",
    LastUsed "last_used",
    UsageCount "usage_count",
    ImageId "image_id",
    Manifest "manifest",
    Digest "digest",
    Requested "requested",
    Fingerprint "fingerprint",
    BuildSeconds "build_seconds",
    BuiltBecause "built_because",
    Inputs "inputs",
    Base "base",
    Thin "thin",
    Remote "remote",
    Pinned "pinned",
}

impl Key {
    pub fn from_str(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.as_str() == text)
    }

    /// The entry's value of this key. Two entries agree on a key if these are equal.
    pub fn shown(self, entry: &Entry) -> YamlValue {
        match self {
            Self::Name => text(&entry.name),
            Self::File => text(entry.file.as_str()),
            Self::DockerTag => text(&entry.docker_tag.to_string()),
            Self::Aliases => list(
                &entry
                    .aliases
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>(),
            ),
            Self::Os => text(&entry.os),
            Self::Architecture => text(&entry.architecture),
            Self::Compilers => list(&entry.compilers),
            Self::Packages => list(&entry.packages),
            Self::Tools => list(&entry.tools),
            Self::Variants => list(&entry.variants),
            Self::SizeMb => bare(entry.size_mb),
            Self::Created => bare(entry.created.map(time)),
            Self::LastUsed => bare(entry.last_used.map(time)),
            Self::UsageCount => bare(Some(entry.usage_count).filter(|count| *count != 0)),
            Self::ImageId => bare(entry.image_id),
            Self::Manifest => bare(entry.manifest),
            Self::Digest => bare(entry.digest),
            Self::Requested => bare(entry.requested.as_ref().map(requested)),
            Self::Fingerprint => bare(entry.fingerprint),
            Self::BuildSeconds => bare(entry.build_seconds),
            Self::BuiltBecause => entry
                .built_because
                .as_deref()
                .map_or(YamlValue::Absent, text),
            Self::Inputs => list(&entry.inputs),
            Self::Base => entry.base.as_deref().map_or(YamlValue::Absent, text),
            Self::Thin => flag(entry.thin),
            Self::Remote => bare(entry.remote.as_ref()),
            Self::Pinned => flag(entry.pinned),
        }
    }

    /// The empty value, for a key that stays.
    pub fn nothing(self) -> YamlValue {
        match self {
            Self::Aliases
            | Self::Compilers
            | Self::Packages
            | Self::Tools
            | Self::Variants
            | Self::Inputs => YamlValue::List(Vec::new()),
            Self::UsageCount => YamlValue::Scalar("0".into()),
            Self::Thin | Self::Pinned => YamlValue::Scalar("false".into()),
            _ => YamlValue::Scalar("null".into()),
        }
    }

    /// Whether new entries have the key even if it is empty, so that people see it.
    pub fn always(self) -> bool {
        matches!(self, Self::LastUsed | Self::UsageCount)
    }
}

fn text(value: &str) -> YamlValue {
    YamlValue::Scalar(yaml::written(value))
}

fn bare(value: Option<impl ToString>) -> YamlValue {
    value.map_or(YamlValue::Absent, |value| {
        YamlValue::Scalar(value.to_string())
    })
}

fn flag(value: bool) -> YamlValue {
    bare(Some(value).filter(|value| *value))
}

/// A mapping in flow style.
fn requested(requested: &Requested) -> String {
    let [packages, tools] = [&requested.packages, &requested.tools].map(|names| {
        let names: Vec<_> = names.iter().map(|name| yaml::written(name)).collect();
        names.join(", ")
    });
    format!("{{packages: [{packages}], tools: [{tools}]}}")
}

fn list(values: &[String]) -> YamlValue {
    if values.is_empty() {
        YamlValue::Absent
    } else {
        YamlValue::List(values.iter().map(|value| yaml::written(value)).collect())
    }
}

fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}
