//! `--keep-last` and `--per`: how many of the most recently used images of each group stay.

mod groups;

use failure::Failure;
use glob::Pattern;

use super::Rule;
use super::said::{Said, pattern};
use groups::groups;

/// The keys of `images.cleanup`: the number, and the groups.
const COUNT: &str = "keep_last";
const PER: &str = "per";

pub(super) const RULE: Rule = Rule {
    name: "keep-last",
    is_room: false,
    read: |sources, own| {
        let setting = sources.cleanup.count(COUNT)?;
        let said = sources.either(RULE.name, sources.asked.keep_last, setting);
        if let Some(count) = own.note(RULE.name, said, ToString::to_string) {
            let per = sources.all("per", &sources.asked.per, sources.cleanup.texts(PER)?);
            own.limits.keep_last = Some(KeepLast {
                count,
                per: per_of(&per)?,
            });
            own.note_all("per", &per);
        } else if !sources.asked.per.is_empty() {
            return Err(Failure::usage("`--per` needs --keep-last"));
        }
        Ok(())
    },
    wants: |limits, store| {
        let Some(KeepLast { count, per }) = &limits.keep_last else {
            return Vec::new();
        };
        let mut wanted = Vec::new();
        for (group, members) in groups(store.candidates, per, store.order.latest_first()) {
            let reason = match count {
                0 => format!("none of {group} is to stay"),
                1 => format!("not the last of {group}"),
                count => format!("not among the last {count} of {group}"),
            };
            let members = members.into_iter().skip(*count);
            wanted.extend(members.map(|index| (index, reason.clone())));
        }
        wanted
    },
    exceeded: |limits, store, stays| {
        let Some(KeepLast { count, per }) = &limits.keep_last else {
            return Vec::new();
        };
        let kept = store.order.latest_first().filter(|&index| stays[index]);
        let groups = groups(store.candidates, per, kept).into_iter();
        let too_large = groups.filter(|(_, members)| members.len() > *count);
        too_large
            .map(|(group, members)| {
                let beyond = members[*count..].iter().copied();
                let mut held_by: Vec<_> = beyond.filter(|&index| !store.exempt[index]).collect();
                held_by.sort_unstable();
                let found = images(members.len());
                (format!("kept {found} of {group} (limit: {count})"), held_by)
            })
            .filter(|(_, held_by)| !held_by.is_empty())
            .collect()
    },
};

fn images(count: usize) -> String {
    match count {
        1 => "1 image".to_owned(),
        count => format!("{count} images"),
    }
}

/// Keep only the most recently used images of each group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeepLast {
    /// How many images of a group stay. With 0, all are removed. Held images count too.
    pub count: usize,
    /// How images are grouped.
    pub per: Per,
}

/// How images are grouped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Per {
    /// All images are one group.
    Store,
    /// By project. Images without a project are a group too.
    Project,
    /// By operating system. Images without one are a group too.
    Os,
    /// By pattern. An image is in the group of the first pattern that matches its whole name (`*` matches `/` too). The
    /// limit ignores images that match none.
    Patterns(Vec<Pattern>),
}

fn per_of(said: &[Said<String>]) -> Result<Per, Failure> {
    match said {
        [] => Ok(Per::Store),
        [one] if one.value == "project" => Ok(Per::Project),
        [one] if one.value == "os" => Ok(Per::Os),
        several
            if several
                .iter()
                .any(|said| matches!(&*said.value, "project" | "os")) =>
        {
            let message = "`project` and `os` cannot be combined with other groups";
            Err(match several.iter().find(|said| said.in_config) {
                Some(said) => Failure::invalid(message).about(&said.from),
                None => Failure::usage(format!("--per: {message}")),
            })
        }
        patterns => Ok(Per::Patterns(
            patterns.iter().map(pattern).collect::<Result<_, _>>()?,
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;
    use crate::select::testing::{check, exceeded, held, image, leased};

    #[test]
    fn what_goes_and_what_is_said() {
        let limit = |count| Limits {
            keep_last: Some(KeepLast {
                count,
                per: Per::Store,
            }),
            ..Limits::default()
        };
        let store = [image("c", 3), image("a", 1), image("b", 2)];
        check(&RULE, &limit(3), &store, &[]);
        let reason = "not among the last 2 of the store";
        check(&RULE, &limit(2), &store, &[("c", reason)]);
        let reason = "not the last of the store";
        check(&RULE, &limit(1), &store, &[("b", reason), ("c", reason)]);
        let reason = "none of the store is to stay";
        check(&RULE, &limit(0), &store[..1], &[("c", reason)]);
        exceeded(&RULE, &limit(1), &store, &[2], &[]);
        let says = "kept 2 images of the store (limit: 1)";
        exceeded(&RULE, &limit(1), &store, &[0, 1], &[(says, &[0])]);
        // An image that a person keeps counts in its group, but exceeds no limit.
        let store = [held(image("c", 3)), leased(image("a", 1)), image("b", 2)];
        exceeded(&RULE, &limit(1), &store, &[0, 1], &[]);
        let says = "kept 2 images of the store (limit: 0)";
        exceeded(&RULE, &limit(0), &store, &[0, 1], &[(says, &[1])]);
    }
}
