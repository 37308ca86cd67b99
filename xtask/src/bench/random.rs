//! Content that no engine has seen: different in each run, and good enough for bytes that only have to be new.

use std::time::SystemTime;

/// Words of the text; few enough that text compresses about as well as text does.
const WORDS: usize = 4096;

/// A xorshift64* generator.
#[derive(Debug)]
pub(crate) struct Random {
    state: u64,
}

impl Random {
    /// One that no other run has.
    pub(crate) fn fresh() -> Self {
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(1, |time| time.as_nanos());
        let low = u64::try_from(now & u128::from(u64::MAX)).unwrap_or(1);
        Self::from(low ^ (u64::from(std::process::id()) << 40))
    }

    fn from(seed: u64) -> Self {
        Self { state: seed.max(1) }
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number from `low` up to and without `high`.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.number() % (high - low).max(1)
    }

    /// Bytes that no program compresses.
    pub(crate) fn noise(&mut self, size: usize) -> Vec<u8> {
        let mut bytes = vec![0; size];
        for chunk in bytes.chunks_mut(8) {
            let random = self.number().to_le_bytes();
            chunk.copy_from_slice(&random[..chunk.len()]);
        }
        bytes
    }
}

/// Writes text in a language of its own.
#[derive(Debug)]
pub(crate) struct Writer {
    words: Vec<Vec<u8>>,
}

impl Writer {
    pub(crate) fn new(random: &mut Random) -> Self {
        let letter = |random: &mut Random| b"etaoinshrdlucmfwypvbgkjqxz"[random_index(random, 26)];
        let words = (0..WORDS)
            .map(|_| {
                let length = random.between(2, 11);
                let mut word: Vec<u8> = (0..length).map(|_| letter(random)).collect();
                word.push(b' ');
                word
            })
            .collect();
        Self { words }
    }

    /// Text that compresses as prose and program texts do.
    pub(crate) fn text(&self, random: &mut Random, size: usize) -> Vec<u8> {
        let mut text = Vec::with_capacity(size + 16);
        while text.len() < size {
            // Four words from one number; the square makes some words more frequent than others.
            let mut bits = random.number();
            for _ in 0..4 {
                let part = usize::try_from(bits & 0xFFFF).unwrap_or_default();
                text.extend_from_slice(&self.words[(part * part) >> 20]);
                bits >>= 16;
            }
            if text.len().is_multiple_of(3) {
                text.push(b'\n');
            }
        }
        text.truncate(size);
        text
    }
}

fn random_index(random: &mut Random, below: u64) -> usize {
    usize::try_from(random.between(0, below)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_runs_differ_and_sizes_are_kept() {
        let mut random = Random::from(7);
        let writer = Writer::new(&mut random);
        for size in [0, 1, 7, 8, 9, 10_000] {
            assert_eq!(random.noise(size).len(), size);
            assert_eq!(writer.text(&mut random, size).len(), size);
        }
        assert_ne!(Random::from(7).noise(64), Random::from(8).noise(64));
        assert_ne!(random.noise(64), random.noise(64));
    }
}
