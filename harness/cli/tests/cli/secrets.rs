//! A secret that a station tells by the one shape of all kinds opens traffic for the judge's observer, travels with the
//! evidence by what its kind says, and opens it again for `bootrack dissect`.

use differential::{PSK, session};
use engine::environment::Environment;
use engine::judge::Observer;
use record::event::{Action, EVENTS_SCHEMA, Event, Key, What};
use record::{Bundle, CaseId, Octets, RunManifest};
use rstest::rstest;
use wire::ipv6::{Header, Ipv6Addr, NextHeader, Packet};
use wire::udp::Datagram;

use crate::common::call;

const CASE: &str = "A-01";

fn packet(from_client: bool, payload: Vec<u8>) -> Vec<u8> {
    let (client, server): (Ipv6Addr, Ipv6Addr) = ("fd00:c0::1".parse().unwrap(), "fd00:b007::2".parse().unwrap());
    let ends = [(client, 40_000), (server, 5684)];
    let [from, to] = if from_client { ends } else { [ends[1], ends[0]] };
    let datagram = Datagram { source_port: from.1, destination_port: to.1, payload };
    let header = Header::new(from.0, to.0, NextHeader::UDP, 64);
    Packet { header, payload: datagram.to_vec(from.0, to.0).unwrap() }.to_vec().unwrap()
}

fn result() -> serde_json::Value {
    serde_json::json!({
        "id": CASE, "suite": "sel", "phase": "bootstrap", "purpose": "A purpose.", "clauses": [], "verdict": "pass",
        "blame": null, "reason": "", "deciding_step": null, "deciding_clauses": [], "evidence": [], "steps": [],
        "seed": "07".repeat(32), "duration": 0, "entry_state": null, "exit_state": null, "digests": {},
    })
}

/// A pre-shared key goes into a key file, a master secret into the capture: nobody but their kinds says so.
#[rstest]
#[case::beside_the_capture("psk", true)]
#[case::in_the_capture("dtls", false)]
fn a_station_tells_a_secret_and_everybody_reads_by_it(#[case] kind: &str, #[case] has_key_file: bool) {
    let recorded = session("psk");
    let (session, secret) = match kind {
        "psk" => (Vec::new(), hex::decode(PSK).unwrap()),
        _ => (recorded.client_random.to_vec(), recorded.master_secret.to_vec()),
    };
    let key = Key::Secret { protocol: kind.to_owned(), session: Octets(session), secret: Octets(secret) };
    let mut what = vec![
        What::CaseStarted { schema: EVENTS_SCHEMA.into(), case: CASE.into(), seed: Octets(vec![7; 32]) },
        What::KeyLearnt(key),
    ];
    what.extend(recorded.datagrams.iter().map(|(from_client, payload)| {
        let packet = Octets(packet(*from_client, payload.clone()));
        What::Action(Action::Backbone { port: "ct".to_owned(), packet, wrong_on_purpose: None })
    }));
    what.push(What::CaseEnded);

    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let manifest: RunManifest = serde_json::from_value(serde_json::json!({
        "schema": "bootrack-run/1", "id": "r", "started": "2026-11-20T19:00:00Z", "wall_seconds": null, "version": "0.1.0",
        "command": [], "seed": 7, "testbed": { "name": "virtual", "sha256": "00" }, "suites": [],
        "pics": { "name": "p", "sha256": "00" }, "pixit": { "name": "p", "sha256": "00" }, "pics_values": {},
        "pixit_values": {}, "device": {}, "tested": "a device", "mutant": null, "fake": null, "identity": {},
        "warnings": [], "cases": [result()],
    }))
    .unwrap();
    let bundle = Bundle::create(&run, &manifest, &serde_json::json!([])).unwrap();
    let mut writer = bundle.case(&CaseId::new(CASE).unwrap()).unwrap();
    let mut observer = Observer::new(&Environment::default());
    let mut decrypted = Vec::new();
    for (t, what) in (0..).zip(what) {
        let event: Event = writer.append(t, what).unwrap();
        let pdu = observer.see(&event);
        decrypted.extend(pdu.iter().filter_map(|pdu| pdu.number("dtls.decrypted")));
    }
    // Two Finished, a message, two alerts, in as many datagrams.
    assert_eq!(decrypted, [1; 5]);

    let sealed = writer.seal(serde_json::from_value(result()).unwrap()).unwrap();
    let mut manifest = manifest;
    manifest.cases = vec![sealed];
    bundle.finish(&manifest).unwrap();
    assert!(Bundle::open(&run).unwrap().damage.is_empty());
    let case = run.join("cases").join(CASE);
    let keys = case.join("keys.txt");
    assert_eq!(keys.exists(), has_key_file);
    let capture = case.join("capture.pcapng");
    let mut arguments = vec!["dissect".as_ref(), capture.as_os_str(), "--field".as_ref(), "dtls.decrypted".as_ref()];
    if has_key_file {
        let closed = call(arguments.clone()).expect(0).out;
        assert!(!closed.lines().any(|line| line.contains('1')), "{closed}");
        arguments.extend(["--keys".as_ref(), keys.as_os_str()]);
    }
    let open = call(arguments).expect(0).out;
    assert_eq!(open.split([',', '\n']).filter(|value| *value == "1").count(), 5, "{open}");

    if has_key_file {
        std::fs::write(&keys, "psk 00\n").unwrap();
        let damage: Vec<String> = Bundle::open(&run).unwrap().damage.iter().map(ToString::to_string).collect();
        assert!(matches!(&damage[..], [only] if only.contains("keys.txt")), "{damage:?}");
    }
}
