//! Bases and their thin archives.

use super::*;

#[test]
fn thin_archives_go_before_their_base() {
    let store = [
        image("base", 9),
        thin("middle", 8, "base"),
        thin("top", 2, "middle"),
        thin("side", 7, "base"),
        image("other", 3),
    ];
    check(
        &store,
        &[
            (max_size(49), "side"),
            (max_size(39), "side other"),
            (max_size(29), "side other top"),
            (max_size(19), "side other top middle"),
            (max_size(9), "side other top middle base"),
            (max_age(6), "side"),
            (max_age(2), "side other"),
            (max_age(1), "side other top middle base"),
        ],
    );
    let selection = select(&store, &max_age(6), &disk(None), now());
    let why: Vec<_> = selection
        .staying
        .into_iter()
        .map(|image| image.why)
        .collect();
    assert_eq!(
        why,
        [
            vec![Why::BaseOf(vec!["middle".to_owned()])],
            vec![Why::BaseOf(vec!["top".to_owned()])],
            vec![Why::WithinLimits],
            vec![Why::WithinLimits],
        ]
    );
    let says = "kept an image unused for 9 days (limit: 6 days)";
    assert_eq!(selection.unmet, [unmet("max-age", says, &[0, 1])]);
}

/// The base is too old, and its thin archive exceeds another limit.
#[test]
fn a_base_goes_with_its_last_thin_archive_though_for_another_limit() {
    let store = [image("base", 9), thin("top", 2, "base"), image("newest", 1)];
    let per = Per::Patterns(vec![Pattern::new("top").unwrap()]);
    assert_eq!(going(&store, &max_age(5)), "");
    assert_eq!(going(&store, &keep_last(0, per.clone())), "top");
    let both = Limits {
        max_age: Some(TimeDelta::days(5)),
        ..keep_last(0, per)
    };
    assert_eq!(going(&store, &both), "top base");
}

#[test]
fn a_base_whose_thin_archives_go_stays_if_no_limit_wants_it() {
    let store = [image("base", 1), thin("top", 9, "base")];
    assert_eq!(going(&store, &max_age(5)), "top");
}

#[test]
fn unknown_bases_and_circles() {
    let store = [
        thin("lost", 9, "nowhere"),
        thin("self", 9, "self"),
        thin("x", 9, "y"),
        thin("y", 9, "z"),
        thin("z", 9, "x"),
        thin("on circle", 8, "x"),
    ];
    let selection = select(&store, &max_age(5), &disk(None), now());
    assert_eq!(names(&store, &selection), "lost on circle");
    assert_eq!(selection.unmet[0].held_by, [1, 2, 3, 4]);
    assert_eq!(
        selection.staying[1].why,
        [Why::BaseOf(vec!["z".to_owned()])]
    );
    assert_eq!(going(&store, &max_size(0)), "lost on circle");
}

#[test]
fn held_images_stay_and_so_do_their_bases() {
    let store = [
        image("base", 9),
        held(thin("pinned", 8, "base")),
        thin("top", 7, "pinned"),
        image("other", 6),
    ];
    let selection = select(&store, &max_size(15), &disk(None), now());
    assert_eq!(names(&store, &selection), "top other");
    assert_eq!(selection.staying[1].why, [Why::Held(Hold::Pinned)]);
    let says = "the store still has 20 B (limit: 15 B)";
    assert_eq!(selection.unmet, [unmet("max-size", says, &[0, 1])]);
    assert_eq!(going(&store, &max_age(1)), "top other");
    assert_eq!(going(&store, &keep_last(0, Per::Store)), "top other");
}
