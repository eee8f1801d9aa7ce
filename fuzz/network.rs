//! Headers and messages of the network layer that stand before or inside others.

use wire::Error;
use wire::ieee802154::Mpx;
use wire::ipv6::{ExtensionHeader, NextHeader};
use wire::reader::Reader;
use wire::sixlowpan::{ExtensionNhc, FrameHeaders, Hc1};

use super::{assert_survives, written};

/// Octets: a next header value, the extension header that it announces.
pub fn ipv6_extension(data: &[u8]) -> bool {
    let Some((&kind, bytes)) = data.split_first() else { return false };
    let parse = |bytes: &[u8]| {
        ExtensionHeader::parse(NextHeader(kind), &mut Reader::new(bytes))?.ok_or(Error::Unsupported("no extension"))
    };
    let Ok(header) = parse(bytes) else { return false };
    assert_survives(&header, header.to_vec(), parse);
    true
}

/// Octets: the content of an MPX element.
pub fn mpx_element(data: &[u8]) -> bool {
    let Ok(element) = Mpx::parse(data) else { return false };
    let emitted = written(element.buffer_len(), |writer| element.emit(writer));
    assert_survives(&element, emitted, Mpx::parse);
    true
}

/// Octets: what may stand in front of a 6LoWPAN packet, and older or nested compressions.
pub fn sixlowpan_chain(data: &[u8]) -> bool {
    let mut is_any = false;
    if let Ok(headers) = FrameHeaders::parse(&mut Reader::new(data)) {
        is_any |= headers.buffer_len() > 0;
        let emitted = written(headers.buffer_len(), |writer| headers.emit(writer));
        assert_survives(&headers, emitted, |bytes| FrameHeaders::parse(&mut Reader::new(bytes)));
    }
    if let Ok(header) = ExtensionNhc::parse(&mut Reader::new(data)) {
        is_any = true;
        let emitted = written(header.buffer_len(), |writer| header.emit(writer));
        assert_survives(&header, emitted, |bytes| ExtensionNhc::parse(&mut Reader::new(bytes)));
    }
    is_any | Hc1::parse(&mut Reader::new(data)).is_ok()
}
