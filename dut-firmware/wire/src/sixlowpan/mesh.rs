//! The headers in front of a packet (RFC 4944 section 5): mesh addressing, broadcast, fragment, in this order.

use super::{Dispatch, FragmentHeader};
use crate::ieee802154::{LinkAddress, ShortAddress};
use crate::reader::Reader;
use crate::writer::Writer;
use crate::{Error, Eui64, Result};

/// The mesh addressing header (section 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MeshHeader {
    /// Hops left. From 15 on it takes an octet of its own, Deep Hops Left.
    pub hops_left: u8,
    /// Who sent the payload: interface identifiers of its source derive from this address.
    pub originator: LinkAddress,
    /// Whom it is for in the end.
    pub final_destination: LinkAddress,
}

/// The value of the four hops-left bits that announces Deep Hops Left.
const DEEP: u8 = 0x0f;

impl MeshHeader {
    /// Octets that [`Self::emit`] writes: 5 to 18.
    pub fn buffer_len(self) -> usize {
        let address = |address| if matches!(address, LinkAddress::Short(_)) { 2 } else { 8 };
        1 + usize::from(self.hops_left >= DEEP) + address(self.originator) + address(self.final_destination)
    }

    /// Reads the header.
    pub fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        let first = reader.u8("mesh header")?;
        if Dispatch::of(first) != Dispatch::Mesh {
            return Err(Error::Malformed("dispatch is not mesh"));
        }
        let hops_left = match first & DEEP {
            DEEP => reader.u8("deep hops left")?,
            hops_left => hops_left,
        };
        let originator = address(reader, first & 0x20 != 0, "mesh originator")?;
        let final_destination = address(reader, first & 0x10 != 0, "mesh final destination")?;
        Ok(Self { hops_left, originator, final_destination })
    }

    /// Writes the header.
    pub fn emit(self, writer: &mut Writer<'_>) -> Result<()> {
        let is_short = |address| u8::from(matches!(address, LinkAddress::Short(_)));
        let flags = is_short(self.originator) << 5 | is_short(self.final_destination) << 4;
        writer.u8(0x80 | flags | self.hops_left.min(DEEP), "mesh header")?;
        if self.hops_left >= DEEP {
            writer.u8(self.hops_left, "deep hops left")?;
        }
        for address in [self.originator, self.final_destination] {
            match address {
                LinkAddress::Short(ShortAddress(short)) => writer.u16_be(short, "mesh address")?,
                LinkAddress::Extended(Eui64(octets)) => writer.put(&octets, "mesh address")?,
            }
        }
        Ok(())
    }
}

/// A mesh address, which is big-endian other than those of the MAC header.
fn address(reader: &mut Reader<'_>, is_short: bool, what: &'static str) -> Result<LinkAddress> {
    Ok(if is_short {
        LinkAddress::Short(ShortAddress(reader.u16_be(what)?))
    } else {
        LinkAddress::Extended(Eui64(reader.array(what)?))
    })
}

/// The broadcast header LOWPAN_BC0 (section 11.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BroadcastHeader {
    /// Number by which a node knows copies of a broadcast of the same originator.
    pub sequence_number: u8,
}

impl BroadcastHeader {
    /// Octets of the header, dispatch included.
    pub const LENGTH: usize = 2;

    /// Reads the header.
    pub fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        if reader.u8("broadcast header")? != Dispatch::BROADCAST_OCTET {
            return Err(Error::Malformed("dispatch is not LOWPAN_BC0"));
        }
        Ok(Self { sequence_number: reader.u8("broadcast sequence number")? })
    }

    /// Writes the header.
    pub fn emit(self, writer: &mut Writer<'_>) -> Result<()> {
        writer.put(&[Dispatch::BROADCAST_OCTET, self.sequence_number], "broadcast header")
    }
}

/// All headers in front of a packet or a piece of one, each of which may be absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct FrameHeaders {
    /// Mesh addressing.
    pub mesh: Option<MeshHeader>,
    /// Broadcast.
    pub broadcast: Option<BroadcastHeader>,
    /// Fragment.
    pub fragment: Option<FragmentHeader>,
}

impl FrameHeaders {
    /// Octets that [`Self::emit`] writes.
    pub fn buffer_len(&self) -> usize {
        self.mesh.map_or(0, MeshHeader::buffer_len)
            + self.broadcast.map_or(0, |_| BroadcastHeader::LENGTH)
            + self.fragment.map_or(0, FragmentHeader::buffer_len)
    }

    /// Reads what there is of them. What follows is a packet with its dispatch, or octets of a subsequent fragment.
    pub fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        let next = |reader: &Reader<'_>| reader.rest().first().map(|octet| Dispatch::of(*octet));
        let mut headers = Self::default();
        if next(reader) == Some(Dispatch::Mesh) {
            headers.mesh = Some(MeshHeader::parse(reader)?);
        }
        if next(reader) == Some(Dispatch::Broadcast) {
            headers.broadcast = Some(BroadcastHeader::parse(reader)?);
        }
        if matches!(next(reader), Some(Dispatch::FirstFragment | Dispatch::NextFragment)) {
            headers.fragment = Some(FragmentHeader::parse(reader)?);
        }
        Ok(headers)
    }

    /// Writes those that there are.
    pub fn emit(&self, writer: &mut Writer<'_>) -> Result<()> {
        if let Some(mesh) = self.mesh {
            mesh.emit(writer)?;
        }
        if let Some(broadcast) = self.broadcast {
            broadcast.emit(writer)?;
        }
        self.fragment.map_or(Ok(()), |fragment| fragment.emit(writer))
    }

    /// The link-layer source and destination that the packet inside counts with: those of the mesh header, if there is
    /// one, instead of those of the frame (section 5.2).
    pub fn ends(&self, source: LinkAddress, destination: LinkAddress) -> (LinkAddress, LinkAddress) {
        self.mesh.map_or((source, destination), |mesh| (mesh.originator, mesh.final_destination))
    }
}
