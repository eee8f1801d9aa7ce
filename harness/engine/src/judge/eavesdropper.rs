//! What a stranger hears who holds no key (`SECC` 5.2.3): frames as they are on the air, put together and decompressed, but
//! never decrypted.

use std::time::Duration;

use authenticator::profile::MESH_PREFIX;
use dissect::{Dissection, Dissector, KINDS, Keys, UdpProtocol};
use wire::Eui64;

use crate::environment::Environment;

/// The field of a frame that shows a secret to a stranger: which secret, e.g. `dut.psk`.
pub(super) const CLEAR_SECRET: &str = "clear.secret";

/// A listener without keys who would know each secret of a case if it came by.
pub(super) struct Eavesdropper {
    dissector: Dissector,
    /// What a secret is called, and the octets that show it: itself, and its hex digits in either case.
    secrets: Vec<(String, Vec<Vec<u8>>)>,
}

impl Eavesdropper {
    /// Listens for what the kinds of secrets say that is secret of boards and network.
    pub(super) fn new(environment: &Environment) -> Self {
        let properties = environment.properties.iter();
        let all = properties.flat_map(|(name, fields)| fields.iter().map(move |(field, value)| (name, field, value)));
        let secrets = all.filter_map(|(name, field, value)| {
            let is_secret = KINDS.iter().any(|kind| kind.properties.contains(&field.as_str()));
            let octets = hex::decode(value).ok().filter(|_| is_secret)?;
            Some((format!("{name}.{field}"), shown(&octets)))
        });
        Self { dissector: keyless_dissector(environment), secrets: secrets.collect() }
    }

    /// Listens for a secret that the tester has learnt too: `dtls.0123..`.
    pub(super) fn learn(&mut self, protocol: &str, session: &[u8], secret: &[u8]) {
        let shown = shown(secret);
        if !secret.is_empty() && !self.secrets.iter().any(|(_, known)| *known == shown) {
            self.secrets.push((format!("{protocol}.{}", hex::encode(session)), shown));
        }
    }

    /// A board was started anew at `time`.
    pub(super) fn restarted(&mut self, node: Eui64, time: Option<Duration>) {
        self.dissector.restarted(node, time);
    }

    /// The secrets that this frame (with FCS) at `time`, in nanoseconds, or the datagram that it completes, shows in clear.
    pub(super) fn hear(&mut self, number: u64, time: u64, psdu: &[u8]) -> Vec<String> {
        self.dissector.set_time(Some(Duration::from_nanos(time)));
        let dissection = self.dissector.frame(number, psdu, true);
        let shows = |(_, shown): &&(String, Vec<Vec<u8>>)| shown.iter().any(|octets| is_in(octets, &dissection));
        self.secrets.iter().filter(shows).map(|(name, _)| name.clone()).collect()
    }
}

/// Knows the mesh's context 0, which every router advertises in clear, and where the device has its server.
pub(crate) fn keyless_dissector(environment: &Environment) -> Dissector {
    let mut dissector = Dissector::new(Keys::new());
    let port = environment.get("dut", "dtls_port").and_then(|port| port.parse().ok());
    if let Some((port, dtls)) = port.zip(UdpProtocol::named("dtls")) {
        dissector.decode_as(port, dtls);
    }
    dissector.set_context(0, MESH_PREFIX, 64);
    dissector
}

/// What shows a secret: itself, and its hex digits in either case.
fn shown(secret: &[u8]) -> Vec<Vec<u8>> {
    vec![secret.to_vec(), hex::encode(secret).into_bytes(), hex::encode_upper(secret).into_bytes()]
}

fn is_in(octets: &[u8], dissection: &Dissection) -> bool {
    !octets.is_empty()
        && dissection.buffers().any(|buffer| buffer.bytes.windows(octets.len()).any(|window| window == octets))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A broadcast data frame with these octets behind an uncompressed dispatch that is none of 6LoWPAN's, and its FCS.
    fn frame(payload: &[u8]) -> Vec<u8> {
        let mut psdu = vec![0x41, 0xc8, 1, 0x07, 0xb0, 0xff, 0xff, 3, 0, 0, 7, 0xb0, 0xd5, 0xb3, 0x70, 0x00];
        psdu.extend_from_slice(payload);
        let fcs = wire::ieee802154::fcs(&psdu);
        psdu.extend(fcs.to_le_bytes());
        psdu
    }

    #[test]
    fn a_secret_is_noticed_as_octets_and_as_digits_and_nothing_else_is() {
        let mut environment = Environment::default();
        environment.set("dut", "psk", "00112233445566778899aabbccddeeff");
        environment.set("dut", "eui64", "70b3d5b007000003");
        let mut eavesdropper = Eavesdropper::new(&environment);
        let octets = hex::decode("00112233445566778899aabbccddeeff").unwrap();
        assert_eq!(eavesdropper.hear(1, 0, &frame(&octets)), ["dut.psk"]);
        assert_eq!(eavesdropper.hear(2, 0, &frame(b"psk=00112233445566778899AABBCCDDEEFF")), ["dut.psk"]);
        assert!(eavesdropper.hear(3, 0, &frame(&octets[2..])).is_empty());
        assert!(eavesdropper.hear(4, 0, &frame(b"70b3d5b007000003")).is_empty());
    }
}
