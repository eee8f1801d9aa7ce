//! IEEE 802.15.4 frames: MAC header, security, beacon and command content.

use alloc::format;

use super::Dissector;
use super::keys::KeyFailure;
use super::lowpan::Link;
use super::model::NoteKind;
use super::sheet::{Cursor, Sheet, Span};
use crate::ieee802154::{
    Address, AddressingMode, AuxSecurityHeader, FrameControl, FrameType, FrameVersion, Header, KeyIdentifier, PanId,
    ReservedBits, SecuredFrame, ShortAddress, Trailer, check_fcs, check_fcs32,
};
use crate::{Error, Result};

/// A MAC payload after security: where it lies and whether it was verified.
struct Payload {
    bytes: alloc::vec::Vec<u8>,
    buffer: usize,
    base: usize,
    verified: bool,
}

impl Dissector {
    /// `psdu` is all of a PHY payload, `trailer` what its last octets are.
    pub(super) fn wpan(&mut self, sheet: &mut Sheet, number: u64, psdu: Cursor<'_>, end: Trailer) -> Result<()> {
        sheet.layer("wpan");
        let bytes = psdu.rest();
        let mpdu_len = bytes.len().saturating_sub(end.len());
        let mpdu = bytes.get(..mpdu_len).unwrap_or(bytes);
        let mut cursor = Cursor::new(mpdu, psdu.buffer(), psdu.offset());
        let parsed = header(sheet, &mut cursor);
        let fcs_ok = trailer(sheet, psdu, mpdu_len, end);
        let (control, header) = parsed?;
        let source = header.source.link();
        sheet.dissection.link_source = source;
        sheet.dissection.link_destination = header.destination.link();
        if !fcs_ok {
            sheet.note(NoteKind::BadFcs, "the frame check sequence is wrong");
            return Ok(());
        }
        let is_retry = source.is_some_and(|source| self.last_frames.repeats(source, mpdu));
        if is_retry {
            sheet.note(NoteKind::Retransmission, "the same frame again");
        }
        let Some(payload) = self.payload(sheet, &control, header, &mut cursor)? else { return Ok(()) };
        let cursor = Cursor::new(&payload.bytes, payload.buffer, payload.base);
        match control.frame_type {
            FrameType::Beacon => beacon(sheet, cursor),
            FrameType::Acknowledgment => Ok(()),
            FrameType::MacCommand => command(sheet, cursor),
            FrameType::Data if payload.bytes.is_empty() => Ok(()),
            FrameType::Data => {
                let link = Link {
                    source,
                    destination: header.destination.link(),
                    verified: payload.verified,
                    number,
                    is_retry,
                };
                self.lowpan(sheet, cursor, link)
            }
        }
    }

    /// The payload after auxiliary header, decryption and verification; `None` if it could not be verified, even if it
    /// is not encrypted: what anybody may have made up teaches the dissector nothing.
    fn payload(
        &self,
        sheet: &mut Sheet,
        control: &FrameControl,
        header: Header,
        cursor: &mut Cursor<'_>,
    ) -> Result<Option<Payload>> {
        if !control.security_enabled {
            sheet.number("link.secured", 0u8, cursor.ahead(0));
            let (bytes, buffer, base) = (cursor.rest().to_vec(), cursor.buffer(), cursor.offset());
            return Ok(Some(Payload { bytes, buffer, base, verified: false }));
        }
        if control.version == FrameVersion::V2003 {
            return Err(Error::Unsupported("IEEE 802.15.4-2003 security"));
        }
        let (security, security_control) = aux_security_header(sheet, cursor)?;
        let base = cursor.offset();
        let level = security.level;
        let secured = SecuredFrame {
            header,
            frame_type: control.frame_type,
            security,
            header_elements: alloc::vec::Vec::new(),
            reserved: ReservedBits { frame_control: control.reserved, security_control },
            payload: cursor.rest().to_vec(),
        };
        let body_len = secured.payload.len().checked_sub(level.mic_len()).ok_or(Error::Truncated("MIC"))?;
        let body = secured.payload.get(..body_len).unwrap_or(&[]).to_vec();
        if level.mic_len() > 0 {
            let span = Span { buffer: cursor.buffer(), offset: base.saturating_add(body_len), length: level.mic_len() };
            sheet.hex("wpan.mic", span);
        }
        let opened = self.keys.unsecure(&secured);
        let verified = opened.is_ok() && level.mic_len() > 0;
        sheet.number("link.secured", verified, cursor.ahead(0));
        match opened {
            Ok(_) if !level.encrypts() => Ok(Some(Payload { bytes: body, buffer: cursor.buffer(), base, verified })),
            Ok(frame) => {
                let bytes = frame.content.to_vec()?;
                let buffer = sheet.buffer("decrypted", &bytes);
                Ok(Some(Payload { bytes, buffer, base: 0, verified }))
            }
            Err(KeyFailure::NoKey) => {
                sheet.note(NoteKind::NoKey, "no key fits the key identifier and the source");
                Ok(None)
            }
            Err(KeyFailure::WrongKey) => {
                sheet.note(NoteKind::WrongKey, "the integrity code matches under no known key");
                Ok(None)
            }
        }
    }
}

/// The fields behind the MAC payload; whether the frame is right as far as they tell.
fn trailer(sheet: &mut Sheet, psdu: Cursor<'_>, mpdu_len: usize, end: Trailer) -> bool {
    let mut cursor = psdu.clone();
    if cursor.take(mpdu_len, "wpan.fcs").is_err() || cursor.rest().len() < end.len() {
        return end == Trailer::None;
    }
    match end {
        Trailer::None => true,
        Trailer::Fcs16 | Trailer::Fcs32 => {
            let (name, fcs_ok) = match end {
                Trailer::Fcs32 => ("wpan.fcs32", check_fcs32(psdu.rest()).is_ok()),
                _ => ("wpan.fcs", check_fcs(psdu.rest()).is_ok()),
            };
            if cursor.uint_le(sheet, name, end.len()).is_ok() {
                sheet.number("wpan.fcs_ok", fcs_ok, cursor.behind(end.len()));
            }
            fcs_ok
        }
        Trailer::Cc24xx => {
            let rssi = cursor.read_uint(1, "wpan.rssi").unwrap_or(0);
            // A signed octet, in dBm but for the offset of the radio.
            sheet.text("wpan.rssi", format!("{}", (rssi as u8).cast_signed()), cursor.behind(1));
            let status = cursor.read_uint(1, "wpan.correlation").unwrap_or(0);
            let fcs_ok = status >> 7 == 1;
            sheet.number("wpan.fcs_ok", fcs_ok, cursor.behind(1));
            sheet.number("wpan.correlation", status & 0x7f, cursor.behind(1));
            fcs_ok
        }
    }
}

fn header(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<(FrameControl, Header)> {
    let bits = cursor.uint_le(sheet, "wpan.fcf", 2)?;
    let span = cursor.behind(2);
    for (name, shift, mask) in [
        ("wpan.frame_type", 0, 7u64),
        ("wpan.security", 3, 1),
        ("wpan.pending", 4, 1),
        ("wpan.ack_request", 5, 1),
        ("wpan.pan_id_compression", 6, 1),
        ("wpan.dst_addr_mode", 10, 3),
        ("wpan.version", 12, 3),
        ("wpan.src_addr_mode", 14, 3),
    ] {
        sheet.number(name, bits >> shift & mask, span);
    }
    let control = FrameControl::from_bits((bits & 0xffff) as u16)?;
    if control.version == FrameVersion::V2015 {
        return Err(Error::Unsupported("IEEE 802.15.4 frame version"));
    }
    let sequence_number = Some((cursor.uint(sheet, "wpan.seq_no", 1)? & 0xff) as u8);
    let both = control.destination_mode != AddressingMode::Absent && control.source_mode != AddressingMode::Absent;
    if control.pan_id_compression && !both {
        return Err(Error::Malformed("PAN ID compression needs both addresses"));
    }
    let mut pan = PanId::BROADCAST;
    if control.destination_mode != AddressingMode::Absent {
        pan = PanId((cursor.uint_le(sheet, "wpan.dst_pan", 2)? & 0xffff) as u16);
    }
    let destination = address(sheet, cursor, control.destination_mode, pan, "wpan.dst16", "wpan.dst64")?;
    if control.source_mode != AddressingMode::Absent && !control.pan_id_compression {
        pan = PanId((cursor.uint_le(sheet, "wpan.src_pan", 2)? & 0xffff) as u16);
    }
    let source = address(sheet, cursor, control.source_mode, pan, "wpan.src16", "wpan.src64")?;
    let header = Header {
        version: control.version,
        frame_pending: control.frame_pending,
        ack_request: control.ack_request,
        pan_id_compression: control.pan_id_compression,
        sequence_number,
        destination,
        source,
    };
    Ok((control, header))
}

fn address(
    sheet: &mut Sheet,
    cursor: &mut Cursor<'_>,
    mode: AddressingMode,
    pan: PanId,
    short_name: &'static str,
    extended_name: &'static str,
) -> Result<Address> {
    Ok(match mode {
        AddressingMode::Absent => Address::Absent,
        AddressingMode::Short => {
            let address = ShortAddress((cursor.uint_le(sheet, short_name, 2)? & 0xffff) as u16);
            Address::Short { pan, address }
        }
        AddressingMode::Extended => Address::Extended { pan, address: cursor.eui64_le(sheet, extended_name)? },
    })
}

fn aux_security_header(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<(AuxSecurityHeader, u8)> {
    let mut reader = crate::reader::Reader::new(cursor.rest());
    let (security, reserved) = AuxSecurityHeader::parse(FrameVersion::V2006, &mut reader)?;
    sheet.number("wpan.aux_sec.sec_level", security.level.number(), cursor.ahead(1));
    sheet.number("wpan.aux_sec.key_id_mode", security.key_identifier.mode(), cursor.ahead(1));
    cursor.take(1, "security control")?;
    cursor.uint_le(sheet, "wpan.aux_sec.frame_counter", 4)?;
    match security.key_identifier {
        KeyIdentifier::Source4(..) => drop(cursor.bytes(sheet, "wpan.aux_sec.key_source.bytes", 4)?),
        KeyIdentifier::Source8(..) => drop(cursor.bytes(sheet, "wpan.aux_sec.key_source.bytes", 8)?),
        KeyIdentifier::Implicit | KeyIdentifier::Index(_) => {}
    }
    if security.key_identifier.index().is_some() {
        cursor.uint(sheet, "wpan.aux_sec.key_index", 1)?;
    }
    Ok((security, reserved))
}

fn beacon(sheet: &mut Sheet, mut cursor: Cursor<'_>) -> Result<()> {
    let low = cursor.read_uint(1, "superframe specification")?;
    let superframe = low | cursor.read_uint(1, "superframe specification")? << 8;
    let span = cursor.behind(2);
    sheet.number("wpan.beacon_order", superframe & 0xf, span);
    sheet.number("wpan.superframe_order", superframe >> 4 & 0xf, span);
    sheet.number("wpan.bcn_coord", superframe >> 14 & 1, span);
    sheet.number("wpan.assoc_permit", superframe >> 15, span);
    let gts = cursor.read_uint(1, "GTS specification")?;
    sheet.number("wpan.gts.count", gts & 7, cursor.behind(1));
    sheet.number("wpan.gts.permit", gts >> 7, cursor.behind(1));
    if gts & 7 != 0 {
        cursor.take(1, "GTS directions")?;
        cursor.take(usize::try_from(gts & 7).unwrap_or(0).saturating_mul(3), "GTS descriptors")?;
    }
    let pending = cursor.read_uint(1, "pending address specification")?;
    for _ in 0..pending & 7 {
        cursor.uint_le(sheet, "wpan.pending16", 2)?;
    }
    for _ in 0..pending >> 4 & 7 {
        cursor.eui64_le(sheet, "wpan.pending64")?;
    }
    if !cursor.is_empty() {
        cursor.bytes(sheet, "wpan.bcn_payload", cursor.rest().len())?;
    }
    Ok(())
}

fn command(sheet: &mut Sheet, mut cursor: Cursor<'_>) -> Result<()> {
    cursor.uint(sheet, "wpan.cmd", 1)?;
    Ok(())
}
