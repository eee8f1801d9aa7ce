//! Bodies of CoAP in blocks, whatever their tokens (RFC 7959), and the paths of responses.

use bootrack_dissect::{Dissection, Dissector, Keys};
use differential::blocks::{download, upload};
use rstest::rstest;

fn dissect(packets: &[Vec<u8>]) -> Vec<Dissection> {
    let mut dissector = Dissector::new(Keys::new());
    (1..).zip(packets).map(|(number, packet)| dissector.ipv6_packet(number, packet)).collect()
}

fn texts(dissections: &[Dissection], field: &str) -> Vec<String> {
    let values = dissections.iter().filter_map(|dissection| dissection.field(field));
    values.map(|value| value.value().to_string()).collect()
}

#[rstest]
#[case::one_token(["t", "t", "t"])]
#[case::a_token_each(["t", "u", "v"])]
#[case::no_token(["", "", ""])]
fn the_blocks_of_a_response_are_put_together(#[case] tokens: [&str; 3]) {
    let dissections = dissect(&download(tokens.map(str::as_bytes)));
    assert_eq!(texts(&dissections, "coap.body_text"), ["abcdefghijklmnopqrstuvwxyz0123456789!"]);
    assert_eq!(texts(&dissections, "coap.opt.uri_path_recon"), ["/large"; 6]);
    let last = dissections.last().unwrap();
    assert_eq!((last.number("coap.block.count"), last.number("coap.payload_length")), (Some(3), Some(37)));
    assert_eq!(last.fields("coap.block").filter_map(|field| field.number()).collect::<Vec<_>>(), [2, 4, 6]);
    assert!(last.buffers().any(|buffer| buffer.name == "blocks" && buffer.bytes.len() == 37));
}

#[rstest]
#[case::one_token(["t", "t", "t"])]
#[case::a_token_each(["t", "u", "v"])]
fn the_blocks_of_a_request_are_put_together(#[case] tokens: [&str; 3]) {
    let dissections = dissect(&upload(tokens.map(str::as_bytes)));
    assert_eq!(texts(&dissections, "coap.body_text"), ["ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!"]);
    let last = &dissections[4];
    assert_eq!(last.number("coap.block.count"), Some(3));
    assert_eq!(texts(&dissections, "coap.opt.uri_path_recon"), ["/store"; 6]);
}

#[test]
fn blocks_that_are_sent_again_count_once_and_others_are_not_mixed_in() {
    let (mut down, up) = (download([b"t"; 3]), upload([b"u"; 3]));
    down.insert(4, down[3].clone());
    let both: Vec<Vec<u8>> =
        down.iter().zip(&up).flat_map(|(a, b)| [a.clone(), b.clone()]).chain(down.last().cloned()).collect();
    let bodies = texts(&dissect(&both), "coap.body_text");
    assert_eq!(bodies, ["ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!", "abcdefghijklmnopqrstuvwxyz0123456789!"]);
}

/// A gap is not bridged.
#[test]
fn a_body_without_one_of_its_blocks_is_none() {
    for missing in [1, 3] {
        let mut packets = download([b"t"; 3]);
        packets.remove(missing);
        assert!(texts(&dissect(&packets), "coap.body_text").is_empty());
    }
}
