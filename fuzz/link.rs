//! The parts of IEEE 802.15.4 frames, and generic header compression, each by itself: what stands in frames that are
//! rarely seen is reached without the frame around it.

use wire::Result;
use wire::ieee802154::{
    AuxSecurityHeader, Beacon, Command, FrameVersion, HeaderElement, MpxAssembler, MpxProgress, NestedElement,
    PayloadElement, check_fcs, check_fcs32,
};
use wire::reader::Reader;
use wire::rpl;
use wire::sixlowpan::{ghc_compress, ghc_decompress};

use super::{DESTINATION, SOURCE, assert_survives, written};

macro_rules! parse_emit {
    ($parse:expr, $bytes:expr) => {{
        let parsed = $parse($bytes);
        if let Ok(value) = &parsed {
            let emitted = written(value.buffer_len(), |writer| value.emit(writer));
            assert_survives(value, emitted, $parse);
        }
        parsed.is_ok()
    }};
}

/// Octets: which part, the part. 0 a header element, 1 a payload element, 2 a nested element, 3 a beacon, 4 a command,
/// 5 to 7 an auxiliary security header of the three frame versions, 8 a PSDU with an FCS.
pub fn mac_parts(data: &[u8]) -> bool {
    let Some((&part, bytes)) = data.split_first() else { return false };
    match part % 9 {
        0 => parse_emit!(|bytes: &[u8]| HeaderElement::parse(&mut Reader::new(bytes)), bytes),
        1 => parse_emit!(|bytes: &[u8]| PayloadElement::parse(&mut Reader::new(bytes)), bytes),
        2 => parse_emit!(|bytes: &[u8]| NestedElement::parse(&mut Reader::new(bytes)), bytes),
        3 => parse_emit!(Beacon::parse, bytes),
        4 => parse_emit!(Command::parse, bytes),
        8 => check_fcs(bytes).is_ok() | check_fcs32(bytes).is_ok(),
        version => {
            let version = match version {
                5 => FrameVersion::V2003,
                6 => FrameVersion::V2006,
                _ => FrameVersion::V2015,
            };
            let parse = |bytes: &[u8]| AuxSecurityHeader::parse(version, &mut Reader::new(bytes));
            let Ok((header, reserved)) = parse(bytes) else { return false };
            let emitted = written(header.buffer_len(), |writer| header.emit(version, reserved, writer));
            assert_survives(&(header, reserved), emitted, parse);
            true
        }
    }
}

/// Octets: fragments of a message in MPX elements, each as a number, a length with bit 7 for the last one, and that many
/// octets. What comes out is what went in.
pub fn mpx_assembly(data: &[u8]) -> bool {
    let [size, first, rest @ ..] = data else { return false };
    let (fragment, mut rest) = rest.split_at(rest.len().min(usize::from(first & 0x7f)));
    let mut assembler = MpxAssembler::new(u16::from(*size), 1, fragment);
    let mut longest = fragment.len();
    let mut is_complete = false;
    while let [number, length, behind @ ..] = rest {
        let (fragment, next) = behind.split_at(behind.len().min(usize::from(length & 0x7f)));
        longest += fragment.len();
        if let MpxProgress::Complete(_, frame) = assembler.accept(*number, length & 0x80 != 0, fragment) {
            assert!(frame.len() == usize::from(*size) && frame.len() <= longest);
            is_complete = true;
        }
        rest = next;
    }
    is_complete
}

/// Octets: whether there is a stop code, what generic header compression made. What it expands to survives compression.
pub fn ghc_payload(data: &[u8]) -> bool {
    let Some((&stop, bytes)) = data.split_first() else { return false };
    let expand = |bytes: &[u8], stop| ghc_decompress(&mut Reader::new(bytes), SOURCE, DESTINATION, stop);
    let Ok(payload) = expand(bytes, stop & 1 == 1) else { return false };
    let compressed = ghc_compress(&payload, SOURCE, DESTINATION);
    assert_eq!(expand(&compressed, false).as_ref(), Ok(&payload));
    true
}

/// Octets: which part, the part of an RPL message: 0 options, 1 a security section, 2 a metric.
pub fn rpl_parts(data: &[u8]) -> bool {
    let Some((&part, bytes)) = data.split_first() else { return false };
    match part % 3 {
        0 => {
            let parse = |bytes: &[u8]| rpl::RplOption::parse_all(&mut Reader::new(bytes));
            let Ok(options) = parse(bytes) else { return false };
            let length = options.iter().map(|option| option.buffer_len()).sum();
            let emitted: Result<_> =
                written(length, |writer| options.iter().try_for_each(|option| option.emit(writer)));
            assert_survives(&options, emitted, parse);
            true
        }
        1 => parse_emit!(|bytes: &[u8]| rpl::Security::parse(&mut Reader::new(bytes)), bytes),
        _ => parse_emit!(|bytes: &[u8]| rpl::Metric::parse(&mut Reader::new(bytes)), bytes),
    }
}
