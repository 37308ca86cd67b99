//! Names: accepted names are printed unchanged, and are safe as paths and arguments.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use naming::{
    Architecture, Compiler, Digest, ImageName, NameError, Os, PackageName, Reference, ToolName,
    Variant,
};

use crate::words::fair;

/// The longest image name (docs/naming.md).
const MAX_IMAGE_NAME: usize = 128;

/// The target `names`: parses a text as each kind of name.
///
/// # Panics
/// If an accepted name is not printed unchanged, could be taken for a flag, a path or several words, or if the error
/// has more than one line.
pub fn names(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for candidate in [ImageName::normalize(&text), text.parse()] {
        match candidate {
            Ok(name) => image_name(&name),
            Err(error) => refused(&error),
        }
    }
    if let Some(reference) = again::<Reference>(&text) {
        let canonical: Reference = reference
            .canonical()
            .parse()
            .expect("the full name is one too");
        assert_eq!(canonical.canonical(), reference.canonical());
        assert_eq!(canonical.digest(), reference.digest());
        assert_eq!(reference.unpinned().digest(), None);
    }
    again::<Digest>(&text);
    again::<Architecture>(&text);
    again::<Os>(&text);
    again::<PackageName>(&text);
    again::<Compiler>(&text);
    again::<ToolName>(&text);
    again::<Variant>(&text);
    naming::runner(&text);
    let shown = naming::visible(text.chars());
    assert!(!shown.chars().any(naming::steers), "{shown:?}");
}

fn image_name(name: &ImageName) {
    let text = name.as_str();
    assert!((1..=MAX_IMAGE_NAME).contains(&text.len()), "{text}");
    let fine =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
    assert!(text.bytes().all(fine), "{text:?}");
    assert!(
        !text.starts_with(['-', '.', '_']) && !text.contains(".."),
        "{text}"
    );
    let parts = ImageName::new(name.project(), name.os(), name.variant());
    assert_eq!(parts.as_ref(), Ok(name), "{text}");
    let reference = name.reference().expect("a reference");
    assert_eq!(reference.to_string(), format!("{text}:latest"));
    assert_eq!(again::<ImageName>(text).as_ref(), Some(name));
    assert_eq!(ImageName::normalize(text).as_ref(), Ok(name));
}

/// Parses a text, prints the value, and parses that.
fn again<T>(text: &str) -> Option<T>
where
    T: FromStr<Err = NameError> + Display + PartialEq + Debug,
{
    let value = match text.parse::<T>() {
        Ok(value) => value,
        Err(error) => {
            refused(&error);
            return None;
        }
    };
    let written = value.to_string();
    let steers = |c: char| c.is_control() || c.is_whitespace();
    assert!(!written.contains(steers), "{written:?}");
    assert!(!written.starts_with('-'), "{written:?}");
    assert_eq!(written.parse::<T>().as_ref(), Ok(&value), "{text:?}");
    Some(value)
}

fn refused(error: &NameError) {
    fair(&error.to_string());
    fair(error.hint().unwrap_or_default());
}
