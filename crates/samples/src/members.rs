//! A tar as a list of members, to be reassembled. Knows only plain headers, which samples have.

use tar::Header;

const BLOCK: usize = 512;

/// A header, and its bytes with padding.
#[derive(Debug, Clone)]
pub(crate) struct TarMember {
    pub header: Header,
    pub body: Vec<u8>,
}

/// Splits a valid tar into members. Invalid ones are left out.
pub(crate) fn apart(tar: &[u8]) -> Vec<TarMember> {
    let mut members = Vec::new();
    let mut at = 0;
    while let Some(block) = tar.get(at..at + BLOCK) {
        let header = Header::from_byte_slice(block).clone();
        let Ok(size) = header.entry_size() else { break };
        if block.iter().all(|byte| *byte == 0) {
            break;
        }
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let padded = size.checked_next_multiple_of(BLOCK);
        let end = padded.and_then(|padded| padded.checked_add(at + BLOCK));
        let Some(body) = end.and_then(|end| tar.get(at + BLOCK..end)) else {
            break;
        };
        members.push(TarMember {
            header,
            body: body.to_vec(),
        });
        at += BLOCK + body.len();
    }
    members
}

/// Joins members to a tar.
pub(crate) fn together(members: &[TarMember]) -> Vec<u8> {
    let mut out = Vec::new();
    for member in members {
        out.extend(member.header.as_bytes());
        out.extend(&member.body);
    }
    out.extend([0; 2 * BLOCK]);
    out
}

impl TarMember {
    /// The bytes without padding.
    pub(crate) fn bytes(&self) -> &[u8] {
        let size = self.header.entry_size().unwrap_or(0);
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        &self.body[..size.min(self.body.len())]
    }

    /// The same member with other bytes.
    pub(crate) fn set(&mut self, bytes: Vec<u8>) {
        self.header.set_size(bytes.len() as u64);
        self.header.set_cksum();
        self.body = bytes;
        self.body.resize(self.body.len().next_multiple_of(BLOCK), 0);
    }
}
