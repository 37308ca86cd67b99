//! `--max-age`: the longest time since the last use of an image.

use chrono::TimeDelta;
use ui::duration;

use super::Rule;
use crate::select::{StoreView, indexes};

/// The key of `images.cleanup`.
const KEY: &str = "max_age_days";

pub(super) const RULE: Rule = Rule {
    name: "max-age",
    is_room: false,
    read: |sources, own| {
        let setting = sources.cleanup.days(KEY)?;
        let said = sources.either(RULE.name, sources.asked.max_age, setting);
        let age = own.note(RULE.name, said, |age| duration::show(*age));
        own.limits.max_age = age.map(|age| TimeDelta::from_std(age).unwrap_or(TimeDelta::MAX));
        Ok(())
    },
    wants: |limits, store| {
        let old = older(store, limits.max_age, 0..store.candidates.len());
        old.map(|(index, age)| (index, format!("not used for {}", span(age))))
            .collect()
    },
    exceeded: |limits, store, stays| {
        let counted = indexes(stays).filter(|&index| !store.exempt[index]);
        let old = older(store, limits.max_age, counted);
        let (held_by, ages): (Vec<_>, Vec<_>) = old.unzip();
        let says = limits.max_age.zip(ages.into_iter().max());
        let says = says.map(|(limit, found)| {
            let (limit, found) = (span(limit), span(found));
            format!("kept an image unused for {found} (limit: {limit})")
        });
        says.map(|says| (says, held_by)).into_iter().collect()
    },
};

/// The images that are older than the limit, with their ages.
fn older(
    store: &StoreView<'_>,
    limit: Option<TimeDelta>,
    indexes: impl Iterator<Item = usize>,
) -> impl Iterator<Item = (usize, TimeDelta)> {
    indexes.filter_map(move |index| {
        let age = store.candidates[index].age(store.now)?;
        (age > limit?).then_some((index, age))
    })
}

/// A span in its largest whole unit: `45 days`, `1 hour`.
fn span(span: TimeDelta) -> String {
    let (number, unit) = [
        (span.num_days(), "day"),
        (span.num_hours(), "hour"),
        (span.num_minutes(), "minute"),
    ]
    .into_iter()
    .find(|(number, _)| *number != 0)
    .unwrap_or((span.num_seconds(), "second"));
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;
    use crate::select::testing::{check, exceeded, held, image, leased};

    #[test]
    fn what_goes_and_what_is_said() {
        let limit = Limits {
            max_age: Some(TimeDelta::days(2)),
            ..Limits::default()
        };
        let store = [image("c", 45), image("a", 2), image("b", 3)];
        let gone = [("c", "not used for 45 days"), ("b", "not used for 3 days")];
        check(&RULE, &limit, &store, &gone);
        exceeded(&RULE, &limit, &store, &[1], &[]);
        let says = "kept an image unused for 45 days (limit: 2 days)";
        exceeded(&RULE, &limit, &store, &[0, 1, 2], &[(says, &[0, 2])]);
        let store = [held(image("c", 45)), leased(image("b", 3))];
        let says = "kept an image unused for 3 days (limit: 2 days)";
        exceeded(&RULE, &limit, &store, &[0, 1], &[(says, &[1])]);
    }

    #[test]
    fn spans() {
        for (seconds, expected) in [
            (45 * 86400, "45 days"),
            (86400, "1 day"),
            (86399, "23 hours"),
            (90, "1 minute"),
            (0, "0 seconds"),
        ] {
            assert_eq!(span(TimeDelta::seconds(seconds)), expected);
        }
    }
}
