use super::*;

#[test]
fn in_a_folder_for_all_each_deletes_his_own() {
    for (user, mode, owner, sticky) in [
        (7, 0o1777, 0, true),
        (7, 0o1777, 7, false),
        (7, 0o0777, 0, false),
        (0, 0o1777, 7, false),
    ] {
        assert_eq!(is_sticky_for(user, mode, owner), sticky, "{user} {owner}");
    }
}
