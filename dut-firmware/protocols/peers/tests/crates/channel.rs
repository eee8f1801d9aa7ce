//! What both peers need: chance, and a look at recorded datagrams.

use bootrack_peer_tests::entropy;
use protocols::Entropy;
use protocols::tls::KeyLog;
use rand_core::Rng;
use wire::dtls::{fragments, records};
use wire::tls::{ContentType, HandshakeType, KeyBlock, MasterSecret};

/// Loses datagrams at random, but the same ones for the same seed.
pub(crate) struct Loss {
    thousandths: u32,
    chance: Entropy,
}

impl Loss {
    pub(crate) fn new(thousandths: u32, seed: u64) -> Self {
        Self { thousandths, chance: entropy(seed ^ 0x1055) }
    }

    pub(crate) fn strikes(&mut self) -> bool {
        self.chance.next_u32() % 1000 < self.thousandths
    }
}

/// The random of the ServerHello in these datagrams, whatever fragments it came in.
pub(crate) fn server_random(datagrams: &[Vec<u8>]) -> [u8; 32] {
    let mut body = [0; 64];
    for record in datagrams.iter().flat_map(|datagram| records(datagram)).flatten() {
        if record.header.epoch != 0 || record.header.content_type != ContentType::Handshake {
            continue;
        }
        for fragment in fragments(record.fragment).unwrap() {
            if fragment.header.msg_type == HandshakeType::ServerHello {
                let start = usize::try_from(fragment.header.fragment_offset).unwrap();
                for (at, octet) in fragment.body.iter().enumerate() {
                    if let Some(place) = body.get_mut(start + at) {
                        *place = *octet;
                    }
                }
            }
        }
    }
    body[2..34].try_into().unwrap()
}

/// The keys that follow from our key log and the ServerHello that was seen.
pub(crate) fn key_block(keys: &KeyLog, server_random: &[u8; 32]) -> KeyBlock {
    MasterSecret::from_octets(keys.master_secret).key_block(&keys.client_random, server_random)
}
