//! The cases, in groups that share images.

use std::fs;
use std::time::Instant;

use serde_json::json;

use super::table::{Target, bytes, median, seconds};
use super::{Bench, side};
use crate::Error;
use crate::files::files;
use crate::packages::ensure;

type Case = fn(&mut Bench<'_>) -> Result<(), Error>;

/// The groups.
pub(super) const ALL: [(&[&str], Case); 4] = [
    (
        &["save", "save-zstd", "build", "there", "new-layer", "cold"],
        root,
    ),
    (&["thin", "matrix-cold", "matrix-warm"], matrix),
    (&["memory", "index"], large),
    (&["registry"], registry),
];
/// All cases, in the order of the table.
pub(super) const NAMES: [&str; 12] = [
    "save",
    "save-zstd",
    "build",
    "there",
    "new-layer",
    "cold",
    "thin",
    "matrix-cold",
    "matrix-warm",
    "memory",
    "index",
    "registry",
];

const ROOT: &str = "imgpipe-bench-debian-12-root";
const BUILT: &str = "imgpipe-bench-debian-12-built";
const DEBIAN: &str = "ID=debian\\nVERSION_ID=12\\n";
/// Bases with the variants on them.
const SYSTEMS: [(&str, &str, &str); 2] = [
    ("debian-12", DEBIAN, "gcc11 gcc12 clang15 clang16"),
    (
        "ubuntu-24.04",
        "ID=ubuntu\\nVERSION_ID=24.04\\n",
        "gcc13 gcc14 clang17 clang18",
    ),
];

/// Removes images from the engine.
fn absent(images: &str) -> String {
    format!(
        "for i in {images}; do if $E image inspect $i > /dev/null 2>&1; then $E rmi --force $i || exit; fi; done"
    )
}

/// One large base, like an image with a compiler or two.
fn root(bench: &mut Bench<'_>) -> Result<(), Error> {
    let megabytes = bench.size(500);
    let size = format!("{megabytes} MB");
    bench.make(ROOT, megabytes, DEBIAN, "")?;
    let gone = ["rm -rf images image-registry.yml ../root.tar", "sync"];
    let save = format!("$E save -o ../root.tar {ROOT}");
    if bench.wants("save") {
        let sides = [
            side(
                format!("imgsave, {size}, synced"),
                format!("imgsave {ROOT}"),
                &gone,
            ),
            side("docker save -o", &save, &gone),
            side(
                "docker save -o, sync",
                format!("{save} && sync ../root.tar"),
                &gone,
            ),
        ];
        bench.compare("save", &sides, &[Target::AtMost(1.05), Target::None])?;
    }
    if bench.wants("save-zstd") {
        ensure("zstd gzip", "")?;
        let ours = format!("imgsave --compress zstd {ROOT}");
        let piped = |program: &str| format!("$E save {ROOT} | {program} > ../root.tar");
        let sides = [
            side(format!("imgsave --compress zstd, {size}"), ours, &gone),
            side("docker save | zstd -T0 -3", piped("zstd -q -T0 -3"), &gone),
            side("docker save | gzip", piped("gzip"), &gone),
        ];
        bench.compare(
            "save-zstd",
            &sides,
            &[Target::AtMost(1.0), Target::Faster(4.0)],
        )?;
    }
    for line in gone
        .iter()
        .copied()
        .chain([save.as_str(), &format!("imgsave {ROOT}")])
    {
        bench.run(line)?;
    }
    if bench.wants("build") {
        build(bench)?;
    }
    let load = format!("imgload {ROOT}");
    let plain = "$E load -i ../root.tar";
    if bench.wants("there") {
        let sides = [
            // A containerd store takes the engine's own archive for another image, which then has the tag.
            side(format!("imgload, {size}"), &load, &[&load]),
            side("docker load -i", plain, &[]),
            side(
                "docker image inspect",
                format!("$E image inspect {ROOT}"),
                &[],
            ),
        ];
        bench.compare(
            "there",
            &sides,
            &[Target::Faster(40.0), Target::AtMost(2.0)],
        )?;
    }
    if bench.wants("new-layer") {
        for (variant, megabytes, target) in [
            ("few", 10, Target::Faster(5.0)),
            ("many", 300, Target::None),
        ] {
            let (name, megabytes) = (
                format!("imgpipe-bench-debian-12-{variant}"),
                bench.size(megabytes),
            );
            bench.make(&name, megabytes, "", ROOT)?;
            bench.run(&format!("imgsave {name} && $E save -o ../new.tar {name}"))?;
            let absent = absent(&name);
            let before = [absent.as_str(), &load, "sync"];
            let sides = [
                side(
                    format!("imgload, {megabytes} MB new"),
                    format!("imgload {name}"),
                    &before,
                ),
                side("docker load -i", "$E load -i ../new.tar", &before),
            ];
            bench.compare("new-layer", &sides, &[target])?;
            bench.run(&absent)?;
        }
    }
    if bench.wants("cold") {
        super::remove_images(bench.engine)?;
        let before = [&absent(ROOT), "sync"];
        let sides = [
            side(format!("imgload, {size}, verified"), load, &before),
            side("docker load -i", plain, &before),
        ];
        bench.compare("cold", &sides, &[Target::AtMost(1.05)])?;
    }
    Ok(())
}

/// Writes a build file, and a plan that uses it, into the store.
fn plan(bench: &Bench<'_>, base: &str, build_file: &str) -> Result<(), Error> {
    let store = bench.work.join("store");
    let dockerfile = store.join("context/Dockerfile");
    crate::folders::create(&store.join("context"))?;
    fs::write(&dockerfile, build_file).map_err(Error::io(&dockerfile))?;
    let plan = json!({
        "name": BUILT,
        "best_base_image_path": store.join(format!("images/imgpipe-bench/{base}.tar")),
        "build": { "dockerfile": dockerfile, "context": store.join("context") },
    });
    let path = store.join("plan.json");
    fs::write(&path, format!("{plan}\n")).map_err(Error::io(&path))
}

/// A build with nothing to do, against a script without a registry: build from the engine's cache, and save again.
fn build(bench: &mut Bench<'_>) -> Result<(), Error> {
    let build_file =
        "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nENV CC=gcc\nCOPY files /opt/tool\nLABEL title=tool\n";
    plan(bench, ROOT, build_file)?;
    bench.run("mkdir context/files; seq 40000 | split -b 10k - context/files/")?;
    let plain = format!(
        "$E build -q -t imgpipe-bench-plain --build-arg BASE_IMAGE={ROOT} context && \
         $E save -o ../built.tar imgpipe-bench-plain"
    );
    // The first run of each builds.
    bench.run("imgbuild plan.json")?;
    bench.run(&plain)?;
    let sides = [
        side("imgbuild, up to date", "imgbuild plan.json", &[]),
        side("docker build, all cached; docker save -o", plain, &[]),
    ];
    bench.compare("build", &sides, &[Target::Faster(50.0)])?;
    bench.run(&absent(&format!("{BUILT} imgpipe-bench-plain")))
}

/// Eight images on two bases, like a matrix of compilers.
fn matrix(bench: &mut Bench<'_>) -> Result<(), Error> {
    let (mut bases, mut tops) = (String::new(), String::new());
    bench.run("mkdir ../plain ../thin")?;
    for (system, os_release, variants) in SYSTEMS {
        let base = format!("imgpipe-bench-{system}-base");
        bench.make(&base, bench.size(150), os_release, "")?;
        bench.run(&format!("imgsave {base} && cd ../thin && imgsave {base}"))?;
        for variant in variants.split(' ') {
            let name = format!("imgpipe-bench-{system}-{variant}");
            bench.make(&name, bench.size(15), "", &base)?;
            let thin = format!("cd ../thin && imgsave --thin --base {base} --name {name} {name}");
            bench.run(&format!(
                "imgsave {name} && $E save -o ../plain/{name}.tar {name} && {thin}"
            ))?;
            tops += &format!("{name} ");
        }
        bases += &format!("{base} ");
    }
    let many = if bench.engine.is_podman() {
        "--multi-image-archive"
    } else {
        ""
    };
    bench.run(&format!("$E save {many} -o ../together.tar {tops}"))?;
    let load = format!("imgload {tops}");
    let each = "for f in ../plain/*.tar; do $E load -i $f || exit; done";
    if bench.wants("thin") {
        let ours = (
            "imgsave --thin of eight, two bases",
            size(bench, "thin/images")?,
        );
        let together = bench.work.join("together.tar");
        let together = together.metadata().map_err(Error::io(&together))?.len();
        let once = Some(("one docker save -o, each layer once", in_bytes(together)));
        bench
            .table
            .add("thin", bytes, ours, once, Target::AtMost(1.02));
        let plain = Some(("eight docker save -o", size(bench, "plain")?));
        bench.table.add("thin", bytes, ours, plain, Target::None);
    }
    if bench.wants("matrix-cold") {
        super::remove_images(bench.engine)?;
        let before = [&absent(&format!("{tops}{bases}")), "sync"];
        let sides = [
            side("imgload of eight", &load, &before),
            side("for f; do docker load -i $f", each, &before),
            side(
                "one docker load -i of the distinct layers",
                "$E load -i ../together.tar",
                &before,
            ),
        ];
        bench.compare(
            "matrix-cold",
            &sides,
            &[Target::Faster(1.8), Target::AtMost(1.15)],
        )?;
    }
    if bench.wants("matrix-warm") {
        let before = [absent(&tops), format!("imgload {bases}"), "sync".into()];
        let before = before.each_ref().map(String::as_str);
        let sides = [
            side("imgload of eight, bases present", load, &before),
            side("for f; do docker load -i $f", each, &before),
        ];
        bench.compare("matrix-warm", &sides, &[Target::Faster(4.0)])?;
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "no file has 2^53 bytes")]
fn in_bytes(size: u64) -> f64 {
    size as f64
}

/// The bytes of all files below a folder.
fn size(bench: &Bench<'_>, folder: &str) -> Result<f64, Error> {
    let folder = bench.work.join(folder);
    let mut size = 0;
    for path in files(&folder)?.iter().map(|path| folder.join(path)) {
        size += path.metadata().map_err(Error::io(path))?.len();
    }
    Ok(in_bytes(size))
}

/// Images of 200 MB and 2 GB: neither memory nor the time to read an index grows with an image.
fn large(bench: &mut Bench<'_>) -> Result<(), Error> {
    let limit = f64::from(32 << 20);
    let commands = [
        ("imgsave", limit),
        ("imgsave --compress zstd", 2.0 * limit),
        ("imgload", limit),
    ];
    let sizes = [("small", bench.size(200)), ("large", bench.size(2000))];
    let mut peaks = Vec::new();
    for (variant, megabytes) in sizes {
        let name = format!("imgpipe-bench-debian-12-{variant}");
        bench.make(&name, megabytes, DEBIAN, "")?;
        for (command, _) in commands {
            bench.run("rm -rf images image-registry.yml")?;
            if command == "imgload" {
                bench.run(&format!("imgsave {name} && $E rmi --force {name}"))?;
            }
            let peak = bench.peak(&format!("{command} {name}"))?;
            peaks.push((format!("{command}, {megabytes} MB"), peak));
        }
    }
    if bench.wants("memory") {
        let measured: Vec<_> = peaks
            .iter()
            .map(|(what, peak)| (what.as_str(), *peak))
            .collect();
        let (small, large) = measured.split_at(commands.len());
        for ((large, small), (_, limit)) in large.iter().zip(small).zip(commands) {
            bench
                .table
                .add("memory", bytes, *large, None, Target::Limit(limit));
            bench
                .table
                .add("memory", bytes, *large, Some(*small), Target::AtMost(1.2));
        }
    }
    if bench.wants("index") {
        let path = bench
            .work
            .join("store/images/imgpipe-bench/imgpipe-bench-debian-12-large.tar");
        let mut times = Vec::new();
        for _ in 0..20 {
            let started = Instant::now();
            let opened = archive::Archive::open(&path);
            times.push(started.elapsed().as_secs_f64());
            opened.map_err(|error| Error::Wrong(format!("{path}: {error}")))?;
        }
        let what = format!("opening an archive, {} MB, unoptimised", sizes[1].1);
        bench.table.add(
            "index",
            seconds,
            (&what, median(times)),
            None,
            Target::Limit(0.005),
        );
    }
    Ok(())
}

/// A registry of ten thousand entries, whose archives are links to one small file. The times include the engine's, if a command
/// asks it.
fn registry(bench: &mut Bench<'_>) -> Result<(), Error> {
    let base = ROOT;
    let store = bench.work.join("store");
    bench.make(base, 1, DEBIAN, "")?;
    bench.run(&format!("imgsave {base}"))?;
    plan(
        bench,
        base,
        "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nENV BUILT=1\n",
    )?;
    bench.run("imgbuild --quiet plan.json")?;
    let requirement = store.join("requirement.yml");
    let text =
        "{project: imgpipe-bench, os: 'debian:12', compilers: [gcc-12], packages: [zlib1g-dev]}\n";
    fs::write(&requirement, text).map_err(Error::io(&requirement))?;
    let size = store.join(format!("images/imgpipe-bench/{base}.tar"));
    let size = size.metadata().map_err(Error::io(size))?.len();
    let count = bench.size(10_000);
    multiply(bench, base, count)?;
    let most = size * (count + 2) - 1;
    let restore = format!(
        "cp ../full.yml image-registry.yml; cd images/imgpipe-bench; ln -f {base}.tar imgpipe-bench-debian-12-v0.tar"
    );
    for (line, before) in [
        ("imgls --no-engine".to_owned(), vec![]),
        ("imgls -l --no-engine".into(), vec![]),
        // Without a lease, so that imgprune can remove the image.
        ("imgplan --no-lease requirement.yml".into(), vec![]),
        (format!("imgload {base}"), vec![]),
        (format!("imgsave {base}"), vec![]),
        ("imgbuild plan.json".into(), vec![]),
        (format!("imgcat {base} /etc/os-release"), vec![]),
        (format!("imgfetch --offline {base}"), vec![]),
        (format!("imgprune -n --max-size {}B", size * 10), vec![]),
        // One image less fits.
        (
            format!("imgprune --max-size {most}B"),
            vec![restore.as_str(), "sync"],
        ),
    ] {
        bench.compare(
            "registry",
            &[side(&line, &line, &before)],
            &[Target::Limit(0.5)],
        )?;
    }
    Ok(())
}

/// Registers so many more images. The first is the oldest.
fn multiply(bench: &Bench<'_>, base: &str, count: u64) -> Result<(), Error> {
    let store = bench.work.join("store");
    let path = store.join("image-registry.yml");
    let text = fs::read_to_string(&path).map_err(Error::io(&path))?;
    let entries = text
        .find("  - name: ")
        .map(|at| &text[at + 4..])
        .unwrap_or_default();
    let entry = entries
        .split("\n  - ")
        .find(|entry| entry.contains(base))
        .unwrap_or_default();
    // What people add to entries.
    let lists = "    compilers: [gcc-12, clang-15]\n    packages: [libssl-dev, zlib1g-dev, libboost-dev, curl, git]\n    \
                 tools: [cmake, ninja]\n";
    let is_list = |line: &&str| {
        ["compilers:", "packages:", "tools:"]
            .iter()
            .any(|key| line.trim().starts_with(key))
    };
    let kept: Vec<_> = entry
        .trim_end()
        .lines()
        .filter(|line| !is_list(line))
        .collect();
    // imgfetch needs a remote, even if it fetches nothing.
    let remote = format!(
        "    remote: registry.invalid/ci/base@sha256:{:064}\n    os: ",
        0
    );
    let mut out = text.replacen("    os: ", &remote, 1);
    let archives = store.join("images/imgpipe-bench");
    for number in 0..count {
        let name = format!("imgpipe-bench-debian-12-v{number}");
        let year = if number == 0 { 2020 } else { 2021 };
        for line in &kept {
            out += &match line.trim().starts_with("created:") {
                true => format!("    created: {year}-01-01T00:00:00Z\n"),
                false => line.replace(base, &name).replace("name: ", "  - name: ") + "\n",
            };
        }
        out += lists;
        let link = archives.join(format!("{name}.tar"));
        fs::hard_link(archives.join(format!("{base}.tar")), &link).map_err(Error::io(&link))?;
    }
    fs::write(bench.work.join("full.yml"), &out).map_err(Error::io(&path))?;
    fs::write(&path, out).map_err(Error::io(&path))
}
