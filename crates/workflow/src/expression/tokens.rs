//! The tokens of an expression.

use crate::value::{ExprValue, number};

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Literal(ExprValue),
    Word(String),
    Sign(&'static str),
}

/// Longer operators first.
const SIGNS: [&str; 17] = [
    "==", "!=", "<=", ">=", "&&", "||", "<", ">", "!", "(", ")", "[", "]", ".", ",", "*", "-",
];

/// The tokens of a text; the error is the text that begins no token.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut all = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, after) = if first == '\'' {
            quoted(&rest[1..])?
        } else if first.is_ascii_digit() || negative(rest, all.last()) {
            let end = end_of(rest, 1, |c| c.is_ascii_alphanumeric() || c == '.');
            let (word, after) = rest.split_at(end);
            let value = number(word).ok_or_else(|| format!("`{word}` is not a number"))?;
            (Token::Literal(ExprValue::Number(value)), after)
        } else if first.is_ascii_alphabetic() || first == '_' {
            let end = end_of(rest, 1, |c| c.is_ascii_alphanumeric() || "_-".contains(c));
            let (word, after) = rest.split_at(end);
            (of_word(word, all.last()), after)
        } else {
            let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign));
            let sign = sign
                .filter(|sign| *sign != "-")
                .ok_or_else(|| format!("`{}` is unexpected", first.escape_debug()))?;
            (Token::Sign(sign), &rest[sign.len()..])
        };
        all.push(token);
        rest = after.trim_start();
    }
    Ok(all)
}

/// Whether this is a negative number, or a dot without a property.
fn negative(text: &str, before: Option<&Token>) -> bool {
    let digit = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    let is_operand = matches!(
        before,
        Some(Token::Literal(_) | Token::Word(_) | Token::Sign(")" | "]"))
    );
    match text.split_at_checked(1) {
        Some(("-" | "+", rest)) => !is_operand && (digit(rest) || rest.starts_with('.')),
        Some((".", rest)) => !is_operand && digit(rest),
        _ => false,
    }
}

fn end_of(text: &str, from: usize, inside: impl Fn(char) -> bool) -> usize {
    let rest = text[from..].find(|c| !inside(c));
    rest.map_or(text.len(), |end| from + end)
}

/// A text up to its closing quote; a doubled quote means one quote.
fn quoted(rest: &str) -> Result<(Token, &str), String> {
    let mut text = String::new();
    let mut rest = rest;
    loop {
        let (piece, after) = rest.split_once('\'').ok_or("a quote is not closed")?;
        text.push_str(piece);
        match after.strip_prefix('\'') {
            Some(after) => {
                text.push('\'');
                rest = after;
            }
            None => return Ok((Token::Literal(ExprValue::Text(text)), after)),
        }
    }
}

/// A word with a value, unless it is a property's name.
fn of_word(word: &str, before: Option<&Token>) -> Token {
    let value = match word {
        _ if before == Some(&Token::Sign(".")) => None,
        "true" => Some(ExprValue::Bool(true)),
        "false" => Some(ExprValue::Bool(false)),
        "null" => Some(ExprValue::Null),
        "NaN" => Some(ExprValue::Number(f64::NAN)),
        "Infinity" => Some(ExprValue::Number(f64::INFINITY)),
        _ => None,
    };
    value.map_or_else(|| Token::Word(word.to_owned()), Token::Literal)
}
