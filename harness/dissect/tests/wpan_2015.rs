//! The dissector over what spans frames of IEEE 802.15.4-2015: short addresses, slots, fragments of IEEE 802.15.9.

use bootrack_dissect::{Dissection, Dissector, Keys, NoteKind};
use wire::ieee802154::{
    Address, AuxSecurityHeader, Command, Content, Elements, Frame, Header, KeyIdentifier, LinkAddress, Mpx, PanId,
    PayloadElement, SecurityLevel, ShortAddress, secure, secure_in_slot,
};
use wire::{Eui64, Result};

const KEY: [u8; 16] = [7; 16];
const PAN: PanId = PanId(0xb007);
const SHORT: ShortAddress = ShortAddress(0x1234);
const DEVICE: Eui64 = Eui64([2, 0, 0, 0, 0, 0, 0, 1]);
const COORDINATOR: Eui64 = Eui64([2, 0, 0, 0, 0, 0, 0, 2]);

fn extended(eui64: Eui64) -> Address {
    Address::Extended { pan: PAN, address: eui64 }
}

fn dissector() -> Dissector {
    let mut keys = Keys::new();
    keys.add_link_key(1, KEY);
    Dissector::new(keys)
}

fn see(dissector: &mut Dissector, number: u64, mpdu: Result<Vec<u8>>) -> Dissection {
    dissector.frame(number, &mpdu.unwrap(), false)
}

#[test]
fn a_short_source_opens_while_the_device_is_associated() {
    let mut dissector = dissector();
    let command = |command, number| {
        let header = Header::new(extended(DEVICE), extended(COORDINATOR), number);
        Frame::new(header, Content::Command(command)).to_vec()
    };
    let source = Address::new(PAN, LinkAddress::Short(SHORT));
    let header = Header::new_2015(extended(COORDINATOR), source, Some(5));
    let poll = Frame::new(header, Content::Command(Command::DataRequest));
    let security = AuxSecurityHeader::new(SecurityLevel::EncMic32, 1, KeyIdentifier::Index(1));
    let poll = secure(&poll, &security, &KEY, DEVICE).unwrap();

    assert!(see(&mut dissector, 1, poll.to_vec()).has_note(NoteKind::NoKey));
    see(&mut dissector, 2, command(Command::AssociationResponse { address: SHORT, status: 0 }, 1));
    let opened = see(&mut dissector, 3, poll.to_vec());
    assert!(opened.secured());
    assert_eq!((opened.number("wpan.cmd"), opened.number("wpan.src64.origin")), (Some(4), Some(2)));
    assert_eq!(opened.text("wpan.src64").as_deref(), Some("02:00:00:00:00:00:00:01"));
    see(&mut dissector, 4, command(Command::DisassociationNotification { reason: 1 }, 2));
    assert!(see(&mut dissector, 5, poll.to_vec()).has_note(NoteKind::NoKey));
}

#[test]
fn a_frame_without_frame_counter_opens_in_its_slot_only() {
    let source = Address::new(PAN, LinkAddress::Short(SHORT));
    let header = Header::new_2015(extended(COORDINATOR), source, None);
    let frame = Frame::new(header, Content::Command(Command::DataRequest));
    let (level, key_identifier) = (SecurityLevel::EncMic64, KeyIdentifier::Index(1));
    let security = AuxSecurityHeader { level, frame_counter: None, asn_in_nonce: true, key_identifier };
    let secured = secure_in_slot(&frame, &security, &KEY, DEVICE, 100).unwrap();
    let mut dissector = dissector();
    let unknown = see(&mut dissector, 1, secured.to_vec());
    assert!(unknown.has_note(NoteKind::NoKey) && unknown.field("wpan.cmd").is_none());
    assert!(unknown.notes.iter().any(|note| note.text.contains("absolute slot number")));
    dissector.set_absolute_slot_number(Some(101));
    assert!(see(&mut dissector, 2, secured.to_vec()).has_note(NoteKind::WrongKey));
    dissector.set_absolute_slot_number(Some(100));
    assert_eq!(see(&mut dissector, 3, secured.to_vec()).number("wpan.cmd"), Some(4));
}

#[test]
fn the_last_fragment_of_an_eapol_message_shows_all_of_it() {
    // KMP ID 1; EAPOL version 2, EAP; an EAP request for the identity of 60 octets.
    let mut message = vec![1, 2, 0, 0, 60, 1, 9, 0, 60, 1];
    message.resize(1 + 4 + 60, b'x');
    let mut dissector = dissector();
    let fragments = Mpx::fragments(3, 1, &message, 30).unwrap();
    assert_eq!(fragments.len(), 3);
    let mut last = None;
    for (number, mpx) in (1..).zip(fragments) {
        let header = Header::new_2015(extended(COORDINATOR), extended(DEVICE), Some(number));
        let elements = Elements::terminated(vec![], vec![PayloadElement::Mpx(mpx)], false);
        let mpdu = Frame { header, elements, content: Content::Data(vec![]) }.to_vec();
        let dissection = see(&mut dissector, number.into(), mpdu);
        assert_eq!(dissection.has_note(NoteKind::FragmentIncomplete), number < 3);
        last = Some(dissection);
    }
    let whole = last.unwrap();
    assert_eq!(whole.sources, [1, 2, 3]);
    assert!(whole.has_layer("eapol") && whole.has_layer("eap"));
    assert_eq!(whole.number("eap.id"), Some(9));
}
