//! IEEE 802.15.4 MAC frames of the 2003, 2006 and 2015 editions (2006 section 7.2; 2015 section 7): header, auxiliary
//! security header, information elements, beacon, command and data content, the frame check sequence, and CCM*
//! protection.
//!
//! A frame without its FCS is called an MPDU here, with it a PSDU. [`SecuredFrame`] and [`Frame`] are different types:
//! only [`unsecure`] and [`unsecure_in_slot`] turn one into the other.

mod address;
mod beacon;
mod command;
mod elements;
mod fcs;
mod frame;
mod header;
mod security;
#[cfg(test)]
mod tests;

pub use address::{Address, AddressingMode, LinkAddress, PanId, ShortAddress};
pub use beacon::{Beacon, GtsDescriptor, PendingAddress};
pub use command::{CapabilityInformation, Command, CommandId, GtsCharacteristics};
pub use elements::{
    BeaconFilter, Elements, HeaderElement, KMP_MULTIPLEX_ID, KmpId, MAX_TIME_CORRECTION_MICROSECONDS,
    MIN_TIME_CORRECTION_MICROSECONDS, Mpx, MpxAssembler, MpxProgress, NestedElement, PayloadElement, Slotframe,
    SlotframeLink, TimeslotTemplate, WISUN_MULTIPLEX_ID,
};
pub use fcs::{FCS_LENGTH, FCS32_LENGTH, Trailer, append_fcs, check_fcs, check_fcs32, fcs, fcs32};
pub use frame::{Content, Frame, Mpdu, ReservedBits, SecuredFrame};
pub use header::{FrameControl, FrameType, FrameVersion, Header, Outline};
pub use security::{
    AuxSecurityHeader, KeyIdentifier, SecurityLevel, counter_nonce, nonce, open_octets, secure, secure_in_slot,
    short_nonce_source, slot_nonce, slot_nonce_source, tsch_nonce, unsecure, unsecure_in_slot,
};

/// The longest PSDU in octets, FCS included (`aMaxPHYPacketSize`).
pub const MAX_PSDU: usize = 127;
