//! Pick the best image, or the best base and what is missing.
