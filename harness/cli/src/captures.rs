//! Captures from anywhere, pcap or pcapng, read packet by packet. What is wrong with one packet is said with that packet;
//! the others are still read.

use std::path::{Path, PathBuf};

use pcap_parser::traits::{PcapNGPacketBlock, PcapReaderIterator};
use pcap_parser::{Block, PcapBlockOwned, PcapError};
use thiserror::Error;

/// One packet of a capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Packet {
    /// Position in the file, from 1, as Wireshark counts.
    pub(crate) number: u64,
    /// LINKTYPE of its interface.
    pub(crate) link_type: i32,
    /// The captured octets.
    pub(crate) bytes: Vec<u8>,
    /// Its length on the medium; larger than `bytes` if the capture cut it.
    pub(crate) original_length: usize,
}

/// A capture as far as it could be read.
#[derive(Debug, Default)]
pub(crate) struct Capture {
    pub(crate) packets: Vec<Packet>,
    /// TLS key logs of decryption secrets blocks.
    pub(crate) key_logs: Vec<String>,
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

/// TLS key log secrets type of a decryption secrets block.
const TLS_KEY_LOG: u32 = 0x544c_534b;

/// Reads a whole capture.
pub(crate) fn read(path: &Path) -> Result<Capture, CaptureError> {
    let bytes = std::fs::read(path).map_err(|source| CaptureError::Io { path: path.to_owned(), source })?;
    if bytes.is_empty() {
        return Err(CaptureError::Empty { path: path.to_owned() });
    }
    let mut reader = pcap_parser::create_reader(BUFFER, std::io::Cursor::new(bytes))
        .map_err(|_| CaptureError::NoCapture { path: path.to_owned() })?;
    Ok(read_blocks(reader.as_mut()))
}

fn read_blocks(reader: &mut dyn PcapReaderIterator) -> Capture {
    let mut capture = Capture::default();
    let mut interfaces: Vec<i32> = Vec::new();
    let mut number = 0;
    loop {
        match reader.next() {
            Ok((offset, block)) => {
                take_block(&block, &mut interfaces, &mut number, &mut capture);
                reader.consume(offset);
            }
            Err(PcapError::Eof) => break,
            Err(PcapError::Incomplete(_)) => {
                if reader.reader_exhausted() {
                    capture.broken_off = Some(format!("the file ends within packet {}", number + 1));
                    break;
                }
                if let Err(error) = reader.refill() {
                    capture.broken_off = Some(format!("after packet {number}: {error:?}"));
                    break;
                }
            }
            Err(PcapError::UnexpectedEof) => {
                capture.broken_off = Some(format!("the file ends within packet {}", number + 1));
                break;
            }
            Err(_) => {
                capture.broken_off = Some(format!("what follows packet {number} is no valid block"));
                break;
            }
        }
    }
    capture
}

fn take_block(block: &PcapBlockOwned<'_>, interfaces: &mut Vec<i32>, number: &mut u64, capture: &mut Capture) {
    let mut packet = |link_type: i32, bytes: &[u8], original_length: u32| {
        *number += 1;
        capture.packets.push(Packet {
            number: *number,
            link_type,
            bytes: bytes.to_vec(),
            original_length: usize::try_from(original_length).unwrap_or(usize::MAX),
        });
    };
    match block {
        PcapBlockOwned::LegacyHeader(header) => interfaces.push(header.network.0),
        PcapBlockOwned::Legacy(legacy) => {
            packet(interfaces.first().copied().unwrap_or(-1), legacy.data, legacy.origlen);
        }
        PcapBlockOwned::NG(Block::SectionHeader(_)) => interfaces.clear(),
        PcapBlockOwned::NG(Block::InterfaceDescription(interface)) => interfaces.push(interface.linktype.0),
        PcapBlockOwned::NG(Block::EnhancedPacket(enhanced)) => {
            let link_type = usize::try_from(enhanced.if_id).ok().and_then(|index| interfaces.get(index));
            packet(link_type.copied().unwrap_or(-1), enhanced.packet_data(), enhanced.origlen);
        }
        PcapBlockOwned::NG(Block::SimplePacket(simple)) => {
            packet(interfaces.first().copied().unwrap_or(-1), simple.packet_data(), simple.origlen);
        }
        PcapBlockOwned::NG(Block::DecryptionSecrets(secrets)) if secrets.secrets_type.0 == TLS_KEY_LOG => {
            capture.key_logs.push(String::from_utf8_lossy(secrets.data).into_owned());
        }
        PcapBlockOwned::NG(_) => {}
    }
}
