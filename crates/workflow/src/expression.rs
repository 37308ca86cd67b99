//! GitHub's expressions, as far as they can be evaluated from a matrix alone: literals, `matrix`, operators and the
//! functions that look at nothing else. Everything else is an error that says so; nothing is guessed.

mod evaluate;
mod functions;
mod parse;
mod tokens;

use super::value::ExprValue;

/// The longest text that an expression is or becomes, in bytes. GitHub takes expressions of 21,000 characters.
pub(crate) const MAX_TEXT: usize = 32 << 10;

/// The value of what stands between `${{` and `}}`. Without a `matrix`, its values are not known.
pub(crate) fn evaluate(text: &str, matrix: Option<&ExprValue>) -> Result<ExprValue, String> {
    if text.len() > MAX_TEXT {
        return Err(format!("is longer than {MAX_TEXT} bytes"));
    }
    let tree = parse::parse(text).map_err(|error| format!("can't be read: {error}"))?;
    let value = evaluate::value(&tree, matrix)?.into_owned();
    match value {
        ExprValue::Unknown(why) => Err(why),
        value => Ok(value),
    }
}

#[cfg(test)]
mod tests;
