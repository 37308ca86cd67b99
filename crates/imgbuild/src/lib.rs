//! Build what a plan misses, save and register it.
