//! What a capture begins with: link types, Ethernet with IEEE 802.1Q tags, ARP, the TAP pseudo-header, ZEP datagrams; what
//! operating systems put in front is in `cooked`.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use core::net::Ipv4Addr;

use super::carried::{Protocol, Under};
use super::model::NoteKind;
use super::protocols::of_ether_type;
use super::sheet::{Cursor, Sheet, Span};
use super::{Dissection, Dissector};
use wire::ethernet::{EtherType, MacAddress, VlanTag};
use wire::ieee802154::Trailer;
use wire::tap::TlvType;
use wire::{Error, Result, tap, zep};

/// ZEP; what is quoted was on no air.
pub(super) const ZEP: Protocol = Protocol {
    name: "zep",
    udp_ports: &[zep::PORT],
    is_quotable: false,
    body: |dissector, sheet, cursor, _| dissector.zep(sheet, cursor),
    ..Protocol::NONE
};

/// The link type of a capture (LINKTYPE_ numbers of pcap).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LinkType(pub u32);

impl LinkType {
    /// IPv4 or IPv6 behind an address family in the byte order of whoever captured: BSD's loopback.
    pub const NULL: Self = Self(0);
    /// Ethernet.
    pub const ETHERNET: Self = Self(1);
    /// What BSD writes for [`Self::RAW`].
    pub const RAW_OF_BSD: Self = Self(12);
    /// IPv4 or IPv6, told apart by their version.
    pub const RAW: Self = Self(101);
    /// As [`Self::NULL`], the address family in network byte order.
    pub const LOOP: Self = Self(108);
    /// Linux's cooked captures, version 1.
    pub const LINUX_SLL: Self = Self(113);
    /// IEEE 802.15.4 with FCS.
    pub const IEEE802_15_4_WITHFCS: Self = Self(195);
    /// IEEE 802.15.4 with FCS, behind preamble, start-of-frame delimiter and PHR.
    pub const IEEE802_15_4_NONASK_PHY: Self = Self(215);
    /// IPv4.
    pub const IPV4: Self = Self(228);
    /// IPv6.
    pub const IPV6: Self = Self(229);
    /// IEEE 802.15.4 without FCS.
    pub const IEEE802_15_4_NOFCS: Self = Self(230);
    /// Linux's cooked captures, version 2.
    pub const LINUX_SLL2: Self = Self(276);
    /// IEEE 802.15.4 behind a pseudo-header of TLVs.
    pub const IEEE802_15_4_TAP: Self = Self(283);

    /// All that [`Dissector::packet`] takes apart, in ascending order.
    pub const KNOWN: [Self; 13] = [
        Self::NULL,
        Self::ETHERNET,
        Self::RAW_OF_BSD,
        Self::RAW,
        Self::LOOP,
        Self::LINUX_SLL,
        Self::IEEE802_15_4_WITHFCS,
        Self::IEEE802_15_4_NONASK_PHY,
        Self::IPV4,
        Self::IPV6,
        Self::IEEE802_15_4_NOFCS,
        Self::LINUX_SLL2,
        Self::IEEE802_15_4_TAP,
    ];

    /// Whether [`Dissector::packet`] takes it apart.
    pub fn is_known(self) -> bool {
        Self::KNOWN.contains(&self)
    }

    /// Whether each of its packets is a frame of IEEE 802.15.4; in the others there may be one.
    pub fn is_ieee802154(self) -> bool {
        matches!(
            self,
            Self::IEEE802_15_4_WITHFCS
                | Self::IEEE802_15_4_NONASK_PHY
                | Self::IEEE802_15_4_NOFCS
                | Self::IEEE802_15_4_TAP
        )
    }
}

/// A packet as a capture has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Captured<'a> {
    /// Names it in [`Dissection::sources`].
    pub number: u64,
    /// What its octets begin with.
    pub link_type: LinkType,
    /// Its octets, as far as they were captured.
    pub bytes: &'a [u8],
    /// Octets that it had on the medium: more than `bytes`, if the capture cut it. What is missing is not held against it.
    pub original_length: usize,
}

impl Dissector {
    /// Dissects a packet of a capture with this link type. `number` names it in [`Dissection::sources`]. A link type
    /// that is not [known](LinkType::KNOWN) yields no layers and a note.
    pub fn packet(&mut self, number: u64, link_type: LinkType, bytes: &[u8]) -> Dissection {
        let mut dissection = Dissection::default();
        self.packet_into(&mut dissection, number, link_type, bytes);
        dissection
    }

    /// Like [`Self::packet`], in the place and with the memory of a dissection that is not needed any more.
    pub fn packet_into(&mut self, dissection: &mut Dissection, number: u64, link_type: LinkType, bytes: &[u8]) {
        self.captured_into(dissection, &Captured { number, link_type, bytes, original_length: bytes.len() });
    }

    /// Like [`Self::packet_into`], of a packet that the capture may have cut.
    pub fn captured_into(&mut self, dissection: &mut Dissection, captured: &Captured<'_>) {
        let Captured { number, link_type, bytes, original_length } = *captured;
        self.number = number;
        let mut sheet = Sheet::new(dissection, number, bytes);
        let missing = original_length.saturating_sub(bytes.len());
        if missing > 0 {
            sheet.cut(bytes.len(), original_length);
        }
        let cursor = Cursor::new(bytes, 0, 0).lacking(missing);
        let result = match link_type {
            LinkType::NULL | LinkType::LOOP => self.null(&mut sheet, cursor),
            LinkType::ETHERNET => self.ethernet(&mut sheet, cursor),
            LinkType::RAW | LinkType::RAW_OF_BSD | LinkType::IPV4 | LinkType::IPV6 => self.ip(&mut sheet, cursor),
            LinkType::LINUX_SLL => self.sll(&mut sheet, cursor),
            LinkType::LINUX_SLL2 => self.sll2(&mut sheet, cursor),
            LinkType::IEEE802_15_4_WITHFCS => self.frame_with_fcs(&mut sheet, cursor),
            LinkType::IEEE802_15_4_NONASK_PHY => self.nonask_phy(&mut sheet, cursor),
            LinkType::IEEE802_15_4_NOFCS => {
                let trailer = self.trailer.unwrap_or(Trailer::None);
                self.wpan(&mut sheet, number, cursor, trailer)
            }
            LinkType::IEEE802_15_4_TAP => self.tap(&mut sheet, cursor),
            LinkType(other) => {
                sheet.note(NoteKind::Unsupported, format!("link type {other} is not known here"));
                Ok(())
            }
        };
        if let Err(error) = result {
            sheet.error(error);
        }
    }

    /// IPv4 or IPv6 by the version.
    fn ip(&mut self, sheet: &mut Sheet, cursor: Cursor<'_>) -> Result<()> {
        match cursor.rest().first().map(|octet| octet >> 4) {
            Some(4) => self.ipv4(sheet, cursor),
            _ => self.ipv6(sheet, cursor),
        }
    }

    /// A frame that ends with an FCS, unless the user knows better.
    pub(super) fn frame_with_fcs(&mut self, sheet: &mut Sheet, cursor: Cursor<'_>) -> Result<()> {
        self.wpan(sheet, self.number, cursor, self.trailer.unwrap_or(Trailer::Fcs16))
    }

    fn ethernet(&mut self, sheet: &mut Sheet, mut cursor: Cursor<'_>) -> Result<()> {
        sheet.layer("eth");
        mac(sheet, &mut cursor, ["eth.dst", "eth.dst.lg", "eth.dst.ig"])?;
        mac(sheet, &mut cursor, ["eth.src", "eth.src.lg", "eth.src.ig"])?;
        let ether_type = EtherType((cursor.read_uint(2, "eth.type")? & 0xffff) as u16);
        let span = cursor.behind(2);
        if ether_type.is_length() {
            sheet.number("eth.len", ether_type.0, span);
            sheet.note(NoteKind::Unsupported, "IEEE 802.3 with a length: LLC is not dissected");
            return Ok(());
        }
        sheet.number("eth.type", ether_type.0, span);
        self.ether_type(sheet, cursor, ether_type)
    }

    /// What an EtherType leads to.
    pub(super) fn ether_type(
        &mut self,
        sheet: &mut Sheet,
        mut cursor: Cursor<'_>,
        mut ether_type: EtherType,
    ) -> Result<()> {
        while ether_type == EtherType::VLAN {
            sheet.layer("vlan");
            let tag = VlanTag::from_bits((cursor.read_uint(2, "vlan.id")? & 0xffff) as u16);
            let span = cursor.behind(2);
            sheet.number("vlan.priority", tag.priority, span);
            sheet.number("vlan.dei", tag.drop_eligible, span);
            sheet.number("vlan.id", tag.identifier, span);
            ether_type = EtherType((cursor.uint(sheet, "vlan.etype", 2)? & 0xffff) as u16);
        }
        match ether_type {
            EtherType::IPV4 => self.ipv4(sheet, cursor),
            EtherType::IPV6 => self.ipv6(sheet, cursor),
            EtherType::IEEE802_15_4 => self.frame_with_fcs(sheet, cursor),
            EtherType::ARP => arp(sheet, cursor),
            other => match of_ether_type(other) {
                Some(protocol) => (protocol.body)(self, sheet, cursor, Under::Ethernet),
                None => {
                    let number = other.0;
                    sheet.note(NoteKind::Unsupported, format!("EtherType {number:#06x} is not dissected"));
                    Ok(())
                }
            },
        }
    }

    fn tap(&mut self, sheet: &mut Sheet, mut cursor: Cursor<'_>) -> Result<()> {
        sheet.layer("wpan-tap");
        let whole_len = cursor.len();
        let version = cursor.uint(sheet, "wpan-tap.version", 1)?;
        cursor.uint(sheet, "wpan-tap.reserved", 1)?;
        let length = usize::try_from(cursor.uint_le(sheet, "wpan-tap.length", 2)?).unwrap_or(usize::MAX);
        if version != 0 {
            return Err(Error::Unsupported("wpan-tap.version"));
        }
        let rest = length.checked_sub(4).ok_or(Error::Malformed("wpan-tap.length"))?;
        let mut tlvs = cursor.sub(rest, "wpan-tap.length")?;
        let (mut trailer, mut slot) = (Trailer::None, self.absolute_slot_number);
        while !tlvs.is_empty() {
            tlv(sheet, &mut tlvs, &mut trailer, &mut slot)?;
        }
        let data_len = whole_len.saturating_sub(length);
        sheet.number("wpan-tap.data_length", data_len as u64, Span { length: 0, ..cursor.ahead(0) });
        // The slot of this frame; the next one has its own.
        let slot_before = core::mem::replace(&mut self.absolute_slot_number, slot);
        let done = self.wpan(sheet, self.number, cursor, trailer);
        self.absolute_slot_number = slot_before;
        done
    }

    /// A datagram of the ZigBee Encapsulation Protocol.
    fn zep(&mut self, sheet: &mut Sheet, mut cursor: Cursor<'_>) -> Result<()> {
        if sheet.dissection.has_layer("zep") {
            return Err(Error::Malformed("ZEP inside ZEP"));
        }
        sheet.layer("zep");
        let preamble = cursor.take(2, "zep.protocol_id")?;
        sheet.text("zep.protocol_id", String::from_utf8_lossy(preamble), cursor.behind(2));
        if preamble != b"EX" {
            return Err(Error::Malformed("zep.protocol_id"));
        }
        let version = cursor.uint(sheet, "zep.version", 1)?;
        let mut is_hello = false;
        match version {
            1 => {}
            2 | 3 => {
                let kind = cursor.uint(sheet, "zep.type", 1)?;
                if kind == zep::TYPE_ACK {
                    cursor.uint(sheet, "zep.seqno", 4)?;
                    return Ok(());
                }
                is_hello = kind == zep::TYPE_HELLO;
            }
            _ => return Err(Error::Unsupported("zep.version")),
        }
        cursor.uint(sheet, "zep.channel_id", 1)?;
        cursor.uint(sheet, "zep.device_id", 2)?;
        let mode = cursor.read_uint(1, "zep.lqi_mode")?;
        sheet.number("zep.lqi_mode", mode != 0, cursor.behind(1));
        let trailer = if mode == 0 { Trailer::Cc24xx } else { Trailer::Fcs16 };
        if mode == 0 {
            cursor.uint(sheet, "zep.link_quality", 1)?;
        } else {
            cursor.take(1, "zep.link_quality")?;
        }
        if version != 1 {
            cursor.uint(sheet, "zep.timestamp", 8)?;
            cursor.uint(sheet, "zep.seqno", 4)?;
        }
        if version == 3 {
            cursor.uint(sheet, "zep.band", 1)?;
            cursor.uint(sheet, "zep.channel_page", 1)?;
        }
        let reserved = match version {
            1 => 7,
            2 => 10,
            _ => 8,
        };
        is_hello &= cursor.bytes(sheet, "zep.reserved_field", reserved)?.starts_with(zep::HELLO);
        let length = cursor.read_uint(1, "zep.length")? & 0x7f;
        sheet.number("zep.length", length, cursor.behind(1));
        let mut frame = cursor.sub(usize::try_from(length).unwrap_or(0), "zep.length")?;
        if is_hello {
            return frame.eui64(sheet, "zep.hello").map(drop);
        }
        self.wpan(sheet, self.number, frame, trailer)
    }
}

/// A MAC address: its field, and the two bits that say who gave it and whether it is a group.
fn mac(sheet: &mut Sheet, cursor: &mut Cursor<'_>, [name, local, group]: [&'static str; 3]) -> Result<()> {
    let address = MacAddress(cursor.take(6, name)?.try_into().map_err(|_| Error::Truncated(name))?);
    let [first, ..] = address.0;
    let span = cursor.behind(6);
    sheet.colons(name, span);
    let bits = Span { length: 3, ..span };
    sheet.number(local, first >> 1 & 1, bits);
    sheet.number(group, first & 1, bits);
    Ok(())
}

/// ARP (RFC 826), addresses only where they are those of Ethernet and IPv4.
fn arp(sheet: &mut Sheet, mut cursor: Cursor<'_>) -> Result<()> {
    sheet.layer("arp");
    cursor.uint(sheet, "arp.hw.type", 2)?;
    cursor.uint(sheet, "arp.proto.type", 2)?;
    let hardware_len = cursor.uint(sheet, "arp.hw.size", 1)?;
    let protocol_len = cursor.uint(sheet, "arp.proto.size", 1)?;
    cursor.uint(sheet, "arp.opcode", 2)?;
    if (hardware_len, protocol_len) != (6, 4) {
        return Err(Error::Unsupported("ARP for other than Ethernet and IPv4"));
    }
    for (hardware, protocol) in [("arp.src.hw_mac", "arp.src.proto_ipv4"), ("arp.dst.hw_mac", "arp.dst.proto_ipv4")] {
        cursor.take(6, hardware)?;
        sheet.colons(hardware, cursor.behind(6));
        ipv4_address(sheet, &mut cursor, protocol)?;
    }
    Ok(())
}

/// An IPv4 address field.
pub(super) fn ipv4_address(sheet: &mut Sheet, cursor: &mut Cursor<'_>, name: &'static str) -> Result<Ipv4Addr> {
    let octets: [u8; 4] = cursor.take(4, name)?.try_into().map_err(|_| Error::Truncated(name))?;
    let address = Ipv4Addr::from(octets);
    sheet.text(name, address.to_string(), cursor.behind(4));
    Ok(address)
}

/// A TLV of the TAP pseudo-header.
fn tlv(sheet: &mut Sheet, cursor: &mut Cursor<'_>, trailer: &mut Trailer, slot: &mut Option<u64>) -> Result<()> {
    let tlv_type = TlvType((cursor.uint_le(sheet, "wpan-tap.tlv.type", 2)? & 0xffff) as u16);
    let length = usize::try_from(cursor.uint_le(sheet, "wpan-tap.tlv.length", 2)?).unwrap_or(usize::MAX);
    let mut value = cursor.sub(length, "wpan-tap.tlv.length")?;
    let value = &mut value;
    match tlv_type {
        TlvType::FCS_TYPE => {
            *trailer = match value.uint(sheet, "wpan-tap.fcs_type", 1)? {
                0 => Trailer::None,
                1 => Trailer::Fcs16,
                2 => Trailer::Fcs32,
                _ => return Err(Error::Unsupported("wpan-tap.fcs_type")),
            };
            // Some count the padding (whad): the octet tells all the same.
            if !value.is_empty() {
                sheet.note(NoteKind::Unknown, "the FCS type has more than one octet: the first one counts");
            }
        }
        TlvType::RSS => float(sheet, value, "wpan-tap.rss")?,
        TlvType::BIT_RATE => drop(value.uint_le(sheet, "wpan-tap.bit_rate", 4)?),
        TlvType::CHANNEL => {
            value.uint_le(sheet, "wpan-tap.ch_num", 2)?;
            value.uint(sheet, "wpan-tap.ch_page", 1)?;
        }
        TlvType::SUN_PHY => {
            value.uint(sheet, "wpan-tap.sun_band", 1)?;
            let name = match value.uint(sheet, "wpan-tap.sun_type", 1)? {
                0 => "wpan-tap.mode.fsk_a",
                1 => "wpan-tap.mode.fsk_b",
                2 => "wpan-tap.mode.oqpsk_a",
                3 => "wpan-tap.mode.oqpsk_b",
                4 => "wpan-tap.mode.oqpsk_c",
                5..=8 => "wpan-tap.mode.ofdm",
                _ => "wpan-tap.sun_mode",
            };
            value.uint(sheet, name, 1)?;
        }
        TlvType::START_OF_FRAME => drop(value.uint_le(sheet, "wpan-tap.sof_ts", 8)?),
        TlvType::END_OF_FRAME => drop(value.uint_le(sheet, "wpan-tap.eof_ts", 8)?),
        TlvType::ASN => *slot = Some(value.uint_le(sheet, "wpan-tap.asn", 8)?),
        TlvType::START_OF_SLOT => drop(value.uint_le(sheet, "wpan-tap.slot_start_ts", 8)?),
        TlvType::TIMESLOT_LENGTH => drop(value.uint_le(sheet, "wpan-tap.timeslot_length", 4)?),
        TlvType::LQI => drop(value.uint(sheet, "wpan-tap.lqi", 1)?),
        TlvType::FREQUENCY => float(sheet, value, "wpan-tap.ch_freq")?,
        TlvType::CHANNEL_PLAN => {
            float(sheet, value, "wpan-tap.chplan.start")?;
            float(sheet, value, "wpan-tap.chplan.spacing")?;
            value.uint_le(sheet, "wpan-tap.chplan.channels", 2)?;
        }
        TlvType(_) => drop(value.bytes(sheet, "wpan-tap.tlv.unknown", length)?),
    }
    let padding = tap::padding(length);
    if padding > 0 {
        cursor.bytes(sheet, "wpan-tap.tlv.padding", padding)?;
    }
    Ok(())
}

/// A little-endian IEEE 754 number of four octets.
fn float(sheet: &mut Sheet, cursor: &mut Cursor<'_>, name: &'static str) -> Result<()> {
    let octets: [u8; 4] = cursor.take(4, name)?.try_into().map_err(|_| Error::Truncated(name))?;
    sheet.text(name, float_text(f32::from_le_bytes(octets)), cursor.behind(4));
    Ok(())
}

/// Six significant digits, as C's `%g` prints them.
fn float_text(value: f32) -> String {
    if !value.is_finite() {
        return format!("{value}").to_lowercase();
    }
    let scientific = format!("{value:.5e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trim = |text: &str| -> String {
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text.to_owned() }
    };
    match exponent {
        -4..=5 => {
            let decimals = usize::try_from(5i32.saturating_sub(exponent)).unwrap_or(0);
            trim(&format!("{value:.decimals$}"))
        }
        _ => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{}e{sign}{:02}", trim(digits), exponent.unsigned_abs())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(-55.5, "-55.5")]
    #[case(0.0, "0")]
    #[case(2_405_000.0, "2.405e+06")]
    #[case(868.3, "868.3")]
    #[case(0.000_012_5, "1.25e-05")]
    #[case(123_456.7, "123457")]
    #[case(f32::INFINITY, "inf")]
    fn floats_read_as_c_prints_them(#[case] value: f32, #[case] text: &str) {
        assert_eq!(float_text(value), text);
    }
}
