//! What the report says of the traffic: every PDU by name, with its boards, and never a payload.

use crate::common::World;
use bootrack_engine as engine;
use engine::render::summaries;
use reports::PduSummary;
use suites::plan::Point;

fn of(id: &str) -> Vec<PduSummary> {
    let world = World::new();
    let planned = world.planned(1).into_iter().find(|planned| planned.case.id == id).unwrap();
    let run = world.run(&planned);
    summaries(&planned, &run.events)
}

#[test]
fn a_join_reads_as_its_protocols_name_their_messages() {
    let all = of("SEL-JOIN-01");
    let has = |message: &str, info: &str| all.iter().any(|pdu| pdu.message == message && pdu.info.contains(info));
    for (message, info) in [
        ("sel.jsr", "EUI-64 of dut"),
        ("dtls.client_hello", "with cookie, TLS_PSK_WITH_AES_128_CCM_8"),
        ("dtls.server_hello, server_key_exchange, server_hello_done", "TLS_PSK_WITH_AES_128_CCM_8"),
        ("dtls.client_key_exchange, change_cipher_spec, finished", ""),
        ("dtls.change_cipher_spec, finished", ""),
        ("coap.put", "/coap-key2, content-format 256"),
        ("coap.response", "2.01 Created"),
        ("dtls.alert", "close_notify, warning"),
        ("sel.ssr", "EUI-64 of dut, lifetime 60 min"),
    ] {
        let told: Vec<_> = all.iter().map(|pdu| (&pdu.message, &pdu.info)).collect();
        assert!(has(message, info), "no {message} {info} in {told:#?}");
    }
}

#[test]
fn routing_reads_as_ranks_and_targets() {
    let all = of("RPL-REPAIR-01");
    for (message, info) in [
        ("rpl.dio", "rank 256"),
        ("rpl.dio", "rank 1792"),
        ("rpl.dio", "infinite rank"),
        ("rpl.dao", "path to dut"),
        ("rpl.dis", ""),
    ] {
        let told: Vec<_> = all.iter().map(|pdu| (&pdu.message, &pdu.info)).collect();
        assert!(all.iter().any(|pdu| pdu.message == message && pdu.info == info), "no {message} {info} in {told:#?}");
    }
}

#[test]
fn frames_are_told_by_board_and_packets_by_their_ends() {
    let all = of("SEL-JOIN-01");
    let boards = ["ct", "lbr", "router", "dut", "all", ""];
    for pdu in &all {
        assert!(boards.contains(&pdu.from.as_str()) && boards.contains(&pdu.to.as_str()), "{pdu:?}");
    }
    let put: Vec<&PduSummary> = all.iter().filter(|pdu| pdu.message == "coap.put" && pdu.point == Point::Air).collect();
    assert!(put.iter().any(|pdu| pdu.from == "lbr" && pdu.to == "router" && pdu.secured), "{put:#?}");
    assert!(put.iter().any(|pdu| pdu.from == "router" && pdu.to == "dut" && !pdu.secured), "{put:#?}");
    assert!(put.iter().all(|pdu| pdu.info.starts_with("ct → dut")), "{put:#?}");
}

#[test]
fn no_payload_is_told() {
    for pdu in of("SEL-JOIN-01").iter().filter(|pdu| pdu.message.starts_with("coap")) {
        assert!(!pdu.info.contains('{') && !pdu.info.contains("key\""), "{pdu:?}");
    }
}
