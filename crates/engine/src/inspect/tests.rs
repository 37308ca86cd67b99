use super::*;

fn read(json: &str) -> Result<Vec<ImageInfo>, Error> {
    let call = Engine::new("docker").call("image inspect");
    let (images, _) = parse(&Answer::example(call, json), Flavor::Docker)?;
    Ok(images)
}

fn id(number: usize) -> String {
    format!("{number:064}")
}

/// An image with the given number for an ID and `x:NUMBER` for a tag.
fn json(number: usize) -> String {
    format!(
        "{{\"Id\":\"sha256:{}\",\"RepoTags\":[\"x:{number}\"]}}\n",
        id(number)
    )
}

fn found(numbers: &[usize]) -> Vec<ImageInfo> {
    let json: String = numbers.iter().map(|&number| json(number)).collect();
    read(&json).unwrap()
}

#[test]
fn reads_objects_and_arrays() {
    let (one, two) = (json(1), json(2));
    for text in [
        format!("{one}{two}"),
        format!("[{one},{two}]\n"),
        format!("{one}[]\n{two}\n\n"),
    ] {
        let images = read(&text).unwrap();
        assert_eq!(
            images
                .iter()
                .map(|image| image.id.hex())
                .collect::<Vec<_>>(),
            [id(1), id(2)]
        );
    }
    assert!(read("\n").unwrap().is_empty());
}

#[test]
fn garbage_is_shown_in_one_short_line() {
    let endless = format!("<html>\n\u{1b}[2J{}", "x".repeat(100_000));
    for garbage in [
        &endless,
        "{\"Id\":\"sha256:12\"}",
        "{\"Id\":",
        "null",
        "[1]",
    ] {
        let error = read(garbage).unwrap_err();
        let message = error.to_string();
        assert!(matches!(error, Error::BadOutput { .. }), "{error:?}");
        assert!(
            message.len() < 250 && !message.contains(['\n', '\u{1b}']),
            "{message}"
        );
    }
}

#[test]
fn answers_go_to_the_names_that_asked() {
    let names: Vec<_> = ["x:1", "x:2", &format!("sha256:{}", id(3)), "x:1", "x:4"]
        .map(|name| Name::parse(name).unwrap())
        .into();
    let asked: Vec<_> = names.iter().map(|name| (name, "")).collect();
    for (answers, expected) in [
        (
            vec![1, 2, 3, 1, 4],
            Some(vec![Some(1), Some(2), Some(3), Some(1), Some(4)]),
        ),
        (vec![3, 1], Some(vec![None, None, Some(3), Some(1), None])),
        (vec![1, 1], Some(vec![Some(1), None, None, Some(1), None])),
        (vec![], Some(vec![None; 5])),
        (vec![2, 9], None),
    ] {
        let placed = place(&asked, found(&answers));
        let numbers = placed.map(|placed| {
            placed
                .into_iter()
                .map(|image| image.map(|image| image.id.hex()))
                .collect::<Vec<_>>()
        });
        let expected =
            expected.map(|expected| expected.into_iter().map(|number| number.map(id)).collect());
        assert_eq!(numbers, expected, "{answers:?}");
    }
}

#[test]
fn dockers_localhost_is_a_registry_like_others() {
    let id_name = format!("sha256:{}", id(1));
    for (names, expected) in [
        (["localhost/x:1", &id_name], [false, true]),
        (["x:1", "localhost/x:1"], [true, false]),
        (["docker.io/library/x:1", "r.example/x:1"], [true, false]),
    ] {
        let parsed = names.map(|name| Name::parse(name).unwrap());
        let asked: Vec<_> = parsed.iter().zip(names).collect();
        let placed = place(&asked, found(&[1])).unwrap();
        let is_there: Vec<_> = placed.iter().map(Option::is_some).collect();
        assert_eq!(is_there, expected, "{names:?}");
    }
}

/// If podman is asked for an image by several names, it shows the image with all of them each time.
#[test]
fn several_names_of_one_image_are_told_apart_by_their_spelling() {
    let json = format!(
        r#"{{"Id":"{}","RepoTags":["docker.io/library/x:1","r.example/y:1"]}}"#,
        id(1)
    );
    let call = Engine::new("podman").call("image inspect");
    let answer = Answer::example(call, format!("[{json},{json}]"));
    let (found, shown) = parse(&answer, Flavor::Podman).unwrap();
    assert_eq!(shown, Some(Flavor::Podman));
    let names = ["x:1", "r.example/y:1", "z:1"].map(|name| Name::parse(name).unwrap());
    let spelled: Vec<_> = names
        .iter()
        .map(|name| name.spellings(Flavor::Podman))
        .collect();
    let asked: Vec<_> = names
        .iter()
        .zip(&spelled)
        .flat_map(|(name, spelled)| {
            spelled
                .iter()
                .map(move |spelling| (name, spelling.as_str()))
        })
        .collect();
    let placed: Vec<_> = place(&asked, found)
        .unwrap()
        .iter()
        .map(Option::is_some)
        .collect();
    assert_eq!(placed, [false, true, true, false, false]);
}
