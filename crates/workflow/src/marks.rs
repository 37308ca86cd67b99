//! Values of a matrix that describe an image: booleans, lists of packages, compilers and their versions.

use std::str::FromStr;

use naming::{Compiler, NameError};

use super::value::ExprValue;

/// The command names of GCC and Clang, which workflows use too.
const COMMANDS: [(&str, &str); 2] = [("g++", "gcc"), ("clang++", "clang")];

/// The first version whose packages are named by the major version alone: `g++-5`, `clang-7` (Debian, and
/// apt.llvm.org).
const MAJOR_ALONE: [(&str, u32); 2] = [("gcc", 5), ("clang", 7)];

/// Whether a flag is set. A value that means neither yes nor no is an error.
pub(super) fn truth(value: &ExprValue) -> Result<bool, String> {
    match value {
        ExprValue::Unknown(why) => Err(why.clone()),
        ExprValue::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
            "" | "false" | "no" | "off" | "0" => Ok(false),
            "true" | "yes" | "on" | "1" => Ok(true),
            _ => Err(format!("`{text}` is neither true nor false")),
        },
        ExprValue::List(_) | ExprValue::Map(_) => Err("is neither true nor false".to_owned()),
        value => Ok(value.is_true()),
    }
}

/// Names separated by white space, or in a list.
pub(super) fn names<T: FromStr<Err = NameError>>(value: &ExprValue) -> Result<Vec<T>, String> {
    match value {
        ExprValue::Null => Ok(Vec::new()),
        ExprValue::Unknown(why) => Err(why.clone()),
        ExprValue::Text(text) => {
            let words = text.split_whitespace();
            words
                .map(|word| word.parse().map_err(|error: NameError| error.to_string()))
                .collect()
        }
        ExprValue::List(items) => {
            let all = items.iter().map(names).collect::<Result<Vec<_>, _>>()?;
            Ok(all.into_iter().flatten().collect())
        }
        _ => Err("is neither a name nor a list of names".to_owned()),
    }
}

/// The compilers of `compiler` and `version` together.
pub(super) fn compilers(
    compiler: &ExprValue,
    version: &ExprValue,
) -> Result<Vec<Compiler>, String> {
    let version = exact(version)?;
    let all: Vec<Compiler> = names(compiler)?;
    match (&all[..], version) {
        ([], None) => Ok(Vec::new()),
        ([], Some(version)) => Err(format!("has the version {version}, but no compiler")),
        ([one], version) => Ok(vec![one_compiler(one, version.as_deref())?]),
        (several, None) => several.iter().map(|one| one_compiler(one, None)).collect(),
        (_, Some(version)) => Err(format!(
            "has several compilers, but only one version, {version}"
        )),
    }
}

fn one_compiler(compiler: &Compiler, version: Option<&str>) -> Result<Compiler, String> {
    let (name, own) = (compiler.name(), compiler.version());
    let known = COMMANDS.iter().find(|(command, _)| *command == name);
    let name = known.map_or(name, |(_, name)| name);
    let text = match (own, version) {
        (None, None) => name.to_owned(),
        (Some(version), None) | (None, Some(version)) => {
            format!("{name}-{}", packaged(name, version))
        }
        (Some(own), Some(version)) if packaged(name, own) == packaged(name, version) => {
            format!("{name}-{}", packaged(name, own))
        }
        (Some(_), Some(version)) => {
            return Err(format!(
                "asks for the compiler `{compiler}` in version {version}"
            ));
        }
    };
    text.parse().map_err(|error: NameError| error.to_string())
}

/// A version in the form of a compiler's package names.
fn packaged<'a>(name: &str, version: &'a str) -> &'a str {
    let first = MAJOR_ALONE.iter().find(|(compiler, _)| *compiler == name);
    let major = version.split('.').next().unwrap_or(version);
    match (first, major.parse::<u32>()) {
        (Some((_, first)), Ok(number)) if number >= *first => major,
        _ => version,
    }
}

/// An exact version. The version for a range is known only at installation.
fn exact(value: &ExprValue) -> Result<Option<String>, String> {
    let text = match value {
        ExprValue::Null => return Ok(None),
        ExprValue::Unknown(why) => return Err(why.clone()),
        ExprValue::List(_) | ExprValue::Map(_) => {
            return Err("`version` is not a version".to_owned());
        }
        value => value.text().trim().to_owned(),
    };
    let numbers = |text: &str| {
        let mut numbers = text.split('.');
        numbers.all(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
    };
    match text.as_str() {
        "" => Ok(None),
        text if numbers(text) => Ok(Some(text.to_owned())),
        text => Err(format!("the version `{text}` is not a number")),
    }
}

#[cfg(test)]
mod tests {
    use naming::PackageName;

    use super::*;

    fn text(text: &str) -> ExprValue {
        ExprValue::Text(text.into())
    }

    #[test]
    fn a_compiler_goes_by_the_names_of_its_packages() {
        for (compiler, version, expected) in [
            ("gcc", text("15"), "gcc-15"),
            ("GCC", ExprValue::Number(15.0), "gcc-15"),
            ("gcc", text("13.2"), "gcc-13"),
            ("gcc", text("4.9"), "gcc-4.9"),
            ("g++", text("13"), "gcc-13"),
            ("g++-13", ExprValue::Null, "gcc-13"),
            ("clang++-18", text(""), "clang-18"),
            ("clang", text("6.0"), "clang-6.0"),
            ("clang", text("19.1.0"), "clang-19"),
            ("gcc-13", text("13.1"), "gcc-13"),
            ("gcc", ExprValue::Null, "gcc"),
            ("icpx", text("2025.1"), "icpx-2025.1"),
            ("gcc-13 clang-19", ExprValue::Null, "gcc-13,clang-19"),
            ("", ExprValue::Null, ""),
        ] {
            let found = compilers(&text(compiler), &version).expect(compiler);
            let found: Vec<_> = found.iter().map(Compiler::as_str).collect();
            assert_eq!(found.join(","), expected, "{compiler} {version:?}");
        }
        for (compiler, version) in [
            ("gcc", "*"),
            ("gcc", ">=13"),
            ("gcc", "13 - 15"),
            ("gcc", "13 || 14"),
            ("gcc", "latest"),
            ("gcc", "^14"),
            ("gcc", "14.x"),
            ("gcc-13", "14"),
            ("", "14"),
            ("gcc clang", "14"),
            ("gcc; rm", ""),
        ] {
            let found = compilers(&text(compiler), &text(version));
            assert!(found.is_err(), "{compiler} {version} {found:?}");
        }
    }

    #[test]
    fn packages_and_truths() {
        let packages = |value: &ExprValue| -> Result<Vec<String>, String> {
            let found: Vec<PackageName> = names(value)?;
            Ok(found.iter().map(ToString::to_string).collect())
        };
        let list = ExprValue::List(vec![text("a1"), text("b1 c1"), ExprValue::Null]);
        assert_eq!(packages(&list).expect("names"), ["a1", "b1", "c1"]);
        let spaced = text("gcc-15-multilib\n  libssl-dev:i386 ");
        let expected = ["gcc-15-multilib", "libssl-dev:i386"];
        assert_eq!(packages(&spaced).expect("names"), expected);
        for bad in [
            text("a1 --privileged"),
            text("$(x)"),
            ExprValue::Number(7.0),
        ] {
            assert!(packages(&bad).is_err(), "{bad:?}");
        }
        for (value, expected) in [
            (ExprValue::Bool(true), Ok(true)),
            (text("True"), Ok(true)),
            (text("on"), Ok(true)),
            (ExprValue::Number(1.0), Ok(true)),
            (ExprValue::Null, Ok(false)),
            (text("false"), Ok(false)),
            (text(""), Ok(false)),
            (text("address"), Err(())),
            (ExprValue::List(vec![]), Err(())),
        ] {
            assert_eq!(truth(&value).map_err(drop), expected, "{value:?}");
        }
    }
}
