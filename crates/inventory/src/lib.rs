//! What an archived image holds: operating system, packages, compilers, tools.
