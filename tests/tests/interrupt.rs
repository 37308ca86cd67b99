//! Interrupts: a prompt end, its own exit code, and nothing left behind.

use std::time::{Duration, Instant};

use pipeline_tests::{Image, Sandbox, engine};

/// How long an interrupted command may take, on a machine that is busy with other tests. Alone it takes a
/// tenth of a second.
const PROMPT: Duration = Duration::from_secs(3);

#[test]
fn an_interrupted_build_ends_at_once_and_leaves_nothing() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let s = Sandbox::new();
        let base = Image::new().busybox().build(&s, "base");
        s.write(
            "Dockerfile",
            format!("FROM {base}\nRUN echo slow && sleep 60\n"),
        );
        let name = s.image("slow");
        s.write(
            "plan.json",
            format!("{{\"name\":\"{name}\",\"build\":{{\"dockerfile\":\"Dockerfile\"}}}}"),
        );
        let before = engine().images_of(s.project());
        // `exec`, so that the signal goes to imgbuild; it is sent when the build has got to the slow step.
        let script = format!(
            "(exec imgbuild plan.json) >out 2>err & pid=$!\n\
             while ! grep -q '^slow' err; do sleep 0.1; kill -0 $pid || exit 99; done\n\
             date +%s%N >sent; kill -{signal} $pid; wait $pid; code=$?; date +%s%N >ended; exit $code"
        );
        let began = Instant::now();
        s.sh(&script).code(code);
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "the build was not interrupted"
        );
        let time = |file: &str| s.read(file).trim().parse::<u64>().expect("nanoseconds");
        let took = Duration::from_nanos(time("ended") - time("sent"));
        assert!(took < PROMPT, "{signal} took {took:?}");
        assert_eq!(s.read("out"), "");
        assert!(
            s.read("err").ends_with("imgbuild: interrupted\n"),
            "{}",
            s.read("err")
        );
        assert!(s.files("images/.imgpipe/unfinished").is_empty());
        assert!(!s.path("image-registry.yml").exists());
        assert_eq!(engine().images_of(s.project()), before);
    }
}
