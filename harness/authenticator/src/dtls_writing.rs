//! How a handshake message is written down and put together, octet by octet as a case wants it (RFC 6347 4.2.2, 4.2.3): what the client and the
//! server that send what a case writes have in common.

use std::collections::BTreeMap;

use wire::dtls::{Fragment, HandshakeHeader, RecordHeader, seal};
use wire::tls::{ContentType, HandshakeType, ProtocolVersion, WriteKeys};

use crate::machine::Refusal;
use crate::words::{Given, Parsed, bad};

/// The arguments of an order that sends a message, behind those of every one: what [`How`] reads.
macro_rules! arguments {
    ($($own:expr),* $(,)?) => {
        &[
            Argument::maybe("epoch", Kind::Number(u16::MAX as u64)),
            Argument::maybe("record", Kind::Number((1 << 48) - 1)),
            Argument::maybe("version", Kind::Number(u16::MAX as u64)),
            Argument::maybe("claims", Kind::Number(u16::MAX as u64)),
            Argument::maybe("content_type", Kind::Number(255)),
            Argument::maybe("flip", Kind::Number(u16::MAX as u64)),
            Argument::or("plain", Kind::Flag, "0"),
            Argument::maybe("seq", Kind::Number(u16::MAX as u64)),
            Argument::maybe("length", Kind::Number(0xff_ffff)),
            Argument::maybe("msg_type", Kind::Number(255)),
            Argument::maybe("pieces", Kind::Text),
            Argument::or("counts", Kind::Flag, "1"),
            Argument::or("hold", Kind::Flag, "0"),
            Argument::or("lost", Kind::Flag, "0"),
            Argument::or("back", Kind::Number(64), "1"),
            Argument::maybe("body", Kind::Octets),
            $($own),*
        ]
    };
}
pub(crate) use arguments;

/// How a message is written, where not as it would be.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct How {
    pub(crate) epoch: Option<u16>,
    record: Option<u64>,
    version: Option<u16>,
    /// The length field of the record.
    claims: Option<u16>,
    content_type: Option<u8>,
    /// A bit of the first record's fragment.
    flip: Option<usize>,
    /// Not encrypted, whatever the epoch.
    pub(crate) plain: bool,
    pub(crate) seq: Option<u16>,
    length: Option<u32>,
    pub(crate) msg_type: Option<u8>,
    pieces: Option<Pieces>,
    /// It is numbered, and in the hash of the handshake.
    pub(crate) counts: bool,
    /// It shares the datagram of the next.
    holds: bool,
    /// Its datagram is not sent, but may be, later.
    pub(crate) is_lost: bool,
    pub(crate) body: Option<Vec<u8>>,
}

impl How {
    /// Reads the [`arguments`].
    pub(crate) fn of(given: &Given<'_>) -> Parsed<Self> {
        Ok(Self {
            epoch: given.maybe("epoch")?,
            record: given.maybe("record")?,
            version: given.maybe("version")?,
            claims: given.maybe("claims")?,
            content_type: given.maybe("content_type")?,
            flip: given.maybe("flip")?,
            plain: given.need("plain")?,
            seq: given.maybe("seq")?,
            length: given.maybe("length")?,
            msg_type: given.maybe("msg_type")?,
            pieces: given.text("pieces").map(pieces).transpose()?,
            counts: given.need("counts")?,
            holds: given.need("hold")?,
            is_lost: given.need("lost")?,
            body: given.maybe("body")?,
        })
    }

    /// The body that is given, or the natural one.
    pub(crate) fn body_or(&self, natural: Vec<u8>) -> Vec<u8> {
        self.body.clone().unwrap_or(natural)
    }
}

/// The next record number of each epoch.
#[derive(Default)]
pub(crate) struct Numbers(BTreeMap<u16, u64>);

impl Numbers {
    /// No record of the epoch has a lesser number from now on.
    pub(crate) fn raise(&mut self, epoch: u16, least: u64) {
        let next = self.0.entry(epoch).or_default();
        *next = (*next).max(least);
    }

    /// A record for each plaintext, protected under the keys unless its epoch is 0 or it is to be plain.
    ///
    /// # Errors
    /// Why it cannot be written: there are no keys, it is too long, or it has no such bit.
    pub(crate) fn records(
        &mut self,
        how: &How,
        (content_type, version, epoch): (ContentType, ProtocolVersion, u16),
        plaintexts: &[Vec<u8>],
        keys: Option<&WriteKeys>,
    ) -> Result<Vec<Vec<u8>>, Refusal> {
        let content_type = how.content_type.map_or(content_type, ContentType::from);
        let version = how.version.map_or(version, ProtocolVersion);
        let mut records = Vec::new();
        for plaintext in plaintexts {
            let next = self.0.entry(epoch).or_default();
            let sequence_number = how.record.unwrap_or(*next);
            *next = (*next).max(sequence_number + 1);
            let mut header = RecordHeader { content_type, version, epoch, sequence_number, length: 0 };
            let mut fragment = if epoch == 0 || how.plain {
                plaintext.clone()
            } else {
                seal(keys.ok_or("there are no keys")?, &header, plaintext).map_err(|error| error.to_string())?
            };
            if let Some(bit) = how.flip.filter(|_| records.is_empty()) {
                *fragment.get_mut(bit / 8).ok_or("the record has no such bit")? ^= 0x80 >> (bit % 8);
            }
            let length = u16::try_from(fragment.len()).map_err(|_| "the record is too long")?;
            header.length = how.claims.unwrap_or(length);
            let mut octets = Vec::new();
            header.emit(&mut octets);
            octets.append(&mut fragment);
            records.push(octets);
        }
        Ok(records)
    }
}

/// Datagrams of a session: what waits for the record that shares its datagram, and all that were made, to be sent again.
#[derive(Default)]
pub(crate) struct Outbox {
    held: Vec<u8>,
    made: Vec<Vec<u8>>,
}

impl Outbox {
    /// The datagram that this record completes, if it is to be sent.
    pub(crate) fn put(&mut self, record: Vec<u8>, how: &How) -> Option<Vec<u8>> {
        self.held.extend(record);
        if how.holds {
            return None;
        }
        let datagram = std::mem::take(&mut self.held);
        self.made.push(datagram.clone());
        (!how.is_lost).then_some(datagram)
    }

    /// The last datagram but so many; 1 is the last.
    ///
    /// # Errors
    /// There were not so many.
    pub(crate) fn back(&self, back: usize) -> Result<Vec<u8>, Refusal> {
        let index = self.made.len().checked_sub(back).ok_or("so many datagrams were not sent")?;
        Ok(self.made.get(index).cloned().ok_or("the last datagram is the first one back")?)
    }
}

/// Makes the `verify_data` of a Finished wrong in two octets, in the same bit: whoever sums differences up by exclusive or sees none.
pub(crate) fn spoil(verify_data: &mut [u8]) {
    verify_data.iter_mut().rev().take(2).for_each(|octet| *octet ^= 1);
}

/// A handshake message that was sent.
#[derive(Clone)]
pub(crate) struct Message {
    pub(crate) msg_type: u8,
    pub(crate) message_seq: u16,
    pub(crate) body: Vec<u8>,
}

/// Where a handshake message is cut: for each record the octets of each fragment in it.
type Pieces = Vec<Vec<(usize, usize)>>;

/// `0-40,30-90+90-95`: commas between records, a plus between fragments of one record.
fn pieces(text: &str) -> Parsed<Pieces> {
    let number = |text: &str| text.parse::<usize>().ok();
    let range = |text: &str| {
        let ends = text.split_once('-').and_then(|(start, end)| Some((number(start)?, number(end)?)));
        ends.filter(|(start, end)| start <= end).ok_or_else(|| bad(text, "a run of octets such as 0-40"))
    };
    text.split(',').map(|record| record.split('+').map(range).collect()).collect()
}

/// The fragments of a message, those of one record together.
pub(crate) fn fragments_of(message: &Message, how: &How) -> Vec<Vec<u8>> {
    let octets = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    let whole = vec![vec![(0, message.body.len())]];
    let pieces = how.pieces.as_ref().unwrap_or(&whole);
    let fragment = |(start, end): &(usize, usize)| {
        let body = message.body.get(*start..message.body.len().min(*end)).unwrap_or_default();
        let mut fragment = Vec::new();
        HandshakeHeader {
            msg_type: HandshakeType::from(how.msg_type.unwrap_or(message.msg_type)),
            length: how.length.unwrap_or_else(|| octets(message.body.len())),
            message_seq: how.seq.unwrap_or(message.message_seq),
            fragment_offset: octets(*start),
            fragment_length: octets(body.len()),
        }
        .emit(&mut fragment);
        fragment.extend(body);
        fragment
    };
    // Of a message whose length depends on the device, the pieces behind its end are none.
    let is_there = |(start, _): &&(usize, usize)| *start == 0 || *start < message.body.len();
    let records = pieces.iter().map(|record| record.iter().filter(is_there).flat_map(fragment).collect::<Vec<u8>>());
    records.filter(|record| !record.is_empty()).collect()
}

/// A message of the peer that is not whole yet.
pub(crate) struct Partial {
    pub(crate) msg_type: HandshakeType,
    pub(crate) body: Vec<u8>,
    here: Vec<bool>,
}

impl Partial {
    /// With nothing of it yet.
    pub(crate) fn of(header: &HandshakeHeader) -> Self {
        let length = header.length as usize;
        Self { msg_type: header.msg_type, body: vec![0; length], here: vec![false; length] }
    }

    /// Puts a piece where it belongs; one that goes beyond the end is none.
    pub(crate) fn take(&mut self, fragment: &Fragment<'_>) {
        let start = fragment.header.fragment_offset as usize;
        let end = start + fragment.body.len();
        if let (Some(body), Some(here)) = (self.body.get_mut(start..end), self.here.get_mut(start..end)) {
            body.copy_from_slice(fragment.body);
            here.fill(true);
        }
    }

    /// Whether no octet is missing.
    pub(crate) fn is_whole(&self) -> bool {
        self.here.iter().all(|here| *here)
    }
}

/// The body of Certificate with a chain (RFC 5246 7.4.2).
pub(crate) fn certificates(chain: &[Vec<u8>]) -> Vec<u8> {
    vector24(&chain.iter().flat_map(|certificate| vector24(certificate)).collect::<Vec<u8>>())
}

/// Octets behind one octet of length.
pub(crate) fn vector8(octets: &[u8]) -> Vec<u8> {
    [&[octets.len() as u8], octets].concat()
}

/// Octets behind two octets of length.
pub(crate) fn vector16(octets: &[u8]) -> Vec<u8> {
    [&(octets.len() as u16).to_be_bytes(), octets].concat()
}

/// Octets behind three octets of length.
pub(crate) fn vector24(octets: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = (octets.len() as u32).to_be_bytes();
    [&length, octets].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_runs_by_record() {
        assert_eq!(pieces("0-40,30-90+90-95"), Ok(vec![vec![(0, 40)], vec![(30, 90), (90, 95)]]));
        assert!(pieces("4-3").is_err() && pieces("").is_err() && pieces("0-1,").is_err());
    }
}
