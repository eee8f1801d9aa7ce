//! DTLS records: one layer each, decrypted if a key is known.

use super::Dissector;
use super::carried::{End, Protocol, Under};
use super::coap::looks_like_coap;
use super::dtls_session::{OpenFailure, Sessions};
use super::model::NoteKind;
use super::sheet::{Cursor, Sheet, Span};
use wire::dtls::{Fragment, HandshakeHeader, RecordHeader};
use wire::reader::Reader;
use wire::tls::{ContentType, ProtocolVersion};
use wire::{Error, Result, coap};

/// The content type of RFC 6520.
const HEARTBEAT: u8 = 24;

/// DTLS and what it protects.
pub(super) const PROTOCOL: Protocol = Protocol {
    name: "dtls",
    udp_ports: &[coap::SECURE_PORT],
    // What is quoted belongs to no session.
    is_quotable: false,
    form: Some((looks_like_dtls, "taken for DTLS by its form: the ports do not tell")),
    body: |dissector, sheet, mut cursor, under| match under {
        Under::Udp { from, to } => dissector.dtls(sheet, &mut cursor, from, to),
        _ => Ok(()),
    },
    ..Protocol::NONE
};

impl Dissector {
    /// All records of a datagram.
    pub(super) fn dtls(&mut self, sheet: &mut Sheet, cursor: &mut Cursor<'_>, from: End, to: End) -> Result<()> {
        while !cursor.is_empty() {
            sheet.layer("dtls");
            let header = record_header(sheet, cursor)?;
            if matches!(header.content_type, ContentType::Unknown(number) if number != HEARTBEAT) {
                sheet.note(NoteKind::Unknown, "the record's content type is not known");
            }
            let fragment = cursor.sub(header.length.into(), "dtls.record.fragment")?;
            if let Err(error) = self.record(sheet, &header, fragment, from, to) {
                sheet.error(error);
            }
        }
        Ok(())
    }

    fn record(
        &mut self,
        sheet: &mut Sheet,
        header: &RecordHeader,
        fragment: Cursor<'_>,
        from: End,
        to: End,
    ) -> Result<()> {
        if !matches!(header.version, ProtocolVersion::DTLS_1_0 | ProtocolVersion::DTLS_1_2) {
            sheet.note(NoteKind::Unknown, "the record is of another version");
        }
        if header.content_type == ContentType::ApplicationData {
            fragment.clone().bytes(sheet, "dtls.app_data", fragment.rest().len())?;
        }
        if header.epoch == 0 {
            return self.content(sheet, header, fragment, from, to);
        }
        if fragment.is_cut() {
            sheet.note(NoteKind::NoKey, "a record that the capture cut is not decrypted");
            return Ok(());
        }
        let Some(session) = self.states.of::<Sessions>().between(from, to) else { return Ok(()) };
        let opened = session.open(&self.keys, from, header, fragment.rest());
        let unsupported = session.unsupported_suite();
        sheet.number("dtls.decrypted", opened.is_ok(), fragment.ahead(0));
        match opened {
            Ok(plaintext) => {
                let buffer = sheet.buffer("dtls", &plaintext);
                self.content(sheet, header, Cursor::new(&plaintext, buffer, 0), from, to)
            }
            Err(_) if unsupported.is_some() => Err(Error::Unsupported("decryption under this cipher suite")),
            Err(OpenFailure::NoKey) => {
                sheet.note(NoteKind::NoKey, "no key is known for this DTLS session");
                Ok(())
            }
            Err(OpenFailure::Cut) => {
                sheet.note(
                    NoteKind::NoKey,
                    "a message of the handshake was cut by the capture: its keys cannot be told",
                );
                Ok(())
            }
            Err(OpenFailure::WrongKey) => {
                sheet.note(NoteKind::WrongKey, "the record's MAC matches under no known key");
                Ok(())
            }
        }
    }

    /// The content of a record in the clear.
    fn content(
        &mut self,
        sheet: &mut Sheet,
        header: &RecordHeader,
        mut cursor: Cursor<'_>,
        from: End,
        to: End,
    ) -> Result<()> {
        match header.content_type {
            ContentType::Alert => {
                let level = cursor.uint(sheet, "dtls.alert_message.level", 1)?;
                if !matches!(level, 1 | 2) {
                    sheet.note(NoteKind::Unknown, "the alert is neither a warning nor fatal");
                }
                cursor.uint(sheet, "dtls.alert_message.desc", 1)?;
                if cursor.is_empty() { Ok(()) } else { Err(Error::Malformed("octets after an alert")) }
            }
            ContentType::Unknown(HEARTBEAT) => heartbeat(sheet, &mut cursor),
            ContentType::Handshake => self.handshake(sheet, header, cursor, from, to),
            ContentType::ApplicationData if header.epoch > 0 && !cursor.is_empty() => {
                self.application_data(sheet, cursor, from, to)
            }
            _ => Ok(()),
        }
    }

    /// Decrypted octets: CoAP on its own port, and elsewhere if they have its form; else nobody says what they are.
    fn application_data(&mut self, sheet: &mut Sheet, mut cursor: Cursor<'_>, from: End, to: End) -> Result<()> {
        let is_on_its_port = [from.1, to.1].contains(&coap::SECURE_PORT);
        if is_on_its_port || looks_like_coap(cursor.rest()) {
            return self.coap(sheet, cursor, Some((from, to)));
        }
        sheet.layer("data");
        let length = cursor.rest().len();
        cursor.bytes(sheet, "data.data", length)?;
        sheet.number("data.len", length as u64, Span { length: 0, ..cursor.behind(length) });
        Ok(())
    }

    fn handshake(
        &mut self,
        sheet: &mut Sheet,
        record: &RecordHeader,
        mut cursor: Cursor<'_>,
        from: End,
        to: End,
    ) -> Result<()> {
        while !cursor.is_empty() {
            let header = HandshakeHeader::parse(&mut Reader::new(cursor.rest()));
            for (name, octets) in [
                ("dtls.handshake.type", 1),
                ("dtls.handshake.length", 3),
                ("dtls.handshake.message_seq", 2),
                ("dtls.handshake.fragment_offset", 3),
                ("dtls.handshake.fragment_length", 3),
            ] {
                cursor.uint(sheet, name, octets)?;
            }
            let header = header?;
            let length = usize::try_from(header.fragment_length).unwrap_or(usize::MAX);
            let piece = cursor.sub(length, "dtls.handshake.fragment")?;
            let Some(session) = self.states.of::<Sessions>().between(from, to) else { return Ok(()) };
            if piece.is_cut() {
                session.miss();
                return match header.is_whole() {
                    true => super::handshake::body(sheet, piece, header.msg_type, session.negotiated(from)),
                    false => Ok(()),
                };
            }
            let Some((body, fragments)) = session.assemble(from, &Fragment { header, body: piece.rest() }) else {
                sheet.note(NoteKind::FragmentIncomplete, "the handshake message is not complete yet");
                continue;
            };
            if record.epoch == 0 {
                session.note(from, header.msg_type, header.message_seq, &body);
            }
            let negotiated = session.negotiated(from);
            let body_cursor = if header.is_whole() {
                piece
            } else {
                sheet.number("dtls.fragment.count", fragments, cursor.ahead(0));
                let octets = u64::try_from(body.len()).unwrap_or(u64::MAX);
                sheet.number("dtls.reassembled.length", octets, cursor.ahead(0));
                let buffer = sheet.buffer("handshake", &body);
                Cursor::new(&body, buffer, 0)
            };
            super::handshake::body(sheet, body_cursor, header.msg_type, negotiated)?;
        }
        Ok(())
    }
}

/// A heartbeat message in the clear (RFC 6520 section 4): padding is what its payload leaves.
fn heartbeat(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<()> {
    cursor.uint(sheet, "dtls.heartbeat_message.type", 1)?;
    let length = cursor.uint(sheet, "dtls.heartbeat_message.payload_length", 2)?;
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if cursor.len() < length.saturating_add(16) {
        return Err(Error::Malformed("dtls.heartbeat_message.payload_length"));
    }
    cursor.bytes(sheet, "dtls.heartbeat_message.payload", length)?;
    if cursor.is_cut() {
        return Err(Error::Truncated("dtls.heartbeat_message.padding"));
    }
    let padding = cursor.rest().len();
    cursor.bytes(sheet, "dtls.heartbeat_message.padding", padding)?;
    Ok(())
}

fn record_header(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<RecordHeader> {
    let header = RecordHeader::parse(&mut Reader::new(cursor.rest()));
    for (name, octets) in [
        ("dtls.record.content_type", 1),
        ("dtls.record.version", 2),
        ("dtls.record.epoch", 2),
        ("dtls.record.sequence_number", 6),
        ("dtls.record.length", 2),
    ] {
        cursor.uint(sheet, name, octets)?;
    }
    header
}

/// Whether octets are DTLS records from the first to the last: known content types, a version of DTLS, lengths that fit.
fn looks_like_dtls(bytes: &[u8]) -> bool {
    let mut reader = Reader::new(bytes);
    let mut record = || -> Result<bool> {
        let content_type = reader.u8("content type")?;
        let version = reader.u16_be("version")?;
        reader.take(8, "epoch and sequence number")?;
        let length = reader.u16_be("length")?;
        reader.take(length.into(), "fragment")?;
        if !(20..=24).contains(&content_type) || !matches!(version, 0xfefd | 0xfeff) {
            return Err(Error::Malformed("record"));
        }
        Ok(reader.is_empty())
    };
    loop {
        match record() {
            Ok(true) => return true,
            Ok(false) => {}
            Err(_) => return false,
        }
    }
}
