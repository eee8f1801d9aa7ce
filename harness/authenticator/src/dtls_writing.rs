//! How a handshake message is written down and put together, octet by octet as a case wants it (RFC 6347 4.2.2, 4.2.3): what the client and the
//! server that send what a case writes have in common.

use wire::dtls::{Fragment, HandshakeHeader};
use wire::tls::HandshakeType;

use crate::words::{Parsed, bad};

/// A handshake message that was sent.
#[derive(Clone)]
pub(crate) struct Message {
    pub(crate) msg_type: u8,
    pub(crate) message_seq: u16,
    pub(crate) body: Vec<u8>,
}

/// Where a handshake message is cut: for each record the octets of each fragment in it.
pub(crate) type Pieces = Vec<Vec<(usize, usize)>>;

/// `0-40,30-90+90-95`: commas between records, a plus between fragments of one record.
pub(crate) fn pieces(text: &str) -> Parsed<Pieces> {
    let number = |text: &str| text.parse::<usize>().ok();
    let range = |text: &str| {
        let ends = text.split_once('-').and_then(|(start, end)| Some((number(start)?, number(end)?)));
        ends.filter(|(start, end)| start <= end).ok_or_else(|| bad(text, "a run of octets such as 0-40"))
    };
    text.split(',').map(|record| record.split('+').map(range).collect()).collect()
}

/// How the fragments of a message are, where not as they would be.
#[derive(Clone, Copy, Default)]
pub(crate) struct Cut<'a> {
    pub(crate) pieces: Option<&'a Pieces>,
    /// As the headers say.
    pub(crate) msg_type: Option<u8>,
    /// As the headers say.
    pub(crate) length: Option<u32>,
    /// As the headers say.
    pub(crate) seq: Option<u16>,
}

/// The fragments of a message, those of one record together.
pub(crate) fn fragments_of(message: &Message, cut: &Cut<'_>) -> Vec<Vec<u8>> {
    let octets = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    let whole = vec![vec![(0, message.body.len())]];
    let pieces = cut.pieces.unwrap_or(&whole);
    let fragment = |(start, end): &(usize, usize)| {
        let body = message.body.get(*start..message.body.len().min(*end)).unwrap_or_default();
        let mut fragment = Vec::new();
        HandshakeHeader {
            msg_type: HandshakeType::from(cut.msg_type.unwrap_or(message.msg_type)),
            length: cut.length.unwrap_or_else(|| octets(message.body.len())),
            message_seq: cut.seq.unwrap_or(message.message_seq),
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
