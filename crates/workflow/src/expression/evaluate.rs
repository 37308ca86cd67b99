//! The value of a tree. What does not decide is not looked at: `matrix.container || github.x` has a value where the
//! matrix has a container.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::functions;
use super::parse::Tree;
use crate::value::Value;

/// The contexts that GitHub fills in when a workflow runs.
const GITHUBS: [&str; 11] = [
    "github", "env", "vars", "secrets", "needs", "inputs", "strategy", "job", "jobs", "steps",
    "runner",
];

pub(super) fn value<'a>(
    tree: &'a Tree,
    matrix: Option<&'a Value>,
) -> Result<Cow<'a, Value>, String> {
    let made = |value| Ok(Cow::Owned(value));
    match tree {
        Tree::Literal(value) => Ok(Cow::Borrowed(value)),
        Tree::Context(name) => context(name, matrix),
        Tree::Property(of, name) => {
            let of = value(of, matrix)?;
            let name = known(value(name, matrix)?)?;
            match of {
                Cow::Borrowed(of) => property(of, &name)
                    .map(|found| found.map_or(Cow::Owned(Value::Null), Cow::Borrowed)),
                Cow::Owned(of) => {
                    let found = property(&of, &name)?.cloned();
                    made(found.unwrap_or(Value::Null))
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
        Tree::Not(of) => made(Value::Bool(!known(value(of, matrix)?)?.is_true())),
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
            made(Value::Bool(match *operator {
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

fn context<'a>(name: &str, matrix: Option<&'a Value>) -> Result<Cow<'a, Value>, String> {
    let lower = name.to_ascii_lowercase();
    match (lower.as_str(), matrix) {
        ("matrix", Some(matrix)) => Ok(Cow::Borrowed(matrix)),
        ("matrix", None) => Err("cannot be used in the matrix itself".to_owned()),
        (other, _) if GITHUBS.contains(&other) => Err("is known only to GitHub".to_owned()),
        _ => Err(format!("can't be read: unknown name `{name}`")),
    }
}

fn property<'a>(of: &'a Value, name: &Value) -> Result<Option<&'a Value>, String> {
    Ok(match (of, name) {
        (Value::Unknown(why), _) => return Err(why.clone()),
        (Value::List(items), Value::Number(index)) => items
            .iter()
            .enumerate()
            .find(|(at, _)| (*at as f64 - index).abs() < 0.5)
            .map(|(_, item)| item),
        (of, name) => of.get(&name.text()),
    })
}

/// A value that decides something has to be known itself; what is in it, need not.
fn known(value: Cow<'_, Value>) -> Result<Cow<'_, Value>, String> {
    match &*value {
        Value::Unknown(why) => Err(why.clone()),
        _ => Ok(value),
    }
}
