//! The functions that depend only on their arguments.

use std::borrow::Cow;

use super::MAX_TEXT;
use crate::value::ExprValue;

/// The functions whose result depends on the run.
const GITHUBS: [&str; 5] = ["success", "failure", "always", "cancelled", "hashfiles"];

pub(super) fn call(name: &str, arguments: &[Cow<ExprValue>]) -> Result<ExprValue, String> {
    let lower = name.to_ascii_lowercase();
    let text = |at: usize| arguments[at].text().to_uppercase();
    let (fewest, most) = match lower.as_str() {
        "contains" | "startswith" | "endswith" => (2, 2),
        "format" => (1, usize::MAX),
        "join" => (1, 2),
        "tojson" | "fromjson" => (1, 1),
        other if GITHUBS.contains(&other) => return Err("is known only to GitHub".to_owned()),
        _ => return Err(format!("can't be read: unknown function `{name}`")),
    };
    if arguments.len() < fewest || arguments.len() > most {
        return Err(format!(
            "can't be read: wrong number of arguments for `{name}`"
        ));
    }
    match lower.as_str() {
        "contains" => Ok(ExprValue::Bool(match &*arguments[0] {
            ExprValue::List(items) => items.iter().any(|item| item.equals(&arguments[1])),
            _ => text(0).contains(&text(1)),
        })),
        "startswith" => Ok(ExprValue::Bool(text(0).starts_with(&text(1)))),
        "endswith" => Ok(ExprValue::Bool(text(0).ends_with(&text(1)))),
        "format" => format(&arguments[0].text(), &arguments[1..]),
        "join" => {
            let separator = arguments.get(1).map_or(",".to_owned(), |with| with.text());
            match &*arguments[0] {
                ExprValue::List(items) => {
                    let texts: Vec<_> = items.iter().map(ExprValue::text).collect();
                    bounded(texts.join(&separator))
                }
                one => bounded(one.text()),
            }
        }
        "tojson" => serde_json::to_string_pretty(&*arguments[0])
            .map_err(|error| error.to_string())
            .and_then(bounded),
        _ => {
            let read = serde_json::from_str(&arguments[0].text());
            read.map_err(|error| {
                format!("can't be read: the argument of `{name}` is not JSON: {error}")
            })
        }
    }
}

fn bounded(text: String) -> Result<ExprValue, String> {
    match text.len() > MAX_TEXT {
        true => Err(format!("becomes longer than {MAX_TEXT} bytes")),
        false => Ok(ExprValue::Text(text)),
    }
}

/// Replaces `{0}` and so on by arguments, and doubled braces by one.
fn format(pattern: &str, arguments: &[Cow<ExprValue>]) -> Result<ExprValue, String> {
    let mut out = String::new();
    let mut rest = pattern;
    while let Some(at) = rest.find(['{', '}']) {
        let wrong = || Err(format!("can't be read: `{pattern}` is not a valid format"));
        out.push_str(&rest[..at]);
        let (brace, after) = rest[at..].split_at(1);
        if let Some(after) = after.strip_prefix(brace) {
            out.push_str(brace);
            rest = after;
            continue;
        }
        let Some((index, after)) = after.split_once('}').filter(|_| brace == "{") else {
            return wrong();
        };
        let argument = index.parse().ok().and_then(|at: usize| arguments.get(at));
        match argument {
            Some(argument) => out.push_str(&argument.text()),
            None => return wrong(),
        }
        if out.len() > MAX_TEXT {
            break;
        }
        rest = after;
    }
    out.push_str(rest);
    bounded(out)
}
