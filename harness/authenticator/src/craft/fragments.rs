//! Fragments as an adversary cuts them (RFC 4944 section 5.3): overlapping, contradicting, with gaps, beyond the end,
//! under a size or a tag that lies, each protected as the case wants it.

use std::ops::Range;

use wire::sixlowpan::{Dispatch, FragmentHeader};
use wire::writer::Writer;

use super::{CraftError, Value};

/// What stands where a fragment reaches beyond its packet.
const FILLER: u8 = 0xa5;

/// Octets of a packet in one of many even fragments.
const FRAGMENT: usize = 72;

/// One fragment: which octets of the uncompressed packet it stands for, and what is odd about it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    octets: Range<usize>,
    /// Every octet is inverted: it contradicts another fragment of the same place.
    inverted: bool,
    protection: PieceProtection,
}

/// How a fragment is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PieceProtection {
    /// As the step says.
    AsSaid,
    /// Never.
    Plain,
}

/// The cut of a packet, from text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cut {
    pieces: Vec<Piece>,
}

/// What header fields say instead of the truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Lies {
    pub(super) size: Option<u16>,
    pub(super) tag: Option<u16>,
}

impl Cut {
    /// Reads `0-96 96-192~ 184-348/plain`: octets from and to, `~` inverted, `/plain` without link security.
    pub(super) fn parse(field: &str, value: &Value) -> Result<Self, CraftError> {
        let bad = || CraftError::BadValue {
            field: field.to_owned(),
            value: value.to_string(),
            expected: "fragments such as `0-96 96-192~ 184-348/plain`, each from a multiple of eight on",
        };
        let text = value.to_string();
        let pieces = text.split_whitespace().map(|word| piece(word).ok_or_else(bad)).collect::<Result<Vec<_>, _>>()?;
        if pieces.is_empty() { Err(bad()) } else { Ok(Self { pieces }) }
    }

    /// As an honest node would cut a packet, into fragments that fit whatever the frame's header is.
    pub(super) fn even(length: usize) -> Self {
        let piece = |start: usize| Piece {
            octets: start..(start + FRAGMENT).min(length),
            inverted: false,
            protection: PieceProtection::AsSaid,
        };
        Self { pieces: (0..length).step_by(FRAGMENT).map(piece).collect() }
    }

    /// The MAC payloads of `packet`, and how each is protected. `headers` are the compressed headers that stand for its
    /// first `covered` octets; a fragment from 0 on begins with them.
    pub(super) fn payloads(
        &self,
        packet: &[u8],
        (headers, covered): (&[u8], usize),
        natural_tag: u16,
        lies: Lies,
    ) -> Result<Vec<(Vec<u8>, PieceProtection)>, CraftError> {
        let datagram_size = match lies.size {
            Some(size) => size,
            None => u16::try_from(packet.len()).map_err(|_| wire::Error::Malformed("packet above 65535 octets"))?,
        };
        let datagram_tag = lies.tag.unwrap_or(natural_tag);
        let mut payloads = Vec::new();
        for piece in &self.pieces {
            let Range { start, end } = piece.octets;
            let octet = |at: usize| packet.get(at).copied().unwrap_or(FILLER);
            let mut payload = Vec::new();
            let header = if start == 0 {
                FragmentHeader::First { datagram_size, datagram_tag }
            } else {
                let datagram_offset =
                    u8::try_from(start / 8).map_err(|_| wire::Error::Malformed("fragment offset above 2040"))?;
                FragmentHeader::Next { datagram_size, datagram_tag, datagram_offset }
            };
            payload.extend(emit(header)?);
            let from = if start == 0 {
                payload.extend_from_slice(headers);
                covered
            } else {
                start
            };
            payload.extend((from..end).map(|at| if piece.inverted { !octet(at) } else { octet(at) }));
            payloads.push((payload, piece.protection));
        }
        Ok(payloads)
    }

    /// Why an independent program would call these fragments malformed; `None`: together they are the packet.
    pub(super) fn fault(&self, packet: &[u8], lies: Lies) -> Option<String> {
        if lies.size.is_some_and(|size| usize::from(size) != packet.len()) {
            return Some("the fragments lie about the size of their datagram".to_owned());
        }
        let mut expected = 0;
        for piece in &self.pieces {
            if piece.octets.start != expected || piece.inverted {
                return Some("the fragments do not make one packet".to_owned());
            }
            expected = piece.octets.end;
        }
        (expected != packet.len()).then(|| "the fragments do not make a whole packet".to_owned())
    }
}

/// Whether headers can be compressed in a fragment that lies about the size: its lengths are elided.
pub(super) fn uncompressed() -> (Vec<u8>, usize) {
    (vec![Dispatch::IPV6_OCTET], 0)
}

fn piece(word: &str) -> Option<Piece> {
    let (word, protection) = match word.strip_suffix("/plain") {
        Some(word) => (word, PieceProtection::Plain),
        None => (word, PieceProtection::AsSaid),
    };
    let (word, inverted) = match word.strip_suffix('~') {
        Some(word) => (word, true),
        None => (word, false),
    };
    let (start, end) = word.split_once('-')?;
    let octets = start.parse().ok()?..end.parse().ok()?;
    (octets.start % 8 == 0 && octets.start < octets.end && octets.end <= 2048).then_some(Piece {
        octets,
        inverted,
        protection,
    })
}

fn emit(header: FragmentHeader) -> wire::Result<Vec<u8>> {
    let mut bytes = vec![0; header.buffer_len()];
    header.emit(&mut Writer::new(&mut bytes))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payloads(text: &str, lies: Lies) -> Vec<(Vec<u8>, PieceProtection)> {
        let packet: Vec<u8> = (0..100).collect();
        let cut = Cut::parse("fragments", &Value::from(text)).unwrap();
        cut.payloads(&packet, (&[0x41], 0), 7, lies).unwrap()
    }

    #[test]
    fn a_cut_without_lies_is_what_rfc_4944_says() {
        let cut = payloads("0-48 48-100", Lies::default());
        assert_eq!(cut[0].0[..5], [0xc0, 100, 0, 7, 0x41]);
        assert_eq!(cut[1].0[..6], [0xe0, 100, 0, 7, 6, 48]);
        assert_eq!(cut[0].0.len() + cut[1].0.len(), 4 + 1 + 48 + 5 + 52);
    }

    #[test]
    fn fragments_overlap_contradict_and_reach_beyond_the_end_as_ordered() {
        let cut = payloads("40-56~ 96-112/plain", Lies { size: Some(2047), tag: Some(0x1234) });
        assert_eq!(cut[0].0[..6], [0xe7, 0xff, 0x12, 0x34, 5, !40]);
        assert_eq!((cut[1].0[8], cut[1].0[9]), (99, FILLER));
        assert_eq!(cut[1].1, PieceProtection::Plain);
    }

    #[test]
    fn a_cut_says_whether_it_is_wrong() {
        let packet = [0; 100];
        let fault = |text: &str| Cut::parse("fragments", &Value::from(text)).unwrap().fault(&packet, Lies::default());
        assert_eq!(fault("0-48 48-100"), None);
        for wrong in ["0-48 40-100", "0-48 56-100", "0-48", "0-48 48-104", "0-48 48-100~"] {
            assert!(fault(wrong).is_some(), "{wrong}");
        }
        for unreadable in ["", "0", "4-48", "48-48", "0-48 x"] {
            assert!(Cut::parse("fragments", &Value::from(unreadable)).is_err(), "{unreadable}");
        }
    }
}
