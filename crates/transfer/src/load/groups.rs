//! Groups archives that are sent to the engine as one stream.

use std::collections::HashMap;

use archive::digest_of;
use naming::Digest;

use crate::load::unit::LoadUnit;

/// Units that lack the same layer are one group, so that it is sent once. Groups can be sent at the same time.
pub(crate) fn groups<'b>(units: &'b [LoadUnit<'b>]) -> Vec<Vec<&'b LoadUnit<'b>>> {
    let mut groups: Vec<Vec<&LoadUnit>> = Vec::new();
    let mut owner: HashMap<Digest, usize> = HashMap::new();
    for unit in units {
        let missing = unit.to_send.iter().flat_map(|sent| {
            let diff_ids = sent.item.stack.diff_ids();
            diff_ids[sent.present..].iter()
        });
        let missing: Vec<_> = missing.filter(|diff_id| !is_empty_layer(diff_id)).collect();
        let mut shared: Vec<_> = missing
            .iter()
            .filter_map(|id| owner.get(id).copied())
            .collect();
        shared.sort_unstable();
        shared.dedup();
        let home = shared.first().copied().unwrap_or(groups.len());
        if home == groups.len() {
            groups.push(Vec::new());
        }
        groups[home].push(unit);
        for merged in shared.into_iter().skip(1) {
            let moved = std::mem::take(&mut groups[merged]);
            groups[home].extend(moved);
            owner
                .values_mut()
                .filter(|group| **group == merged)
                .for_each(|group| *group = home);
        }
        owner.extend(missing.into_iter().map(|diff_id| (*diff_id, home)));
    }
    groups.retain(|group| !group.is_empty());
    groups
}

/// Whether a layer is the tar without members, which builders add to unrelated images.
fn is_empty_layer(diff_id: &Digest) -> bool {
    digest_of(&[0; 1024]) == *diff_id
}
