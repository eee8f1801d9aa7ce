//! Neighbor Discovery (RFC 4861 section 4) with the 6LoWPAN messages and options of RFC 6775 section 4.

mod message;
mod option;

pub use message::{Message, Registration};
pub use option::{LinkLayerAddress, NdpOption};

/// Router solicitation.
pub const ROUTER_SOLICITATION: u8 = 133;
/// Router advertisement.
pub const ROUTER_ADVERTISEMENT: u8 = 134;
/// Neighbor solicitation.
pub const NEIGHBOR_SOLICITATION: u8 = 135;
/// Neighbor advertisement.
pub const NEIGHBOR_ADVERTISEMENT: u8 = 136;
/// Duplicate address request (RFC 6775 section 4.4).
pub const DUPLICATE_ADDRESS_REQUEST: u8 = 157;
/// Duplicate address confirmation.
pub const DUPLICATE_ADDRESS_CONFIRMATION: u8 = 158;
