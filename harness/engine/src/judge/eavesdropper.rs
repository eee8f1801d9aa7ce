//! What a stranger hears who holds no key (`SECC` 5.2.3): frames as they are on the air, put together and decompressed, but
//! never decrypted.

use std::net::Ipv6Addr;

use wire::dissect::{Dissection, Dissector, Keys};

use crate::environment::Environment;
use crate::scenery;

/// The field of a frame that shows a secret to a stranger: which secret, e.g. `dut.psk`.
pub(super) const CLEAR_SECRET: &str = "clear.secret";

/// A listener without keys who would know each secret of a case if it came by.
pub(super) struct Eavesdropper {
    dissector: Dissector,
    /// What a secret is called, and the octets that show it: itself, and its hex digits in either case.
    secrets: Vec<(String, Vec<Vec<u8>>)>,
}

impl Eavesdropper {
    /// Listens for the pre-shared keys of all boards and for the network's key.
    pub(super) fn new(environment: &Environment) -> Self {
        let properties = environment.properties.iter();
        let all = properties.flat_map(|(name, fields)| fields.iter().map(move |(field, value)| (name, field, value)));
        let secrets = all.filter_map(|(name, field, value)| {
            let octets = hex::decode(value).ok().filter(|_| matches!(field.as_str(), "psk" | "key"))?;
            let shown = vec![octets, value.to_lowercase().into_bytes(), value.to_uppercase().into_bytes()];
            Some((format!("{name}.{field}"), shown))
        });
        Self { dissector: keyless_dissector(), secrets: secrets.collect() }
    }

    /// The secrets that this frame (with FCS), or the datagram that it completes, shows in clear.
    pub(super) fn hear(&mut self, number: u64, psdu: &[u8]) -> Vec<String> {
        let dissection = self.dissector.frame(number, psdu, true);
        let shows = |(_, shown): &&(String, Vec<Vec<u8>>)| shown.iter().any(|octets| is_in(octets, &dissection));
        self.secrets.iter().filter(shows).map(|(name, _)| name.clone()).collect()
    }
}

/// Knows the mesh's context 0, which every router advertises in clear.
pub(crate) fn keyless_dissector() -> Dissector {
    let mut dissector = Dissector::new(Keys::new());
    let [a, b, c, d, e, f, g, h] = scenery::MESH_PREFIX;
    dissector.set_context(0, Ipv6Addr::from([a, b, c, d, e, f, g, h, 0, 0, 0, 0, 0, 0, 0, 0]), 64);
    dissector
}

fn is_in(octets: &[u8], dissection: &Dissection) -> bool {
    !octets.is_empty()
        && dissection.buffers().any(|buffer| buffer.bytes.windows(octets.len()).any(|window| window == octets))
}
