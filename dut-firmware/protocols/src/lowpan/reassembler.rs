//! From MAC payloads back to IPv6 packets: bounded in datagrams and in time, strict about what may be put together.

use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use wire::Error;
use wire::ieee802154::{LinkAddress, SecurityLevel};
use wire::ipv6;
use wire::reader::Reader;
use wire::sixlowpan::{Contexts, FragmentHeader, FrameHeaders, decompress};

use super::{LINK_MTU, Laxity};
use crate::time::Instant;

/// Time that a datagram may take to complete: below RFC 4944's most of 60 s, so that an attacker holds buffers briefly.
pub const REASSEMBLY_TIMEOUT: Duration = Duration::from_secs(5);

/// Finished datagrams whose late fragments are still recognized.
const RECENT: usize = 4;

/// How the frame that brought a payload was protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protection {
    /// No link security.
    Plain,
    /// Verified link security.
    Secured {
        /// Security level.
        level: SecurityLevel,
        /// Key index.
        key_index: u8,
    },
}

impl Protection {
    /// Whether it was secured.
    pub fn is_secured(self) -> bool {
        matches!(self, Self::Secured { .. })
    }
}

/// A whole IPv6 packet with what its frames had in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Datagram {
    /// The packet, uncompressed.
    pub packet: Vec<u8>,
    /// Link-layer source.
    pub source: LinkAddress,
    /// Link-layer destination.
    pub destination: LinkAddress,
    /// Protection of every frame.
    pub protection: Protection,
}

/// Why a payload was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReassemblyRefusal {
    /// It cannot be parsed or decompressed.
    #[error(transparent)]
    Malformed(#[from] Error),
    /// The datagram would exceed the link MTU.
    #[error("datagram of {0} octets exceeds the link MTU of 1280")]
    TooBig(u16),
    /// It reaches over the end of its datagram.
    #[error("fragment reaches over the end of its datagram")]
    BeyondEnd,
    /// It overlaps what was received before without being the same fragment; that was discarded, and the datagram begins
    /// anew with this fragment.
    #[error("fragment overlaps another one")]
    Overlap,
    /// Its protection differs from that of the datagram's other fragments.
    #[error("fragments of one datagram are protected differently")]
    MixedProtection,
    /// Too many datagrams are being reassembled.
    #[error("no room for another datagram")]
    Full,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key {
    source: LinkAddress,
    destination: LinkAddress,
    tag: u16,
    size: u16,
}

#[derive(Debug)]
struct Partial {
    key: Key,
    protection: Protection,
    deadline: Instant,
    /// When its last fragment came.
    active: Instant,
    bytes: Vec<u8>,
    /// Start and length of every fragment taken.
    pieces: Vec<(usize, usize)>,
}

/// Puts fragments together; whole packets pass through it too.
#[derive(Debug)]
pub struct Reassembler {
    capacity: usize,
    laxity: Laxity,
    displaced: usize,
    partials: Vec<Partial>,
    recent: Vec<(Key, Instant)>,
}

/// Four datagrams at once.
impl Default for Reassembler {
    fn default() -> Self {
        Self::new(4)
    }
}

impl Reassembler {
    /// At most `capacity` datagrams at once.
    pub fn new(capacity: usize) -> Self {
        Self { capacity, laxity: Laxity::default(), displaced: 0, partials: Vec::new(), recent: Vec::new() }
    }

    /// Makes it wrong on purpose.
    pub fn with_laxity(self, laxity: Laxity) -> Self {
        Self { laxity, ..self }
    }

    /// Datagrams that are incomplete.
    pub fn pending(&self) -> usize {
        self.partials.len()
    }

    /// Octets of the datagrams that are incomplete, as long as they will be.
    pub fn buffered(&self) -> usize {
        self.partials.iter().map(|partial| partial.bytes.len()).sum()
    }

    /// When the next incomplete datagram will be discarded.
    pub fn deadline(&self) -> Option<Instant> {
        self.partials.iter().map(|partial| partial.deadline).min()
    }

    /// Discards datagrams whose time is over; how many.
    pub fn expire(&mut self, now: Instant) -> usize {
        let before = self.partials.len();
        self.partials.retain(|partial| now < partial.deadline);
        self.recent.retain(|(_, until)| now < *until);
        before.saturating_sub(self.partials.len())
    }

    /// How many datagrams newcomers have taken the place of since this was asked last.
    pub fn take_displaced(&mut self) -> usize {
        core::mem::take(&mut self.displaced)
    }

    /// Takes the payload of a data frame; the datagram if this completes one.
    ///
    /// Mesh and broadcast headers are refused: an originator is what any neighbour says it is. A repeated fragment is
    /// ignored. An overlapping one discards what was collected, and the datagram begins anew with it
    /// (RFC 4944 section 5.3): a sender that starts anew may use a tag again whose datagram it never finished. A plain
    /// fragment never disturbs a secured datagram: it is refused and the datagram goes on; the other way round the
    /// plain one is discarded. When full, a newcomer takes the place of a plain datagram: of one that never got beyond a
    /// fragment if there is one, else of the one that waited longest for its next. Whoever floods with first fragments
    /// pushes out their own. A plain newcomer never takes the place of a secured datagram.
    pub fn accept(
        &mut self,
        now: Instant,
        payload: &[u8],
        source: LinkAddress,
        destination: LinkAddress,
        protection: Protection,
        contexts: &Contexts,
    ) -> Result<Option<Datagram>, ReassemblyRefusal> {
        self.expire(now);
        let mut reader = Reader::new(payload);
        let headers = FrameHeaders::parse(&mut reader)?;
        if headers.mesh.is_some() || headers.broadcast.is_some() {
            return Err(Error::Unsupported("mesh or broadcast header").into());
        }
        let Some(header) = headers.fragment else {
            let packet = decompress(reader.rest(), source, destination, contexts, None)?;
            // A payload of RFC 7400 may grow without any fragment.
            if packet.len() > LINK_MTU {
                return Err(ReassemblyRefusal::TooBig(u16::try_from(packet.len()).unwrap_or(u16::MAX)));
            }
            check_packet(&packet)?;
            return Ok(Some(Datagram { packet, source, destination, protection }));
        };
        let size = header.datagram_size();
        if usize::from(size) > LINK_MTU {
            return Err(ReassemblyRefusal::TooBig(size));
        }
        let offset = header.offset();
        let piece = match header {
            FragmentHeader::First { .. } => {
                decompress(reader.rest(), source, destination, contexts, Some(size.into()))?
            }
            FragmentHeader::Next { datagram_offset: 0, .. } => {
                return Err(Error::Malformed("subsequent fragment at offset 0").into());
            }
            FragmentHeader::Next { .. } => reader.rest().to_vec(),
        };
        let end = offset.saturating_add(piece.len());
        if end > usize::from(size) {
            return Err(ReassemblyRefusal::BeyondEnd);
        }
        if piece.is_empty() || (end < usize::from(size) && piece.len() % 8 != 0) {
            return Err(Error::Malformed("fragment length is no multiple of eight").into());
        }
        let key = Key { source, destination, tag: header.datagram_tag(), size };
        if self.is_late(key, offset) {
            return Ok(None);
        }
        let index = self.slot(now, key, protection)?;
        self.insert(now, index, offset, &piece)
    }

    /// Whether this is another copy of a fragment of a datagram that was completed a moment ago. A first fragment with
    /// the same key rather starts a new datagram of a device that has rebooted.
    fn is_late(&mut self, key: Key, offset: usize) -> bool {
        if offset == 0 {
            self.recent.retain(|(known, _)| *known != key);
        }
        self.recent.iter().any(|(known, _)| *known == key)
    }

    /// The index of the partial datagram of `key`, made if need be.
    fn slot(&mut self, now: Instant, key: Key, protection: Protection) -> Result<usize, ReassemblyRefusal> {
        if let Some(index) = self.partials.iter().position(|partial| partial.key == key) {
            let known = self.partials.get(index).map(|partial| partial.protection);
            if known == Some(protection) {
                return Ok(index);
            }
            if protection.is_secured() {
                self.partials.remove(index);
            }
            return Err(ReassemblyRefusal::MixedProtection);
        }
        if self.partials.len() >= self.capacity {
            let plain = self.partials.iter().enumerate().filter(|(_, partial)| !partial.protection.is_secured());
            let victim = plain.min_by_key(|(_, partial)| (partial.pieces.len() > 1, partial.active));
            match victim.map(|(index, _)| index) {
                Some(index) if self.laxity.takes_the_place(protection) => {
                    drop(self.partials.remove(index));
                    self.displaced = self.displaced.saturating_add(1);
                }
                _ => return Err(ReassemblyRefusal::Full),
            }
        }
        self.partials.push(Partial {
            key,
            protection,
            deadline: now + REASSEMBLY_TIMEOUT,
            active: now,
            bytes: vec![0; key.size.into()],
            pieces: Vec::new(),
        });
        Ok(self.partials.len().saturating_sub(1))
    }

    fn insert(
        &mut self,
        now: Instant,
        index: usize,
        offset: usize,
        piece: &[u8],
    ) -> Result<Option<Datagram>, ReassemblyRefusal> {
        let Some(partial) = self.partials.get_mut(index) else { return Ok(None) };
        let mut contradicts = false;
        let end = offset.saturating_add(piece.len());
        let Some(target) = partial.bytes.get_mut(offset..end) else { return Err(ReassemblyRefusal::BeyondEnd) };
        let overlaps = |(start, length): &(usize, usize)| offset < start.saturating_add(*length) && *start < end;
        if partial.pieces.iter().any(overlaps) {
            if partial.pieces.contains(&(offset, piece.len())) && *target == *piece {
                return Ok(None);
            }
            contradicts = self.laxity.minds_overlaps(&mut partial.pieces);
            if contradicts {
                partial.deadline = now + REASSEMBLY_TIMEOUT;
            }
        }
        target.copy_from_slice(piece);
        partial.active = now;
        partial.pieces.push((offset, piece.len()));
        if !is_covered(&partial.pieces, partial.bytes.len()) {
            return if contradicts { Err(ReassemblyRefusal::Overlap) } else { Ok(None) };
        }
        let Partial { key, protection, bytes: packet, .. } = self.partials.remove(index);
        if self.recent.len() >= RECENT {
            self.recent.remove(0);
        }
        self.recent.push((key, now + REASSEMBLY_TIMEOUT));
        check_packet(&packet)?;
        Ok(Some(Datagram { packet, source: key.source, destination: key.destination, protection }))
    }
}

/// The length that an uncompressed IPv6 header says has to be the length that arrived.
fn check_packet(packet: &[u8]) -> Result<(), ReassemblyRefusal> {
    let (_, payload_length) = ipv6::Header::parse(&mut Reader::new(packet))?;
    if usize::from(payload_length).saturating_add(ipv6::HEADER_LENGTH) == packet.len() {
        Ok(())
    } else {
        Err(Error::Malformed("IPv6 payload length is not the length of the payload").into())
    }
}

/// Whether the pieces leave no gap in `length` octets.
fn is_covered(pieces: &[(usize, usize)], length: usize) -> bool {
    let ends_behind = |reached: usize| {
        let reach =
            pieces.iter().filter(|(start, _)| *start <= reached).map(|(start, size)| start.saturating_add(*size));
        reach.max().filter(|end| *end > reached)
    };
    let mut reached = 0;
    while reached < length {
        match ends_behind(reached) {
            Some(end) => reached = end,
            None => return false,
        }
    }
    true
}
