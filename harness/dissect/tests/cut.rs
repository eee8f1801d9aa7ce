//! Packets that a capture cut (`tcpdump -s`, sniffers that leave the FCS out): at whatever octet they end, nothing is held
//! against them that is not held against the whole packet, and what is shown of them is what the whole one has.

use bootrack_dissect::{Captured, Dissection, Dissector, LinkType, Note, NoteKind};
use differential::captures::{CAPTURES, capture};
use differential::compare::known_dissector;
use differential::generate::Rng;
use rstest::rstest;

/// What accuses a packet or its sender.
const ACCUSATIONS: [NoteKind; 6] = [
    NoteKind::Malformed,
    NoteKind::BadFcs,
    NoteKind::BadChecksum,
    NoteKind::WrongKey,
    NoteKind::FragmentConflict,
    NoteKind::MixedProtection,
];

fn accusations(dissection: &Dissection) -> Vec<&Note> {
    dissection.notes.iter().filter(|note| ACCUSATIONS.contains(&note.kind)).collect()
}

/// The dissections of packets of which the capture has as many octets as `snap` says.
fn dissect(link_type: u32, packets: &[Vec<u8>], mut snap: impl FnMut(usize) -> usize) -> Vec<Dissection> {
    let mut dissector = known_dissector();
    let dissect = |(number, packet): (u64, &Vec<u8>)| {
        let captured = snap(packet.len()).min(packet.len());
        cut(&mut dissector, number, link_type, packet, captured)
    };
    (1..).zip(packets).map(dissect).collect()
}

fn cut(dissector: &mut Dissector, number: u64, link_type: u32, packet: &[u8], captured: usize) -> Dissection {
    let mut dissection = Dissection::default();
    let (link_type, bytes) = (LinkType(link_type), &packet[..captured]);
    dissector.captured_into(&mut dissection, &Captured { number, link_type, bytes, original_length: packet.len() });
    dissection
}

/// Fields that say how a packet compares to what it says of itself, and those of what was put together or decrypted.
fn is_verdict(name: &str) -> bool {
    name.ends_with("checksum.status") || name.starts_with("wpan.fcs") || name.ends_with("checksum_calculated")
}

#[track_caller]
fn assert_not_accused(what: &str, whole: &[Dissection], cut: &[Dissection]) {
    for (number, (whole, cut)) in (1..).zip(whole.iter().zip(cut)) {
        let known = accusations(whole);
        let new: Vec<_> = accusations(cut).into_iter().filter(|note| !known.contains(note)).collect();
        assert!(new.is_empty(), "{what}, packet {number}: {new:?}\n{cut:?}");
        for field in cut.all_fields().filter(|field| is_verdict(field.name())) {
            let is_bad = match field.name() {
                "wpan.fcs.bad" => true,
                // 4: IPv6 forbids that there is none.
                name if name.ends_with("checksum.status") => field.number() == Some(0),
                "wpan.fcs_ok" => field.number() == Some(0),
                _ => false,
            };
            let is_known = whole.fields(field.name()).any(|known| known.value() == field.value());
            assert!(!is_bad || is_known, "{what}, packet {number}: {field:?}\n{cut:?}");
        }
        if !cut.has_note(NoteKind::Cut) {
            continue;
        }
        // What lies in the frame itself is what the whole one shows there.
        for field in cut.all_fields().filter(|field| field.buffer() == 0 && field.length() > 0) {
            let is_shown = whole.fields(field.name()).any(|other| {
                let is_same_place = other.buffer() == 0 && other.offset() == field.offset();
                // Octets up to the end are as many as there are.
                is_same_place && (other.value() == field.value() || other.bytes().starts_with(field.bytes()))
            });
            // Whether octets are text shows at the last of them.
            let is_shown = is_shown || is_verdict(field.name()) || field.name() == "coap.payload_text";
            assert!(is_shown, "{what}, packet {number}: {field:?} is not in the whole packet\n{cut:?}\n{whole:?}");
        }
    }
}

#[test]
fn the_captures_of_foreign_programs_are_accused_of_nothing_wherever_they_are_cut() {
    for name in CAPTURES {
        let (link_type, packets) = capture(name);
        let whole = dissect(link_type, &packets, |length| length);
        let longest = packets.iter().map(Vec::len).max().unwrap();
        // Every length as far as headers go, then some.
        for snap in (0..=150.min(longest)).chain((151..longest).step_by(67)) {
            let cut = dissect(link_type, &packets, |_| snap);
            assert_not_accused(&format!("{name} cut to {snap}"), &whole, &cut);
        }
        // As Cooja and others do: without the FCS, or a few octets less.
        for less in 1..=8 {
            let cut = dissect(link_type, &packets, |length| length.saturating_sub(less));
            assert_not_accused(&format!("{name} without its last {less}"), &whole, &cut);
        }
    }
}

#[rstest]
#[case(195, Rng::frames)]
#[case(230, Rng::mpdus)]
#[case(283, Rng::taps)]
#[case(101, Rng::raw)]
#[case(1, Rng::ethernet)]
#[case(1, Rng::control4)]
#[case(113, Rng::cooked)]
#[case(276, Rng::cooked_2)]
#[case(0, Rng::loopback)]
#[case(215, Rng::phy_frames)]
fn generated_packets_are_accused_of_nothing_wherever_they_are_cut(
    #[case] link_type: u32,
    #[case] generate: fn(&mut Rng) -> Vec<Vec<u8>>,
) {
    let mut rng = Rng::new(0x0c07_0000 | u64::from(link_type));
    let mut packets = Vec::new();
    while packets.len() < 1500 {
        packets.extend(generate(&mut rng));
    }
    let whole = dissect(link_type, &packets, |length| length);
    for round in 0..6 {
        // Some packets are whole: what was cut before them must not be held against them either.
        let cut = dissect(link_type, &packets, |length| {
            if rng.below(4) == 0 { length } else { rng.below(length as u64 + 1) as usize }
        });
        assert_not_accused(&format!("link type {link_type}, round {round}"), &whole, &cut);
    }
}

#[test]
fn handshakes_are_accused_of_nothing_wherever_they_are_cut() {
    let mut rng = Rng::new(0x0c07_d715);
    for round in 0..40 {
        let datagrams = rng.handshake();
        let packets = rng.session(&datagrams);
        let whole = dissect(195, &packets, |length| length);
        let cut =
            dissect(
                195,
                &packets,
                |length| if rng.below(2) == 0 { length } else { rng.below(length as u64 + 1) as usize },
            );
        assert_not_accused(&format!("round {round}"), &whole, &cut);
    }
}
