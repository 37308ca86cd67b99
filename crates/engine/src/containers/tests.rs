use super::*;
use crate::complaint::only_missing;
use crate::several::Answer;

fn parse(json: &str) -> Option<Vec<Container>> {
    let call = Engine::new("docker").call("inspect");
    let containers = Answer::example(call, json).documents(read).ok()?;
    Some(containers.into_iter().flatten().collect())
}

#[test]
fn containers_of_every_engine_are_read() {
    let hex = "1".repeat(64);
    let docker =
        format!("{{\"Id\":\"a\",\"Image\":\"sha256:{hex}\"}}\n{{\"Id\":\"b\",\"Image\":\"\"}}\n");
    let podman = format!("[{{\"Id\":\"a\",\"Image\":\"{hex}\",\"ImageName\":\"x\"}}]");
    for json in [docker, podman] {
        let containers = parse(&json).expect("containers");
        assert_eq!(containers.len(), 1, "{json}");
        assert_eq!(
            (&*containers[0].id, containers[0].image.hex()),
            ("a", hex.clone())
        );
    }
    for bad in [r#"{"Id":"a","Image":"nonsense"}"#, "[", r#"{"Id":"a"}"#] {
        assert!(parse(bad).is_none(), "{bad}");
    }
    assert!(parse("").is_some_and(|none| none.is_empty()));
}

#[test]
fn what_went_away_is_no_failure() {
    assert!(only_missing("Error: No such container: abc\n"));
    assert!(only_missing("Error: no such object: \"abc\"\n"));
    assert!(!only_missing("Cannot connect to the Docker daemon\n"));
}
