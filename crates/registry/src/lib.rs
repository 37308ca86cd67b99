//! image-registry.yml and the store around it.
