use std::io::Write;

use super::*;
use crate::hash::digest_of;

#[test]
fn what_is_written_piece_by_piece_has_the_digest_of_the_whole() {
    let bytes: Vec<u8> = (0..3 * CHUNK + 7).map(|at| (at % 251) as u8).collect();
    let mut file = tempfile::tempfile().expect("a file");
    let trail = Trail::start(&file).expect("starts");
    let mut end = 0;
    for piece in bytes[..2 * CHUNK + 5].chunks(CHUNK / 3) {
        file.write_all(piece).expect("writes");
        end += piece.len() as u64;
        trail.advance(end);
    }
    file.write_all(&bytes[2 * CHUNK + 5..]).expect("writes");
    let prefix = trail.finish().expect("reads");
    assert_eq!(prefix.end(), end);
    assert_eq!(prefix.complete(&file).expect("reads"), digest_of(&bytes));
}

#[test]
fn a_file_that_is_shorter_than_was_said_has_none() {
    let file = tempfile::tempfile().expect("a file");
    let trail = Trail::start(&file).expect("starts");
    trail.advance(1);
    assert!(trail.finish().is_none());
}
