//! What a rack is, and its backends.
