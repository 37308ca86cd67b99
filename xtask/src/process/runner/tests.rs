use super::super::command;
use super::*;

#[test]
fn returns_a_failed_program_s_code_and_last_words() {
    let failed =
        Runner::default().run_quietly(&command(["sh", "-c", "echo first; echo last >&2; exit 7"]));
    let Err(Error::Failed { code, tail, .. }) = failed else {
        panic!("{failed:?}")
    };
    assert_eq!((code, tail.as_deref()), (7, Some("first\nlast")));
}

#[test]
fn a_signal_ends_the_child_s_whole_group() {
    let runner = Runner::default();
    let signal = Arc::clone(&runner.signal);
    let timer = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(200));
        signal.store(15, Ordering::SeqCst);
    });
    let started = Instant::now();
    // Both the shell and the sleep that holds its output open must end.
    let ended = runner.read(&command(["sh", "-c", "sleep 60 & wait"]));
    timer.join().unwrap();
    assert!(
        matches!(ended, Err(Error::Interrupted { signal: 15 })),
        "{ended:?}"
    );
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_patient_runner_waits_for_a_child_and_starts_no_other() {
    let runner = Runner::default().patient();
    let signal = Arc::clone(&runner.signal);
    let timer = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        signal.store(2, Ordering::SeqCst);
    });
    let folder = tempfile::tempdir().unwrap();
    let slow =
        command(["sh", "-c", "sleep 0.3; touch done"]).folder(folder.path().to_str().unwrap());
    let ended = runner.run(&slow);
    timer.join().unwrap();
    assert!(
        matches!(ended, Err(Error::Interrupted { signal: 2 })),
        "{ended:?}"
    );
    assert!(folder.path().join("done").exists());
    let other = runner.run(&command(["true"]));
    assert!(matches!(other, Err(Error::Interrupted { .. })), "{other:?}");
}

#[test]
fn what_runs_regardless_runs_after_a_signal() {
    let mut runner = Runner::default();
    runner.set("COLOUR", Some("red".into()));
    runner.signal.store(2, Ordering::SeqCst);
    let echo = command(["sh", "-c", "echo $COLOUR"]);
    assert!(runner.read(&echo).is_err());
    assert_eq!(runner.regardless().read(&echo).unwrap(), "red");
}

#[test]
fn keeps_the_last_lines_alone() {
    let text: String = (0..100).map(|n| format!("{n}\n\n")).collect();
    let tail = tail(&text).unwrap();
    assert!(tail.starts_with("80\n") && tail.ends_with("\n99"), "{tail}");
    assert_eq!(super::tail(" \n\n"), None);
}
