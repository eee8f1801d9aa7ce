//! Small captures and suites after public bug reports, in `tests/inputs`: what retries, fragments, compression contexts, blocks
//! and DTLS payloads in them are, and that a right device passes and a wrong one does not.
//!
//! All were made by a script; `dtls-not-coap-port-40044.pcapng` was recorded on loopback with OpenSSL. Addresses are invented.

use std::path::{Path, PathBuf};

use rstest::rstest;
use serde_json::Value as Json;

use crate::common::{Bundle, call};

fn input(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/inputs").join(name)
}

/// The frames of a capture, as `dissect --json` shows them.
fn frames(name: &str, arguments: &[&str]) -> Vec<Json> {
    let file = input(name);
    let given = ["dissect", "--json", file.to_str().unwrap()];
    let document = call(given.iter().chain(arguments)).expect(0).json();
    document["frames"].as_array().unwrap().clone()
}

fn layers(frame: &Json) -> Vec<&str> {
    frame["layers"].as_array().unwrap().iter().map(|layer| layer["name"].as_str().unwrap()).collect()
}

/// All values of a field, in any layer.
fn values(frame: &Json, name: &str) -> Vec<Json> {
    let fields = frame["layers"].as_array().unwrap().iter().flat_map(|layer| layer["fields"].as_array().unwrap());
    fields.filter(|field| field["name"] == name).map(|field| field["value"].clone()).collect()
}

#[track_caller]
fn assert_value(frame: &Json, name: &str, value: impl Into<Json>) {
    assert_eq!(values(frame, name), [value.into()], "{name} in frame {}", frame["number"]);
}

fn notes(frame: &Json) -> Vec<&str> {
    frame["notes"].as_array().unwrap().iter().map(|note| note.as_str().unwrap()).collect()
}

/// IEEE 802.15.4-2015 section 6.7.4.3: only what asks for an acknowledgement is sent again by the MAC, and soon.
#[rstest]
#[case::an_identical_broadcast_later_is_another_message("retx-broadcast-5s.pcap", false)]
#[case::a_strobe_is_one_message("retx-broadcast-10ms.pcap", true)]
#[case::a_retry_is_one_message("retx-unicast-3ms-true-retry.pcap", true)]
fn the_same_frame_again(#[case] name: &str, #[case] is_repetition: bool) {
    let frames = frames(name, &[]);
    assert_eq!(frames.len(), 2);
    assert!(notes(&frames[0]).is_empty(), "{}", frames[0]["notes"]);
    let again: &[&str] = if is_repetition { &["wpan: the same frame again"] } else { &[] };
    assert_eq!(notes(&frames[1]), again);
}

/// RFC 4944 section 5.3: a minute at most for a datagram, and one that contradicts what came before begins anew.
#[rstest]
#[case::a_last_fragment_a_minute_before("frag-stale-fragn-61s.pcap", &[None, None, Some((40, 1))], &[])]
#[case::a_first_fragment_a_minute_before("frag-tag-reuse-61s.pcap", &[None, None, Some((40, 1))], &[])]
#[case::a_restarted_sender("frag-tag-reuse-after-reboot.pcap", &[None, None, Some((40, 1))], &[1])]
#[case::another_datagram_under_the_tag_of_an_unfinished_one("frag-retx-same-tag.pcap", &[None, None, Some((60, 1))], &[1])]
#[case::a_tag_again_after_a_whole_datagram("frag-tag-reuse-complete.pcap", &[None, Some((10, 1)), None, Some((40, 1))], &[])]
// Within the minute nothing tells a late fragment from one of the datagram that follows under the same tag.
#[case::a_last_fragment_left_over("frag-tag-reuse-fragn-left.pcap", &[None, Some((40, 0)), None], &[])]
fn fragments(#[case] name: &str, #[case] echoes: &[Option<(u64, u64)>], #[case] contradictions: &[usize]) {
    let frames = frames(name, &[]);
    assert_eq!(frames.len(), echoes.len());
    for (index, (frame, echo)) in frames.iter().zip(echoes).enumerate() {
        let (sequence, status) = echo.unzip();
        let first = |field| values(frame, field).first().and_then(Json::as_u64);
        assert_eq!(first("icmpv6.echo.sequence_number"), sequence, "frame {}", index + 1);
        assert_eq!(first("icmpv6.checksum.status"), status, "frame {}", index + 1);
        let contradicts = notes(frame).iter().any(|note| note.contains("contradicts"));
        assert_eq!(contradicts, contradictions.contains(&index), "frame {}: {}", index + 1, frame["notes"]);
    }
}

/// RFC 6282 section 3.1.1: without the context a part of the addresses is missing, and nothing else.
#[test]
fn what_is_behind_an_unknown_context_is_read_and_the_context_named() {
    let frames = frames("iphc-context0-unknown.pcap", &[]);
    for frame in &frames {
        let [note] = notes(frame)[..] else { panic!("{}", frame["notes"]) };
        assert!(note.contains("context 0 is not known") && !note.contains("malformed"), "{note}");
    }
    assert_value(&frames[0], "ipv6.nxt", 58);
    assert_value(&frames[0], "icmpv6.type", 128);
    assert_value(&frames[0], "icmpv6.checksum.status", 2);
    assert_value(&frames[1], "udp.srcport", 5683);
    assert_value(&frames[1], "udp.dstport", 5683);
    // A checksum over addresses that are not known is neither right nor wrong.
    assert_value(&frames[1], "udp.checksum.status", 2);
    assert_value(&frames[1], "coap.opt.uri_path_recon", "/meter");
}

#[test]
fn with_the_context_the_addresses_are_whole_and_checksums_are_verified() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys");
    std::fs::write(&keys, "context 0 fd00::/64\n").unwrap();
    let frames = frames("iphc-context0-unknown.pcap", &["--keys", keys.to_str().unwrap()]);
    assert_value(&frames[0], "ipv6.src", "fd00::ff:fe00:1");
    let status = values(&frames[0], "icmpv6.checksum.status");
    assert!(status == [Json::from(0)] || status == [Json::from(1)], "{status:?}");
    assert!(frames.iter().all(|frame| !frame["notes"].to_string().contains("context")));
}

/// RFC 8931.
#[test]
fn recoverable_fragments_are_put_together_and_acknowledged() {
    let frames = frames("rfrag-8931.pcap", &[]);
    assert_value(&frames[0], "6lowpan.rfrag.datagram_size", 71);
    assert_value(&frames[0], "6lowpan.rfrag.size", 40);
    assert!(!layers(&frames[0]).contains(&"ipv6"));
    for (name, value) in [
        ("6lowpan.rfrag.tag", 5),
        ("6lowpan.rfrag.sequence", 1),
        ("6lowpan.rfrag.offset", 40),
        ("6lowpan.rfrag.congestion", 0),
        ("6lowpan.rfrag.ack_requested", 0),
        ("6lowpan.fragment.count", 2),
        ("6lowpan.reassembled.length", 71),
        ("icmpv6.type", 128),
        ("icmpv6.checksum.status", 1),
    ] {
        assert_value(&frames[1], name, value);
    }
    assert_eq!(values(&frames[1], "6lowpan.fragment"), [1, 2]);
    assert_value(&frames[2], "6lowpan.rfrag.ack_bitmask", 0xc000_0000_u32);
    assert!(notes(&frames[2]).is_empty(), "{}", frames[2]["notes"]);
}

/// RFC 7959.
#[test]
fn blocks_are_put_together_and_responses_bear_the_path_of_their_request() {
    let frames = frames("coap-block2-one-token.pcap", &[]);
    assert_eq!(frames.len(), 6);
    for frame in &frames {
        assert_value(frame, "coap.opt.uri_path_recon", "/large");
    }
    let (last, before) = frames.split_last().unwrap();
    assert!(before.iter().all(|frame| values(frame, "coap.block.count").is_empty()));
    assert_value(last, "coap.block.count", 3);
    assert_value(last, "coap.block.reassembled.length", 37);
    assert_value(last, "coap.payload_length", 37);
    assert_eq!(values(last, "coap.block"), [2, 4, 6]);
    let body = ["A".repeat(16), "B".repeat(16), "C".repeat(5)].concat();
    assert_value(last, "coap.body_text", body);
}

/// DTLS on any port: what it carries is CoAP only if it can be.
#[test]
fn what_a_dtls_record_holds_is_coap_only_by_its_form() {
    let keys = input("dtls-not-coap.keys");
    let frames = frames("dtls-not-coap-port-40044.pcapng", &["--keys", keys.to_str().unwrap()]);
    assert!(frames.iter().all(|frame| !layers(frame).contains(&"coap")));
    assert!(frames.iter().all(|frame| !frame["notes"].to_string().contains("malformed")));
    let data: Vec<Json> = frames.iter().flat_map(|frame| values(frame, "data.data")).collect();
    assert_eq!(data, [hex::encode("Hello from a meter\n"), hex::encode("{\"t\":21.5}\n")]);
}

/// What a run of a suite in `tests/inputs` says of each case.
fn verdicts(suite: &str, arguments: &[&str]) -> Vec<(String, String)> {
    let suite = input(suite);
    let run = Bundle::run(["--suite", suite.to_str().unwrap()].iter().chain(arguments));
    let manifest = run.manifest();
    let text = |value: &Json| value.as_str().unwrap().to_owned();
    let cases = manifest["cases"].as_array().unwrap().iter();
    let found: Vec<_> = cases.map(|case| (text(&case["id"]), text(&case["verdict"]))).collect();
    assert!(!found.is_empty(), "{}", run.outcome.said());
    found
}

/// The attempts of 2200 in which the device chose, after its restart, the sequence number that it had before.
#[rstest]
#[case("822")]
#[case("929")]
#[case("1100")]
fn a_frame_after_a_restart_is_no_retry_of_the_one_before(#[case] seed: &str) {
    assert_eq!(verdicts("suite_same.toml", &["--seed", seed]), [("SAME-01".to_owned(), "pass".to_owned())]);
}

#[rstest]
#[case("32")]
#[case("35")]
#[case("448")]
fn what_comes_after_a_restart_does_not_pass_for_nothing(#[case] seed: &str) {
    assert_eq!(verdicts("suite_same_mirror.toml", &["--seed", seed]), [("SAME-02".to_owned(), "fail".to_owned())]);
}

#[test]
fn no_sequence_number_that_comes_again_fails_a_right_device_or_passes_a_wrong_one() {
    for (suite, verdict) in [("suite_same.toml", "pass"), ("suite_same_mirror.toml", "fail")] {
        let found = verdicts(suite, &["--repeat", "60"]);
        assert_eq!(found.len(), 60);
        let others: Vec<_> = found.iter().filter(|(_, found)| found != verdict).collect();
        assert!(others.is_empty(), "{suite}: {others:?}");
    }
}

/// Fragments and malformed packets of public bug reports: the device answers what is right and lives on after what is not.
#[rstest]
#[case("suite_frag.toml", 50)]
#[case("suite_frag3.toml", 2)]
#[case("suite_dev.toml", 84)]
fn the_reference_device_passes_the_bug_reports(#[case] suite: &str, #[case] count: usize) {
    let found = verdicts(suite, &[]);
    assert_eq!(found.len(), count);
    let others: Vec<_> = found.iter().filter(|(_, verdict)| verdict != "pass").collect();
    assert!(others.is_empty(), "{others:?}");
}
