//! The captures of a campaign: every field that the dissector and tshark both know has the same values, in every frame on
//! the air and every packet on the backbone, decrypted with the run's own keys and the secrets in the captures.

use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use differential::captures::{Recorded, read};
use differential::compare::{Comparison, compare_run};
use differential::tshark::has_tshark;
use dissect::{Dissection, Dissector, Keys, LinkType};

use crate::common::{Bundle, side_by_side};
use crate::sample::sampled;

/// The link keys and contexts of a run's configuration folder for Wireshark.
fn dissector(profile: &Path) -> Dissector {
    let mut keys = Keys::new();
    for line in fs::read_to_string(profile.join("ieee802154_keys")).unwrap().lines() {
        let columns: Vec<&str> = line.split(',').map(|column| column.trim_matches('"')).collect();
        if let [key, index, "No hash"] = columns[..] {
            keys.add_link_key(index.parse().unwrap(), hex::decode(key).unwrap().try_into().unwrap());
        }
    }
    let mut dissector = Dissector::new(keys);
    // As tshark does without being told.
    dissector.set_heuristics(true);
    for line in fs::read_to_string(profile.join("preferences")).unwrap().lines() {
        if let Some((id, prefix)) = line.strip_prefix("6lowpan.context").and_then(|rest| rest.split_once(": ")) {
            let (prefix, length) = prefix.split_once('/').unwrap();
            dissector.set_context(id.parse().unwrap(), prefix.parse().unwrap(), length.parse().unwrap());
        }
    }
    dissector
}

fn dissect(recorded: &Recorded, mut dissector: Dissector) -> Vec<Dissection> {
    for line in recorded.key_logs.iter().flat_map(|log| log.lines()) {
        if let ["CLIENT_RANDOM", random, secret] = line.split(' ').collect::<Vec<_>>()[..] {
            let (random, secret) = (hex::decode(random).unwrap(), hex::decode(secret).unwrap());
            assert!(dissector.keys_mut().add("dtls", &random, &secret));
        }
    }
    let packets = (1..).zip(recorded.packets.iter().zip(&recorded.times));
    let mut dissect = |(number, ((link_type, bytes), time)): (u64, (&(u32, Vec<u8>), &Duration))| {
        dissector.set_time(Some(*time));
        dissector.packet(number, LinkType(*link_type), bytes)
    };
    packets.map(&mut dissect).collect()
}

/// Cases whose tester sends frames that no specification gives a meaning: fragments that contradict each other or come after their
/// time (RFC 4944 5.3 has them discarded, tshark puts them together, and counts copies), handshake messages that are cut, repeated and
/// contradicted record by record (tshark keeps the first and forgets the keys), headers that end too early, a payload under a key that
/// nobody has, a raw key where a certificate belongs. What is in such a frame is nobody's to say.
const MALFORMED_ON_PURPOSE: [&str; 9] = [
    "ADV-FRAG-",
    "ADV-IPHC-",
    "ADV-KEY-02",
    "CT-SRV-15",
    "CT-SRV-23",
    "CT-SRV-24",
    "LINK-TELL-01",
    "OPE-FRAG-",
    "SES-AGAIN-04",
];

#[test]
fn all_captures_of_a_campaign_have_the_same_values_here_and_in_tshark() {
    if !has_tshark() {
        return;
    }
    let run = Bundle::of_seed_one();
    let profile = run.path.join("wireshark");
    let all = Mutex::new(Comparison::default());
    let left_out = AtomicUsize::new(0);
    side_by_side(&sampled("every value as tshark has it", &["SEL-JOIN-01"]), |case| {
        let path = run.file(case, "capture.pcapng");
        let recorded = read(&path);
        let mut found = compare_run(&path, &profile, &dissect(&recorded, dissector(&profile)));
        if MALFORMED_ON_PURPOSE.iter().any(|prefix| case.starts_with(prefix)) {
            // Counted, but not held against anybody; frames that are well-formed are compared in all the other captures.
            left_out.fetch_add(found.differences.len(), Ordering::Relaxed);
            found.differences.clear();
        }
        found.differences.iter_mut().for_each(|difference| *difference = format!("{case}: {difference}"));
        all.lock().unwrap().add(found);
    });
    println!("{} differences in captures with malformed frames were left out", left_out.into_inner());
    let all = all.into_inner().unwrap();
    all.report("captures of a campaign");
    assert!(all.frames > 1000, "{} frames", all.frames);
    for field in ["icmpv6.type", "dtls.handshake.type", "coap.code", "6lowpan.frag.size", "wpan.mic", "ipv6.src"] {
        assert!(all.equal.contains_key(field), "{field} was never compared");
    }
}
