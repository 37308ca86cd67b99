//! The chart: what `docker load` and `docker save` take, and what the commands take of that.
//!
//! Made of the document that the bench writes, so that it shows measured numbers and nothing else, also of an earlier run.

use std::fmt::Write as _;

use camino::Utf8Path;
use serde_json::Value;

use super::result::Unit;
use super::table::amount;
use crate::Error;

/// The sizes of the picture, in its own units.
const WIDTH: f64 = 880.0;
const TOP: f64 = 76.0;
const ROW: f64 = 58.0;
const BAR: f64 = 16.0;
/// Where bars begin, and how long one is that stands for what the other side takes.
const LEFT: f64 = 330.0;
const WHOLE: f64 = 320.0;
/// The longest bar: what is slower yet is cut, and its number tells.
const LONGEST: f64 = 1.3;

const STYLE: &str = "
    .paper { fill: #ffffff }
    .ours { fill: #3b6fb6 }
    .theirs { fill: #c3c9d1 }
    text { fill: #1b1f24 }
    .small { font-size: 12px; fill: #57606a }
    .name { text-anchor: end }
    .heading { font-weight: 600 }
    @media (prefers-color-scheme: dark) {
      .paper { fill: #0d1117 }
      .ours { fill: #6ea0e6 }
      .theirs { fill: #4a525c }
      text { fill: #e6edf3 }
      .small { fill: #9aa4b0 }
    }
  ";

/// One comparison.
#[derive(Debug, PartialEq)]
struct Pair<'a> {
    ours: (&'a str, f64),
    theirs: (&'a str, f64),
}

/// The results that an earlier run has written.
pub(super) fn read(path: &Utf8Path) -> Result<Value, Error> {
    let text = std::fs::read_to_string(path).map_err(Error::io(path))?;
    serde_json::from_str(&text).map_err(|error| Error::Wrong(format!("{path}: {error}")))
}

/// Writes the chart of what was measured.
pub(super) fn write(document: &Value, path: &Utf8Path) -> Result<(), Error> {
    let pairs = pairs(document);
    if pairs.is_empty() {
        return Err(Error::Wrong(
            "no case was measured against `docker load` or `docker save`".into(),
        ));
    }
    let chart = chart(&pairs, &setting(document));
    crate::files::write(path, chart)?;
    eprintln!("wrote {path}");
    Ok(())
}

/// The comparisons of times with an engine's own load and save.
fn pairs(document: &Value) -> Vec<Pair<'_>> {
    let results = document["results"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    results.iter().filter_map(pair).collect()
}

/// A row's comparison, if it is one.
fn pair(row: &Value) -> Option<Pair<'_>> {
    if row["unit"] != "seconds" {
        return None;
    }
    let (ours, theirs) = (side(&row["ours"])?, side(&row["theirs"])?);
    let is_engine = ["docker load", "docker save"]
        .iter()
        .any(|words| theirs.0.contains(words));
    is_engine.then_some(Pair { ours, theirs })
}

/// What ran, and its median.
fn side(side: &Value) -> Option<(&str, f64)> {
    let median = side["median"].as_f64().filter(|median| *median > 0.0)?;
    Some((side["what"].as_str()?, median))
}

/// Where it was measured.
fn setting(document: &Value) -> String {
    let engine = &document["engine"];
    let text = |value: &Value| value.as_str().unwrap_or("unknown").to_owned();
    let (program, version) = (text(&engine["program"]), text(&engine["version"]));
    let program = program.rsplit('/').next().unwrap_or_default();
    let quick = match document["quick"].as_bool() {
        Some(true) => "; a smoke test, whose numbers mean nothing",
        _ => "",
    };
    format!(
        "medians of {} rounds, {} processors, {program} {version} with {}{quick}",
        document["rounds"],
        document["cpus"],
        text(&engine["driver"])
    )
}

fn chart(pairs: &[Pair], setting: &str) -> String {
    let rows = u32::try_from(pairs.len()).map_or(0.0, f64::from);
    let height = TOP + rows * ROW + 18.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         font-family=\"system-ui, sans-serif\" font-size=\"14\">\n  \
         <title>imgload and imgsave beside docker load and docker save: seconds, less is better</title>\n  \
         <style>{STYLE}</style>\n  <rect class=\"paper\" width=\"{WIDTH}\" height=\"{height}\" rx=\"8\"/>\n  \
         <text class=\"heading\" x=\"24\" y=\"32\">Beside docker load and docker save: less is better</text>\n  \
         <text class=\"small\" x=\"24\" y=\"52\">{}</text>\n",
        escaped(setting)
    );
    let mut top = TOP;
    for pair in pairs {
        let share = pair.ours.1 / pair.theirs.1;
        let _ = writeln!(
            svg,
            "{}{}  <text class=\"small\" x=\"{}\" y=\"{}\">{}</text>",
            bar("ours", top, pair.ours, share),
            bar("theirs", top + BAR + 3.0, pair.theirs, 1.0),
            WIDTH - 86.0,
            top + BAR + 6.0,
            times(share)
        );
        top += ROW;
    }
    svg.push_str("</svg>\n");
    svg
}

fn bar(class: &str, top: f64, (what, value): (&str, f64), share: f64) -> String {
    let length = (share.min(LONGEST) * WHOLE).max(1.0);
    let middle = top + BAR - 4.0;
    format!(
        "  <text class=\"name\" x=\"{}\" y=\"{middle}\">{}</text>\n  \
         <rect class=\"{class}\" x=\"{LEFT}\" y=\"{top}\" width=\"{length:.1}\" height=\"{BAR}\" rx=\"2\"/>\n  \
         <text class=\"small\" x=\"{:.1}\" y=\"{middle}\">{}</text>\n",
        LEFT - 10.0,
        escaped(what),
        LEFT + length + 6.0,
        amount(Unit::Seconds, value)
    )
}

/// How much faster or slower ours is.
fn times(share: f64) -> String {
    let faster = 1.0 / share;
    if faster >= 10.0 {
        format!("{faster:.0}× faster")
    } else if faster >= 1.05 {
        format!("{faster:.1}× faster")
    } else if share >= 1.05 {
        format!("{share:.1}× slower")
    } else {
        "the same".into()
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn result(unit: &str, ours: f64, what: &str, theirs: Option<f64>) -> Value {
        json!({
            "unit": unit,
            "ours": { "what": "imgload <a & b>", "median": ours },
            "theirs": { "what": what, "median": theirs },
        })
    }

    #[test]
    fn shows_what_was_measured_against_the_engine_s_own() {
        let document = json!({
            "engine": { "program": "/usr/bin/docker", "version": "20.10", "driver": "overlay2" },
            "rounds": 5,
            "cpus": 2,
            "results": [
                result("seconds", 0.5, "docker load -i", Some(1.0)),
                result("seconds", 30.0, "docker save -o", Some(1.0)),
                result("seconds", 1.0, "docker image inspect", Some(1.0)),
                result("seconds", 1.0, "docker load -i", None),
                result("bytes", 1.0, "eight docker save -o", Some(1.0)),
            ],
        });
        let pairs = pairs(&document);
        assert_eq!(pairs.len(), 2, "{pairs:?}");
        let chart = chart(&pairs, &setting(&document));
        for words in [
            "imgload &lt;a &amp; b&gt;",
            "2.0× faster",
            "30.0× slower",
            "width=\"160.0\"",
            "medians of 5 rounds, 2 processors, docker 20.10 with overlay2<",
        ] {
            assert!(chart.contains(words), "{words}\n{chart}");
        }
        assert!(write(&json!({}), Utf8Path::new("/nowhere/x.svg")).is_err());
    }
}
