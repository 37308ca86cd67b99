//! What things are called: image names, references, digests, operating systems, architectures.
