//! Captures from anywhere: pcap (of 1998, with nanoseconds, of Kuznetzov's patch) and pcapng in both byte orders, gzipped or
//! not, read from a stream packet by packet as they come. What is wrong with one packet is said with that packet; the others
//! are still read.

mod block;
mod compression;

use std::io::{Chain, Cursor, Read};

use flate2::read::MultiGzDecoder;
use pcap_parser::traits::PcapReaderIterator;
use pcap_parser::{PcapBlockOwned, PcapError};
use thiserror::Error;

use block::Section;
use compression::Compression;

/// One packet of a capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Position in the file, from 1, as Wireshark counts.
    pub number: u64,
    /// Nanoseconds since 1970; Simple Packet Blocks have none.
    pub at: Option<u64>,
    /// LINKTYPE of its interface, if the file has that interface.
    pub link_type: Option<u32>,
    /// The captured octets.
    pub bytes: &'a [u8],
    /// Its length on the medium; larger than `bytes` if the capture cut it.
    pub original_length: usize,
}

/// What a capture has for a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item<'a> {
    /// A packet.
    Packet(Packet<'a>),
    /// The TLS key log of a decryption secrets block.
    KeyLog(&'a [u8]),
    /// So many packets were dropped before the next one, by the capturing program's count.
    Lost(u64),
}

/// How reading a capture ended.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct End {
    /// Packets that were read.
    pub packets: u64,
    /// Why reading ended before the file did.
    pub broken_off: Option<String>,
}

/// Why a stream is no capture.
#[derive(Debug, Error)]
pub enum NoCapture {
    /// The stream cannot be read.
    #[error("cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// There is nothing in it.
    #[error("is empty")]
    Empty,
    /// It is compressed in another way than gzip.
    #[error("is compressed with {name}, which is not read here (gzip is): unpack it first, with `{tool}`")]
    Compressed {
        /// What it is compressed with.
        name: &'static str,
        /// A command that unpacks it.
        tool: &'static str,
    },
    /// Its first octets are not those of a capture.
    #[error("is neither pcap nor pcapng")]
    Unknown,
}

/// The largest block that is taken for real (Wireshark's own limit for a packet is 262,144 octets).
const BUFFER: usize = 1 << 20;

/// Type of a section header block, the same in both byte orders.
const SECTION_HEADER: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];

/// A capture whose first octets have been looked at.
pub struct Reader<'s> {
    blocks: Box<dyn PcapReaderIterator + Send + 's>,
    is_pcapng: bool,
}

impl<'s> Reader<'s> {
    /// Begins to read a stream, compressed with gzip or not. As much is read as its header has, so that a stream that grows
    /// is followed.
    ///
    /// # Errors
    /// Why it is no capture.
    pub fn new(stream: impl Read + Send + 's) -> Result<Self, NoCapture> {
        let (first, stream) = peek(stream, compression::LONGEST_MAGIC)?;
        match Compression::of(&first) {
            None => Self::of_plain(stream),
            Some(Compression::Gzip) => Self::of_plain(MultiGzDecoder::new(stream)),
            Some(Compression::Other { name, tool }) => Err(NoCapture::Compressed { name, tool }),
        }
    }

    fn of_plain(stream: impl Read + Send + 's) -> Result<Self, NoCapture> {
        let (first, stream) = peek(stream, SECTION_HEADER.len())?;
        if first.is_empty() {
            return Err(NoCapture::Empty);
        }
        let blocks = pcap_parser::create_reader(BUFFER, Beginning { stream, is_read: false }).map_err(|error| {
            // A stream whose decompression fails at once, say.
            if matches!(error, PcapError::ReadError) {
                return NoCapture::Io(std::io::Error::other("its first octets cannot be unpacked"));
            }
            NoCapture::Unknown
        })?;
        Ok(Self { blocks, is_pcapng: first == SECTION_HEADER })
    }

    /// Whether it begins with a section header block; the older format has no place for secrets.
    pub fn is_pcapng(&self) -> bool {
        self.is_pcapng
    }

    /// Hands over what there is in order, until it ends or nobody wants more (`see` says false).
    pub fn read(mut self, mut see: impl FnMut(Item<'_>) -> bool) -> End {
        let mut section = Section::default();
        let mut end = End::default();
        let mut wants_more = true;
        while wants_more {
            match self.blocks.next() {
                Ok((offset, block)) => {
                    let mut hand_over = |item: Item<'_>| wants_more = see(item) && wants_more;
                    let taken = section.take(&block, &mut end.packets, &mut hand_over);
                    self.blocks.consume(offset);
                    if let Err(reason) = taken {
                        end.broken_off = Some(format!("after packet {}: {reason}", end.packets));
                        return end;
                    }
                    continue;
                }
                Err(PcapError::Eof) => {}
                Err(PcapError::Incomplete(_)) => {
                    if self.blocks.reader_exhausted() {
                        end.broken_off = Some(within(end.packets));
                    } else if let Err(error) = self.blocks.refill() {
                        end.broken_off = Some(match error {
                            PcapError::ReadError => {
                                format!("after packet {} it cannot be read or unpacked", end.packets)
                            }
                            error => format!("after packet {}: {error:?}", end.packets),
                        });
                    } else {
                        continue;
                    }
                }
                Err(PcapError::UnexpectedEof) => end.broken_off = Some(within(end.packets)),
                Err(_) => end.broken_off = Some(format!("what follows packet {} is no valid block", end.packets)),
            }
            return end;
        }
        end
    }
}

fn within(packets: u64) -> String {
    format!("the file ends within packet {}", packets + 1)
}

/// A stream whose first octets were looked at, and put back in front of it.
type Peeked<R> = Chain<Cursor<Vec<u8>>, R>;

/// The first octets of a stream, fewer than `most` only if it has no more, and the stream with them.
fn peek<R: Read>(mut stream: R, most: usize) -> Result<(Vec<u8>, Peeked<R>), NoCapture> {
    let mut first = Vec::with_capacity(most);
    stream.by_ref().take(most as u64).read_to_end(&mut first)?;
    Ok((first.clone(), Cursor::new(first).chain(stream)))
}

/// A stream whose first read is the file's header or the section's, and no more: the parser reads twice before it looks at
/// anything and would wait for what comes after the first packets.
struct Beginning<R> {
    stream: R,
    is_read: bool,
}

impl<R: Read> Read for Beginning<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
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

/// Of one format or the other: a block of the file.
type Owned<'a> = PcapBlockOwned<'a>;
