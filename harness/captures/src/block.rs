//! Blocks of a capture (pcap: draft-ietf-opsawg-pcap, pcapng: draft-ietf-opsawg-pcapng) to what they have for a program.

use pcap_parser::pcapng::{OptionCode, UnknownBlock};
use pcap_parser::traits::PcapNGPacketBlock as _;
use pcap_parser::{Block, PcapNGOption};

use crate::{Item, Owned, Packet};

/// Type of a Packet Block, which Enhanced Packet Blocks replaced (pcapng appendix A).
const OBSOLETE_PACKET: u32 = 2;

/// TLS key log secrets type of a decryption secrets block.
const TLS_KEY_LOG: u32 = 0x544c_534b;

/// "Drops are not known" in a Packet Block.
const UNKNOWN_DROPS: u16 = u16::MAX;

/// What the receiver of an interface had no room for, an option of interface statistics.
const IF_DROP: u16 = 5;

/// What is known of the section that is being read; a pcap file is one.
#[derive(Default)]
pub(crate) struct Section {
    is_big_endian: bool,
    interfaces: Vec<Interface>,
}

/// An interface of a section.
struct Interface {
    link_type: u32,
    /// The most that is captured of a packet; 0 for all.
    snap_length: u32,
    clock: Clock,
    /// What it has lost so far by its statistics.
    dropped: u64,
}

/// What the time stamps of an interface count.
#[derive(Clone, Copy)]
struct Clock {
    /// Units in a second: 10^n, or with the highest bit 2^n (option if_tsresol).
    resolution: u8,
    /// Seconds to add.
    offset: i64,
}

impl Clock {
    /// Nanoseconds since 1970, as near as 64 bits allow.
    fn nanoseconds(self, ticks: u64) -> u64 {
        const SECOND: u128 = 1_000_000_000;
        let ticks = u128::from(ticks) * SECOND;
        let exponent = u32::from(self.resolution & 0x7f);
        // 2^94 is more than any number of ticks.
        let nanoseconds = match self.resolution & 0x80 {
            0 => 10u128.checked_pow(exponent).map_or(0, |units| ticks / units),
            _ => ticks >> exponent,
        };
        let since_1970 = i128::try_from(nanoseconds).unwrap_or(i128::MAX) + i128::from(self.offset) * SECOND as i128;
        u64::try_from(since_1970.max(0)).unwrap_or(u64::MAX)
    }
}

impl Section {
    /// Hands over what a block has; `number` is that of the last packet.
    ///
    /// # Errors
    /// Why what it says cannot be.
    pub(crate) fn take(
        &mut self,
        block: &Owned<'_>,
        number: &mut u64,
        see: &mut impl FnMut(Item<'_>),
    ) -> Result<(), &'static str> {
        match block {
            Owned::LegacyHeader(header) => {
                let resolution = if header.is_nanosecond_precision() { 9 } else { 6 };
                // Above the link type lies, if it is told, the length of Ethernet's FCS.
                let link_type = header.network.0.cast_unsigned() & 0x03ff_ffff;
                let clock = Clock { resolution, offset: 0 };
                self.interfaces = vec![Interface { link_type, snap_length: 0, clock, dropped: 0 }];
            }
            Owned::Legacy(legacy) => {
                let interface = self.interfaces.first();
                let units: u64 = interface.map_or(1, |interface| 10u64.pow(interface.clock.resolution.into()));
                let ticks = u64::from(legacy.ts_sec) * units + u64::from(legacy.ts_usec);
                packet(interface, number, Some(ticks), legacy.data, legacy.origlen, see);
            }
            Owned::NG(block) => return self.take_block(block, number, see),
        }
        Ok(())
    }

    fn take_block(
        &mut self,
        block: &Block<'_>,
        number: &mut u64,
        see: &mut impl FnMut(Item<'_>),
    ) -> Result<(), &'static str> {
        match block {
            Block::SectionHeader(header) => {
                *self = Self { is_big_endian: header.big_endian(), interfaces: Vec::new() };
            }
            Block::InterfaceDescription(description) => {
                let offset = value(&description.options, OptionCode::IfTsoffset.0).map_or(0, |octets| self.u64(octets));
                self.interfaces.push(Interface {
                    link_type: description.linktype.0.cast_unsigned(),
                    snap_length: description.snaplen,
                    clock: Clock { resolution: description.if_tsresol, offset: offset.cast_signed() },
                    dropped: 0,
                });
            }
            Block::EnhancedPacket(enhanced) => {
                let interface = usize::try_from(enhanced.if_id).ok().and_then(|index| self.interfaces.get(index));
                let ticks = u64::from(enhanced.ts_high) << 32 | u64::from(enhanced.ts_low);
                packet(interface, number, Some(ticks), enhanced.packet_data(), enhanced.origlen, see);
            }
            Block::SimplePacket(simple) => {
                // It says nothing of what was captured: all, unless the interface cuts.
                let interface = self.interfaces.first();
                let snap_length = interface.map(|interface| interface.snap_length).filter(|length| *length > 0);
                let captured = snap_length.unwrap_or(u32::MAX).min(simple.origlen) as usize;
                let bytes = simple.data.get(..captured).unwrap_or(simple.data);
                packet(interface, number, None, bytes, simple.origlen, see);
            }
            Block::Unknown(block) if self.block_type(block) == OBSOLETE_PACKET => {
                return self.obsolete_packet(block, number, see).ok_or("a Packet Block is too short for its packet");
            }
            Block::InterfaceStatistics(statistics) => {
                let total = value(&statistics.options, IF_DROP).map(|octets| self.u64(octets));
                let index = usize::try_from(statistics.if_id).ok();
                let interface = index.and_then(|index| self.interfaces.get_mut(index));
                if let (Some(total), Some(interface)) = (total, interface) {
                    let new = total.saturating_sub(std::mem::replace(&mut interface.dropped, total));
                    if new > 0 {
                        see(Item::Lost(new));
                    }
                }
            }
            Block::DecryptionSecrets(secrets) if secrets.secrets_type.0 == TLS_KEY_LOG => {
                see(Item::KeyLog(secrets.data));
            }
            _ => {}
        }
        Ok(())
    }

    /// Interface, drops since the last packet, time stamp, captured and original length, octets, options.
    fn obsolete_packet(
        &self,
        block: &UnknownBlock<'_>,
        number: &mut u64,
        see: &mut impl FnMut(Item<'_>),
    ) -> Option<()> {
        let interface = self.interfaces.get(usize::from(self.u16(block.data.get(..2)?)));
        let drops = self.u16(block.data.get(2..4)?);
        let words = block.data.get(4..20)?.chunks_exact(4).map(|word| self.u32(word));
        let [high, low, captured, original] = words.collect::<Vec<u32>>()[..] else { return None };
        let bytes = block.data.get(20..)?.get(..usize::try_from(captured).ok()?)?;
        if drops != UNKNOWN_DROPS && drops > 0 {
            see(Item::Lost(drops.into()));
        }
        packet(interface, number, Some(u64::from(high) << 32 | u64::from(low)), bytes, original, see);
        Some(())
    }

    /// The parser reads types as little-endian numbers in either byte order.
    fn block_type(&self, block: &UnknownBlock<'_>) -> u32 {
        if self.is_big_endian { block.block_type.swap_bytes() } else { block.block_type }
    }

    fn u16(&self, octets: &[u8]) -> u16 {
        (self.u64(octets) & 0xffff) as u16
    }

    fn u32(&self, octets: &[u8]) -> u32 {
        (self.u64(octets) & 0xffff_ffff) as u32
    }

    /// A number of at most eight octets in the section's byte order.
    fn u64(&self, octets: &[u8]) -> u64 {
        let add = |sum: u64, octet: &u8| sum << 8 | u64::from(*octet);
        match self.is_big_endian {
            true => octets.iter().take(8).fold(0, add),
            false => octets.iter().take(8).rev().fold(0, add),
        }
    }
}

fn value<'a>(options: &'a [PcapNGOption<'_>], code: u16) -> Option<&'a [u8]> {
    options.iter().find(|option| option.code.0 == code).and_then(|option| option.as_bytes().ok())
}

fn packet(
    interface: Option<&Interface>,
    number: &mut u64,
    ticks: Option<u64>,
    bytes: &[u8],
    original_length: u32,
    see: &mut impl FnMut(Item<'_>),
) {
    *number += 1;
    see(Item::Packet(Packet {
        number: *number,
        at: ticks.map(|ticks| interface.map_or(0, |interface| interface.clock.nanoseconds(ticks))),
        link_type: interface.map(|interface| interface.link_type),
        bytes,
        original_length: usize::try_from(original_length).unwrap_or(usize::MAX),
    }));
}
