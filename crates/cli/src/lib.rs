//! What the commands share: flags, records in and out, errors and exit codes.
