//! The TLS handshake over a stream: the engine against itself, with streams that are cut anywhere, tampered with or cut off.
//! Peers of other makes are in `peers/tests/tls.rs`.

mod faults;
mod pipe;
mod sessions;
