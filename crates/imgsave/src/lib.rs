//! Put an image into the store and register it.
