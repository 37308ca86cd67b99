//! Bring an archive into the engine, verified.
