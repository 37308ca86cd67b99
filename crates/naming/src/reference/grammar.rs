//! The grammar of a reference's parts.

use crate::NameError;
use crate::error::shown;

/// The longest tag that the grammar allows, in bytes.
const MAX_TAG: usize = 128;

pub(super) fn is_domain(first: &str) -> bool {
    first.contains(['.', ':'])
        || first == "localhost"
        || first.chars().any(|c| c.is_ascii_uppercase())
}

pub(super) fn check_domain(text: &str, domain: &str) -> Result<(), NameError> {
    let refuse = || {
        NameError::new(
            "image reference",
            text,
            format!("has no valid registry: `{}`", shown(domain)),
        )
    };
    let (host, port) = match domain.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']').ok_or_else(refuse)?;
            address
                .parse::<std::net::Ipv6Addr>()
                .map_err(|_| refuse())?;
            (
                None,
                port.strip_prefix(':')
                    .or_else(|| port.is_empty().then_some("0")),
            )
        }
        None => match domain.split_once(':') {
            Some((host, port)) => (Some(host), Some(port)),
            None => (Some(domain), Some("0")),
        },
    };
    let port = port.ok_or_else(refuse)?;
    if !port.bytes().all(|b| b.is_ascii_digit()) || port.parse::<u16>().is_err() {
        return Err(refuse());
    }
    let label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    match host {
        Some(host) if !host.split('.').all(label) => Err(refuse()),
        _ => Ok(()),
    }
}

pub(super) fn check_component(text: &str, component: &str) -> Result<(), NameError> {
    let refuse = |rule: String| Err(NameError::new("image reference", text, rule));
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    if component.is_empty() {
        return refuse("has an empty part between slashes".into());
    }
    if let Some(c) = component.chars().find(|c| c.is_ascii_uppercase()) {
        return refuse(format!("holds the upper-case letter `{c}`"));
    }
    if let Some(c) = component
        .chars()
        .find(|c| !(plain_char(*c) || "._-".contains(*c)))
    {
        return refuse(format!(
            "contains `{}`, which is not allowed",
            c.escape_debug()
        ));
    }
    let bytes = component.as_bytes();
    if !(plain(bytes[0]) && plain(bytes[bytes.len() - 1])) {
        return refuse("has a separator at the start or end of a part".into());
    }
    let doubled = component
        .split(|c: char| plain_char(c))
        .any(|run| !matches!(run, "" | "." | "_" | "__") && run.bytes().any(|b| b != b'-'));
    if doubled {
        return refuse("has two separators in a row".into());
    }
    Ok(())
}

fn plain_char(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit()
}

pub(super) fn check_tag(text: &str, tag: &str) -> Result<(), NameError> {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let valid = tag.len() <= MAX_TAG
        && tag.bytes().next().is_some_and(word)
        && tag.bytes().all(|b| word(b) || b == b'.' || b == b'-');
    if valid {
        Ok(())
    } else {
        Err(NameError::new(
            "image reference",
            text,
            format!("has no valid tag: `{}`", shown(tag)),
        ))
    }
}
