//! The engine's command line, through duct.
