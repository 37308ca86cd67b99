//! Evaluates a tree. Operands that do not matter are not evaluated: `matrix.container || github.x` has a value if the
//! matrix has a container.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::functions;
use super::parse::Tree;
use crate::value::ExprValue;

/// The contexts that have values only when GitHub runs the workflow.
const GITHUBS: [&str; 11] = [
    "github", "env", "vars", "secrets", "needs", "inputs", "strategy", "job", "jobs", "steps",
    "runner",
];

pub(super) fn value<'a>(
    tree: &'a Tree,
    matrix: Option<&'a ExprValue>,
) -> Result<Cow<'a, ExprValue>, String> {
    let made = |value| Ok(Cow::Owned(value));
    match tree {
        Tree::Literal(value) => Ok(Cow::Borrowed(value)),
        Tree::Context(name) => context(name, matrix),
        Tree::Property(of, name) => {
            let of = value(of, matrix)?;
            let name = known(value(name, matrix)?)?;
            match of {
                Cow::Borrowed(of) => property(of, &name)
                    .map(|found| found.map_or(Cow::Owned(ExprValue::Null), Cow::Borrowed)),
                Cow::Owned(of) => {
                    let found = property(&of, &name)?.cloned();
                    made(found.unwrap_or(ExprValue::Null))
                }
            }
        }
        Tree::Call(name, arguments) => {
            let arguments = arguments.iter().map(|argument| {
                let argument = value(argument, matrix)?;
                match argument.unknown() {
                    Some(why) => Err(why.to_owned()),
                    None => Ok(argument),
                }
            });
            made(functions::call(
                name,
                &arguments.collect::<Result<Vec<_>, _>>()?,
            )?)
        }
        Tree::Not(of) => made(ExprValue::Bool(!known(value(of, matrix)?)?.is_true())),
        Tree::Binary("&&", left, right) => {
            let left = known(value(left, matrix)?)?;
            if left.is_true() {
                value(right, matrix)
            } else {
                Ok(left)
            }
        }
        Tree::Binary("||", left, right) => {
            let left = known(value(left, matrix)?)?;
            if left.is_true() {
                Ok(left)
            } else {
                value(right, matrix)
            }
        }
        Tree::Binary(operator, left, right) => {
            let (left, right) = (known(value(left, matrix)?)?, known(value(right, matrix)?)?);
            let order = left.order(&right);
            made(ExprValue::Bool(match *operator {
                "==" => left.equals(&right),
                "!=" => !left.equals(&right),
                "<" => order == Some(Ordering::Less),
                "<=" => order.is_some_and(Ordering::is_le),
                ">" => order == Some(Ordering::Greater),
                _ => order.is_some_and(Ordering::is_ge),
            }))
        }
    }
}

fn context<'a>(name: &str, matrix: Option<&'a ExprValue>) -> Result<Cow<'a, ExprValue>, String> {
    let lower = name.to_ascii_lowercase();
    match (lower.as_str(), matrix) {
        ("matrix", Some(matrix)) => Ok(Cow::Borrowed(matrix)),
        ("matrix", None) => Err("cannot be used in the matrix itself".to_owned()),
        (other, _) if GITHUBS.contains(&other) => Err("is known only to GitHub".to_owned()),
        _ => Err(format!("can't be read: unknown name `{name}`")),
    }
}

fn property<'a>(of: &'a ExprValue, name: &ExprValue) -> Result<Option<&'a ExprValue>, String> {
    Ok(match (of, name) {
        (ExprValue::Unknown(why), _) => return Err(why.clone()),
        (ExprValue::List(items), ExprValue::Number(index)) => items
            .iter()
            .enumerate()
            .find(|(at, _)| (*at as f64 - index).abs() < 0.5)
            .map(|(_, item)| item),
        (of, name) => of.get(&name.text()),
    })
}

/// A value that decides something must be known; its contents need not be.
fn known(value: Cow<'_, ExprValue>) -> Result<Cow<'_, ExprValue>, String> {
    match &*value {
        ExprValue::Unknown(why) => Err(why.clone()),
        _ => Ok(value),
    }
}
