//! Recorded sessions and their keys.

/// The key of `sec.pcap` and of frames that tests secure: 000102..0f.
pub fn link_key() -> [u8; 16] {
    core::array::from_fn(|index| index as u8)
}

/// A recorded DTLS session of `wire/tests/vectors`.
pub struct Session {
    /// Random of its ClientHello.
    pub client_random: [u8; 32],
    /// Master secret.
    pub master_secret: [u8; 48],
    /// UDP payloads in order, each with whether the client sent it.
    pub datagrams: Vec<(bool, Vec<u8>)>,
}

/// Reads `wire/tests/vectors/dtls12-NAME.txt`.
pub fn session(name: &str) -> Session {
    let path = format!("{}/../../dut-firmware/wire/tests/vectors/dtls12-{name}.txt", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let value = |key: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(key)).unwrap();
        hex::decode(line.trim()).unwrap()
    };
    let datagrams = text.lines().filter_map(|line| match line.split_once(' ')? {
        ("C", payload) => Some((true, hex::decode(payload).unwrap())),
        ("S", payload) => Some((false, hex::decode(payload).unwrap())),
        _ => None,
    });
    Session {
        client_random: value("client_random").try_into().unwrap(),
        master_secret: value("master_secret").try_into().unwrap(),
        datagrams: datagrams.collect(),
    }
}

/// The pre-shared key of the recorded sessions.
pub const PSK: &str = "000102030405060708090a0b0c0d0e0f";
