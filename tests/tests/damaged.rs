//! Damaged archives of all kinds, and engines that would accept them.
//!
//! `LOADS` sets how many damaged archives are loaded, `LOADS_FROM` the first one's seed: 0, or with `LOADS` one from
//! `SEED`.

#![expect(
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test may end where it fails, and says what it has tried"
)]

use pipeline_tests::{Image, Sandbox, Tally, engine, seed};
use samples::{Dice, damage};

/// The default number of loaded damaged archives.
const LOADS: u64 = 40;

/// More bytes than fit into the pipe before an engine reads any.
const MUCH: usize = 6_000_000;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// An image of two own layers on a base of so many bytes, saved in each form and removed from the engine: its variants.
fn saved(s: &Sandbox, bytes: usize) -> [&'static str; 4] {
    let base = Image::new().random("data", bytes).build(s, "base");
    s.run("imgsave", [&base]).ok();
    let top = Image::on(&base).layer().build(s, "top");
    let name = |variant| s.image(variant);
    for (variant, flags) in [
        ("plain", &[][..]),
        ("gzip", &["--compress", "gzip"]),
        ("zstd", &["--compress", "zstd"]),
        ("thin", &["--thin", "--base", &name("base")]),
    ] {
        let save = s.command("imgsave").args(flags);
        save.args(["--name", &name(variant), &top]).run().ok();
    }
    s.forget_all(&[base, top]);
    ["plain", "gzip", "zstd", "thin"]
}

#[test]
fn no_damaged_archive_becomes_an_image_that_is_not_the_registered_one() {
    let s = Sandbox::new();
    let variants = saved(&s, 1000);
    let sound = variants.map(|variant| s.read_bytes(&s.archive(variant)));
    let registry = s.read("image-registry.yml");
    let said = number("LOADS");
    let from = number("LOADS_FROM").unwrap_or_else(|| said.map_or(0, |_| seed() << 20));
    let all = said.unwrap_or(LOADS);
    let mut tally = Tally::new("damaged archives, loaded");
    let mut loaded = 0;
    for seed in from..from + all {
        let which = usize::try_from(seed).unwrap_or(0) % variants.len();
        let (variant, bytes) = (variants[which], sound[which].clone());
        s.write(&s.archive(variant), damage(bytes, &mut Dice::new(seed)));
        let outcome = s.run("imgload", ["--no-record", &s.image(variant)]);
        let there = engine().images_of(s.project());
        let reference = format!("{}:latest", s.image(variant));
        match outcome.code {
            0 => {
                let id = engine().id(&reference).expect("it is there");
                let registered = format!("image_id: {id}");
                assert!(registry.contains(&registered), "seed {seed}\n{outcome}");
                assert_eq!(there, [reference.as_str()], "seed {seed}\n{outcome}");
                s.forget(&reference);
                loaded += 1;
            }
            _ => {
                outcome.fails("imgload", 4, "");
                assert_eq!(there, [""; 0], "seed {seed}\n{outcome}");
            }
        }
        s.write(&s.archive(variant), &sound[which]);
        tally.add(1);
    }
    eprintln!(
        "{all} damaged archives: {loaded} were whole where it matters, the others were refused"
    );
    assert!(loaded < all);
}

/// The position of a byte of the last layer, less than a block before the config. The config begins a block; engines do
/// not agree on its first key.
fn inside_last_layer(archive: &[u8]) -> usize {
    let key = br#""architecture""#;
    let mut blocks = archive.chunks(512);
    let has_key = |block: &[u8]| {
        block.starts_with(b"{") && block.windows(key.len()).any(|bytes| bytes == key)
    };
    let config = blocks.position(has_key).expect("a config") * 512;
    config - 512 - 600
}

#[test]
fn an_engine_that_takes_damage_for_an_image_has_no_tag_of_it_left() {
    let s = Sandbox::new();
    let variants = saved(&s, MUCH);
    let other = Image::new().build(&s, "other");
    for variant in variants {
        let name = s.image(variant);
        // Like containerd's store of Docker 28, which reports success without a name to tag.
        let line = format!(
            "engine='{}'; case $1 in load) cat > fed;; *) exec \"$engine\" \"$@\";; esac\n",
            engine().program()
        );
        let takes_all = s.script("takes-all", &line);
        let bytes = s.read_bytes(&s.archive(variant));
        let mut damaged = bytes.clone();
        damaged[inside_last_layer(&bytes)] ^= 1;
        s.write(&s.archive(variant), damaged);
        let load = || s.run("imgload", ["--engine", takes_all.as_str(), &name]);
        load().fails("imgload", 4, "layer ");
        assert!(!engine().has(&name), "{variant}: a tag was left");
        let stream = s.read_bytes("fed");
        assert!(stream.len() > MUCH / 2, "{variant}: {} bytes", stream.len());
        let documents = b"manifest.json\0";
        let mut blocks = stream.chunks(512);
        assert!(
            !blocks.any(|block| block.starts_with(documents)),
            "{variant}"
        );
        // A complete archive, and an engine that claims to have loaded it.
        s.write(&s.archive(variant), &bytes);
        load().fails("imgload", 5, "reported success, but has no image");
        assert!(!engine().has(&name), "{variant}: a tag was left");
        let stream = s.read_bytes("fed");
        assert!(
            stream
                .windows(documents.len())
                .any(|bytes| bytes == documents)
        );
        let names_it = |bytes: &[u8]| bytes == name.as_bytes();
        assert!(!stream.windows(name.len()).any(names_it), "{variant}");
        // An existing tag stays.
        let tagged = engine().read(&["tag", &other, &name]);
        assert!(tagged.is_some());
        load().fails("imgload", 5, "reported success, but has no image");
        assert_eq!(engine().id(&name), engine().id(&other), "{variant}");
        s.forget(&format!("{name}:latest"));
    }
}
