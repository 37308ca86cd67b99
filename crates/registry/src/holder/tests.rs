use super::*;

#[test]
fn a_process_is_alive_until_it_ends() {
    let mut child = std::process::Command::new("sleep")
        .arg("60")
        .spawn()
        .expect("sleep");
    let holder = Holder::process(child.id()).expect("a process");
    assert_eq!(holder.life(), Life::Alive);
    assert_eq!(
        Holder::parent().map(|parent| parent.life()),
        Some(Life::Alive)
    );
    child.kill().expect("killed");
    // Dead, and not yet waited for.
    while holder.life() == Life::Alive {
        std::thread::yield_now();
    }
    child.wait().expect("waited");
    assert_eq!(holder.life(), Life::Ended);
    assert_eq!(Holder::Run("1".into()).life(), Life::Unseen);
}

#[test]
fn another_process_of_the_same_number_does_not_count() {
    let Some(Holder::Process(own)) = Holder::process(std::process::id()) else {
        panic!("this process runs");
    };
    let here = Place::here().expect("a place");
    assert_eq!(own.life(Some(&here)), Life::Alive);
    let later = Process {
        start: own.start + 1,
        ..own.clone()
    };
    assert_eq!(later.life(Some(&here)), Life::Ended);
    for (change, life) in [
        (("other", "1", 2), Life::Unseen),
        ((here.host.as_str(), "1", here.namespace), Life::Ended),
        ((here.host.as_str(), here.boot.as_str(), 2), Life::Unseen),
    ] {
        let (host, boot, namespace) = change;
        let place = Place {
            host: host.into(),
            boot: boot.into(),
            namespace,
        };
        let elsewhere = Process {
            place,
            ..own.clone()
        };
        assert_eq!(elsewhere.life(Some(&here)), life, "{change:?}");
    }
    assert_eq!(own.life(None), Life::Unseen);
}

#[test]
fn names_of_processes_hold_anything() {
    let rest = "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20";
    assert_eq!(started(&format!("7 (a) b) {rest}")), Some(4711));
    assert_eq!(started(&format!("7 (a) {}", rest.replace('S', "Z"))), None);
    assert_eq!(started("7 (a) S 1"), None);
    assert_eq!(started(""), None);
}
