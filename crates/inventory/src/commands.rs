//! The programs in an image's `PATH`.

use std::collections::BTreeSet;

use crate::files::Files;

/// The folders of commands, without a leading slash. `bin` and `sbin` are links into `usr` on most systems; Alpine
/// before 3.23 has its own files in them.
const FOLDERS: [&str; 6] = [
    "usr/local/sbin",
    "usr/local/bin",
    "usr/sbin",
    "usr/bin",
    "sbin",
    "bin",
];

/// The names of an image's commands.
pub(crate) fn read(files: &dyn Files) -> BTreeSet<String> {
    FOLDERS
        .iter()
        .flat_map(|folder| files.list(folder))
        .collect()
}

/// The versions of the GCCs under `usr/local` and `usr`. Their folders contain a `cc1`, the compiler proper, in
/// `lib/gcc/<target>/<version>` or, newer, `libexec/gcc/<target>/<version>`. An image such as `gcc:13` has no package
/// and no command `gcc-13`.
pub(crate) fn gcc_versions(files: &dyn Files) -> BTreeSet<String> {
    let mut versions = BTreeSet::new();
    for prefix in ["usr/local", "usr"] {
        if !files.exists(&format!("{prefix}/bin/gcc")) {
            continue;
        }
        for parent in ["lib", "libexec"] {
            let parent = format!("{prefix}/{parent}/gcc");
            for target in files.list(&parent) {
                let target = format!("{parent}/{target}");
                let with_compiler =
                    |version: &String| files.exists(&format!("{target}/{version}/cc1"));
                versions.extend(files.list(&target).into_iter().filter(with_compiler));
            }
        }
    }
    versions
}
