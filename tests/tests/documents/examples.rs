//! The documents with a session in them.

use crate::session::run;

macro_rules! documents {
    ($($test:ident: $name:literal,)*) => {
        $(
            #[test]
            fn $test() {
                run($name, include_str!(concat!("../../../", $name)));
            }
        )*
    };
}

documents! {
    the_readme: "README.md",
    the_tutorial: "docs/tutorial.md",
    archives: "docs/archives.md",
    upkeep: "docs/upkeep.md",
    registry: "docs/registry.md",
    config: "docs/config.md",
    exit_codes: "docs/exit-codes.md",
    troubleshooting: "docs/troubleshooting.md",
}
