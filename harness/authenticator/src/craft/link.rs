//! The link layer of crafted messages: compression, fragmentation, IEEE 802.15.4 header and security.

use std::collections::BTreeMap;

use wire::Eui64;
use wire::ieee802154::{
    Address, AuxSecurityHeader, Content, FCS_LENGTH, Frame, Header, KeyIdentifier, LinkAddress, MAX_PSDU, PanId,
    SecurityLevel, ShortAddress, fcs, secure,
};
use wire::reader::Reader;
use wire::sixlowpan::{Dispatch, FragmentHeader, FrameHeaders, MAX_DATAGRAM_SIZE, compress_headers, decompress};
use wire::writer::Writer;

use super::draft::is_compressible;
use super::fragments::{Cut, Lies, PieceProtection, uncompressed};
use super::{CounterState, CraftError, CraftRequest, CraftedFrame, Protection, Value};
use crate::profile::contexts;

/// What the link layer of one message is to be.
pub(crate) struct Link {
    source: Eui64,
    destination: LinkAddress,
    pan_id: PanId,
    destination_pan: PanId,
    ack_request: bool,
    sequence_number: Option<u8>,
    protection: Option<Protection>,
    integrity_code: Option<Value>,
    fcs: Option<Value>,
    cut: Option<Cut>,
    lies: Lies,
}

impl Link {
    pub(crate) fn new(request: &CraftRequest, destination: Option<Eui64>) -> Self {
        Self {
            source: request.source,
            destination: destination.map_or(LinkAddress::BROADCAST, LinkAddress::Extended),
            pan_id: PanId(request.pan_id),
            destination_pan: PanId(request.pan_id),
            ack_request: destination.is_some(),
            sequence_number: None,
            protection: request.protection.clone(),
            integrity_code: None,
            fcs: None,
            cut: None,
            lies: Lies::default(),
        }
    }

    /// Takes the overrides that are the link layer's; returns the names of the others.
    pub(crate) fn apply<'a>(
        &mut self,
        overrides: &'a BTreeMap<String, Value>,
    ) -> Result<Vec<(&'a str, &'a Value)>, CraftError> {
        let mut others = Vec::new();
        for (field, value) in overrides {
            if !self.set(field, value)? {
                others.push((field.as_str(), value));
            }
        }
        Ok(others)
    }

    fn set(&mut self, field: &str, value: &Value) -> Result<bool, CraftError> {
        let needs_protection = || CraftError::NeedsProtection(field.to_owned());
        match field {
            "wpan.seq_no" => self.sequence_number = Some(value.u8(field)?),
            "wpan.src64" => self.source = value.eui64(field)?,
            "wpan.dst64" => self.destination = LinkAddress::Extended(value.eui64(field)?),
            "wpan.dst16" => self.destination = LinkAddress::Short(ShortAddress(value.u16(field)?)),
            "wpan.dst_pan" => self.destination_pan = PanId(value.u16(field)?),
            "wpan.ack_request" => self.ack_request = value.u8(field)? != 0,
            "wpan.fcs" => {
                value.checksum(field, 0)?;
                self.fcs = Some(value.clone());
            }
            "wpan.mic" => {
                self.protection.as_ref().ok_or_else(needs_protection)?;
                self.integrity_code = Some(value.clone());
            }
            "wpan.aux_sec.sec_level" => {
                let level = value.number(field, "a number from 0 to 7")?;
                if level > 7 {
                    let value = value.to_string();
                    return Err(CraftError::BadValue { field: field.into(), value, expected: "a number from 0 to 7" });
                }
                self.protection.as_mut().ok_or_else(needs_protection)?.level = level;
            }
            "wpan.aux_sec.frame_counter" => {
                self.protection.as_mut().ok_or_else(needs_protection)?.counter = Some(value.u32(field)?);
            }
            "wpan.aux_sec.key_index" => {
                self.protection.as_mut().ok_or_else(needs_protection)?.index = value.u8(field)?;
            }
            "fragments" => self.cut = Some(Cut::parse(field, value)?),
            "6lowpan.frag.size" => self.lies.size = Some(value.number(field, "a number from 0 to 2047")?),
            "6lowpan.frag.tag" => self.lies.tag = Some(value.u16(field)?),
            "key" => self.protection.as_mut().ok_or_else(needs_protection)?.key = value.key(field)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The frames that carry an IPv6 packet, and why they are malformed if they are.
    pub(crate) fn carry(
        &self,
        packet: &[u8],
        counters: &mut CounterState,
    ) -> Result<(Vec<CraftedFrame>, Option<String>), CraftError> {
        let source = LinkAddress::Extended(self.source);
        // Compression elides lengths: a packet with wrong ones has to travel uncompressed.
        let (headers, covered) = if is_compressible(packet) {
            compress_headers(packet, source, self.destination, &contexts())?
        } else {
            (vec![Dispatch::IPV6_OCTET], 0)
        };
        match &self.cut {
            Some(cut) => return self.carry_cut(cut, packet, (headers, covered), counters),
            None if self.lies != Lies::default() => {
                return self.carry_cut(&Cut::even(packet.len()), packet, (headers, covered), counters);
            }
            None => {}
        }
        let rest = packet.get(covered..).unwrap_or_default();
        let room = self.room();
        if headers.len() + rest.len() <= room {
            return self.frames(&[[headers.as_slice(), rest].concat()], counters);
        }
        let datagram_size = u16::try_from(packet.len())
            .ok()
            .filter(|size| *size <= MAX_DATAGRAM_SIZE)
            .ok_or(wire::Error::Malformed("packet above 2047 octets"))?;
        let datagram_tag = counters.next_datagram_tag(self.source);
        let first = FragmentHeader::First { datagram_size, datagram_tag };
        // All fragments but the last stand for a multiple of eight octets of the uncompressed packet.
        let mut at = (covered + room.saturating_sub(first.buffer_len() + headers.len())) / 8 * 8;
        let part = packet.get(covered..at).ok_or(wire::Error::NoRoom("first fragment"))?;
        let mut payloads = vec![[emit(first)?.as_slice(), &headers, part].concat()];
        while at < packet.len() {
            let datagram_offset =
                u8::try_from(at / 8).map_err(|_| wire::Error::Malformed("fragment offset above 2040"))?;
            let next = FragmentHeader::Next { datagram_size, datagram_tag, datagram_offset };
            let end = (at + room.saturating_sub(next.buffer_len()) / 8 * 8).min(packet.len());
            let part = packet.get(at..end).filter(|part| !part.is_empty());
            payloads.push([emit(next)?.as_slice(), part.ok_or(wire::Error::NoRoom("fragment"))?].concat());
            at = end;
        }
        self.frames(&payloads, counters)
    }

    /// The frames of a packet that is cut as the case wants it.
    fn carry_cut(
        &self,
        cut: &Cut,
        packet: &[u8],
        (headers, covered): (Vec<u8>, usize),
        counters: &mut CounterState,
    ) -> Result<(Vec<CraftedFrame>, Option<String>), CraftError> {
        // Compressed headers take their lengths from the size that the fragment tells.
        let (headers, covered) = if self.lies.size.is_some() { uncompressed() } else { (headers, covered) };
        let tag = counters.next_datagram_tag(self.source);
        let payloads = cut.payloads(packet, (&headers, covered), tag, self.lies)?;
        let (mut frames, mut wrong) = (Vec::new(), cut.fault(packet, self.lies));
        for (position, (payload, protection)) in (0u32..).zip(&payloads) {
            let protection = self.protection.as_ref().filter(|_| *protection == PieceProtection::AsSaid);
            frames.push(self.frame(position, payload, protection, counters, &mut wrong)?);
        }
        Ok((frames, wrong))
    }

    /// Why an independent program would call a MAC payload of octets from the case malformed.
    pub(crate) fn malformed_payload(&self, payload: &[u8]) -> Option<String> {
        let check = || -> wire::Result<()> {
            let source = LinkAddress::Extended(self.source);
            let mut reader = Reader::new(payload);
            let headers = FrameHeaders::parse(&mut reader)?;
            let size = headers.fragment.map(|fragment| usize::from(fragment.datagram_size()));
            match headers.fragment {
                Some(FragmentHeader::Next { .. }) => Ok(()),
                _ => decompress(reader.rest(), source, self.destination, &contexts(), size).map(drop),
            }
        };
        check().err().map(|error| error.to_string())
    }

    /// One frame for each MAC payload.
    pub(crate) fn frames(
        &self,
        payloads: &[Vec<u8>],
        counters: &mut CounterState,
    ) -> Result<(Vec<CraftedFrame>, Option<String>), CraftError> {
        let mut wrong = None;
        let mut frames = Vec::new();
        for (position, payload) in (0u32..).zip(payloads) {
            frames.push(self.frame(position, payload, self.protection.as_ref(), counters, &mut wrong)?);
        }
        Ok((frames, wrong))
    }

    fn frame(
        &self,
        position: u32,
        payload: &[u8],
        protection: Option<&Protection>,
        counters: &mut CounterState,
        wrong: &mut Option<String>,
    ) -> Result<CraftedFrame, CraftError> {
        let sequence_number = match self.sequence_number {
            Some(first) => first.wrapping_add(position as u8),
            None => counters.next_sequence_number(self.source),
        };
        let mut header = Header::new(
            Address::new(self.destination_pan, self.destination),
            Address::new(self.pan_id, LinkAddress::Extended(self.source)),
            sequence_number,
        );
        header.ack_request = self.ack_request;
        let frame = Frame::new(header, Content::Data(payload.to_vec()));
        let psdu = match protection {
            None => frame.to_vec()?,
            Some(protection) => self.protect(&frame, protection, position, counters, wrong)?,
        };
        if psdu.len() + FCS_LENGTH > MAX_PSDU {
            return Err(wire::Error::NoRoom("frame above 127 octets").into());
        }
        let natural = fcs(&psdu);
        let fcs = match &self.fcs {
            None => None,
            Some(value) => {
                let fcs = value.checksum("wpan.fcs", natural)?;
                if fcs != natural {
                    wrong.get_or_insert_with(|| "frame check sequence".to_owned());
                }
                Some(fcs)
            }
        };
        Ok(CraftedFrame { psdu, fcs })
    }

    fn protect(
        &self,
        frame: &Frame,
        protection: &Protection,
        position: u32,
        counters: &mut CounterState,
        wrong: &mut Option<String>,
    ) -> Result<Vec<u8>, CraftError> {
        let frame_counter = match protection.counter {
            Some(first) => {
                let counter = first.wrapping_add(position);
                counters.skip_frame_counter(self.source, counter);
                counter
            }
            None => counters.next_frame_counter(self.source)?,
        };
        let level = SecurityLevel::from_bits(protection.level);
        let security = AuxSecurityHeader::new(level, frame_counter, KeyIdentifier::Index(protection.index));
        let mut secured = secure(frame, &security, &protection.key, self.source)?;
        if let Some(value) = &self.integrity_code {
            let length = security.level.mic_len();
            let at = secured.payload.len().saturating_sub(length);
            let natural = secured.payload.split_off(at);
            let code = match value {
                Value::Text(text) if text == "corrupt" => natural.iter().map(|octet| octet ^ 0x55).collect(),
                _ => value.octets("wpan.mic")?,
            };
            if code.len() != length {
                return Err(CraftError::BadValue {
                    field: "wpan.mic".to_owned(),
                    value: value.to_string(),
                    expected: "as many octets as the level's integrity code has, or `corrupt`",
                });
            }
            if code != natural {
                wrong.get_or_insert_with(|| "message integrity code".to_owned());
            }
            secured.payload.extend(code);
        }
        Ok(secured.to_vec()?)
    }

    /// Octets of MAC payload that one frame takes.
    fn room(&self) -> usize {
        let header = Header::new(
            Address::new(self.destination_pan, self.destination),
            Address::new(self.pan_id, LinkAddress::Extended(self.source)),
            0,
        );
        let security = self.protection.as_ref().map_or(0, |protection| {
            let level = SecurityLevel::from_bits(protection.level);
            AuxSecurityHeader::new(level, 0, KeyIdentifier::Index(0)).buffer_len() + level.mic_len()
        });
        MAX_PSDU.saturating_sub(FCS_LENGTH + header.buffer_len() + security)
    }
}

fn emit(header: FragmentHeader) -> wire::Result<Vec<u8>> {
    let mut bytes = vec![0; header.buffer_len()];
    header.emit(&mut Writer::new(&mut bytes))?;
    Ok(bytes)
}
