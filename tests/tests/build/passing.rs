//! Plans without a build are checked against their archives.

use super::*;

/// A plan that found the image `base`.
fn found(s: &Sandbox, wanted: &str, missing: &str) -> String {
    format!(
        r#"{{"name":"{}","needs_build":false,"best_image_path":"{}","requirements":{{"project":"{}",{wanted}}},"missing":{{{missing}}}}}"#,
        s.image("base"),
        s.archive("base"),
        s.project()
    )
}

#[test]
fn an_archive_that_lacks_what_the_plan_asks_for_is_refused() {
    let s = Sandbox::new();
    with_base(&s);
    let git = r#""os":"debian:12","packages":["git"]"#;
    for (wanted, missing, says) in [
        (git, "", "lacks git, which the plan asks for"),
        (git, r#""packages":["git"]"#, ""),
        (r#""os":"debian:12""#, "", ""),
        (
            r#""os":"debian:12","compilers":["gcc-12"],"variants":["asan"]"#,
            "",
            "lacks gcc-12, variant asan, which",
        ),
        (
            r#""os":"debian:12","architecture":"arm64""#,
            "",
            "not for debian:12 on aarch64, which",
        ),
        (r#""os":"debian:11""#, "", "not for debian:11 on"),
    ] {
        let plan = found(&s, wanted, missing);
        for words in [&[][..], &["-n"]] {
            let outcome = s.command("imgbuild").args(words).input(&*plan).run();
            if says.is_empty() {
                outcome.ok();
                continue;
            }
            outcome
                .fails("imgbuild", 3, &s.archive("base"))
                .stderr_has(says)
                .stderr_has("hint: run imgplan again")
                .stdout("");
        }
    }
}

#[test]
fn an_image_that_was_built_for_something_else_meanwhile_is_refused() {
    let s = Sandbox::new();
    let base = Image::new().apt().build(&s, "base");
    s.run("imgsave", ["-q", &base]).ok();
    let job = |package: &str| {
        let text = format!(
            "project: {}\nos: debian:12\nvariants: [tool]\npackages: [{package}]\n",
            s.project()
        );
        s.write(&format!("{package}.yml"), text);
    };
    job("aa");
    job("bb");
    s.sh("imgplan aa.yml | imgbuild -q && imgplan aa.yml > saved.json")
        .ok();
    s.sh("imgbuild saved.json").ok();
    s.sh("imgplan --exact bb.yml | imgbuild -q").ok();
    s.sh("imgbuild saved.json")
        .fails("imgbuild", 3, "lacks aa, which the plan asks for")
        .stdout("");
}

#[test]
fn what_only_the_image_tells_is_looked_up() {
    let s = Sandbox::new();
    let base = Image::new()
        .busybox()
        .file(
            "var/lib/dpkg/status",
            "Package: git\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n\n",
        )
        .build(&s, "base");
    s.run("imgsave", ["-q", &base]).ok();
    let registry = s.read("image-registry.yml");
    let bare = registry.lines().filter(|line| !line.contains("packages:"));
    s.write(
        "image-registry.yml",
        bare.collect::<Vec<_>>().join("\n") + "\n",
    );
    let plan = found(&s, r#""os":"debian:12","packages":["git"]"#, "");
    build(&s, &plan).ok().stdout(&(s.archive("base") + "\n"));
    assert!(s.read("image-registry.yml").contains("packages: [git]"));
}

/// An archive without an entry in the store's folder, of an image with the package `aa`.
fn unregistered(s: &Sandbox) -> String {
    let status = "Package: aa\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n\n";
    let image = Image::new().busybox().file("var/lib/dpkg/status", status);
    let image = image.build(s, "own");
    s.run("imgsave", ["-q", &image]).ok();
    s.sh(&format!("cp {} own.tar", s.archive("own"))).ok();
    "own.tar".to_owned()
}

#[test]
fn an_archive_without_an_entry_is_read() {
    let s = Sandbox::new();
    let path = unregistered(&s);
    let plan = |wanted: &str, missing: &str| {
        format!(
            r#"{{"best_image_path":"{path}","requirements":{{"project":"p",{wanted}}},"missing":{{{missing}}}}}"#
        )
    };
    let os = r#""os":"debian:12""#;
    for (wanted, missing, says) in [
        (r#""packages":["aa"]"#, "", ""),
        (r#""tools":["busybox"],"packages":["AA"]"#, "", ""),
        (
            r#""packages":["aa","git"]"#,
            "",
            "lacks git, which the plan asks for",
        ),
        (r#""packages":["aa","git"]"#, r#""packages":["git"]"#, ""),
        (r#""compilers":["gcc-12"]"#, "", "lacks gcc-12, which"),
        (r#""tools":["cmake"]"#, "", "lacks cmake, which"),
        (
            r#""architecture":"arm64""#,
            "",
            "not for debian:12 on aarch64, which",
        ),
    ] {
        let plan = plan(&format!("{os},{wanted}"), missing);
        for words in [&[][..], &["-n"]] {
            let outcome = s.command("imgbuild").args(words).input(&*plan).run();
            match says {
                "" => outcome.ok().stderr_lacks("warning"),
                _ => outcome
                    .fails("imgbuild", 3, &path)
                    .stderr_has(says)
                    .stderr_has("hint: name another archive")
                    .stdout(""),
            };
        }
    }
    build(&s, &plan(r#""os":"debian:11""#, "")).fails("imgbuild", 3, "is for debian:12 on");
    // Requirements that no image can prove.
    let exact = format!(r#"{os},"variants":["asan"],"packages":["aa=1"]"#);
    build(&s, &plan(&exact, ""))
        .ok()
        .stdout("own.tar\n")
        .stderr_has("own.tar: not registered, so not checked: variant asan, version or architecture of aa=1");
    s.write("own.tar", "no archive");
    build(&s, &plan(os, ""))
        .ok()
        .stderr_has("own.tar: not checked against the plan: ");
}
