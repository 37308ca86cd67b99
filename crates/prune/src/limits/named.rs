//! Images that the user named: they are removed regardless of limits.

use super::Rule;
use crate::select::indexes;

pub(super) const RULE: Rule = Rule {
    name: "named",
    is_room: false,
    read: |_, _| Ok(()),
    wants: |limits, store| {
        let all = store.candidates.iter().enumerate();
        let named = all.filter(|(_, candidate)| limits.named.contains(&candidate.name));
        named
            .map(|(index, _)| (index, "named".to_owned()))
            .collect()
    },
    exceeded: |limits, store, stays| {
        let is_named = |index: &usize| limits.named.contains(&store.candidates[*index].name);
        let held_by: Vec<_> = indexes(stays).filter(is_named).collect();
        let (kept, named) = (held_by.len(), limits.named.len());
        match kept {
            0 => Vec::new(),
            _ => vec![(format!("kept {kept} of {named} named images"), held_by)],
        }
    },
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;
    use crate::select::testing::{check, exceeded, held, image};

    #[test]
    fn what_goes_and_what_is_said() {
        let limits = Limits {
            named: ["a", "c"].map(str::to_owned).into(),
            ..Limits::default()
        };
        let store = [image("c", 1), image("b", 9), held(image("a", 2))];
        check(&RULE, &limits, &store, &[("c", "named"), ("a", "named")]);
        exceeded(&RULE, &limits, &store, &[1], &[]);
        let says = "kept 1 of 2 named images";
        exceeded(&RULE, &limits, &store, &[1, 2], &[(says, &[2])]);
    }
}
