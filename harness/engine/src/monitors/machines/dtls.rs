//! DTLS (RFC 6347, RFC 6655): randoms and explicit nonces come once only, and a cookie is bound to the address that it was sent to.

use std::collections::{HashMap, HashSet};

use suites::plan::Case;

use super::text;
use crate::environment::Environment;
use crate::judge::Pdu;
use crate::monitors::sight::{Machine, Sight, Word};

/// The explicit part of a nonce of AES-CCM: 8 octets in hex digits (RFC 6655 3).
const EXPLICIT: usize = 16;

/// The two ends of an association, the device's peer first: address and port.
pub(super) type Peer = (String, u64);

/// Randoms of the device's ServerHellos.
#[derive(Default)]
pub(crate) struct Randoms {
    /// The random of each peer's last ClientHello that came to the device and may have begun a handshake.
    clients: HashMap<Peer, String>,
    /// Who was asked for a cookie: without one nothing of his begins.
    asked: HashSet<Peer>,
    /// Random of a server -> that of the client whom it was for, and the event.
    servers: HashMap<String, (String, u64)>,
}

impl Randoms {
    pub(crate) fn make(_: &Case, _: &Environment) -> Box<dyn Machine> {
        Box::<Self>::default()
    }
}

impl Machine for Randoms {
    fn see(&mut self, sight: &Sight<'_>, word: &mut Word) {
        if let Some(pdu) = sight.made().filter(|pdu| pdu.messages.contains(&"dtls.hello_verify_request")) {
            self.asked.extend(destination(pdu));
        }
        if let Some(pdu) = sight.came().filter(|pdu| pdu.messages.contains(&"dtls.client_hello"))
            && let (Some(peer), Some(random)) = (source(pdu), text(pdu, "dtls.handshake.random"))
            && (!self.asked.contains(&peer) || pdu.number("dtls.handshake.cookie_length") != Some(0))
        {
            self.clients.insert(peer, random.to_owned());
        }
        let Some(pdu) = sight.made().filter(|pdu| pdu.messages.contains(&"dtls.server_hello")) else { return };
        let (Some(peer), Some(random)) = (destination(pdu), text(pdu, "dtls.handshake.random").map(str::to_owned))
        else {
            return;
        };
        let Some(client) = self.clients.get(&peer).cloned() else { return };
        word.judge();
        let event = pdu.completed();
        match self.servers.get(&random) {
            Some((other, earlier)) if *other != client => {
                word.violation("two ServerHellos of different handshakes bear the same random", [*earlier, event]);
            }
            Some(_) => {}
            None => {
                self.servers.insert(random, (client, event));
            }
        }
    }
}

/// Cookies of the device.
#[derive(Default)]
pub(crate) struct Cookies {
    given: HashMap<String, (String, u64)>,
}

impl Cookies {
    pub(crate) fn make(_: &Case, _: &Environment) -> Box<dyn Machine> {
        Box::<Self>::default()
    }
}

impl Machine for Cookies {
    fn see(&mut self, sight: &Sight<'_>, word: &mut Word) {
        let Some(pdu) = sight.made().filter(|pdu| pdu.messages.contains(&"dtls.hello_verify_request")) else { return };
        let (Some((to, _)), Some(cookie)) = (destination(pdu), text(pdu, "dtls.handshake.cookie")) else { return };
        word.judge();
        let (known, earlier) = self.given.entry(cookie.to_owned()).or_insert_with(|| (to.clone(), pdu.completed()));
        if *known != to {
            let reason = format!("the cookie that {known} got was sent to {to} too: it is bound to no address");
            word.violation(reason, [*earlier, pdu.completed()]);
        }
    }
}

/// Explicit nonces of the device's records.
#[derive(Default)]
pub(crate) struct Nonces {
    /// Peer, nonce, and the octets behind it.
    used: HashMap<(Peer, String), (String, u64)>,
    /// What a session was that has ended: its nonces begin anew under other keys.
    ended: HashSet<Peer>,
    /// Epoch and sequence number of the last record to each peer.
    last: HashMap<Peer, (u64, u64)>,
}

impl Nonces {
    pub(crate) fn make(_: &Case, _: &Environment) -> Box<dyn Machine> {
        Box::<Self>::default()
    }
}

impl Machine for Nonces {
    fn see(&mut self, sight: &Sight<'_>, word: &mut Word) {
        let Some(pdu) = sight.made() else { return };
        let Some(peer) = destination(pdu) else { return };
        // Other keys.
        if pdu.messages.contains(&"dtls.server_hello") || pdu.messages.contains(&"dtls.change_cipher_spec") {
            self.ended.insert(peer.clone());
        }
        for layer in (0..pdu.layers.len()).filter(|layer| pdu.layers.get(*layer) == Some(&"dtls")) {
            let mut fields = pdu.fields_of(layer).iter();
            let Some(data) = fields.find(|(name, _)| name == "dtls.app_data").and_then(|(_, value)| value.text())
            else {
                continue;
            };
            let number = |name: &str| {
                let field = pdu.fields_of(layer).iter().find(|(known, _)| known == name);
                field.and_then(|(_, value)| value.number()).unwrap_or_default()
            };
            let now = (number("dtls.record.epoch"), number("dtls.record.sequence_number"));
            let before = self.last.insert(peer.clone(), now);
            // Where frames may be missed, records that count anew may be those of another handshake.
            if sight.loses_frames && before.is_none_or(|before| now <= before) {
                self.ended.insert(peer.clone());
            }
            let (Some(nonce), Some(rest)) = (data.get(..EXPLICIT), data.get(EXPLICIT..)) else { continue };
            if self.ended.remove(&peer) {
                self.used.retain(|(of, _), _| *of != peer);
            }
            word.judge();
            let event = pdu.completed();
            let (before, earlier) =
                self.used.entry((peer.clone(), nonce.to_owned())).or_insert_with(|| (rest.to_owned(), event));
            if *before != rest {
                let reason = format!("two records of a session are protected under the same explicit nonce {nonce}");
                word.violation(reason, [*earlier, event]);
            }
        }
    }
}

/// Who sent a datagram, whichever hop it is seen on.
pub(super) fn source(pdu: &Pdu) -> Option<Peer> {
    Some((pdu.text("ipv6.src")?.to_owned(), pdu.number("udp.srcport")?))
}

pub(super) fn destination(pdu: &Pdu) -> Option<Peer> {
    Some((pdu.text("ipv6.dst")?.to_owned(), pdu.number("udp.dstport")?))
}
