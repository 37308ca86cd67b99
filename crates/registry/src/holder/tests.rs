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
    // Dead, but not yet reaped.
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
    assert_eq!(own.life(None), Life::Unseen);
}

#[test]
fn only_a_reboot_of_this_very_machine_ends_what_is_not_here() {
    let place = |host: &str, machine: &str, boot: &str, namespace| Place {
        host: host.into(),
        machine: (!machine.is_empty()).then(|| machine.to_owned()),
        boot: boot.into(),
        namespace,
    };
    let first = FIRST_NAMESPACE;
    let here = place("ci", "m", "2", first);
    for (other, life) in [
        (place("ci", "m", "1", first), Life::Ended),
        // Two hosts with one hostname; a cloned machine.
        (place("ci", "n", "1", first), Life::Unseen),
        (place("ci-2", "m", "1", first), Life::Unseen),
        // The format of earlier versions, and of hosts without a machine ID.
        (place("ci", "", "1", first), Life::Unseen),
        // Containers may have the machine ID of their image, and any hostname.
        (place("ci", "m", "1", 4_026_532_000), Life::Unseen),
        (place("ci", "m", "2", 4_026_532_000), Life::Unseen),
        (place("ci", "n", "2", first), Life::Unseen),
    ] {
        let process = Process {
            pid: std::process::id(),
            start: 1,
            place: other.clone(),
        };
        assert_eq!(process.life(Some(&here)), life, "{other:?}");
        let back = Process {
            place: here.clone(),
            ..process
        };
        assert_eq!(back.life(Some(&other)), life, "{other:?} and back");
    }
    let none = place("ci", "", "2", first);
    let process = Process {
        pid: 1,
        start: 1,
        place: place("ci", "", "1", first),
    };
    assert_eq!(process.life(Some(&none)), Life::Unseen);
}

#[test]
fn leases_of_earlier_versions_are_read() {
    let text = r#"{"process":{"pid":1,"start":2,"place":{"host":"a","boot":"b","namespace":3}}}"#;
    let holder: Holder = serde_json::from_str(text).expect("a holder");
    assert_eq!(holder.life(), Life::Unseen);
}

#[test]
fn names_of_processes_hold_anything() {
    let rest = "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20";
    assert_eq!(started(&format!("7 (a) b) {rest}")), Some(4711));
    assert_eq!(started(&format!("7 (a) {}", rest.replace('S', "Z"))), None);
    assert_eq!(started("7 (a) S 1"), None);
    assert_eq!(started(""), None);
}
