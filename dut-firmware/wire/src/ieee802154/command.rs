//! MAC command content (IEEE 802.15.4-2006 section 7.3; IEEE 802.15.4-2015 section 7.5): an identifier and its body.

use alloc::vec::Vec;

use super::{PanId, ShortAddress};
use crate::reader::Reader;
use crate::writer::Writer;
use crate::{Error, Result};

/// The MAC payload of a command frame, by command frame identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// 1: an unassociated device asks a coordinator in.
    AssociationRequest(CapabilityInformation),
    /// 2: the coordinator's answer.
    AssociationResponse {
        /// The short address given, [`ShortAddress::NONE`] if the device shall use its extended one, broadcast if it
        /// was turned away.
        address: ShortAddress,
        /// Association status: 0 successful, 1 PAN at capacity, 2 access denied.
        status: u8,
    },
    /// 3
    DisassociationNotification {
        /// 1: the coordinator wishes the device to leave; 2: the device wishes to leave.
        reason: u8,
    },
    /// 4: a device polls its coordinator.
    DataRequest,
    /// 5
    PanIdConflictNotification,
    /// 6: a device has lost its coordinator.
    OrphanNotification,
    /// 7: asks for beacons; an enhanced beacon request in a 2015 frame.
    BeaconRequest,
    /// 8: the answer to an orphan, or a change of the PAN's parameters.
    CoordinatorRealignment {
        /// The PAN identifier from now on.
        pan: PanId,
        /// Short address of the coordinator.
        coordinator: ShortAddress,
        /// Channel number.
        channel: u8,
        /// Short address of the orphan, broadcast if the command goes to the whole PAN.
        address: ShortAddress,
        /// Channel page; not there if it is the old one, nor in the 2003 edition.
        channel_page: Option<u8>,
    },
    /// 9: allocates or frees guaranteed time slots.
    GtsRequest(GtsCharacteristics),
    /// 0x24 (2015).
    VendorSpecific {
        /// OUI or CID, octets as on air.
        vendor: [u8; 3],
        /// What the vendor defines.
        content: Vec<u8>,
    },
    /// Any other command, untyped.
    Other {
        /// Its identifier.
        id: CommandId,
        /// What follows the identifier.
        body: Vec<u8>,
    },
}

/// A command frame identifier (2006 table 82, 2015 table 7-49).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CommandId(pub u8);

impl CommandId {
    /// Association request.
    pub const ASSOCIATION_REQUEST: Self = Self(1);
    /// Association response.
    pub const ASSOCIATION_RESPONSE: Self = Self(2);
    /// Disassociation notification.
    pub const DISASSOCIATION_NOTIFICATION: Self = Self(3);
    /// Data request.
    pub const DATA_REQUEST: Self = Self(4);
    /// PAN ID conflict notification.
    pub const PAN_ID_CONFLICT_NOTIFICATION: Self = Self(5);
    /// Orphan notification.
    pub const ORPHAN_NOTIFICATION: Self = Self(6);
    /// Beacon request.
    pub const BEACON_REQUEST: Self = Self(7);
    /// Coordinator realignment.
    pub const COORDINATOR_REALIGNMENT: Self = Self(8);
    /// GTS request.
    pub const GTS_REQUEST: Self = Self(9);
    /// Vendor-specific command.
    pub const VENDOR_SPECIFIC: Self = Self(0x24);
}

/// The capability information field (2006 section 7.3.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CapabilityInformation(pub u8);

impl CapabilityInformation {
    /// The device can become a PAN coordinator.
    pub fn is_alternate_coordinator(self) -> bool {
        self.0 & 1 << 0 != 0
    }

    /// The device is a full-function device.
    pub fn is_full_function(self) -> bool {
        self.0 & 1 << 1 != 0
    }

    /// The device has mains power.
    pub fn has_mains_power(self) -> bool {
        self.0 & 1 << 2 != 0
    }

    /// The receiver is on while the device is idle.
    pub fn receives_when_idle(self) -> bool {
        self.0 & 1 << 3 != 0
    }

    /// The device can send and receive secured frames.
    pub fn is_security_capable(self) -> bool {
        self.0 & 1 << 6 != 0
    }

    /// The device asks for a short address.
    pub fn asks_for_address(self) -> bool {
        self.0 & 1 << 7 != 0
    }
}

/// The GTS characteristics field (2006 section 7.3.9.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GtsCharacteristics(pub u8);

impl GtsCharacteristics {
    /// Superframe slots asked for, 0 to 15.
    pub fn length(self) -> u8 {
        self.0 & 0xf
    }

    /// The device receives in the slots; else it transmits.
    pub fn is_receive_only(self) -> bool {
        self.0 & 1 << 4 != 0
    }

    /// Allocation; else the slots are given back.
    pub fn is_allocation(self) -> bool {
        self.0 & 1 << 5 != 0
    }
}

impl Command {
    /// The command frame identifier.
    pub fn id(&self) -> CommandId {
        match self {
            Self::AssociationRequest(_) => CommandId::ASSOCIATION_REQUEST,
            Self::AssociationResponse { .. } => CommandId::ASSOCIATION_RESPONSE,
            Self::DisassociationNotification { .. } => CommandId::DISASSOCIATION_NOTIFICATION,
            Self::DataRequest => CommandId::DATA_REQUEST,
            Self::PanIdConflictNotification => CommandId::PAN_ID_CONFLICT_NOTIFICATION,
            Self::OrphanNotification => CommandId::ORPHAN_NOTIFICATION,
            Self::BeaconRequest => CommandId::BEACON_REQUEST,
            Self::CoordinatorRealignment { .. } => CommandId::COORDINATOR_REALIGNMENT,
            Self::GtsRequest(_) => CommandId::GTS_REQUEST,
            Self::VendorSpecific { .. } => CommandId::VENDOR_SPECIFIC,
            Self::Other { id, .. } => *id,
        }
    }

    /// Octets that [`Self::emit`] writes.
    pub fn buffer_len(&self) -> usize {
        let body = match self {
            Self::AssociationRequest(_) | Self::DisassociationNotification { .. } | Self::GtsRequest(_) => 1,
            Self::AssociationResponse { .. } => 3,
            Self::DataRequest | Self::PanIdConflictNotification | Self::OrphanNotification | Self::BeaconRequest => 0,
            Self::CoordinatorRealignment { channel_page: None, .. } => 7,
            Self::CoordinatorRealignment { channel_page: Some(_), .. } => 8,
            Self::VendorSpecific { content, .. } => content.len().saturating_add(3),
            Self::Other { body, .. } => body.len(),
        };
        body.saturating_add(1)
    }

    /// Reads all of `bytes`; [`Error::Malformed`] for octets behind a command that does not have them.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes);
        let id = CommandId(reader.u8("command frame identifier")?);
        let short = |reader: &mut Reader<'_>| Ok::<_, Error>(ShortAddress(reader.u16_le("short address")?));
        let command = match id {
            CommandId::ASSOCIATION_REQUEST => {
                Self::AssociationRequest(CapabilityInformation(reader.u8("capability information")?))
            }
            CommandId::ASSOCIATION_RESPONSE => {
                Self::AssociationResponse { address: short(&mut reader)?, status: reader.u8("association status")? }
            }
            CommandId::DISASSOCIATION_NOTIFICATION => {
                Self::DisassociationNotification { reason: reader.u8("disassociation reason")? }
            }
            CommandId::DATA_REQUEST => Self::DataRequest,
            CommandId::PAN_ID_CONFLICT_NOTIFICATION => Self::PanIdConflictNotification,
            CommandId::ORPHAN_NOTIFICATION => Self::OrphanNotification,
            CommandId::BEACON_REQUEST => Self::BeaconRequest,
            CommandId::COORDINATOR_REALIGNMENT => Self::CoordinatorRealignment {
                pan: PanId(reader.u16_le("PAN identifier")?),
                coordinator: short(&mut reader)?,
                channel: reader.u8("channel number")?,
                address: short(&mut reader)?,
                channel_page: if reader.is_empty() { None } else { Some(reader.u8("channel page")?) },
            },
            CommandId::GTS_REQUEST => Self::GtsRequest(GtsCharacteristics(reader.u8("GTS characteristics")?)),
            CommandId::VENDOR_SPECIFIC => {
                let vendor = reader.array("vendor OUI")?;
                let content = reader.rest().to_vec();
                return Ok(Self::VendorSpecific { vendor, content });
            }
            id => return Ok(Self::Other { id, body: reader.rest().to_vec() }),
        };
        if reader.is_empty() { Ok(command) } else { Err(Error::Malformed("octets behind a MAC command")) }
    }

    /// Writes identifier and body.
    pub fn emit(&self, writer: &mut Writer<'_>) -> Result<()> {
        writer.u8(self.id().0, "command frame identifier")?;
        match self {
            Self::AssociationRequest(CapabilityInformation(octet)) => writer.u8(*octet, "capability information"),
            Self::AssociationResponse { address, status } => {
                writer.u16_le(address.0, "short address")?;
                writer.u8(*status, "association status")
            }
            Self::DisassociationNotification { reason } => writer.u8(*reason, "disassociation reason"),
            Self::DataRequest | Self::PanIdConflictNotification | Self::OrphanNotification | Self::BeaconRequest => {
                Ok(())
            }
            Self::CoordinatorRealignment { pan, coordinator, channel, address, channel_page } => {
                writer.u16_le(pan.0, "PAN identifier")?;
                writer.u16_le(coordinator.0, "coordinator short address")?;
                writer.u8(*channel, "channel number")?;
                writer.u16_le(address.0, "short address")?;
                channel_page.map_or(Ok(()), |page| writer.u8(page, "channel page"))
            }
            Self::GtsRequest(GtsCharacteristics(octet)) => writer.u8(*octet, "GTS characteristics"),
            Self::VendorSpecific { vendor, content } => {
                writer.put(vendor, "vendor OUI")?;
                writer.put(content, "vendor content")
            }
            Self::Other { body, .. } => writer.put(body, "command body"),
        }
    }
}
