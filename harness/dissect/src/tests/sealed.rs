//! A made-up protocol that is secured by a made-up secret: what a mechanism adds to the dissector is these two tables' lines.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::Dissector;
use crate::carried::{End, Protocol, Under};
use crate::keys::{Keys, SecretKind, Session, Wireshark, secret_kind};
use crate::model::NoteKind;
use crate::sheet::{Cursor, Sheet};
use wire::Result;
use wire::ipv6::{Header, NextHeader, Packet};
use wire::udp;

const PORT: u16 = 61_000;

/// The octets that a session's are mixed with.
pub(crate) const SECRET: SecretKind = SecretKind {
    protocol: "sealed",
    session: Session::Octets("SESSION", 4..=4),
    secret: 1..=8,
    what: "seal",
    of: "session",
    properties: &[],
    add: Keys::keep,
    wireshark: Some(Wireshark::KeyLog("SEALED")),
};

pub(crate) const PROTOCOL: Protocol =
    Protocol { name: "sealed", udp_ports: &[PORT], is_quotable: false, body: sealed, ..Protocol::NONE };

/// Who has begun which session.
#[derive(Default)]
struct Begun(BTreeMap<End, Vec<u8>>);

/// 0 and a session, then 1 and octets of that session.
fn sealed(dissector: &mut Dissector, sheet: &mut Sheet, mut cursor: Cursor<'_>, under: Under) -> Result<()> {
    let Under::Udp { from, .. } = under else { return Ok(()) };
    let begun = dissector.states.of::<Begun>();
    if cursor.take(1, "kind")? == [0] {
        begun.0.insert(from, cursor.rest().to_vec());
        return Ok(());
    }
    let session = begun.0.get(&from).map(Vec::as_slice).unwrap_or_default();
    let Some(secret) = dissector.keys.kept(&SECRET, session).next() else {
        sheet.note(NoteKind::NoKey, "no seal is known");
        return Ok(());
    };
    let clear: Vec<u8> = cursor.rest().iter().zip(secret.iter().cycle()).map(|(octet, key)| octet ^ key).collect();
    sheet.layer("data");
    let buffer = sheet.buffer("sealed", &clear);
    Cursor::new(&clear, buffer, 0).bytes(sheet, "data.data", clear.len())?;
    Ok(())
}

fn datagram(payload: &[u8]) -> Vec<u8> {
    let (source, destination) = ("fe80::1".parse().unwrap(), "fe80::2".parse().unwrap());
    let datagram = udp::Datagram { source_port: PORT, destination_port: PORT, payload: payload.to_vec() };
    let payload = datagram.to_vec(source, destination).unwrap();
    Packet { header: Header::new(source, destination, NextHeader::UDP, 64), payload }.to_vec().unwrap()
}

#[test]
fn a_protocol_and_its_secret_are_a_line_each() {
    let (hello, message) = (datagram(&[0, 1, 2, 3, 4]), datagram(&[1, b'a' ^ 7, b'b' ^ 9]));
    let mut dissector = Dissector::new(Keys::new());
    dissector.ipv6_packet(1, &hello);
    let closed = dissector.ipv6_packet(2, &message);
    assert!(closed.has_note(NoteKind::NoKey));
    assert!(!dissector.keys_mut().add("sealed", &[1, 2, 3], &[7, 9]), "a session of three octets");
    assert!(dissector.keys_mut().add("sealed", &[1, 2, 3, 4], &[7, 9]));
    assert!(!dissector.keys_mut().add("sealed", &[1, 2, 3, 4], &[7, 9]), "known");
    let open = dissector.ipv6_packet(3, &message);
    assert_eq!(open.text("data.data").as_deref(), Some("6162"));
    let kind = secret_kind("sealed").unwrap();
    assert_eq!(kind.line(&[1, 2, 3, 4], &[7, 9]), "sealed 01020304 0709");
    assert_eq!(kind.read(&["01020304", "0709"]), Some((Vec::from([1, 2, 3, 4]), Vec::from([7, 9]))));
    assert_eq!(kind.key_log_line(&[1, 2, 3, 4], &[7, 9]).as_deref(), Some("SEALED 01020304 0709"));
    assert_eq!(kind.read_key_log(&["SEALED", "01020304", "0709"]), kind.read(&["01020304", "0709"]));
    assert!(crate::UdpProtocol::named("sealed").is_some());
}
