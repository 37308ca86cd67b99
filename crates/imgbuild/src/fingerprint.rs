//! One digest of all inputs of a build: equal fingerprints mean equal inputs.
//!
//! SHA-256 over `imgpipe-fingerprint-v1` and a line feed, then these fields in this order: base, build file, platform,
//! arguments, context, extra. A field is its name, the number of its values and the values. Every text and value is
//! preceded by its length, every number is 8 bytes, big-endian. So different inputs have different encodings, and a new
//! version of the encoding has a new first line.
//!
//! An argument is a name and a value. A file of the context is its path, its mode, its kind (`file`, `folder`, `link`,
//! `special`) and its digest or target, empty for the others.

use std::collections::BTreeMap;

use naming::{Architecture, Digest};
use sha2::{Digest as _, Sha256};

use crate::context::{BuildContext, EntryKind};

const VERSION: &[u8] = b"imgpipe-fingerprint-v1\n";

/// The inputs of a build.
#[derive(Debug, Clone, Copy)]
pub struct Fingerprint<'a> {
    /// The `image_id` of the base.
    pub base: Digest,
    /// The build file's text.
    pub build_file: &'a str,
    /// The architecture of the image.
    pub architecture: Architecture,
    /// The arguments of the build, without `BASE_IMAGE`: the base's name changes nothing.
    pub args: &'a BTreeMap<String, String>,
    /// The files of the context; `None` without a context.
    pub context: Option<&'a BuildContext>,
    /// Other inputs: the answers of cache probes.
    pub extra: &'a BTreeMap<String, String>,
}

impl Fingerprint<'_> {
    /// The fingerprint.
    pub fn fingerprint(&self) -> Digest {
        let mut out = Encoder(Sha256::new());
        out.0.update(VERSION);
        out.field("base", 1);
        out.bytes(self.base.as_bytes());
        out.field("build file", 1);
        out.bytes(self.build_file.as_bytes());
        out.field("platform", 1);
        out.bytes(self.architecture.platform().as_bytes());
        out.pairs("arguments", self.args);
        let entries = self.context.map_or(&[][..], |context| &context.entries);
        out.field("context", entries.len());
        for entry in entries {
            out.bytes(&entry.path);
            out.number(u64::from(entry.mode));
            let (kind, content): (&str, &[u8]) = match &entry.kind {
                EntryKind::File(digest) => ("file", digest.as_bytes()),
                EntryKind::Folder => ("folder", b""),
                EntryKind::Link(target) => ("link", target),
                EntryKind::Special => ("special", b""),
            };
            out.bytes(kind.as_bytes());
            out.bytes(content);
        }
        out.pairs("extra", self.extra);
        Digest::from_bytes(out.0.finalize().into())
    }
}

struct Encoder(Sha256);

impl Encoder {
    fn number(&mut self, number: u64) {
        self.0.update(number.to_be_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.update(bytes);
    }

    fn field(&mut self, name: &str, values: usize) {
        self.bytes(name.as_bytes());
        self.number(values as u64);
    }

    fn pairs(&mut self, name: &str, pairs: &BTreeMap<String, String>) {
        self.field(name, pairs.len());
        for (key, value) in pairs {
            self.bytes(key.as_bytes());
            self.bytes(value.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::ContextEntry;
    use std::collections::BTreeSet;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect()
    }

    fn context(path: &str, mode: u32, kind: EntryKind) -> BuildContext {
        BuildContext {
            entries: vec![ContextEntry {
                path: path.into(),
                mode,
                kind,
            }],
        }
    }

    /// A change of the encoding rebuilds all images of every store, so it needs a new version.
    #[test]
    fn the_encoding_stays() {
        let args = map(&[("A", "1")]);
        let extra = map(&[]);
        let link = context("x", 0, EntryKind::Link(b"y".to_vec()));
        let input = Fingerprint {
            base: Digest::from_bytes([7; 32]),
            build_file: "FROM a\n",
            architecture: Architecture::X86_64,
            args: &args,
            context: Some(&link),
            extra: &extra,
        };
        assert_eq!(
            input.fingerprint().to_string(),
            "sha256:fa1262d704ee1e53f892954806567457558d4b2094f8ef6c9f16cbff7e4e024b"
        );
    }

    #[test]
    fn every_part_tells_builds_apart() {
        let digest = |byte| Digest::from_bytes([byte; 32]);
        let (none, a1, ab) = (map(&[]), map(&[("A", "1")]), map(&[("A", "1"), ("B", "2")]));
        let file = |mode, byte| context("x", mode, EntryKind::File(digest(byte)));
        let contexts = [
            file(0o644, 1),
            file(0o755, 1),
            file(0o644, 2),
            context("y", 0o644, EntryKind::File(digest(1))),
            context("x", 0o644, EntryKind::Folder),
            context("x", 0o644, EntryKind::Special),
            context("x", 0o644, EntryKind::Link(b"x".to_vec())),
        ];
        let plain = Fingerprint {
            base: digest(1),
            build_file: "FROM a",
            architecture: Architecture::X86_64,
            args: &none,
            context: None,
            extra: &none,
        };
        let mut inputs = vec![
            plain,
            Fingerprint {
                base: digest(2),
                ..plain
            },
            Fingerprint {
                build_file: "FROM b",
                ..plain
            },
            Fingerprint {
                architecture: Architecture::Aarch64,
                ..plain
            },
            Fingerprint { args: &a1, ..plain },
            Fingerprint { args: &ab, ..plain },
            Fingerprint {
                extra: &a1,
                ..plain
            },
        ];
        inputs.extend(contexts.iter().map(|context| Fingerprint {
            context: Some(context),
            ..plain
        }));
        let fingerprints: BTreeSet<_> = inputs.iter().map(Fingerprint::fingerprint).collect();
        assert_eq!(fingerprints.len(), inputs.len());
    }
}
