//! Captures from anywhere, pcap or pcapng, read packet by packet. What is wrong with one packet is said with that packet;
//! the others are still read.

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

use pcap_parser::traits::{PcapNGPacketBlock, PcapReaderIterator};
use pcap_parser::{Block, PcapBlockOwned, PcapError};
use thiserror::Error;

/// One packet of a capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Packet<'a> {
    /// Position in the file, from 1, as Wireshark counts.
    pub(crate) number: u64,
    /// Nanoseconds since 1970; Simple Packet Blocks have none.
    pub(crate) at: Option<u64>,
    /// LINKTYPE of its interface.
    pub(crate) link_type: i32,
    /// The captured octets.
    pub(crate) bytes: &'a [u8],
    /// Its length on the medium; larger than `bytes` if the capture cut it.
    pub(crate) original_length: usize,
}

/// A capture file. It is read from its start as often as it is asked for: it never has to fit into memory.
#[derive(Debug)]
pub(crate) struct Capture {
    path: PathBuf,
    /// The octets of what cannot be read twice: a pipe, say.
    octets: Option<Vec<u8>>,
}

/// How reading a capture ended.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct End {
    /// Packets that were read.
    pub(crate) packets: u64,
    /// Why reading ended before the file did.
    pub(crate) broken_off: Option<String>,
}

/// Why a file is no capture.
#[derive(Debug, Error)]
pub(crate) enum CaptureError {
    #[error("{path}: cannot be read: {source}")]
    Io { path: PathBuf, source: std::io::Error },
    #[error("{path}: is empty")]
    Empty { path: PathBuf },
    #[error("{path}: is neither pcap nor pcapng")]
    NoCapture { path: PathBuf },
}

/// The largest block that is taken for real (Wireshark's own limit for a packet is 262,144 octets).
const BUFFER: usize = 1 << 20;

/// Type of a section header block, the same in both byte orders.
const SECTION_HEADER: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];

/// TLS key log secrets type of a decryption secrets block.
const TLS_KEY_LOG: u32 = 0x544c_534b;

/// What a file has for the program.
enum Item<'a> {
    Packet(Packet<'a>),
    KeyLog(&'a [u8]),
}

impl Capture {
    /// Takes a file for a capture.
    pub(crate) fn open(path: &Path) -> Result<Self, CaptureError> {
        let io = |source| CaptureError::Io { path: path.to_owned(), source };
        let mut file = File::open(path).map_err(io)?;
        let metadata = file.metadata().map_err(io)?;
        let mut capture = Self { path: path.to_owned(), octets: None };
        let mut is_empty = metadata.len() == 0;
        if !metadata.is_file() {
            let mut octets = Vec::new();
            file.read_to_end(&mut octets).map_err(io)?;
            is_empty = octets.is_empty();
            capture.octets = Some(octets);
        }
        if is_empty {
            return Err(CaptureError::Empty { path: path.to_owned() });
        }
        capture.reader()?;
        Ok(capture)
    }

    /// Hands over the TLS key logs of decryption secrets blocks, wherever they stand.
    pub(crate) fn key_logs(&self, mut see: impl FnMut(&str)) -> Result<(), CaptureError> {
        if !self.is_pcapng()? {
            return Ok(());
        }
        self.read(|item| {
            if let Item::KeyLog(octets) = item {
                see(&String::from_utf8_lossy(octets));
            }
        })?;
        Ok(())
    }

    /// Hands over the packets in order.
    pub(crate) fn packets(&self, mut see: impl FnMut(&Packet<'_>)) -> Result<End, CaptureError> {
        self.read(|item| {
            if let Item::Packet(packet) = item {
                see(&packet);
            }
        })
    }

    /// Whether it begins with a section header block; the older format has no place for secrets.
    fn is_pcapng(&self) -> Result<bool, CaptureError> {
        let io = |source| CaptureError::Io { path: self.path.clone(), source };
        let mut start = Vec::with_capacity(SECTION_HEADER.len());
        let length = SECTION_HEADER.len() as u64;
        match &self.octets {
            Some(octets) => octets.as_slice().take(length).read_to_end(&mut start),
            None => File::open(&self.path).map_err(io)?.take(length).read_to_end(&mut start),
        }
        .map_err(io)?;
        Ok(start == SECTION_HEADER)
    }

    fn reader(&self) -> Result<Box<dyn PcapReaderIterator + Send + '_>, CaptureError> {
        let no_capture = |_| CaptureError::NoCapture { path: self.path.clone() };
        match &self.octets {
            Some(octets) => pcap_parser::create_reader(BUFFER, Cursor::new(octets)).map_err(no_capture),
            None => {
                let file = File::open(&self.path);
                let file = file.map_err(|source| CaptureError::Io { path: self.path.clone(), source })?;
                pcap_parser::create_reader(BUFFER, file).map_err(no_capture)
            }
        }
    }

    fn read(&self, mut see: impl FnMut(Item<'_>)) -> Result<End, CaptureError> {
        let mut reader = self.reader()?;
        let mut interfaces: Vec<Interface> = Vec::new();
        let mut end = End::default();
        loop {
            let within = |packets: u64| format!("the file ends within packet {}", packets + 1);
            match reader.next() {
                Ok((offset, block)) => {
                    take_block(&block, &mut interfaces, &mut end.packets, &mut see);
                    reader.consume(offset);
                    continue;
                }
                Err(PcapError::Eof) => {}
                Err(PcapError::Incomplete(_)) => {
                    if reader.reader_exhausted() {
                        end.broken_off = Some(within(end.packets));
                    } else if let Err(error) = reader.refill() {
                        end.broken_off = Some(format!("after packet {}: {error:?}", end.packets));
                    } else {
                        continue;
                    }
                }
                Err(PcapError::UnexpectedEof) => end.broken_off = Some(within(end.packets)),
                Err(_) => end.broken_off = Some(format!("what follows packet {} is no valid block", end.packets)),
            }
            return Ok(end);
        }
    }
}

/// An interface of the section that is being read.
struct Interface {
    link_type: i32,
    /// Ticks of its timestamps in a second, and seconds to add.
    resolution: u64,
    offset: i64,
}

impl Interface {
    fn at(&self, ticks: u64) -> Option<u64> {
        let nanoseconds = u128::from(ticks) * 1_000_000_000 / u128::from(self.resolution);
        let offset = i128::from(self.offset) * 1_000_000_000;
        u64::try_from(i128::try_from(nanoseconds).ok()?.checked_add(offset)?).ok()
    }
}

fn take_block(
    block: &PcapBlockOwned<'_>,
    interfaces: &mut Vec<Interface>,
    number: &mut u64,
    see: &mut impl FnMut(Item<'_>),
) {
    let mut packet = |interface: Option<&Interface>, ticks: Option<u64>, bytes: &[u8], original_length: u32| {
        *number += 1;
        see(Item::Packet(Packet {
            number: *number,
            at: interface.zip(ticks).and_then(|(interface, ticks)| interface.at(ticks)),
            link_type: interface.map_or(-1, |interface| interface.link_type),
            bytes,
            original_length: usize::try_from(original_length).unwrap_or(usize::MAX),
        }));
    };
    match block {
        PcapBlockOwned::LegacyHeader(header) => {
            let resolution = if header.is_nanosecond_precision() { 1_000_000_000 } else { 1_000_000 };
            interfaces.push(Interface { link_type: header.network.0, resolution, offset: 0 });
        }
        PcapBlockOwned::Legacy(legacy) => {
            let interface = interfaces.first();
            let resolution = interface.map_or(1, |interface| interface.resolution);
            let ticks = u64::from(legacy.ts_sec) * resolution + u64::from(legacy.ts_usec);
            packet(interface, Some(ticks), legacy.data, legacy.origlen);
        }
        PcapBlockOwned::NG(Block::SectionHeader(_)) => interfaces.clear(),
        PcapBlockOwned::NG(Block::InterfaceDescription(interface)) => interfaces.push(Interface {
            link_type: interface.linktype.0,
            resolution: interface.ts_resolution().filter(|ticks| *ticks > 0).unwrap_or(1_000_000),
            offset: interface.ts_offset(),
        }),
        PcapBlockOwned::NG(Block::EnhancedPacket(enhanced)) => {
            let interface = usize::try_from(enhanced.if_id).ok().and_then(|index| interfaces.get(index));
            let ticks = u64::from(enhanced.ts_high) << 32 | u64::from(enhanced.ts_low);
            packet(interface, Some(ticks), enhanced.packet_data(), enhanced.origlen);
        }
        PcapBlockOwned::NG(Block::SimplePacket(simple)) => {
            packet(interfaces.first(), None, simple.packet_data(), simple.origlen);
        }
        PcapBlockOwned::NG(Block::DecryptionSecrets(secrets)) if secrets.secrets_type.0 == TLS_KEY_LOG => {
            see(Item::KeyLog(secrets.data));
        }
        PcapBlockOwned::NG(_) => {}
    }
}
