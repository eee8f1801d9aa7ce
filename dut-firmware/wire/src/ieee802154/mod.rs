//! IEEE 802.15.4-2006 MAC frames (section 7.2): header, auxiliary security header, beacon, command and data content,
//! the frame check sequence, and CCM* protection (section 7.6).
//!
//! A frame without its FCS is called an MPDU here, with it a PSDU. [`SecuredFrame`] and [`Frame`] are different types:
//! only [`unsecure`] turns one into the other.

mod address;
mod beacon;
mod command;
mod fcs;
mod frame;
mod header;
mod security;
#[cfg(test)]
mod tests;

pub use address::{Address, AddressingMode, LinkAddress, PanId, ShortAddress};
pub use beacon::{Beacon, GtsDescriptor, PendingAddress};
pub use command::{Command, CommandId};
pub use fcs::{FCS_LENGTH, FCS32_LENGTH, Trailer, append_fcs, check_fcs, check_fcs32, fcs, fcs32};
pub use frame::{Content, Frame, Mpdu, SecuredFrame};
pub use header::{FrameControl, FrameType, FrameVersion, Header};
pub use security::{AuxSecurityHeader, KeyIdentifier, SecurityLevel, nonce, secure, unsecure};

/// The longest PSDU in octets, FCS included (`aMaxPHYPacketSize`).
pub const MAX_PSDU: usize = 127;
