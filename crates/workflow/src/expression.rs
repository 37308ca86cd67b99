//! GitHub's expressions, as far as the matrix alone decides them: literals, `matrix`, operators and pure functions.
//! Everything else is an error; nothing is guessed.

mod evaluate;
mod functions;
mod parse;
mod tokens;

use super::value::ExprValue;

/// The longest expression or result, in bytes. GitHub allows expressions of 21,000 characters.
pub(crate) const MAX_TEXT: usize = 32 << 10;

/// The value of the text between `${{` and `}}`. Without a `matrix`, its values are unknown.
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
