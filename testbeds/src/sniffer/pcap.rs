//! A stream of pcap or pcapng, as Wireshark's extcap tools write it into a FIFO: each packet is handed over as soon as it is whole.

use std::fs::File;
use std::io::{Read, stdin};
use std::path::Path;
use std::sync::mpsc::Sender;

use pcap_parser::traits::PcapNGPacketBlock as _;
use pcap_parser::{Block, PcapBlockOwned, PcapError, create_reader};

use super::{Heard, Sniffed};

/// The largest block that is taken for real (Wireshark's own limit for a packet is 262,144 octets).
const BUFFER: usize = 1 << 20;
/// IEEE 802.15.4 with FCS, without, behind a TAP header.
const LINK_TYPES: [i32; 3] = [195, 230, 283];

pub(super) fn listen(path: &Path, sender: Sender<Sniffed>) -> Result<(), String> {
    if path == Path::new("-") {
        std::thread::spawn(move || read(stdin(), &sender));
        return Ok(());
    }
    if !path.exists() {
        return Err(format!("there is no file or FIFO {}", path.display()));
    }
    let path = path.to_owned();
    // A FIFO is open when somebody writes to it.
    std::thread::spawn(move || match File::open(&path) {
        Ok(file) => read(file, &sender),
        Err(error) => drop(sender.send(Sniffed::Ended(Some(format!("{}: {error}", path.display()))))),
    });
    Ok(())
}

/// An interface of the section that is being read.
struct Interface {
    link_type: i32,
    /// Ticks of its timestamps in a second, and seconds to add.
    resolution: u64,
    offset: i64,
}

/// A stream whose first read is the file's header or the section's, and no more: the parser reads twice before it looks at anything
/// and would wait for what comes after the first packets.
struct Beginning<R> {
    stream: R,
    is_read: bool,
}

impl<R: Read> Read for Beginning<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        const SECTION_HEADER: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
        if std::mem::replace(&mut self.is_read, true) {
            return self.stream.read(buffer);
        }
        let mut filled = 0;
        let mut whole = 12;
        while filled < whole.min(buffer.len()) {
            let most = whole.min(buffer.len());
            match self.stream.read(&mut buffer[filled..most])? {
                0 => break,
                length => filled += length,
            }
            if filled == 12 && whole == 12 {
                let length = [buffer[4], buffer[5], buffer[6], buffer[7]];
                let is_little = buffer[8] == 0x4d;
                whole = match buffer[..4] == SECTION_HEADER {
                    true if is_little => u32::from_le_bytes(length) as usize,
                    true => u32::from_be_bytes(length) as usize,
                    false => 24,
                };
            }
        }
        Ok(filled)
    }
}

fn read(stream: impl Read + Send + 'static, sender: &Sender<Sniffed>) {
    let ended = |reason: Option<String>| drop(sender.send(Sniffed::Ended(reason)));
    let mut reader = match create_reader(BUFFER, Beginning { stream, is_read: false }) {
        Ok(reader) => reader,
        Err(PcapError::Eof) => return ended(Some("the stream is empty".to_owned())),
        Err(_) => return ended(Some("the stream is neither pcap nor pcapng".to_owned())),
    };
    let mut interfaces: Vec<Interface> = Vec::new();
    let mut dropped = 0;
    loop {
        match reader.next() {
            Ok((offset, block)) => {
                let sniffed = block_of(&block, &mut interfaces, &mut dropped);
                reader.consume(offset);
                if sniffed.is_some_and(|sniffed| sender.send(sniffed).is_err()) {
                    return;
                }
            }
            Err(PcapError::Eof) => return ended(None),
            Err(PcapError::Incomplete(_)) => {
                if reader.reader_exhausted() {
                    return ended(Some("the stream breaks off in a block".to_owned()));
                }
                if let Err(error) = reader.refill() {
                    return ended(Some(format!("the stream cannot be read: {error:?}")));
                }
            }
            Err(error) => return ended(Some(format!("the stream is broken: {error:?}"))),
        }
    }
}

/// What a block tells; `dropped` is what the interfaces have lost so far.
fn block_of(block: &PcapBlockOwned<'_>, interfaces: &mut Vec<Interface>, dropped: &mut u64) -> Option<Sniffed> {
    match block {
        PcapBlockOwned::LegacyHeader(header) => {
            let resolution = if header.is_nanosecond_precision() { 1_000_000_000 } else { 1_000_000 };
            *interfaces = vec![Interface { link_type: header.network.0, resolution, offset: 0 }];
            None
        }
        PcapBlockOwned::Legacy(packet) => {
            let interface = interfaces.first()?;
            let ticks = u64::from(packet.ts_sec) * interface.resolution + u64::from(packet.ts_usec);
            Some(heard(interface, ticks, packet.data))
        }
        PcapBlockOwned::NG(block) => match block {
            Block::SectionHeader(_) => {
                interfaces.clear();
                None
            }
            Block::InterfaceDescription(description) => {
                interfaces.push(Interface {
                    link_type: description.linktype.0,
                    resolution: description.ts_resolution().filter(|ticks| *ticks > 0).unwrap_or(1_000_000),
                    offset: description.ts_offset(),
                });
                None
            }
            Block::EnhancedPacket(packet) => {
                let interface = interfaces.get(usize::try_from(packet.if_id).ok()?)?;
                let ticks = u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low);
                Some(heard(interface, ticks, packet.packet_data()))
            }
            Block::InterfaceStatistics(statistics) => {
                /// What the interface's receiver had no room for.
                const IF_DROP: u16 = 5;
                let option = statistics.options.iter().find(|option| option.code.0 == IF_DROP)?;
                let total = u64::from_le_bytes(option.value.get(..8)?.try_into().ok()?);
                let new = total.saturating_sub(std::mem::replace(dropped, total));
                (new > 0).then_some(Sniffed::Lost(new))
            }
            _ => None,
        },
    }
}

fn heard(interface: &Interface, ticks: u64, packet: &[u8]) -> Sniffed {
    let Some(link_type) = u16::try_from(interface.link_type).ok().filter(|_| LINK_TYPES.contains(&interface.link_type))
    else {
        let link_type = interface.link_type;
        return Sniffed::Strange(format!(
            "a packet of link type {link_type}, which is no IEEE 802.15.4 (195, 230, 283)"
        ));
    };
    let nanoseconds = u128::from(ticks) * 1_000_000_000 / u128::from(interface.resolution);
    let at = i128::try_from(nanoseconds).unwrap_or(i128::MAX) + i128::from(interface.offset) * 1_000_000_000;
    Sniffed::Heard(Heard { at: u64::try_from(at).unwrap_or_default(), link_type, packet: packet.to_vec() })
}
