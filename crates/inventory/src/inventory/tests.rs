use super::*;
use crate::files::testing::Tree;
use crate::managers::tests::named;

fn debian() -> Tree {
    Tree::new(&[
        ("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n"),
        (
            "var/lib/dpkg/status",
            "Package: gcc-12\nStatus: install ok installed\nVersion: 12.2.0-14\nProvides: c-compiler\n\n\
             Package: libssl-dev\nStatus: install ok installed\nArchitecture: i386\nVersion: 3.0\n",
        ),
        ("usr/bin/gcc-12", ""),
        ("usr/bin/cmake", ""),
        ("bin/sh", ""),
    ])
}

#[test]
fn a_debian_image() {
    let inventory = Inventory::of(&debian()).expect("inventory");
    assert_eq!(
        inventory.os.as_ref().map(Os::to_string).as_deref(),
        Some("debian:12")
    );
    assert_eq!(inventory.manager, named("apt"));
    assert_eq!(inventory.packages["gcc-12"], "12.2.0-14");
    assert_eq!(format!("{:?}", inventory.compilers), "[gcc-12]");
    assert_eq!(format!("{:?}", inventory.tools), "[cmake]");
}

#[test]
fn lacks_what_is_not_there() {
    let inventory = Inventory::of(&debian()).expect("inventory");
    let compilers = ["gcc-12", "gcc", "gcc-13", "clang"].map(|c| c.parse().expect("compiler"));
    let packages = [
        "libssl-dev:i386",
        "gcc-12=12.2.0-14",
        "c-compiler",
        "zlib1g-dev",
    ]
    .map(|p| p.parse().expect("package"));
    let tools = ["cmake", "ninja", "libssl-dev", "sh"].map(|t| t.parse().expect("tool"));
    assert_eq!(
        inventory.lacks(&compilers, &packages, &tools),
        ["gcc-13", "clang", "zlib1g-dev", "ninja"]
    );
}

#[test]
fn an_image_without_a_distribution() {
    let inventory =
        Inventory::of(&Tree::new(&[("bin/busybox", ""), ("bin/wget", "")])).expect("inventory");
    assert_eq!((inventory.os, inventory.manager), (None, None));
    assert!(inventory.packages.is_empty() && inventory.compilers.is_empty());
    assert_eq!(format!("{:?}", inventory.tools), "[wget]");
    assert!(
        Inventory::of(&Tree::default())
            .expect("scratch")
            .os_release
            .is_empty()
    );
}

#[test]
fn a_compiler_built_from_source() {
    let tree = Tree::new(&[
        ("etc/os-release", "ID=debian\nVERSION_ID=12\n"),
        ("usr/local/bin/gcc", ""),
        ("usr/local/libexec/gcc/x86_64-linux-gnu/13.2.0/cc1", ""),
        ("usr/lib/gcc/x86_64-linux-gnu/12/crtbegin.o", ""),
    ]);
    let inventory = Inventory::of(&tree).expect("inventory");
    assert_eq!(format!("{:?}", inventory.compilers), "[gcc-13]");
}

#[test]
fn the_manager_of_an_unnamed_system_is_its_database() {
    let tree = Tree::new(&[("lib/apk/db/installed", "P:musl\nV:1.2.5-r0\n")]);
    let inventory = Inventory::of(&tree).expect("inventory");
    assert_eq!(inventory.manager, named("apk"));
}

#[test]
fn of_an_unnamed_system_with_two_databases_the_first_in_the_table_counts() {
    let tree = Tree::new(&[
        ("lib/apk/db/installed", "P:musl\nV:1.2.5-r0\n"),
        (
            "var/lib/dpkg/status",
            "Package: libc6\nStatus: install ok installed\nVersion: 2.36\n",
        ),
    ]);
    let inventory = Inventory::of(&tree).expect("inventory");
    assert_eq!(inventory.manager, named("apt"));
    assert_eq!(inventory.packages.len(), 2);
}
