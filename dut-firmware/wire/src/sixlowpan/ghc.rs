//! Generic header compression, 6LoWPAN-GHC (RFC 7400 section 2): a byte code of literals, zeros and back-references into
//! the addresses of the packet, a static dictionary and what was output before.

use alloc::vec;
use alloc::vec::Vec;

use crate::ipv6::Ipv6Addr;
use crate::reader::Reader;
use crate::{Error, Result};

/// What the expansion buffer ends with before the first octet of output (figure 1).
const STATIC_DICTIONARY: [u8; 16] =
    [0x16, 0xfe, 0xfd, 0x17, 0xfe, 0xfd, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00];

/// Octets of the dictionary: both addresses and the static part.
const DICTIONARY_LENGTH: usize = 48;

/// Octets that one header or payload may expand to: more than a 6LoWPAN datagram can hold.
const MAX_OUTPUT: usize = 2048;

/// The end of a compressed extension header.
pub(super) const STOP: u8 = 0x90;

/// The largest literal of one code byte.
const MAX_LITERAL: usize = 95;

fn dictionary(source: Ipv6Addr, destination: Ipv6Addr) -> Vec<u8> {
    let mut buffer = source.octets().to_vec();
    buffer.extend(destination.octets());
    buffer.extend(STATIC_DICTIONARY);
    buffer
}

/// Expands a payload up to the end of `reader`, or up to the stop code if `has_stop`.
pub fn ghc_decompress(
    reader: &mut Reader<'_>,
    source: Ipv6Addr,
    destination: Ipv6Addr,
    has_stop: bool,
) -> Result<Vec<u8>> {
    let mut buffer = dictionary(source, destination);
    let (mut extra_distance, mut extra_length) = (0usize, 0usize);
    loop {
        if reader.is_empty() && !has_stop {
            break;
        }
        let code = reader.u8("GHC stop code")?;
        match code {
            0..=0x5f => buffer.extend_from_slice(reader.take(code.into(), "GHC literal")?),
            0x80..=0x8f => buffer.resize(buffer.len().saturating_add(usize::from(code & 0xf)).saturating_add(2), 0),
            STOP if has_stop => break,
            STOP => return Err(Error::Malformed("GHC stop code in a payload")),
            0xa0..=0xbf => {
                extra_distance = extra_distance.saturating_add(usize::from(code & 0xf).saturating_mul(8));
                extra_length = extra_length.saturating_add(usize::from(code >> 4 & 1).saturating_mul(8));
            }
            0xc0..=0xff => {
                let length = usize::from(code >> 3 & 7).saturating_add(extra_length).saturating_add(2);
                let distance = usize::from(code & 7).saturating_add(extra_distance).saturating_add(length);
                (extra_distance, extra_length) = (0, 0);
                let start = buffer
                    .len()
                    .checked_sub(distance)
                    .ok_or(Error::Malformed("GHC back-reference before the dictionary"))?;
                buffer.extend_from_within(start..start.saturating_add(length));
            }
            _ => return Err(Error::Malformed("GHC code byte is reserved")),
        }
        if buffer.len() > DICTIONARY_LENGTH.saturating_add(MAX_OUTPUT) {
            return Err(Error::Malformed("GHC output is longer than any datagram"));
        }
    }
    Ok(buffer.split_off(DICTIONARY_LENGTH))
}

/// Compresses `payload`, greedily: the longest run of zeros or back-reference at each place, literals between them.
///
/// The result expands to `payload`; without a stop code, which the caller adds for an extension header.
pub fn ghc_compress(payload: &[u8], source: Ipv6Addr, destination: Ipv6Addr) -> Vec<u8> {
    let mut buffer = dictionary(source, destination);
    buffer.extend_from_slice(payload);
    let (mut output, mut literal) = (Vec::new(), Vec::new());
    let mut at = DICTIONARY_LENGTH;
    while at < buffer.len() {
        let zeros = buffer.get(at..).unwrap_or(&[]).iter().take(17).take_while(|octet| **octet == 0).count();
        let (codes, covered) = match best_reference(&buffer, at) {
            Some((codes, length)) if length.saturating_sub(codes.len()) > zeros.saturating_sub(1) => (codes, length),
            _ if zeros >= 2 => (vec![0x80 | zeros.saturating_sub(2) as u8], zeros),
            _ => {
                literal.extend(buffer.get(at).copied());
                at = at.saturating_add(1);
                continue;
            }
        };
        put_literal(&mut output, &mut literal);
        output.extend(codes);
        at = at.saturating_add(covered);
    }
    put_literal(&mut output, &mut literal);
    output
}

fn put_literal(output: &mut Vec<u8>, literal: &mut Vec<u8>) {
    for chunk in literal.chunks(MAX_LITERAL) {
        output.push(chunk.len() as u8);
        output.extend_from_slice(chunk);
    }
    literal.clear();
}

/// The back-reference that saves most octets at `at`, with the length it covers; `None` if none saves any.
fn best_reference(buffer: &[u8], at: usize) -> Option<(Vec<u8>, usize)> {
    let ahead = buffer.get(at..).unwrap_or(&[]);
    let mut best: Option<(Vec<u8>, usize)> = None;
    for start in 0..at {
        let same = buffer.get(start..at).unwrap_or(&[]).iter().zip(ahead).take_while(|(a, b)| a == b).count();
        for length in 2..=same {
            // A reference lies before the output pointer as a whole: distance counts from its end.
            let Some(distance) = at.saturating_sub(start).checked_sub(length) else { continue };
            let codes = reference(distance, length);
            let saved = |codes: &[u8], length: usize| length.saturating_sub(codes.len());
            let is_better = best.as_ref().is_none_or(|(other, known)| saved(&codes, length) > saved(other, *known));
            if codes.len() < length && is_better {
                best = Some((codes, length));
            }
        }
    }
    best
}

/// The code bytes of a back-reference of `length` octets that end `distance` octets before the output pointer.
fn reference(distance: usize, length: usize) -> Vec<u8> {
    let (mut far, mut long) = (distance / 8, length.saturating_sub(2) / 8);
    let mut codes = Vec::new();
    while far > 0 || long > 0 {
        let (step, more) = (far.min(15), long.min(1));
        codes.push(0xa0 | (more as u8) << 4 | step as u8);
        far = far.saturating_sub(step);
        long = long.saturating_sub(more);
    }
    codes.push(0xc0 | ((length.saturating_sub(2) % 8) as u8) << 3 | (distance % 8) as u8);
    codes
}
