//! Ways to damage an archive, from a flipped bit to changed documents.

use tar::EntryType;

use crate::dice::Dice;
use crate::members::{TarMember, apart, together};

/// The positions and lengths of fields in a tar's header (POSIX, ustar).
const FIELDS: [(usize, usize); 9] = [
    (0, 100),
    (100, 8),
    (108, 8),
    (124, 12),
    (136, 12),
    (148, 8),
    (156, 1),
    (157, 100),
    (257, 8),
];
/// Possible values of a header's field.
const VALUES: [&[u8]; 12] = [
    b"",
    b"-1",
    b"7777777777777777",
    b"00000000000",
    b"00000001000",
    b"\x80\0\0\0\0\0\0\0\0\0\x04\0",
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    b"../../../etc/passwd",
    b"/",
    b"manifest.json",
    b"index.json",
];
/// Possible replacements in a document.
const TOKENS: [&str; 16] = [
    "null",
    "[]",
    "{}",
    "\"\"",
    "-1",
    "1e999",
    "0",
    "true",
    "[[[[",
    "\"\\u0000\"",
    "\"../x\"",
    ",",
    "}",
    "]",
    "18446744073709551616",
    "\"sha256:\"",
];

/// Damages an archive in one to three ways.
#[must_use]
pub fn damage(mut archive: Vec<u8>, dice: &mut Dice) -> Vec<u8> {
    for _ in 0..=dice.below(3) {
        archive = once(archive, dice);
    }
    archive
}

fn once(mut archive: Vec<u8>, dice: &mut Dice) -> Vec<u8> {
    match dice.below(12) {
        0 => flip(&mut archive, dice),
        1 => archive.truncate(dice.below(archive.len())),
        2 => swap_blocks(&mut archive, dice),
        3 => {
            let at = dice.below(archive.len() / 512) * 512;
            let length = 512 * (1 + dice.below(2));
            let block = [dice.bytes(length), vec![0; length]];
            let block = dice.pick(&block).clone();
            archive.splice(at..at, block);
        }
        4 => archive.extend_from_within(..),
        _ => return members(&archive, dice),
    }
    archive
}

fn flip(archive: &mut [u8], dice: &mut Dice) {
    for _ in 0..=dice.below(4) {
        let at = dice.below(archive.len());
        if let Some(byte) = archive.get_mut(at) {
            *byte ^= 1 << dice.below(8);
        }
    }
}

fn swap_blocks(archive: &mut [u8], dice: &mut Dice) {
    let blocks = archive.len() / 512;
    let (one, other) = (dice.below(blocks) * 512, dice.below(blocks) * 512);
    for at in 0..512.min(archive.len()) {
        archive.swap(one + at, other + at);
    }
}

/// Damage to whole members, or inside one, with otherwise correct headers.
fn members(archive: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut members = apart(archive);
    if members.is_empty() {
        return archive.to_vec();
    }
    let (one, other) = (dice.below(members.len()), dice.below(members.len()));
    match dice.below(9) {
        0 => members.insert(other, members[one].clone()),
        1 => drop(members.remove(one)),
        2 => members.swap(one, other),
        3 => {
            let body = members[other].bytes().to_vec();
            members[one].set(body);
        }
        4 => {
            let name = members[other].header.as_old().name;
            members[one].header.as_old_mut().name = name;
            members[one].header.set_cksum();
        }
        5 => field(&mut members[one], dice),
        6 => {
            let kinds = [
                b'0', b'1', b'2', b'3', b'5', b'6', b'L', b'K', b'x', b'g', b'S', b'V', 0,
            ];
            let kind = EntryType::new(*dice.pick(&kinds));
            members[one].header.set_entry_type(kind);
            members[one].header.set_cksum();
        }
        _ => {
            let documents = members.iter_mut();
            let mut documents: Vec<_> = documents
                .filter(|member| matches!(member.bytes().first(), Some(b'{' | b'[')))
                .collect();
            if !documents.is_empty() {
                let which = dice.below(documents.len());
                let text = edited(documents[which].bytes(), dice);
                documents[which].set(text);
            }
        }
    }
    together(&members)
}

/// Another value in a header's field, usually with a correct checksum.
fn field(member: &mut TarMember, dice: &mut Dice) {
    let (start, length) = *dice.pick(&FIELDS);
    let value = match dice.below(3) {
        0 => dice.bytes(length),
        _ => dice.pick(&VALUES).to_vec(),
    };
    let field = &mut member.header.as_mut_bytes()[start..start + length];
    field.fill(0);
    for (to, from) in field.iter_mut().zip(value) {
        *to = from;
    }
    if dice.below(4) > 0 {
        member.header.set_cksum();
    }
}

/// A changed document.
pub(crate) fn edited(document: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut out = document.to_vec();
    let (one, other) = (dice.below(out.len()), dice.below(out.len()));
    let (start, end) = (one.min(other), one.max(other));
    match dice.below(6) {
        0 => drop(out.drain(start..end.min(start + 40))),
        1 => out.extend_from_within(start..end),
        2 => drop(out.splice(start..start, dice.pick(&TOKENS).bytes())),
        3 => {
            let digits = out.iter_mut().filter(|byte| byte.is_ascii_hexdigit());
            let mut digits: Vec<_> = digits.collect();
            let which = dice.below(digits.len());
            if let Some(digit) = digits.get_mut(which) {
                **digit = b"0123456789abcdef"[dice.below(16)];
            }
        }
        // Another value instead of a whole value.
        4 => {
            let colons = (0..out.len()).filter(|at| matches!(out[*at], b':' | b'[' | b','));
            let colons: Vec<_> = colons.collect();
            if !colons.is_empty() {
                let start = *dice.pick(&colons) + 1;
                let rest = out[start..].iter();
                let length = rest
                    .take_while(|byte| !matches!(byte, b',' | b'}' | b']'))
                    .count();
                out.splice(start..start + length, dice.pick(&TOKENS).bytes());
            }
        }
        _ => flip(&mut out, dice),
    }
    out
}
