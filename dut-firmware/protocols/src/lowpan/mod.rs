//! 6LoWPAN fragmentation and reassembly (RFC 4944 section 5.3), around the compression of `wire::sixlowpan`.

mod fragmenter;
mod laxity;
#[cfg(feature = "mutants")]
mod otherwise;
mod packet_reassembler;
mod reassembler;
#[cfg(test)]
mod tests;

pub use fragmenter::{FragmentError, Fragmenter, max_payload};
pub use laxity::Laxity;
pub use packet_reassembler::{MAX_REASSEMBLED, PACKET_REASSEMBLY_TIMEOUT, PacketReassembler, PacketRefusal};
pub use reassembler::{Datagram, Protection, REASSEMBLY_TIMEOUT, Reassembler, ReassemblyRefusal};

/// The MTU of an IEEE 802.15.4 link under 6LoWPAN, in octets (RFC 4944 section 4).
pub const LINK_MTU: usize = 1280;
