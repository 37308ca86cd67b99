//! Lists of files.

use std::io::{self, Write};

use archive::{Device, FileKind, ImageFile, Special, Time, name_bytes};
use chrono::{DateTime, SecondsFormat, Utc};
use naming::Digest;
use serde_json::{Value, json};

use crate::escape::escape;

/// The width of owner and size together, as in `tar -tv`; longer ones take more.
const OWNER_AND_SIZE: usize = 19;

/// The format of a list.
#[derive(Debug, Clone, Copy)]
pub struct ListFormat {
    /// All fields of each file, as in `tar -tv`.
    pub long: bool,
    /// One JSON object a file.
    pub json: bool,
    /// Lines end with NUL, and names are not escaped.
    pub null: bool,
}

impl ListFormat {
    /// Writes the line of a file.
    pub fn write(
        self,
        file: &ImageFile,
        diff_ids: &[Digest],
        out: &mut impl Write,
    ) -> io::Result<()> {
        if self.json {
            write!(out, "{}", object(file, diff_ids))?;
        } else {
            if self.long {
                write!(out, "{} ", columns(file))?;
            }
            out.write_all(b"/")?;
            self.name(file.path, out)?;
            if self.long
                && let FileKind::SymLink(target) = file.kind
            {
                out.write_all(b" -> ")?;
                self.name(target, out)?;
            }
        }
        out.write_all(if self.null { b"\0" } else { b"\n" })
    }

    fn name(self, name: &str, out: &mut impl Write) -> io::Result<()> {
        if self.null {
            out.write_all(&name_bytes(name))
        } else {
            out.write_all(escape(name).as_bytes())
        }
    }
}

fn object(file: &ImageFile, diff_ids: &[Digest]) -> Value {
    let text = |name: &str| String::from_utf8_lossy(&name_bytes(name)).into_owned();
    let kind = match file.kind {
        FileKind::Directory => "directory",
        FileKind::SymLink(_) => "symlink",
        FileKind::File { .. } => "file",
        FileKind::Special(Special::Char(_)) => "char",
        FileKind::Special(Special::Block(_)) => "block",
        FileKind::Special(Special::Fifo) => "fifo",
        FileKind::Special(Special::Sparse) => "sparse",
        FileKind::Special(Special::Unknown) => "unknown",
    };
    let target = match file.kind {
        FileKind::SymLink(target) => Some(text(target)),
        _ => None,
    };
    let time = moment(file.attributes.mtime);
    json!({
        "path": format!("/{}", text(file.path)),
        "type": kind,
        "mode": format!("{:04o}", file.attributes.mode),
        "uid": file.attributes.uid,
        "gid": file.attributes.gid,
        "size": size(file),
        "mtime": time.map(|time| time.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
        "target": target,
        "diff_id": diff_ids.get(file.layer),
    })
}

fn size(file: &ImageFile) -> u64 {
    match file.kind {
        FileKind::File { size } => *size,
        _ => 0,
    }
}

fn moment(time: Time) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(time.seconds, time.nanos)
}

/// `-rwxr-xr-x 0/0           120 2026-02-06 10:00`
fn columns(file: &ImageFile) -> String {
    let attributes = file.attributes;
    let owner = format!("{}/{}", attributes.uid, attributes.gid);
    let size = match file.kind {
        FileKind::Special(Special::Char(device) | Special::Block(device)) => {
            let Device { major, minor } = device;
            format!("{major},{minor}")
        }
        _ => size(file).to_string(),
    };
    let width = OWNER_AND_SIZE.saturating_sub(owner.len() + 1);
    let time = moment(attributes.mtime);
    let time = time.map_or_else(
        || "-".to_owned(),
        |time| time.format("%Y-%m-%d %H:%M").to_string(),
    );
    format!("{} {owner} {size:>width$} {time}", permissions(file))
}

/// `drwxr-sr-t`, as in `ls`.
fn permissions(file: &ImageFile) -> String {
    let mode = file.attributes.mode;
    let mut text = String::from(match file.kind {
        FileKind::Directory => 'd',
        FileKind::SymLink(_) => 'l',
        FileKind::File { .. } | FileKind::Special(Special::Sparse) => '-',
        FileKind::Special(Special::Char(_)) => 'c',
        FileKind::Special(Special::Block(_)) => 'b',
        FileKind::Special(Special::Fifo) => 'p',
        FileKind::Special(Special::Unknown) => '?',
    });
    // The shift of the permissions, the special bit that replaces x, and its letter.
    for (shift, special, letter) in [(6, 0o4000, 's'), (3, 0o2000, 's'), (0, 0o1000, 't')] {
        let bits = mode >> shift;
        text.push(if bits & 4 == 0 { '-' } else { 'r' });
        text.push(if bits & 2 == 0 { '-' } else { 'w' });
        text.push(match (mode & special != 0, bits & 1 != 0) {
            (false, false) => '-',
            (false, true) => 'x',
            (true, false) => letter.to_ascii_uppercase(),
            (true, true) => letter,
        });
    }
    text
}

#[cfg(test)]
mod tests {
    use archive::{Attributes, name_text};

    use super::*;

    fn line(form: ListFormat, path: &[u8], kind: &FileKind, mode: u32) -> Vec<u8> {
        let attributes = Attributes {
            mode,
            uid: 1000,
            gid: 50,
            mtime: Time {
                seconds: 1_700_000_000,
                nanos: 5_000_000,
            },
        };
        let file = ImageFile {
            path: &name_text(path),
            kind,
            attributes: &attributes,
            layer: 1,
        };
        let diff_ids = [1, 2].map(|number| Digest::from_bytes([number; 32]));
        let mut out = Vec::new();
        form.write(&file, &diff_ids, &mut out).expect("writes");
        out
    }

    const PLAIN: ListFormat = ListFormat {
        long: false,
        json: false,
        null: false,
    };
    const LONG: ListFormat = ListFormat {
        long: true,
        ..PLAIN
    };

    #[test]
    fn long_lines_are_those_of_tar() {
        let device = Device { major: 1, minor: 3 };
        let link = FileKind::SymLink("b\nc".into());
        for (kind, mode, expected) in [
            (
                FileKind::File { size: 12 },
                0o644,
                "-rw-r--r-- 1000/50          12 2023-11-14 22:13 /a",
            ),
            (
                FileKind::File {
                    size: 123_456_789_012_345,
                },
                0o4755,
                "-rwsr-xr-x 1000/50 123456789012345 2023-11-14 22:13 /a",
            ),
            (
                FileKind::Directory,
                0o3776,
                "drwxrwsrwT 1000/50           0 2023-11-14 22:13 /a",
            ),
            (
                link,
                0o777,
                "lrwxrwxrwx 1000/50           0 2023-11-14 22:13 /a -> b\\nc",
            ),
            (
                FileKind::Special(Special::Char(device)),
                0o600,
                "crw------- 1000/50         1,3 2023-11-14 22:13 /a",
            ),
        ] {
            let line = line(LONG, b"a", &kind, mode);
            assert_eq!(String::from_utf8_lossy(&line), format!("{expected}\n"));
        }
    }

    #[test]
    fn names_are_escaped_but_for_programs() {
        let kind = FileKind::File { size: 0 };
        assert_eq!(line(PLAIN, b"a\n\xff", &kind, 0), b"/a\\n\\377\n");
        let null = ListFormat {
            null: true,
            ..PLAIN
        };
        assert_eq!(line(null, b"a\n\xff", &kind, 0), b"/a\n\xff\0");
    }

    #[test]
    fn an_object_says_all() {
        let json = ListFormat {
            json: true,
            ..PLAIN
        };
        let link = FileKind::SymLink("to".into());
        let line = line(json, b"a\n", &link, 0o777);
        let object: Value = serde_json::from_slice(&line).expect("JSON");
        let expected = json!({
            "path": "/a\n", "type": "symlink", "mode": "0777", "uid": 1000, "gid": 50, "size": 0,
            "mtime": "2023-11-14T22:13:20.005Z", "target": "to",
            "diff_id": Digest::from_bytes([2; 32]),
        });
        assert_eq!(object, expected);
    }
}
