//! Expands `strategy.matrix` into its combinations, as GitHub does ("Running variations of jobs in a workflow").
//!
//! The axes are multiplied, the first axis slowest. `exclude` removes the combinations that match one of its entries.
//! Then each entry of `include`, in order, is added to every combination whose axis values it does not contradict. A
//! later entry may overwrite an added value, but not an axis value. An entry that fits none is a combination of its
//! own, which later entries do not change.

use yaml::{Content, Mark, SpannedValue};

use super::value::ExprValue;

/// The most values of all combinations: 10,000 jobs of 50 keys.
const MAX_VALUES: usize = 500_000;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Combination {
    /// The position of its entry of `include`, else of the matrix.
    pub at: Mark,
    /// The `matrix` of expressions.
    pub values: ExprValue,
    /// The text in parentheses after the job's name, if the name does not differ between entries.
    pub shown: Vec<String>,
}

type Pairs = Vec<(String, ExprValue)>;

/// The combinations of a matrix. The error has a position and the reason.
pub(super) fn combinations(matrix: &SpannedValue) -> Result<Vec<Combination>, (Mark, String)> {
    let wrong = |what: &str| (matrix.at, what.to_owned());
    let read = match ExprValue::of(matrix) {
        ExprValue::Map(pairs) => pairs,
        ExprValue::Unknown(why) => return Err((matrix.at, why)),
        _ => return Err(wrong("`strategy.matrix` is not a mapping")),
    };
    let place = |key: &str, index| place(matrix, key, index);
    let mut axes: Vec<(String, Vec<ExprValue>)> = Vec::new();
    let (mut include, mut exclude) = (Vec::new(), Vec::new());
    for (key, value) in read {
        let items = list(&key, value).map_err(|why| (place(&key, None), why))?;
        match key.to_ascii_lowercase().as_str() {
            "include" => include = mappings(&key, items, &place)?,
            "exclude" => exclude = mappings(&key, items, &place)?,
            _ if items.is_empty() => {
                let why = format!("the axis `{key}` of the matrix has no values");
                return Err((place(&key, None), why));
            }
            _ => axes.push((key, items)),
        }
    }
    let mut room = Room(MAX_VALUES);
    let mut made = product(matrix.at, &axes, &mut room).map_err(|why| (matrix.at, why))?;
    for (at, pairs) in &exclude {
        for (key, _) in pairs {
            if !axes.iter().any(|(axis, _)| axis.eq_ignore_ascii_case(key)) {
                return Err((
                    *at,
                    format!("`exclude` names `{key}`, which is not an axis of the matrix"),
                ));
            }
        }
        let mut kept = Vec::new();
        for one in made {
            if !agrees(&one.values, pairs).map_err(|why| (*at, why))? {
                kept.push(one);
            }
        }
        made = kept;
    }
    let originals = made.len();
    for (at, pairs) in include {
        let is_axis = |key: &str| axes.iter().any(|(axis, _)| axis.eq_ignore_ascii_case(key));
        let (filter, extra): (Pairs, Pairs) =
            pairs.iter().cloned().partition(|(key, _)| is_axis(key));
        let mut added = false;
        for one in &mut made[..originals] {
            if agrees(&one.values, &filter).map_err(|why| (at, why))? {
                room.take(extra.iter().map(|(_, value)| value))
                    .map_err(|why| (at, why))?;
                add(&mut one.values, &extra);
                added = true;
            }
        }
        if !added {
            room.take(pairs.iter().map(|(_, value)| value))
                .map_err(|why| (at, why))?;
            made.push(Combination {
                at,
                shown: leaves(pairs.iter().map(|(_, value)| value)),
                values: ExprValue::Map(pairs),
            });
        }
    }
    if made.is_empty() {
        return Err(wrong("the matrix has no combinations"));
    }
    Ok(made)
}

/// The position of the value of a key, or of an item of the value.
fn place(matrix: &SpannedValue, key: &str, index: Option<usize>) -> Mark {
    let value = matrix.get(key).unwrap_or(matrix);
    match (&value.content, index) {
        (Content::List(items), Some(index)) => items.get(index).unwrap_or(value).at,
        _ => value.at,
    }
}

fn list(key: &str, value: ExprValue) -> Result<Vec<ExprValue>, String> {
    match value {
        ExprValue::List(items) => Ok(items),
        ExprValue::Unknown(why) => Err(why),
        _ => Err(format!("`{key}` of the matrix is not a list")),
    }
}

fn mappings(
    key: &str,
    items: Vec<ExprValue>,
    place: &dyn Fn(&str, Option<usize>) -> Mark,
) -> Result<Vec<(Mark, Pairs)>, (Mark, String)> {
    let read = items.into_iter().enumerate().map(|(index, item)| {
        let at = place(key, Some(index));
        match item {
            ExprValue::Map(pairs) => Ok((at, pairs)),
            ExprValue::Unknown(why) => Err((at, why)),
            _ => Err((at, format!("an entry of `{key}` is not a mapping"))),
        }
    });
    read.collect()
}

fn product(
    at: Mark,
    axes: &[(String, Vec<ExprValue>)],
    room: &mut Room,
) -> Result<Vec<Combination>, String> {
    if axes.is_empty() {
        return Ok(Vec::new());
    }
    let mut all: Vec<Vec<&ExprValue>> = vec![Vec::new()];
    for (_, values) in axes {
        if all.len().saturating_mul(values.len()) > MAX_VALUES {
            return Err(Room::full());
        }
        let mut longer = Vec::new();
        for one in &all {
            longer.extend(values.iter().map(|value| [&one[..], &[value]].concat()));
        }
        all = longer;
    }
    let made = all.into_iter().map(|values| {
        room.take(values.iter().copied())?;
        let pairs = axes.iter().zip(&values);
        let pairs = pairs.map(|((key, _), value)| (key.clone(), (*value).clone()));
        Ok(Combination {
            at,
            shown: leaves(values.iter().copied()),
            values: ExprValue::Map(pairs.collect()),
        })
    });
    made.collect()
}

/// Whether a combination has all these values, which must be known.
fn agrees(combination: &ExprValue, pairs: &[(String, ExprValue)]) -> Result<bool, String> {
    for (key, value) in pairs {
        let own = combination.get(key).unwrap_or(&ExprValue::Null);
        if let Some(why) = own.unknown().or(value.unknown()) {
            return Err(why.to_owned());
        }
        if !own.has(value) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn add(combination: &mut ExprValue, pairs: &[(String, ExprValue)]) {
    let ExprValue::Map(own) = combination else {
        return;
    };
    for (key, value) in pairs {
        match own
            .iter_mut()
            .find(|(name, _)| name.eq_ignore_ascii_case(key))
        {
            Some((_, old)) => *old = value.clone(),
            None => own.push((key.clone(), value.clone())),
        }
    }
}

/// The texts, numbers and booleans in values.
fn leaves<'a>(values: impl Iterator<Item = &'a ExprValue>) -> Vec<String> {
    let mut found = Vec::new();
    values.for_each(|value| gather(value, &mut found));
    found.retain(|text| !text.is_empty());
    found
}

fn gather(value: &ExprValue, found: &mut Vec<String>) {
    match value {
        ExprValue::List(items) => items.iter().for_each(|item| gather(item, found)),
        ExprValue::Map(pairs) => pairs.iter().for_each(|(_, value)| gather(value, found)),
        value => found.push(value.text()),
    }
}

/// How many more values are allowed.
struct Room(usize);

impl Room {
    fn take<'a>(&mut self, values: impl Iterator<Item = &'a ExprValue>) -> Result<(), String> {
        let taken = values.map(size).sum();
        self.0 = self.0.checked_sub(taken).ok_or_else(Self::full)?;
        Ok(())
    }

    fn full() -> String {
        format!("the matrix has more than {MAX_VALUES} values")
    }
}

fn size(value: &ExprValue) -> usize {
    match value {
        ExprValue::List(items) => 1 + items.iter().map(size).sum::<usize>(),
        ExprValue::Map(pairs) => 1 + pairs.iter().map(|(_, value)| size(value)).sum::<usize>(),
        _ => 1,
    }
}

#[cfg(test)]
mod tests;
