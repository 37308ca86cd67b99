use proptest::prelude::*;

use super::*;
use crate::{Plans, parse_requirements, select};

fn requirement(text: &str) -> Requirement {
    parse_requirements(text).remove(0).expect(text)
}

fn entry(name: &str) -> Entry {
    let tag = "x".parse().expect("tag");
    let file = format!("images/{name}.tar");
    Entry::new(name, file, tag, "ubuntu:25.04", "x86_64")
}

fn plan(wanted: &Requirement, entries: &[Entry]) -> Plan {
    let path_of = |entry: &Entry| Ok::<_, Error>(Some(entry.file.clone()));
    plan_for(wanted, wanted, &select(wanted, entries), path_of).expect("plan")
}

fn json(plan: &Plan) -> String {
    serde_json::to_string(plan).expect("json")
}

const WANTED: &str = "project: capy\nos: ubuntu:25.04\narchitecture: x86_64\ncompiler: gcc-15\npackages: [libssl-dev]\ntools: [cmake]";

#[test]
fn prints_what_the_format_says() {
    let mut base = entry("b");
    base.tools = vec!["cmake".into()];
    let wanted = requirement(WANTED);
    assert_eq!(
        json(&plan(&wanted, &[base])),
        concat!(
            r#"{"version":1,"name":"capy-ubuntu-25.04-gcc15","job":null,"needs_build":true,"best_image_path":null,"#,
            r#""best_base_image_path":"images/b.tar","base_image":"ubuntu:25.04","marks":{"essential":70,"extra":20},"#,
            r#""requirements":{"project":"capy","os":"ubuntu:25.04","architecture":"x86_64","compilers":["gcc-15"],"#,
            r#""packages":["libssl-dev"],"tools":["cmake"],"variants":[]},"#,
            r#""missing":{"compilers":["gcc-15"],"packages":["libssl-dev"],"tools":[]},"#,
            r#""build":{"dockerfile":null,"context":null,"args":{},"steps":[]}}"#,
        )
    );
}

#[test]
fn an_image_that_lacks_a_package_is_built_on() {
    let mut image = entry("i");
    image.compilers = vec!["gcc-15".into()];
    let lacks = plan(&requirement(WANTED), &[entry("b"), image.clone()]);
    assert!(lacks.needs_build());
    let base = lacks.best_base_image_path.as_deref();
    assert_eq!(
        (lacks.best_image_path, base),
        (None, Some("images/i.tar".into()))
    );
    assert_eq!((lacks.marks.essential, lacks.marks.extra), (100, 0));
    let missing = lacks.missing.expect("missing");
    assert!(missing.compilers.is_empty());
    assert_eq!((missing.packages.len(), missing.tools.len()), (1, 1));
    image.packages = vec!["libssl-dev".into(), "cmake".into()];
    let met = plan(&requirement(WANTED), &[entry("b"), image]);
    assert!(!met.needs_build());
    assert_eq!(met.best_image_path.as_deref(), Some("images/i.tar".into()));
    assert_eq!((met.marks.essential, met.marks.extra), (100, 20));
}

#[test]
fn a_build_of_its_own_is_carried_and_no_image_stands_for_it() {
    let text = format!("{WANTED}\nbuild:\n  steps:\n  - {{run: make, cache: {{max_age: 7d}}}}\n");
    let wanted = requirement(&text);
    let (mut fits, mut own) = (entry("i"), entry("capy-ubuntu-25.04-gcc15"));
    (fits.compilers, own.compilers) = (vec!["gcc-15".into()], vec!["gcc-15".into()]);
    own.tools = vec!["cmake".into()];
    let plan = plan(&wanted, &[own, fits]);
    assert!(plan.needs_build());
    let base = plan.best_base_image_path.as_deref();
    assert_eq!(
        base,
        Some("images/i.tar".into()),
        "an image is no base of itself"
    );
    assert_eq!(plan.build.steps.len(), 1);
    assert!(json(&plan).contains(r#""steps":[{"run":"make","cache":{"max_age":"7d"}}]"#));
    assert!(json(&plan).contains(r#""variants":[]},"missing""#));
    let empty = requirement(&format!("{WANTED}\nbuild: {{steps: []}}"));
    assert_eq!(empty.build, None);
}

#[test]
fn with_no_image_everything_is_missing() {
    let wanted = requirement(WANTED);
    let plan = plan(&wanted, &[]);
    assert!(plan.needs_build());
    assert_eq!(plan.base_image.as_deref(), Some("ubuntu:25.04"));
    assert_eq!(plan.best_base_image_path, None);
    assert_eq!(plan.marks, Marks::default());
    assert_eq!(plan.missing, Some(wanted.contents()));
}

#[test]
fn the_chosen_path_can_fail() {
    let wanted = requirement(WANTED);
    let path_of = |_: &Entry| Err(Error::NoRequirement);
    let entries = [entry("b")];
    assert!(plan_for(&wanted, &wanted, &select(&wanted, &entries), path_of).is_err());
    assert!(plan_for(&wanted, &wanted, &select(&wanted, []), path_of).is_ok());
}

#[test]
fn without_missing_everything_is_installed() {
    let text = r#"{"name":"x","base_image":"debian:12","requirements":{"project":"x","os":"debian:12","packages":["git"]}}"#;
    let plan = Plans::new(text.as_bytes())
        .next()
        .expect("one")
        .expect(text);
    assert_eq!(plan.to_install().packages.len(), 1);
}

proptest! {
    #[test]
    fn what_is_printed_is_read_back(
        os in prop::sample::select(vec!["ubuntu:25.04", "debian:bookworm-slim", "alpine:3.20", "archlinux"]),
        compilers in prop::collection::vec("(gcc|clang)-[1-9]", 0..3),
        packages in prop::collection::vec("[a-z][a-z0-9+.-]{1,8}(:i386)?(=[0-9.]{1,4})?", 0..4),
        tools in prop::collection::vec("[a-z]{2,6}", 0..3),
        variants in prop::collection::vec("(asan|tsan|x86)", 0..2),
        with_image in any::<bool>(),
    ) {
        let text = serde_json::json!({
            "project": "capy", "os": os, "architecture": "x86_64",
            "compilers": compilers, "packages": packages, "tools": tools, "variants": variants,
        });
        let wanted = requirement(&text.to_string());
        let entries = [entry("b")];
        let plan = plan(&wanted, if with_image { &entries } else { &[] });
        let pretty = serde_json::to_string_pretty(&plan).expect("json");
        prop_assert!(!json(&plan).contains('\n'));
        for text in [json(&plan), pretty, format!("[{}]", json(&plan))] {
            let read: Result<Vec<_>, _> = Plans::new(text.as_bytes()).collect();
            prop_assert_eq!(read.map_err(|error| error.to_string()), Ok(vec![plan.clone()]));
        }
    }
}

#[test]
fn an_image_of_one_architecture_is_built_on_as_it_is_written() {
    for (os, base, architecture) in [
        ("i386/debian:12", "i386/debian:12", "x86"),
        (
            "docker.io/arm64v8/debian:12",
            "arm64v8/debian:12",
            "aarch64",
        ),
        ("docker.io/library/debian:12", "debian:12", "x86_64"),
    ] {
        let text = match architecture {
            "x86_64" => format!("project: capy\nos: {os}\narchitecture: x86_64"),
            _ => format!("project: capy\nos: {os}"),
        };
        let wanted = requirement(&text);
        assert_eq!(wanted.architecture.to_string(), architecture, "{os}");
        assert_eq!(wanted.os.to_string(), "debian:12");
        assert_eq!(plan(&wanted, &[]).base_image.as_deref(), Some(base));
    }
}

/// An image without an archive becomes a base, by its tag, even if it meets the requirement.
#[test]
fn an_image_without_an_archive_is_built_on_by_its_tag() {
    let wanted = parse_requirements("project: capy\nos: debian:12\narchitecture: x86_64");
    let wanted = wanted.into_iter().next().expect("one").expect("valid");
    let tag = "capy-debian-12-gcc12:latest".parse().expect("tag");
    let entry = Entry::new(
        "capy-debian-12-gcc12",
        "gone.tar",
        tag,
        "debian:12",
        "x86_64",
    );
    let path_of = |_: &Entry| Ok::<_, Error>(None);
    let plan = plan_for(&wanted, &wanted, &select(&wanted, [&entry]), path_of).expect("plan");
    assert!(plan.needs_build());
    assert_eq!(
        (plan.best_image_path, plan.best_base_image_path),
        (None, None)
    );
    assert_eq!(
        plan.base_image.as_deref(),
        Some("capy-debian-12-gcc12:latest")
    );
}
