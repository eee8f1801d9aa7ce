//! Elements of DER (X.690 8.1), as far as certificates need them here.

use wire::reader::Reader;

pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;

/// Content of the next element, which must bear this tag.
pub(super) fn content<'a>(reader: &mut Reader<'a>, tag: u8) -> Option<&'a [u8]> {
    element(reader).filter(|(found, _)| *found == tag).map(|(_, content)| content)
}

/// Tag and content of the next element (X.690 8.1.2, 8.1.3), its length as short as it can be said (10.1); lengths beyond
/// 65535 are no certificate's.
pub(super) fn element<'a>(reader: &mut Reader<'a>) -> Option<(u8, &'a [u8])> {
    let tag = reader.u8("tag").ok()?;
    let length = match reader.u8("length").ok()? {
        short @ ..=0x7f => usize::from(short),
        0x81 => usize::from(reader.u8("length").ok()?.checked_sub(0x80)?) + 0x80,
        0x82 => usize::from(reader.u16_be("length").ok()?.checked_sub(0x100)?) + 0x100,
        _ => return None,
    };
    Some((tag, reader.take(length, "content").ok()?))
}
