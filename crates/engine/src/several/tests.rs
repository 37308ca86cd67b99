use super::*;

#[test]
fn chunks_hold_every_name_once_and_fit() {
    let long = "y".repeat(300);
    for (count, spelling) in [
        (0, "x"),
        (1, "x"),
        (MAX_NAMES, "x"),
        (MAX_NAMES + 1, "x"),
        (2000, long.as_str()),
    ] {
        let asked = vec![spelling; count];
        let mut seen = 0;
        for chunk in chunks(&asked, |name| name.len()) {
            assert!(!chunk.is_empty() && chunk.len() <= MAX_NAMES);
            assert!(chunk.iter().map(|name| name.len() + 1).sum::<usize>() <= MAX_BYTES);
            seen += chunk.len();
        }
        assert_eq!(seen, count);
    }
    let huge = "z".repeat(2 * MAX_BYTES);
    assert_eq!(chunks(&[huge.as_str(), "x"], |name| name.len()).count(), 2);
}
