//! The DTLS engine against itself: over a channel that loses, doubles and reorders, with wrong keys, forged and odd
//! datagrams, and closing.

// Without certificates, the tests that need one are left out, and so is what they are made of.
#![cfg_attr(not(feature = "x509"), allow(dead_code, unused_imports))]

mod alerts;
mod bad_credentials;
mod certificates;
mod channel;
mod credentials;
mod ecdhe;
mod forged;
mod forger;
mod handshake;
mod limits;
mod listener;
mod negotiation;
mod robustness;
mod scripted;
