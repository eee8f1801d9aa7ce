//! What an operating system or a radio puts in front of a packet: BSD's loopback headers (LINKTYPE_NULL and LINKTYPE_LOOP),
//! Linux's cooked captures of both versions (LINKTYPE_LINUX_SLL and _SLL2, what `tcpdump -i any` writes), and the
//! synchronisation header and PHR of an IEEE 802.15.4 PHY (LINKTYPE_IEEE802_15_4_NONASK_PHY).

use alloc::format;

use super::Dissector;
use super::model::NoteKind;
use super::packet::ipv4_address;
use super::sheet::{Cursor, Sheet};
use wire::ethernet::EtherType;
use wire::{Error, Result};

/// Linux's number for IEEE 802.15.4, in place of an EtherType (ETH_P_IEEE802154).
const PROTOCOL_IEEE802_15_4: u16 = 0x00f6;

/// AF_INET of every system that writes loopback captures.
const FAMILY_IPV4: u32 = 2;
/// AF_INET6 of Linux, Windows, NetBSD and OpenBSD, FreeBSD, Darwin.
const FAMILIES_IPV6: [u32; 5] = [10, 23, 24, 28, 30];

impl Dissector {
    /// A packet behind the address family of BSD's loopback, in the byte order of whoever captured or, of LINKTYPE_LOOP, of
    /// the network.
    pub(super) fn null(&mut self, sheet: &mut Sheet, mut cursor: Cursor<'_>) -> Result<()> {
        sheet.layer("null");
        let read = (cursor.read_uint(4, "null.family")? & 0xffff_ffff) as u32;
        // No family has more than 16 bits.
        let family = if read >> 16 != 0 { read.swap_bytes() } else { read };
        sheet.number("null.family", family, cursor.behind(4));
        match family {
            FAMILY_IPV4 => self.ipv4(sheet, cursor),
            family if FAMILIES_IPV6.contains(&family) => self.ipv6(sheet, cursor),
            other => {
                sheet.note(NoteKind::Unsupported, format!("address family {other} is not dissected"));
                Ok(())
            }
        }
    }

    /// A packet of a cooked capture, version 1: packet type, hardware type, address, protocol.
    pub(super) fn sll(&mut self, sheet: &mut Sheet, mut cursor: Cursor<'_>) -> Result<()> {
        sheet.layer("sll");
        cursor.uint(sheet, "sll.pkttype", 2)?;
        cursor.uint(sheet, "sll.hatype", 2)?;
        let length = cursor.uint(sheet, "sll.halen", 2)?;
        cooked_address(sheet, &mut cursor, length)?;
        let protocol = (cursor.read_uint(2, "sll.etype")? & 0xffff) as u16;
        sheet.number(protocol_name(protocol), protocol, cursor.behind(2));
        self.cooked_payload(sheet, cursor, protocol)
    }

    /// The same of version 2: protocol first, and an interface.
    pub(super) fn sll2(&mut self, sheet: &mut Sheet, mut cursor: Cursor<'_>) -> Result<()> {
        sheet.layer("sll");
        let protocol = (cursor.read_uint(2, "sll.etype")? & 0xffff) as u16;
        sheet.number(protocol_name(protocol), protocol, cursor.behind(2));
        cursor.take(2, "reserved")?;
        cursor.uint(sheet, "sll.ifindex", 4)?;
        cursor.uint(sheet, "sll.hatype", 2)?;
        cursor.uint(sheet, "sll.pkttype", 1)?;
        let length = cursor.uint(sheet, "sll.halen", 1)?;
        cooked_address(sheet, &mut cursor, length)?;
        self.cooked_payload(sheet, cursor, protocol)
    }

    fn cooked_payload(&mut self, sheet: &mut Sheet, cursor: Cursor<'_>, protocol: u16) -> Result<()> {
        match protocol {
            // Monitor interfaces hand over the FCS.
            PROTOCOL_IEEE802_15_4 => self.frame_with_fcs(sheet, cursor),
            other if EtherType(other).is_length() => {
                sheet.note(NoteKind::Unsupported, format!("Linux protocol {other:#06x} is not dissected"));
                Ok(())
            }
            other => self.ether_type(sheet, cursor, EtherType(other)),
        }
    }

    /// A frame behind preamble, start-of-frame delimiter and PHR (IEEE 802.15.4-2015 section 12.1).
    pub(super) fn nonask_phy(&mut self, sheet: &mut Sheet, mut cursor: Cursor<'_>) -> Result<()> {
        sheet.layer("wpan-nonask-phy");
        cursor.uint_le(sheet, "wpan-nonask-phy.preamble", 4)?;
        cursor.uint(sheet, "wpan-nonask-phy.sfd", 1)?;
        let header = cursor.uint(sheet, "wpan-nonask-phy.phr", 1)?;
        let length = header & 0x7f;
        sheet.number("wpan-nonask-phy.frame_length", length, cursor.behind(1));
        let frame = cursor.sub(usize::try_from(length).unwrap_or(0), "wpan-nonask-phy.frame_length")?;
        self.frame_with_fcs(sheet, frame)
    }
}

fn protocol_name(protocol: u16) -> &'static str {
    if EtherType(protocol).is_length() { "sll.ltype" } else { "sll.etype" }
}

/// Eight octets, `length` of which are an address.
fn cooked_address(sheet: &mut Sheet, cursor: &mut Cursor<'_>, length: u64) -> Result<()> {
    let mut octets = cursor.sub(8, "sll.src.other")?;
    match usize::try_from(length).unwrap_or(usize::MAX) {
        0 => {}
        4 => drop(ipv4_address(sheet, &mut octets, "sll.src.ipv4")?),
        6 => {
            octets.take(6, "sll.src.eth")?;
            sheet.colons("sll.src.eth", octets.behind(6));
        }
        // An address that is longer is cut by the format.
        longer => drop(octets.bytes(sheet, "sll.src.other", longer.min(8))?),
    }
    match octets.rest().len() {
        0 => Ok(()),
        rest => octets.bytes(sheet, "sll.unused", rest).map(drop),
    }?;
    // What was not captured of it.
    if octets.is_cut() { Err(Error::Truncated("sll.src.other")) } else { Ok(()) }
}
