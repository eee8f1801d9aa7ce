//! The 6LoWPAN adaptation layer on the wire: mesh, broadcast and fragment headers (RFC 4944), recoverable fragments (RFC
//! 8931), IPHC header compression and next header compression of UDP and extension headers (RFC 6282). Fragmentation and
//! reassembly themselves live in the protocols crate.

mod address;
mod compress;
mod context;
mod decompress;
mod fragment;
mod ghc;
mod hc1;
mod iphc;
mod mesh;
mod nhc;
mod recoverable;
#[cfg(test)]
mod tests;

pub use address::{DestinationMode, SourceMode, UNSET_CONTEXT};
pub use compress::{Compressor, compress, compress_headers};
pub use context::{CONTEXT_COUNT, Context, Contexts};
pub use decompress::{Decompressor, Encapsulation, decompress};
pub use fragment::{FragmentHeader, MAX_DATAGRAM_SIZE};
pub use ghc::{ghc_compress, ghc_decompress};
pub use hc1::{Hc1, Hc1Udp};
pub use iphc::Iphc;
pub use mesh::{BroadcastHeader, FrameHeaders, MeshHeader};
pub use nhc::{ExtensionId, ExtensionNhc, NhcKind, UdpNhc};
pub use recoverable::{MAX_FRAGMENT_SIZE, MAX_SEQUENCE, RecoverableAck, RecoverableFragment};

/// What the first octet of a 6LoWPAN payload announces (RFC 4944 section 5.1, RFC 6282 section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dispatch {
    /// 00xxxxxx: not a 6LoWPAN frame.
    NotLowpan,
    /// 01000000: another dispatch octet follows.
    Escape,
    /// 01000001: an uncompressed IPv6 packet follows.
    Ipv6,
    /// 01000010: HC1 compression, superseded by IPHC.
    Hc1,
    /// 01010000: the broadcast header.
    Broadcast,
    /// 011xxxxx: an IPHC header, this octet included.
    Iphc,
    /// 10xxxxxx: the mesh header.
    Mesh,
    /// 11000xxx: first fragment.
    FirstFragment,
    /// 11100xxx: subsequent fragment.
    NextFragment,
    /// 1110100x: recoverable fragment (RFC 8931).
    RecoverableFragment,
    /// 1110101x: acknowledgement of recoverable fragments (RFC 8931).
    RecoverableAck,
    /// Everything else.
    Reserved,
}

impl Dispatch {
    /// The octet before an uncompressed IPv6 packet.
    pub const IPV6_OCTET: u8 = 0x41;
    /// The octet of the broadcast header.
    pub const BROADCAST_OCTET: u8 = 0x50;
    /// The first octet of a recoverable fragment, its lowest bit aside.
    pub const RECOVERABLE_FRAGMENT_OCTET: u8 = 0xe8;
    /// The first octet of an acknowledgement of recoverable fragments, its lowest bit aside.
    pub const RECOVERABLE_ACK_OCTET: u8 = 0xea;

    /// From the first octet.
    pub fn of(octet: u8) -> Self {
        match octet {
            0x00..=0x3f => Self::NotLowpan,
            0x40 => Self::Escape,
            0x41 => Self::Ipv6,
            0x42 => Self::Hc1,
            0x50 => Self::Broadcast,
            0x60..=0x7f => Self::Iphc,
            0x80..=0xbf => Self::Mesh,
            0xc0..=0xc7 => Self::FirstFragment,
            0xe0..=0xe7 => Self::NextFragment,
            0xe8 | 0xe9 => Self::RecoverableFragment,
            0xea | 0xeb => Self::RecoverableAck,
            _ => Self::Reserved,
        }
    }
}
