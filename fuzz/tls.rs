//! TLS sessions over a stream whose octets are changed, cut off and cut up on their way.

use protocols::Entropy;
use protocols::credentials::{Identity, PublicKey, SigningKey, Trust};
use protocols::time::Instant;
use protocols::tls::stream::{Client, ClientConfig, Output, Server, ServerConfig};
use protocols::tls::{self, ClientAuthentication, ClientEcdhe, Psk, ServerEcdhe, SinglePsk};
use rand_core::SeedableRng;

use super::LINK_KEY;

const REQUEST: &[u8] = b"what the client says";
const RESPONSE: &[u8] = b"what the server says";
/// Octets of a record, of which a session takes one size.
const RECORDS: [usize; 4] = [2, 40, 300, 1 << 14];

/// A session under way: its two ends and what travels between them.
struct Session {
    client: Client,
    server: Server,
    to_server: Vec<u8>,
    to_client: Vec<u8>,
}

impl Session {
    /// Bits of `mode`: 0 raw public keys in place of a PSK, 1 and 2 the size of records.
    fn new(mode: u8) -> Option<Self> {
        let (client, server) = if mode & 1 == 0 {
            let server = SinglePsk { identity: b"device".to_vec(), psk: Psk::new(LINK_KEY) };
            (tls::ClientConfig::new(*b"device", Psk::new(LINK_KEY)), tls::ServerConfig::new(server))
        } else {
            let keys = [1, 2].map(|scalar| SigningKey::from_scalar(&[scalar; 32]).ok());
            let [Some(of_client), Some(of_server)] = keys else { return None };
            let trusting = |key: PublicKey| Trust { raw_public_keys: vec![key], ..Trust::default() };
            let trusts = (trusting(of_client.public_key()), trusting(of_server.public_key()));
            let client = ClientEcdhe::new(Some(Identity::raw_public_key(of_client)), trusts.1);
            let server = ServerEcdhe {
                identity: Identity::raw_public_key(of_server),
                client_authentication: ClientAuthentication::Optional,
                trust: trusts.0,
            };
            (tls::ClientConfig::with_ecdhe(client), tls::ServerConfig::with_ecdhe(server))
        };
        let record = RECORDS[usize::from(mode >> 1 & 3)];
        let client = ClientConfig { tls: client, record };
        Some(Self {
            client: Client::new(client, Entropy::seed_from_u64(1), Instant::ZERO).ok()?,
            server: Server::new(ServerConfig { tls: server, record }, Entropy::seed_from_u64(2)).ok()?,
            to_server: Vec::new(),
            to_client: Vec::new(),
        })
    }

    /// Takes what both ends have to say; the owners greet each other once connected.
    fn drain(&mut self) {
        let (mut said_by_client, mut said_by_server) = (Vec::new(), Vec::new());
        loop {
            let (is_client, output) = match self.client.poll(Instant::ZERO) {
                Some(output) => (true, output),
                None => match self.server.poll(Instant::ZERO) {
                    Some(output) => (false, output),
                    None => break,
                },
            };
            match output {
                Output::Octets(octets) if is_client => self.to_server.extend(octets),
                Output::Octets(octets) => self.to_client.extend(octets),
                Output::Connected if is_client => drop(self.client.send(Instant::ZERO, REQUEST)),
                Output::Connected => drop(self.server.send(Instant::ZERO, RESPONSE)),
                Output::ApplicationData(said) if is_client => said_by_server.extend(said),
                Output::ApplicationData(said) => said_by_client.extend(said),
                Output::Closed(_) | Output::KeyLog(_) => {}
            }
        }
        // In as many records as they take, so a piece of it may come alone.
        let is_part = |part: &[u8], whole: &[u8]| part.is_empty() || whole.windows(part.len()).any(|at| at == part);
        assert!(is_part(&said_by_client, REQUEST) && is_part(&said_by_server, RESPONSE), "nobody said that");
    }
}

/// Octets: the kind of session, then what happens, each an octet and what it needs. Bit 7 says whether to the server. 0: all
/// octets that travel arrive; 1: so many of them (number); 2: one of the next is changed (place, mask); 3: so many are lost
/// (number); 4: foreign ones are put before them (number, octets); 5: the stream ends. Nothing of it makes an end take for
/// genuine what the other did not say.
pub fn tls_session(data: &[u8]) -> bool {
    let Some((&mode, mut rest)) = data.split_first() else { return false };
    let Some(mut session) = Session::new(mode) else { return false };
    session.drain();
    for _ in 0..100 {
        let Some((&happening, behind)) = rest.split_first() else { break };
        rest = behind;
        let to_server = happening & 0x80 != 0;
        let mut argument = || -> usize {
            let Some((&octet, behind)) = rest.split_first() else { return 0 };
            rest = behind;
            usize::from(octet)
        };
        let way = if to_server { &mut session.to_server } else { &mut session.to_client };
        let mut arriving = Vec::new();
        match happening & 0x07 {
            1 => arriving = way.drain(..argument().min(way.len())).collect(),
            2 => {
                let (place, mask) = (argument(), argument());
                if let (Some(octet), Ok(mask)) = (way.get_mut(place), u8::try_from(mask)) {
                    *octet ^= mask;
                }
            }
            3 => drop(way.drain(..argument().min(way.len()))),
            4 => {
                let length = argument();
                let (foreign, behind) = rest.split_at(rest.len().min(length));
                rest = behind;
                way.splice(0..0, foreign.iter().copied());
            }
            5 if to_server => session.server.end_of_stream(),
            5 => session.client.end_of_stream(),
            _ => arriving = core::mem::take(way),
        }
        if to_server {
            session.server.handle(Instant::ZERO, &arriving);
        } else {
            session.client.handle(Instant::ZERO, &arriving);
        }
        session.drain();
    }
    session.client.is_connected() && session.server.is_connected()
}
