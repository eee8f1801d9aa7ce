//! The engines of `protocols` that take octets of strangers: reassembly, link security, credentials, CoAP, and DTLS
//! sessions whose datagrams are changed on their way.

use std::collections::VecDeque;
use std::time::Duration;

use protocols::Entropy;
use protocols::coap as engine;
use protocols::credentials::{Identity, PublicKey, Purpose, SigningKey, Trust, TrustAnchor};
use protocols::dtls::{Client, ClientConfig, CookieConfig, Output, Server, ServerConfig};
use protocols::link_security::{LinkKey, LinkSecurity, OutgoingCounter, Policy};
use protocols::lowpan::{LINK_MTU, MAX_REASSEMBLED, PacketReassembler, Protection, Reassembler};
use protocols::time::Instant;
use protocols::tls::{ClientAuthentication, ClientEcdhe, Psk, ServerEcdhe, SinglePsk};
use rand_core::SeedableRng;
use wire::Eui64;
use wire::coap::{BlockSize, Code};
use wire::ieee802154::{LinkAddress, Mpdu, SecurityLevel, ShortAddress};
use wire::ipv6::Packet;

use super::{LINK_KEY, contexts};

/// Octets: payloads of data frames, each as a control octet, a length octet and that many octets. Bits of the control octet:
/// 0 which source, 1 secured or not, 2 and 3 seconds since the frame before.
pub fn lowpan_reassembly(data: &[u8]) -> bool {
    const CAPACITY: usize = 3;
    let mut reassembler = Reassembler::new(CAPACITY);
    let contexts = contexts();
    let (mut rest, mut now, mut is_whole) = (data, Instant::ZERO, false);
    while let [control, length, following @ ..] = rest {
        let (payload, after) = following.split_at(following.len().min(usize::from(*length)));
        rest = after;
        now = now + Duration::from_secs(u64::from(control >> 2 & 3));
        let source = match control & 1 {
            0 => LinkAddress::Extended(Eui64([2, 0, 0, 0, 0, 0, 0, 1])),
            _ => LinkAddress::Short(ShortAddress(0x1234)),
        };
        let destination = LinkAddress::Extended(Eui64([2, 0, 0, 0, 0, 0, 0, 2]));
        let protection = match control & 2 {
            0 => Protection::Plain,
            _ => Protection::Secured { level: SecurityLevel::EncMic32, key_index: 1 },
        };
        if let Ok(Some(datagram)) = reassembler.accept(now, payload, source, destination, protection, &contexts) {
            assert!(datagram.packet.len() <= LINK_MTU && Packet::parse(&datagram.packet).is_ok());
            assert_eq!(datagram.protection, protection, "plain fragments became a secured datagram");
            is_whole = true;
        }
        assert!(reassembler.pending() <= CAPACITY);
        assert!(reassembler.deadline().is_none_or(|deadline| deadline > now));
    }
    is_whole
}

/// Octets: IPv6 packets, each as two octets of length and that many octets.
pub fn ipv6_reassembly(data: &[u8]) -> bool {
    const CAPACITY: usize = 3;
    let mut reassembler = PacketReassembler::new(CAPACITY);
    let (mut rest, mut is_whole) = (data, false);
    while let [high, low, following @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let (packet, after) = following.split_at(following.len().min(length));
        rest = after;
        if let Ok(Some(whole)) = reassembler.accept(Instant::ZERO, packet) {
            assert!(whole.len() <= MAX_REASSEMBLED.max(packet.len()) && Packet::parse(&whole).is_ok());
            is_whole = true;
        }
        assert!(reassembler.pending() <= CAPACITY);
    }
    is_whole
}

/// Octets: MPDUs, each as a length octet and that many octets. No secured frame is taken twice, and none that was not
/// secured with the key.
pub fn link_security(data: &[u8]) -> bool {
    let mut security =
        LinkSecurity::new(Eui64([2, 0, 0, 0, 0, 0, 0, 2]), Policy::default(), OutgoingCounter::from_stored(0));
    assert!(security.set_key(1, LinkKey::new(LINK_KEY)).is_ok());
    let (mut rest, mut is_secured) = (data, false);
    while let [length, following @ ..] = rest {
        let (mpdu, after) = following.split_at(following.len().min(usize::from(*length)));
        rest = after;
        let Ok(Mpdu::Secured(frame)) = Mpdu::parse(mpdu) else { continue };
        is_secured = true;
        if security.unsecure_frame(&frame).is_ok() {
            assert!(security.unsecure_frame(&frame).is_err(), "a frame was taken twice");
        }
    }
    is_secured
}

/// Octets: a public key, a private key or a certificate in DER; it is its own issuer as well.
pub fn credentials(data: &[u8]) -> bool {
    let mut is_read = false;
    if let Ok(key) = PublicKey::from_subject_public_key_info(data) {
        assert!(PublicKey::from_subject_public_key_info(&key.subject_public_key_info()) == Ok(key));
        assert!(PublicKey::from_point(&key.point()) == Ok(key));
        is_read = true;
    }
    is_read |= PublicKey::from_point(data).is_ok();
    if let Ok(key) = SigningKey::from_der(data) {
        let signature = key.sign(&[7; 32]).unwrap_or_default();
        assert!(key.public_key().verifies(&[7; 32], &signature));
        is_read = true;
    }
    let anchors: Vec<_> = TrustAnchor::from_certificate(data).into_iter().collect();
    is_read |= !anchors.is_empty();
    for peer_name in [None, Some("device.example".to_string())] {
        let unix_time_at_zero = Duration::from_secs(1_790_000_000);
        let peer_serial_number = peer_name.is_none().then(|| "70b3d5b007000003".to_owned());
        let trust =
            Trust { anchors: anchors.clone(), unix_time_at_zero, peer_name, peer_serial_number, ..Trust::default() };
        assert!(trust.verify_raw_public_key(data).is_err(), "nobody is believed");
        let _ = trust.verify_chain(&[data, data], Purpose::Server, Duration::ZERO);
        let _ = trust.verify_chain(&[data], Purpose::Client, Duration::ZERO);
    }
    is_read
}

/// Octets: datagrams, each as a control octet, two octets of length and that many octets, to a client that has asked and to a
/// server whose owner answers. Bit 0 of the control octet says to whom; bits 1 and 2 let 1, 8 or 64 seconds go by; bit 3
/// writes the message ID and the token of the client's last message over those of the datagram.
pub fn coap_exchange(data: &[u8]) -> bool {
    let block_wise = engine::BlockWise { size: BlockSize::at_most(32), max_body: 300 };
    let entropy = Entropy::seed_from_u64(1);
    let mut client = engine::Client::new(engine::TransmissionParameters::default(), entropy.clone());
    let mut server = engine::Server::new(engine::TransmissionParameters::default(), entropy);
    client.set_block_wise(block_wise);
    server.set_block_wise(block_wise);
    let mut now = Instant::ZERO;
    for length in [0, 100] {
        let mut request = engine::Request::new(Code::GET, "a/b");
        request.payload = vec![7; length];
        client.request(now, request);
    }
    let (mut rest, mut is_message, mut asked) = (data, false, Vec::new());
    while let [control, high, low, following @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let (datagram, after) = following.split_at(following.len().min(length));
        rest = after;
        let wait = [0, 1, 8, 64].get(usize::from(control >> 1 & 3)).copied().unwrap_or_default();
        now = now + Duration::from_secs(wait);
        let mut datagram = datagram.to_vec();
        let of_token = |bytes: &[u8]| bytes.first().map_or(0, |first| usize::from(first & 0xf)).min(8) + 4;
        if let (true, Some(head)) = (control & 8 != 0, asked.get(2..of_token(&asked)))
            && of_token(&asked) == of_token(&datagram)
            && let Some(field) = datagram.get_mut(2..2 + head.len())
        {
            field.copy_from_slice(head);
        }
        is_message |= wire::coap::Message::parse(&datagram).is_ok();
        if control & 1 == 0 {
            client.handle(now, &datagram)
        } else {
            server.handle(now, &datagram)
        }
        let mut outputs = 0;
        while let Some(output) = client.poll(now) {
            outputs += 1;
            if let engine::ClientOutput::Datagram(sent) = output {
                assert!(wire::coap::Message::parse(&sent).is_ok());
                asked = sent;
            }
        }
        while let Some(output) = server.poll(now) {
            outputs += 1;
            match output {
                engine::ServerOutput::Datagram(sent) => {
                    assert!(wire::coap::Message::parse(&sent).is_ok());
                }
                engine::ServerOutput::Request { exchange, message } => {
                    assert!(message.payload.len() <= length.max(300));
                    let mut response = engine::Response::new(Code::CONTENT);
                    response.payload = message.payload;
                    server.respond(now, exchange, response);
                }
            }
        }
        assert!(outputs < 1000, "no end of outputs");
    }
    is_message
}

/// A session under way: its two ends and what travels between them.
struct Session {
    now: Instant,
    client: Client,
    server: Server,
    to_server: VecDeque<Vec<u8>>,
    to_client: VecDeque<Vec<u8>>,
}

const MTU: usize = 256;
const REQUEST: &[u8] = b"what the client says";
const RESPONSE: &[u8] = b"what the server says";

impl Session {
    /// With a PSK or with raw public keys. Bits of `mode`: 1 cookies, 2 the client shows its raw public key.
    fn new(is_ecdhe: bool, mode: u8) -> Option<Self> {
        let (mut client, mut server) = if !is_ecdhe {
            let server = SinglePsk { identity: b"device".to_vec(), psk: Psk::new(LINK_KEY) };
            (ClientConfig::new(*b"device", Psk::new(LINK_KEY)), ServerConfig::new(server))
        } else {
            let keys = [1, 2].map(|scalar| SigningKey::from_scalar(&[scalar; 32]).ok());
            let [Some(of_client), Some(of_server)] = keys else { return None };
            let trusting = |key: PublicKey| Trust { raw_public_keys: vec![key], ..Trust::default() };
            let (of_client_public, of_server_public) = (of_client.public_key(), of_server.public_key());
            let identity = (mode & 4 != 0).then(|| Identity::raw_public_key(of_client));
            let client = ClientEcdhe::new(identity, trusting(of_server_public));
            let server = ServerEcdhe {
                identity: Identity::raw_public_key(of_server),
                client_authentication: ClientAuthentication::Optional,
                trust: trusting(of_client_public),
            };
            (ClientConfig::with_ecdhe(client), ServerConfig::with_ecdhe(server))
        };
        server.cookie = (mode & 2 != 0).then(|| CookieConfig { secret: [7; 32], peer: b"peer".to_vec() });
        (client.mtu, server.mtu) = (MTU, MTU);
        Some(Self {
            now: Instant::ZERO,
            client: Client::new(client, Entropy::seed_from_u64(1), Instant::ZERO).ok()?,
            server: Server::new(server, Entropy::seed_from_u64(2)).ok()?,
            to_server: VecDeque::new(),
            to_client: VecDeque::new(),
        })
    }

    /// Takes what both ends have to say; the owners greet each other once connected.
    fn drain(&mut self) {
        let mut outputs = 0;
        loop {
            let (is_client, output) = match self.client.poll(self.now) {
                Some(output) => (true, output),
                None => match self.server.poll(self.now) {
                    Some(output) => (false, output),
                    None => return,
                },
            };
            outputs += 1;
            assert!(outputs < 1000, "no end of outputs");
            match output {
                Output::Datagram(datagram) => {
                    assert!(datagram.len() <= MTU);
                    if is_client { self.to_server.push_back(datagram) } else { self.to_client.push_back(datagram) }
                }
                Output::Connected if is_client => drop(self.client.send(self.now, REQUEST)),
                Output::Connected => drop(self.server.send(self.now, RESPONSE)),
                Output::ApplicationData(said) => {
                    assert_eq!(said, if is_client { RESPONSE } else { REQUEST }, "nobody said that");
                }
                Output::Closed(_) | Output::KeyLog(_) => {}
            }
        }
    }

    fn take(&mut self, to_server: bool, datagram: &[u8]) {
        if to_server {
            self.server.handle(self.now, datagram);
        } else {
            self.client.handle(self.now, datagram);
        }
    }
}

/// Octets: the kind of session, then what happens, each an octet and what it needs. Bit 7 says whether to the server. 0 to 3:
/// the next datagram arrives; 4: it arrives with an octet changed (place, mask); 5: it is lost; 6: it arrives twice; 7: the
/// next timer; 8: it arrives cut (octets left); 9: a foreign datagram arrives (length, octets); 10: it is overtaken by the
/// one behind it. Nothing of it makes an end take for genuine what the other did not say.
pub fn dtls_session(data: &[u8]) -> bool {
    session(false, data)
}

/// Like [`dtls_session`], with raw public keys in place of a PSK; public-key cryptography makes it slow.
pub fn dtls_session_ecdhe(data: &[u8]) -> bool {
    session(true, data)
}

fn session(is_ecdhe: bool, data: &[u8]) -> bool {
    let Some((&mode, mut rest)) = data.split_first() else { return false };
    let Some(mut session) = Session::new(is_ecdhe, mode) else { return false };
    session.drain();
    for _ in 0..100 {
        let Some((&happening, behind)) = rest.split_first() else { break };
        rest = behind;
        let to_server = happening & 0x80 != 0;
        let mut argument = || -> u8 {
            let Some((&octet, behind)) = rest.split_first() else { return 0 };
            rest = behind;
            octet
        };
        let queue = if to_server { &mut session.to_server } else { &mut session.to_client };
        match happening & 0x0f {
            kind @ (4 | 6 | 8) => {
                let Some(mut datagram) = queue.pop_front() else { continue };
                if kind == 4 {
                    let (place, mask) = (usize::from(argument()), argument());
                    if let Some(octet) = datagram.get_mut(place) {
                        *octet ^= mask;
                    }
                } else if kind == 8 {
                    datagram.truncate(usize::from(argument()));
                } else {
                    session.take(to_server, &datagram);
                }
                session.take(to_server, &datagram);
            }
            5 => drop(queue.pop_front()),
            7 => {
                let next = [session.client.deadline(), session.server.deadline()].into_iter().flatten().min();
                session.now = session.now.max(next.unwrap_or(session.now));
            }
            9 => {
                let length = usize::from(argument());
                let (foreign, behind) = rest.split_at(rest.len().min(length));
                rest = behind;
                session.take(to_server, foreign);
            }
            10 => {
                if let Some(datagram) = queue.pop_front() {
                    queue.insert(queue.len().min(1), datagram);
                }
            }
            _ => {
                if let Some(datagram) = queue.pop_front() {
                    session.take(to_server, &datagram);
                }
            }
        }
        session.drain();
    }
    session.client.is_connected() && session.server.is_connected()
}
