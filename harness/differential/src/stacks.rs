//! Captures of running stacks, OpenThread and RIOT, in their own times: as they are, and with the keys that they were run with.

use dissect::{Dissection, Dissector, Keys, LinkType};

use crate::captures::{capture_path, read};
use crate::compare::{Comparison, compare_values};
use crate::excuses_dtls::SESSIONS;
use crate::excuses_history::{HISTORIES, STACKS};
use crate::tshark;

/// A capture, and what opens its frames.
struct Stack {
    name: &'static str,
    /// Network keys of Thread, of which tshark derives those of the MAC and learns addresses.
    networks: &'static [&'static str],
    /// The MAC keys by key index, which the dissector is told.
    link_keys: &'static [(u8, &'static str)],
    /// Short addresses of PAN 0xface, which MLE assigned.
    addresses: &'static [(u16, &'static str)],
    psk: &'static str,
}

const NETWORK: &str = "00112233445566778899aabbccddeeff";
/// HMAC-SHA-256(network key, key sequence | "Thread"), the last 16 octets, for key sequences 0, 127 and 200.
const MAC_KEYS: [(u8, &str); 3] = [
    (1, "de89c53af382b421e0fde5a9bae3bef0"),
    (128, "cda297d36f9a49bb49aec8ace056c41f"),
    (73, "23cab21bcbe3b4c32f3344246c3afece"),
];

const STACK_CAPTURES: [Stack; 8] = [
    Stack {
        name: "ot-coaps-psk.pcap",
        networks: &[NETWORK],
        link_keys: &MAC_KEYS,
        addresses: &[(0x9c00, "1a5472ffd18b0c34"), (0xcc00, "8a4f9ce138d167ae"), (0xcc01, "1a5472ffd18b0c34")],
        psk: "secretPSK1234567",
    },
    Stack {
        name: "ot-key-sequence.pcap",
        networks: &[NETWORK],
        link_keys: &MAC_KEYS,
        addresses: &[(0x4800, "ca543982c01b5910"), (0x9400, "d2314c20a99c6a82"), (0x9401, "ca543982c01b5910")],
        psk: "",
    },
    Stack {
        name: "ot-mle-router-frag.pcap",
        networks: &[NETWORK],
        link_keys: &MAC_KEYS,
        addresses: &[(0x2c00, "aebe4c653eae6ac1"), (0x2c01, "a6a8932aa2bd9247"), (0xa400, "a6a8932aa2bd9247")],
        psk: "",
    },
    Stack {
        name: "ot-scan-two-networks.pcap",
        networks: &[NETWORK, "ffeeddccbbaa99887766554433221100"],
        link_keys: &MAC_KEYS,
        addresses: &[],
        psk: "",
    },
    Stack {
        name: "ot-sed-indirect-tap.pcap",
        networks: &[NETWORK],
        link_keys: &MAC_KEYS,
        addresses: &[(0xf800, "c6f87be270db688a"), (0xf801, "dadab88e222cc47b")],
        psk: "",
    },
    Stack { name: "riot-coaps-psk-zep.pcapng", networks: &[], link_keys: &[], addresses: &[], psk: "secretPSK" },
    Stack { name: "riot-rpl-6lond-frag-zep.pcapng", networks: &[], link_keys: &[], addresses: &[], psk: "" },
    Stack { name: "riot-zep-hello.pcapng", networks: &[], link_keys: &[], addresses: &[], psk: "" },
];

/// Compares them as they are, without anything that a user would have to know.
///
/// # Panics
/// If tshark fails, or sees another number of frames.
pub fn without_keys() -> Comparison {
    let mut all = Comparison::default();
    for stack in &STACK_CAPTURES {
        all.add(compared(stack, &[], Dissector::new(Keys::new())));
    }
    all
}

/// Compares them with their keys.
///
/// # Panics
/// As [`without_keys`].
pub fn with_keys() -> Comparison {
    let mut all = Comparison::default();
    for stack in &STACK_CAPTURES {
        let mut preferences: Vec<String> =
            stack.networks.iter().map(|key| format!("uat:ieee802154_keys:\"{key}\",\"1\",\"Thread hash\"")).collect();
        let mut keys = Keys::new();
        for (index, key) in stack.link_keys {
            keys.add_link_key(*index, hex::decode(key).unwrap().try_into().unwrap());
        }
        if !stack.psk.is_empty() {
            preferences.push(format!("dtls.psk:{}", hex::encode(stack.psk)));
            keys.add_psk(stack.psk.as_bytes());
        }
        let mut dissector = Dissector::new(keys);
        for (short, eui64) in stack.addresses {
            dissector.set_short_address(0xface, *short, hex::decode(eui64).unwrap().try_into().unwrap());
        }
        all.add(compared(stack, &preferences, dissector));
    }
    all
}

fn compared(stack: &Stack, preferences: &[String], mut dissector: Dissector) -> Comparison {
    let path = capture_path(stack.name);
    let recorded = read(&path);
    dissector.set_heuristics(true);
    // What tshark takes if it is not told.
    dissector.set_absolute_slot_number(Some(0));
    let packets = (1..).zip(recorded.packets.iter().zip(&recorded.times));
    let dissections: Vec<Dissection> = packets
        .map(|(number, ((link_type, bytes), time))| {
            dissector.set_time(Some(*time));
            dissector.packet(number, LinkType(*link_type), bytes)
        })
        .collect();
    let theirs = tshark::values_under(&path, preferences);
    let mut found = compare_values(&theirs, &dissections, &[HISTORIES, SESSIONS, STACKS]);
    found.differences.iter_mut().for_each(|difference| *difference = format!("{}: {difference}", stack.name));
    found
}
