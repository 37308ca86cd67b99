//! The ways to write an entry: in braces or in lines, quoted or not, with comments and foreign keys.

use registry::Entry;

use crate::tape::Tape;

/// Every key with its value in flow style, and sometimes a foreign key.
fn pairs(entry: &Entry, tape: &mut Tape) -> Vec<(&'static str, String)> {
    let mut pairs = vec![
        ("name", scalar(&entry.name, tape)),
        ("file", scalar(entry.file.as_str(), tape)),
        ("docker_tag", scalar(&entry.docker_tag.to_string(), tape)),
        ("os", scalar(&entry.os, tape)),
        ("architecture", scalar(&entry.architecture, tape)),
    ];
    let lists = [
        ("packages", &entry.packages),
        ("compilers", &entry.compilers),
    ];
    for (key, list) in lists {
        if !list.is_empty() || tape.one_in(2) {
            let items: Vec<_> = list.iter().map(|item| scalar(item, tape)).collect();
            pairs.push((
                key,
                format!("[{}]", items.join(tape.pick(&[", ", " ,  ", ","]))),
            ));
        }
    }
    let mut optional = |key, value: Option<String>, nothing: &[&str]| {
        let value = value.or_else(|| tape.one_in(3).then(|| tape.pick(nothing).to_owned()));
        pairs.extend(value.map(|value| (key, value)));
    };
    optional(
        "size_mb",
        entry.size_mb.map(|size| format!("{size:.1}")),
        &["null", "~", ""],
    );
    optional(
        "build_seconds",
        entry.build_seconds.map(|seconds| format!("{seconds:.1}")),
        &["null", ""],
    );
    let time = entry.last_used.map(|time| time.to_rfc3339());
    optional(
        "last_used",
        time.map(|time| format!("\"{time}\"")),
        &["null", ""],
    );
    let count = Some(entry.usage_count).filter(|count| *count > 0);
    optional(
        "usage_count",
        count.map(|count| count.to_string()),
        &["0", "", "null"],
    );
    optional(
        "pinned",
        entry.pinned.then(|| "true".to_owned()),
        &["false", "False", ""],
    );
    let because = entry.built_because.as_deref();
    let because = because.map(|because| scalar(because, tape));
    pairs.extend(because.map(|because| ("built_because", because)));
    if let Some(requested) = &entry.requested {
        let [packages, tools] = [&requested.packages, &requested.tools].map(|names| {
            let names: Vec<_> = names.iter().map(|name| scalar(name, tape)).collect();
            names.join(", ")
        });
        pairs.push((
            "requested",
            format!("{{packages: [{packages}], tools: [{tools}]}}"),
        ));
    }
    let base = entry.base.as_deref().map(|base| scalar(base, tape));
    pairs.extend(base.map(|base| ("base", base)));
    if tape.one_in(2) {
        pairs.push((
            "foreign",
            tape.pick(&[
                "1",
                "'foreign'",
                "{foreign: [x, {y: z}]}",
                "!!str 5",
                "!mine x",
            ])
            .to_owned(),
        ));
    }
    for _ in 0..tape.below(4) {
        let at = tape.below(pairs.len());
        let pair = pairs.remove(at);
        pairs.push(pair);
    }
    pairs
}

fn scalar(text: &str, tape: &mut Tape) -> String {
    let simple = text
        .chars()
        .all(|c| c.is_ascii_lowercase() || c == '-' || c == 'é')
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && !["true", "null", "yes", "n"].contains(&text);
    let single = !text
        .chars()
        .any(|c| c.is_control() || "\u{2028}\u{feff}".contains(c));
    match tape.below(3) {
        0 if simple => text.to_owned(),
        0 | 1 if single => format!("'{}'", text.replace('\'', "''")),
        _ => {
            let mut out = String::from('"');
            for c in text.chars() {
                match c {
                    '"' | '\\' => out.extend(['\\', c]),
                    c if c.is_control() || "\u{2028}\u{feff}".contains(c) => {
                        out.push_str(&format!("\\u{:04X}", u32::from(c)));
                    }
                    c => out.push(c),
                }
            }
            out + "\""
        }
    }
}

pub fn flow(entry: &Entry, indent: &str, tape: &mut Tape) -> String {
    let separator = match tape.below(3) {
        0 => ", ".to_owned(),
        1 => " ,".to_owned(),
        _ => format!(",  # foreign, {{it is}}\n{indent}   "),
    };
    let pairs: Vec<_> = pairs(entry, tape)
        .into_iter()
        .map(|(key, value)| format!("{}: {value}", quoted(key, tape)))
        .collect();
    let end = tape.pick(&["}", " }", "}  # foreign: }", ", }"]);
    format!("{{{}{end}", pairs.join(&separator))
}

fn quoted(key: &str, tape: &mut Tape) -> String {
    match tape.below(6) {
        4 => format!("'{key}'"),
        5 => format!("\"{key}\""),
        _ => key.to_owned(),
    }
}

pub fn block(entry: &Entry, indent: &str, tape: &mut Tape) -> String {
    let deep = tape.below(4);
    let inside = " ".repeat(deep + 1);
    let mut out = format!("{indent}-{inside}");
    if tape.one_in(6) {
        out = format!("{indent}-  # foreign dash\n{indent} {inside}");
    }
    for (index, (key, value)) in pairs(entry, tape).into_iter().enumerate() {
        let lead = if index == 0 {
            String::new()
        } else {
            format!("{indent} {inside}")
        };
        // With a deeper indentation, it would be part of the block scalar.
        if index > 0 && !out.contains("block #") && !out.contains(">-") && tape.one_in(6) {
            out.push_str(tape.pick(&["\n", "# foreign 'left\n", "      # foreign: - right\n"]));
        }
        out.push_str(&lead);
        out.push_str(&quoted(key, tape));
        out.push_str(tape.pick(&[":", ":", " :"]));
        let nested = format!("{indent} {inside}");
        out.push_str(&value_lines(key, &value, entry, &nested, tape));
    }
    out
}

/// A value after its colon, up to the end of the line.
fn value_lines(key: &str, value: &str, entry: &Entry, indent: &str, tape: &mut Tape) -> String {
    let list = match key {
        "packages" => entry.packages.as_slice(),
        "compilers" => &entry.compilers,
        _ => &[],
    };
    let comment = tape.pick(&["", "", " ", "   # note", " # it's \"odd\": [{"]);
    match tape.below(4) {
        1 if !list.is_empty() => {
            let indent = format!("{indent}{}", tape.pick(&["", "  "]));
            let items = list.iter().map(|item| {
                let item = scalar(item, tape);
                let comment = tape.pick(&["", " # why"]);
                format!("{indent}- {item}{comment}\n")
            });
            format!("{comment}\n{}", items.collect::<String>())
        }
        2 if key == "foreign" => {
            let header = tape.pick(&["|", ">", "|-", "|+", ">-  # c"]);
            format!(" {header}\n{indent}  foreign: [\n\n{indent}  - \"block # foreign\n")
        }
        3 if key == "foreign" => {
            format!("\n{indent}  deep:\n{indent}  - foreign\n{indent}  - b: |\n{indent}      x\n")
        }
        2 if key == "requested" => {
            let pairs = value.trim_matches(['{', '}']);
            let lines = pairs.replacen(", tools:", &format!("\n{indent}  tools:"), 1);
            format!("{comment}\n{indent}  {lines}{comment}\n")
        }
        2 if key == "os" => format!(" >-\n{indent} {}\n", entry.os),
        3 if value.starts_with('[') && !list.is_empty() => {
            let value = value.replacen('[', &format!("[\n{indent}  "), 1);
            format!(" {value}{comment}\n")
        }
        3 if value.starts_with('\'') => format!("\n{indent}   {value}{comment}\n"),
        _ if value.is_empty() => format!("{comment}\n"),
        _ => format!(" {value}{comment}\n"),
    }
}
