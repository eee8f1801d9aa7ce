//! The crates `dtls` (webrtc) and `dimpl` as peers, both as client and as server, over a channel that loses nothing or
//! every fifth datagram: all handshakes complete, both sides have the same secret, application data flow both ways.
//!
//! | peer | role | MTU 64, no loss | MTU 1280, no loss | MTU 64, 20 % loss | MTU 1280, 20 % loss |
//! |---|---|---|---|---|---|
//! | `dimpl` 0.9 | client, server | yes | yes | yes | yes |
//! | `dtls` 0.17 | client | yes, with cookies | yes | yes, with cookies | yes |
//! | `dtls` 0.17 | server | yes | yes | yes, last flight spared | yes, last flight spared |
//!
//! - `dimpl` refuses a peer without extended master secret; `dtls` is tested with and without.
//! - `dtls` never sends its last flight again (RFC 6347 4.2.4 demands it): as a server that loses it, it leaves its client
//!   without a session for ever. So the channel spares that flight, and a test of its own shows the defect.
//! - `dtls` as a client gives up with `internal_error` if it gets a fragment of a ServerHello before a HelloVerifyRequest
//!   (its first flight looks for whole messages only), so a server with a small MTU must ask it for a cookie.
//! - `dtls` as a server cannot read a ClientHello without an extensions block, so our client never sends one.
//! - `dtls` takes its MTU as the length of a fragment's body, 25 octets less than the datagram.

mod channel;
mod dimpl_peer;
mod webrtc_peer;
