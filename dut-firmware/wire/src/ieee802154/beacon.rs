//! Beacon content (IEEE 802.15.4-2006 section 7.2.2.1): superframe specification, GTS and pending address fields.

use alloc::vec::Vec;

use super::ShortAddress;
use crate::reader::Reader;
use crate::writer::Writer;
use crate::{Error, Eui64, Result};

/// The MAC payload of a beacon frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beacon {
    /// Superframe specification: beacon order (bits 0-3), superframe order (4-7), final CAP slot (8-11), battery life
    /// extension (12), PAN coordinator (14), association permit (15).
    pub superframe: u16,
    /// GTS permit.
    pub gts_permit: bool,
    /// Directions mask of the guaranteed time slots, a bit each; meaningless without descriptors.
    pub gts_directions: u8,
    /// At most seven guaranteed time slots.
    pub gts: Vec<GtsDescriptor>,
    /// At most seven short and seven extended addresses with data pending, all short ones first.
    pub pending: Vec<PendingAddress>,
    /// Beacon payload of the next higher layer.
    pub payload: Vec<u8>,
}

/// A guaranteed time slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GtsDescriptor {
    /// The device that owns it.
    pub address: ShortAddress,
    /// First superframe slot, 0 to 15.
    pub starting_slot: u8,
    /// Length in slots, 0 to 15.
    pub length: u8,
}

/// A device for which the coordinator holds data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PendingAddress {
    /// By short address.
    Short(ShortAddress),
    /// By extended address.
    Extended(Eui64),
}

impl Beacon {
    /// A beacon of a beaconless PAN (orders 15): what answers a beacon request.
    pub fn unslotted(pan_coordinator: bool, association_permit: bool, payload: Vec<u8>) -> Self {
        let superframe = 0x0fff | u16::from(pan_coordinator) << 14 | u16::from(association_permit) << 15;
        let (gts, pending) = (Vec::new(), Vec::new());
        Self { superframe, gts_permit: false, gts_directions: 0, gts, pending, payload }
    }

    /// Octets before the beacon payload: the part that encryption leaves open.
    pub fn open_len(&self) -> usize {
        let gts = if self.gts.is_empty() { 0 } else { 1 + 3 * self.gts.len() };
        let pending = self.pending.iter().map(|address| match address {
            PendingAddress::Short(_) => 2,
            PendingAddress::Extended(_) => 8,
        });
        2 + 1 + gts + 1 + pending.sum::<usize>()
    }

    /// Octets that [`Self::emit`] writes.
    pub fn buffer_len(&self) -> usize {
        self.open_len().saturating_add(self.payload.len())
    }

    /// Reads all of `bytes`.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes);
        let superframe = reader.u16_le("superframe specification")?;
        let gts_specification = reader.u8("GTS specification")?;
        let gts_count = gts_specification & 7;
        let gts_directions = if gts_count == 0 { 0 } else { reader.u8("GTS directions")? & 0x7f };
        let mut gts = Vec::new();
        for _ in 0..gts_count {
            let address = ShortAddress(reader.u16_le("GTS descriptor")?);
            let slots = reader.u8("GTS descriptor")?;
            gts.push(GtsDescriptor { address, starting_slot: slots & 0xf, length: slots >> 4 });
        }
        let pending_specification = reader.u8("pending address specification")?;
        let mut pending = Vec::new();
        for _ in 0..pending_specification & 7 {
            pending.push(PendingAddress::Short(ShortAddress(reader.u16_le("pending address")?)));
        }
        for _ in 0..pending_specification >> 4 & 7 {
            pending.push(PendingAddress::Extended(Eui64::from_mac_order(reader.array("pending address")?)));
        }
        let gts_permit = gts_specification & 0x80 != 0;
        Ok(Self { superframe, gts_permit, gts_directions, gts, pending, payload: reader.rest().to_vec() })
    }

    /// Writes the beacon content.
    pub fn emit(&self, writer: &mut Writer<'_>) -> Result<()> {
        writer.u16_le(self.superframe, "superframe specification")?;
        let gts_count = u8::try_from(self.gts.len()).ok().filter(|count| *count <= 7);
        let gts_count = gts_count.ok_or(Error::Malformed("more than seven guaranteed time slots"))?;
        writer.u8(gts_count | u8::from(self.gts_permit) << 7, "GTS specification")?;
        if gts_count > 0 {
            writer.u8(self.gts_directions & 0x7f, "GTS directions")?;
        }
        for descriptor in &self.gts {
            if descriptor.starting_slot > 15 || descriptor.length > 15 {
                return Err(Error::Malformed("GTS slot above 15"));
            }
            writer.u16_le(descriptor.address.0, "GTS descriptor")?;
            writer.u8(descriptor.starting_slot | descriptor.length << 4, "GTS descriptor")?;
        }
        let is_short = |address: &PendingAddress| matches!(address, PendingAddress::Short(_));
        let short = self.pending.iter().filter(|address| is_short(address)).count();
        let extended = self.pending.len().saturating_sub(short);
        if short > 7 || extended > 7 || self.pending.iter().skip(short).any(is_short) {
            return Err(Error::Malformed("pending addresses: at most seven of a kind, short ones first"));
        }
        let specification = u8::try_from(short | extended << 4);
        writer.u8(specification.unwrap_or_default(), "pending address specification")?;
        for address in &self.pending {
            match address {
                PendingAddress::Short(address) => writer.u16_le(address.0, "pending address")?,
                PendingAddress::Extended(address) => writer.put(&address.to_mac_order(), "pending address")?,
            }
        }
        writer.put(&self.payload, "beacon payload")
    }
}
