//! The pseudo-header of IEEE 802.15.4 captures of link type 283 (LINKTYPE_IEEE802_15_4_TAP): TLVs with what the radio
//! knew about a frame, all little-endian, each padded to four octets.

use alloc::vec;
use alloc::vec::Vec;

use crate::ieee802154::Trailer;
use crate::reader::Reader;
use crate::writer::Writer;
use crate::{Error, Result};

/// The type of a TLV.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TlvType(pub u16);

impl TlvType {
    /// FCS type, one octet: 0 none, 1 of 16 bits, 2 of 32 bits.
    pub const FCS_TYPE: Self = Self(0);
    /// Received signal strength in dBm: an IEEE 754 float.
    pub const RSS: Self = Self(1);
    /// Bit rate in bit/s, four octets.
    pub const BIT_RATE: Self = Self(2);
    /// Channel number, two octets, and page, one octet.
    pub const CHANNEL: Self = Self(3);
    /// Band, PHY type and mode of a smart utility network PHY, an octet each.
    pub const SUN_PHY: Self = Self(4);
    /// Start of frame, nanoseconds, eight octets.
    pub const START_OF_FRAME: Self = Self(5);
    /// End of frame, nanoseconds, eight octets.
    pub const END_OF_FRAME: Self = Self(6);
    /// Absolute slot number, eight octets.
    pub const ASN: Self = Self(7);
    /// Start of slot, nanoseconds, eight octets.
    pub const START_OF_SLOT: Self = Self(8);
    /// Length of a timeslot in microseconds, four octets.
    pub const TIMESLOT_LENGTH: Self = Self(9);
    /// Link quality indicator, one octet.
    pub const LQI: Self = Self(10);
    /// Centre frequency of a channel in kHz: an IEEE 754 float.
    pub const FREQUENCY: Self = Self(11);
    /// Channel plan: frequency of channel 0 and spacing in kHz as floats, number of channels in two octets.
    pub const CHANNEL_PLAN: Self = Self(12);
}

/// A TLV, its padding not counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tlv {
    /// Type.
    pub tlv_type: TlvType,
    /// Value.
    pub value: Vec<u8>,
}

/// A pseudo-header of version 0.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Header {
    /// TLVs in their order.
    pub tlvs: Vec<Tlv>,
}

impl Header {
    /// Reads a header; what follows it in `reader` is the frame.
    pub fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        if reader.u8("TAP version")? != 0 {
            return Err(Error::Unsupported("TAP version"));
        }
        reader.u8("TAP reserved")?;
        let length = usize::from(reader.u16_le("TAP length")?);
        let rest = length.checked_sub(4).ok_or(Error::Malformed("TAP length below 4"))?;
        let mut reader = Reader::new(reader.take(rest, "TAP header")?);
        let mut tlvs = Vec::new();
        while !reader.is_empty() {
            let tlv_type = TlvType(reader.u16_le("TAP TLV type")?);
            let length = usize::from(reader.u16_le("TAP TLV length")?);
            let value = reader.take(length, "TAP TLV value")?.to_vec();
            reader.take(padding(length), "TAP TLV padding")?;
            tlvs.push(Tlv { tlv_type, value });
        }
        Ok(Self { tlvs })
    }

    /// What the frame behind the header ends with: nothing, if no TLV tells; what the last one tells, if several do.
    pub fn trailer(&self) -> Result<Trailer> {
        let kinds = self.tlvs.iter().filter(|tlv| tlv.tlv_type == TlvType::FCS_TYPE);
        kinds
            .map(|tlv| match tlv.value.as_slice() {
                // Some count the padding as the value's: the first octet tells.
                [0, ..] => Ok(Trailer::None),
                [1, ..] => Ok(Trailer::Fcs16),
                [2, ..] => Ok(Trailer::Fcs32),
                _ => Err(Error::Malformed("TAP FCS type")),
            })
            .try_fold(Trailer::None, |_, kind| kind)
    }

    /// Octets that [`Self::emit`] writes.
    pub fn buffer_len(&self) -> usize {
        self.tlvs.iter().fold(4, |sum: usize, tlv| {
            sum.saturating_add(4).saturating_add(tlv.value.len()).saturating_add(padding(tlv.value.len()))
        })
    }

    /// Writes the header.
    pub fn emit(&self, writer: &mut Writer<'_>) -> Result<()> {
        let length = u16::try_from(self.buffer_len()).map_err(|_| Error::Malformed("TAP length above 65535"))?;
        writer.u16_be(0, "TAP version")?;
        writer.u16_le(length, "TAP length")?;
        for Tlv { tlv_type, value } in &self.tlvs {
            writer.u16_le(tlv_type.0, "TAP TLV type")?;
            writer.u16_le((value.len() & 0xffff) as u16, "TAP TLV length")?;
            writer.put(value, "TAP TLV value")?;
            writer.put([0; 3].get(..padding(value.len())).unwrap_or(&[]), "TAP TLV padding")?;
        }
        Ok(())
    }

    /// The header as bytes.
    pub fn to_vec(&self) -> Result<Vec<u8>> {
        let mut bytes = vec![0; self.buffer_len()];
        self.emit(&mut Writer::new(&mut bytes))?;
        Ok(bytes)
    }
}

/// Octets from `length` to the next multiple of four.
pub fn padding(length: usize) -> usize {
    length.wrapping_neg() & 3
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_header_of_the_format_description_says_what_ends_the_frame() {
        let bytes = hex::decode("00001c0000000100010000000100040000005ec203000300 0f000000".replace(' ', "")).unwrap();
        let header = Header::parse(&mut Reader::new(&bytes)).unwrap();
        assert_eq!(header.trailer(), Ok(Trailer::Fcs16));
        let value = |tlv_type| Some(&header.tlvs.iter().find(|tlv| tlv.tlv_type == tlv_type)?.value[..]);
        assert_eq!(value(TlvType::RSS), Some(&(-55.5f32).to_le_bytes()[..]));
        assert_eq!(value(TlvType::CHANNEL), Some(&[15, 0, 0][..]));
        assert_eq!(header.to_vec().unwrap(), bytes);
        assert_eq!(Header::default().trailer(), Ok(Trailer::None));
    }

    proptest! {
        #[test]
        fn a_header_survives_emit_and_parse_and_fits_its_buffer_only(
            tlvs in proptest::collection::vec((any::<u16>(), proptest::collection::vec(any::<u8>(), 0..20)), 0..8),
        ) {
            let tlvs = tlvs.into_iter().map(|(tlv_type, value)| Tlv { tlv_type: TlvType(tlv_type), value }).collect();
            let header = Header { tlvs };
            let bytes = header.to_vec().unwrap();
            prop_assert_eq!(Header::parse(&mut Reader::new(&bytes)).unwrap(), header.clone());
            prop_assert!(header.emit(&mut Writer::new(&mut vec![0; bytes.len() - 1])).is_err());
        }

        #[test]
        fn no_octets_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = Header::parse(&mut Reader::new(&bytes)).map(|header| header.trailer());
        }
    }
}
