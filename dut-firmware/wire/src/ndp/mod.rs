//! Neighbor Discovery (RFC 4861 section 4) with the 6LoWPAN messages and options of RFC 6775 section 4 and RFC 8505
//! section 4.

mod link_layer_address;
mod message;
mod option;
mod preference;
mod registration;

pub use link_layer_address::LinkLayerAddress;
pub use message::Message;
pub use option::NdpOption;
pub use preference::RouterPreference;
pub use registration::{ExtendedRegistration, Registration, Rovr, capability, status};

/// Router solicitation.
pub const ROUTER_SOLICITATION: u8 = 133;
/// Router advertisement.
pub const ROUTER_ADVERTISEMENT: u8 = 134;
/// Neighbor solicitation.
pub const NEIGHBOR_SOLICITATION: u8 = 135;
/// Neighbor advertisement.
pub const NEIGHBOR_ADVERTISEMENT: u8 = 136;
/// Redirect.
pub const REDIRECT: u8 = 137;
/// Duplicate address request (RFC 6775 section 4.4).
pub const DUPLICATE_ADDRESS_REQUEST: u8 = 157;
/// Duplicate address confirmation.
pub const DUPLICATE_ADDRESS_CONFIRMATION: u8 = 158;
