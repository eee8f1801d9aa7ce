//! The auxiliary security header, and the payload behind decryption and verification.

use alloc::borrow::Cow;
use alloc::format;

use super::super::Dissector;
use super::super::keys::{KeyFailure, Secured};
use super::super::model::NoteKind;
use super::super::sheet::{Cursor, Sheet, Span};
use super::{Head, bits, mark};
use wire::ieee802154::{AuxSecurityHeader, FrameVersion, KeyIdentifier, LinkAddress};
use wire::reader::Reader;
use wire::{Error, Result};

/// A MAC payload after security: where it lies and whether it was verified.
pub(super) struct Payload<'a> {
    bytes: Cow<'a, [u8]>,
    buffer: usize,
    base: usize,
    /// Octets that the capture lacks behind it.
    missing: usize,
    pub(super) verified: bool,
}

impl Payload<'_> {
    pub(super) fn cursor(&self) -> Cursor<'_> {
        Cursor::new(&self.bytes, self.buffer, self.base).lacking(self.missing)
    }
}

/// The auxiliary security header, if the frame has one, and its reserved bits.
pub(super) fn auxiliary_header(
    sheet: &mut Sheet,
    cursor: &mut Cursor<'_>,
    head: &Head,
) -> Result<Option<(AuxSecurityHeader, u8)>> {
    if !head.control.security_enabled {
        return Ok(None);
    }
    if head.control.version == FrameVersion::V2003 {
        return Err(Error::Unsupported("IEEE 802.15.4-2003 security"));
    }
    let mut reader = Reader::new(cursor.rest());
    let (security, reserved) = AuxSecurityHeader::parse(head.control.version, &mut reader)?;
    sheet.number("wpan.aux_sec.hdr", 1u8, cursor.ahead(reader.offset()));
    let control = cursor.uint(sheet, "wpan.aux_sec.security_control_field", 1)?;
    let fields = [
        ("wpan.aux_sec.sec_level", 0, 7),
        ("wpan.aux_sec.key_id_mode", 3, 3),
        ("wpan.aux_sec.frame_counter_suppression", 5, 1),
        ("wpan.aux_sec.asn_in_nonce", 6, 1),
        ("wpan.aux_sec.reserved", 7, 1),
    ];
    bits(sheet, control, cursor.behind(1), &fields);
    if security.frame_counter.is_some() {
        cursor.uint_le(sheet, "wpan.aux_sec.frame_counter", 4)?;
    }
    let key_source_len = match security.key_identifier {
        KeyIdentifier::Implicit | KeyIdentifier::Index(_) => 0,
        KeyIdentifier::Source4(..) => 4,
        KeyIdentifier::Source8(..) => 8,
    };
    if key_source_len > 0 {
        cursor.uint(sheet, "wpan.aux_sec.key_source", key_source_len)?;
        sheet.hex("wpan.aux_sec.key_source.bytes", cursor.behind(key_source_len));
    }
    if security.key_identifier.index().is_some() {
        cursor.uint(sheet, "wpan.aux_sec.key_index", 1)?;
    }
    Ok(Some((security, reserved)))
}

impl Dissector {
    /// The payload after decryption and verification; `None` if it could not be verified, even if it is not encrypted:
    /// what anybody may have made up teaches the dissector nothing. `cursor` is at its private part; `mpdu` begins at
    /// `mpdu_offset` of the same buffer.
    pub(super) fn payload<'a>(
        &self,
        sheet: &mut Sheet,
        head: &Head,
        auxiliary: Option<(AuxSecurityHeader, u8)>,
        mpdu_offset: usize,
        mpdu: &'a [u8],
        cursor: Cursor<'a>,
    ) -> Result<Option<Payload<'a>>> {
        let (buffer, base, missing) = (cursor.buffer(), cursor.offset(), cursor.missing());
        let Some((security, _)) = auxiliary else {
            sheet.number("link.secured", 0u8, cursor.ahead(0));
            return Ok(Some(Payload { bytes: Cow::Borrowed(cursor.rest()), buffer, base, missing, verified: false }));
        };
        let level = security.level;
        let private = cursor.rest();
        if missing > 0 && (level.encrypts() || level.mic_len() > 0) {
            sheet.number("link.secured", 0u8, cursor.ahead(0));
            sheet.note(NoteKind::NoKey, "what the capture cut is neither decrypted nor verified");
            return Ok(None);
        }
        let body_len = private.len().checked_sub(level.mic_len()).ok_or(Error::Truncated("MIC"))?;
        if level.mic_len() > 0 {
            let span = Span { buffer, offset: base.saturating_add(body_len), length: level.mic_len() };
            sheet.hex("wpan.mic", span);
        }
        let source = match head.header.source.link() {
            Some(LinkAddress::Extended(eui64)) => Some(eui64),
            Some(LinkAddress::Short(short)) => {
                let pan = head.header.source.pan();
                pan.and_then(|pan| self.short_addresses.get(pan, short)).map(|(eui64, _)| eui64)
            }
            None => None,
        };
        let private_at = base.saturating_sub(mpdu_offset);
        let frame = Secured { header: &head.header, security: &security, source, mpdu, private_at };
        let opened = self.keys.open(&frame, self.absolute_slot_number);
        let verified = opened.is_ok() && level.mic_len() > 0;
        sheet.number("link.secured", verified, cursor.ahead(0));
        let failure = match opened {
            Ok(opened) => {
                if let Some(key_number) = opened.key_number {
                    let span = Span { buffer, offset: mpdu_offset, length: 0 };
                    sheet.number("wpan.key_number", key_number as u64, span);
                }
                let body = private.get(..body_len).unwrap_or(&[]);
                if !level.encrypts() || body.is_empty() {
                    return Ok(Some(Payload { bytes: Cow::Borrowed(body), buffer, base, missing, verified }));
                }
                let buffer = sheet.buffer("decrypted", &opened.bytes);
                let bytes = Cow::Owned(opened.bytes);
                return Ok(Some(Payload { bytes, buffer, base: 0, missing: 0, verified }));
            }
            Err(failure) => failure,
        };
        mark(sheet, "wpan.decrypt_error");
        match failure {
            KeyFailure::NoKey => sheet.note(
                NoteKind::NoKey,
                match security.key_identifier.index() {
                    Some(index) => format!("key index {index}: no key with that index was given").into(),
                    None => Cow::Borrowed("an implicit key: no key was given"),
                },
            ),
            KeyFailure::NoSource => sheet.note(
                NoteKind::NoKey,
                match head.header.source.link() {
                    Some(sender) => {
                        format!("the nonce has the extended address of {sender}, which is not known").into()
                    }
                    None => {
                        Cow::Borrowed("the nonce has the extended address of the sender, whom the frame does not name")
                    }
                },
            ),
            KeyFailure::NoCounter => sheet.note(NoteKind::NoKey, "the nonce has a frame counter that the frame lacks"),
            KeyFailure::NoSlot => {
                sheet.note(NoteKind::NoKey, "the nonce has an absolute slot number that is not known");
            }
            KeyFailure::WrongKey => sheet.note(NoteKind::WrongKey, "the integrity code matches under no known key"),
        }
        Ok(None)
    }
}
