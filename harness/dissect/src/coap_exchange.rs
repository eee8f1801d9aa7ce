//! What CoAP messages have to do with the messages before them: responses with their requests (RFC 7252 section 5.3.2), and
//! blocks with the others of their body (RFC 7959).

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::carried::End;
use super::reassembly::is_over;

/// Requests that are remembered.
const MAX_REQUESTS: usize = 256;
/// Bodies that are being put together, and the octets of one: what is larger is not put together.
const MAX_BODIES: usize = 32;
const MAX_BODY: usize = 1 << 18;
/// EXCHANGE_LIFETIME (RFC 7252 section 4.8.2): what is left of a body may be dropped after it (RFC 7959 section 2.5).
const LIFETIME: Duration = Duration::from_secs(247);

/// The last request with a token, from a client to a server.
struct Request {
    client: End,
    server: End,
    token: Vec<u8>,
    path: String,
    resource: Vec<u8>,
}

/// What blocks belong to (RFC 7959 sections 2.4 and 2.5).
#[derive(Clone, PartialEq, Eq)]
pub(super) struct BodyKey {
    pub(super) from: End,
    pub(super) to: End,
    /// The resource that was asked for, or the token if nobody saw the request.
    pub(super) subject: Vec<u8>,
    /// The body of a request (Block1), or of a response (Block2).
    pub(super) is_of_request: bool,
}

/// A block as it came.
pub(super) struct Block<'a> {
    pub(super) offset: usize,
    pub(super) more: bool,
    pub(super) bytes: &'a [u8],
    /// Of a response's representation; blocks of different ones do not mix (RFC 7959 section 2.4).
    pub(super) etag: &'a [u8],
    pub(super) number: u64,
    pub(super) time: Option<Duration>,
}

struct Body {
    key: BodyKey,
    touched: Option<Duration>,
    etag: Vec<u8>,
    bytes: Vec<u8>,
    /// Offsets and frame numbers in the order in which they came, which is that of the offsets.
    pieces: Vec<Piece>,
}

/// A block that was taken.
#[derive(Clone, Copy)]
pub(super) struct Piece {
    pub(super) offset: usize,
    pub(super) length: usize,
    /// Of its frame.
    pub(super) number: u64,
}

/// All exchanges in sight.
#[derive(Default)]
pub(super) struct Exchanges {
    requests: Vec<Request>,
    bodies: Vec<Body>,
}

impl Exchanges {
    /// Takes a request: its path for a person, and what else tells its resource.
    pub(super) fn asked(&mut self, client: End, server: End, token: &[u8], path: &str, resource: &[u8]) {
        let is_same = |known: &Request| known.client == client && known.server == server && known.token == token;
        self.requests.retain(|known| !is_same(known));
        if self.requests.len() >= MAX_REQUESTS {
            self.requests.remove(0);
        }
        self.requests.push(Request {
            client,
            server,
            token: token.to_vec(),
            path: path.into(),
            resource: resource.to_vec(),
        });
    }

    /// Path and resource of the request that a response with this token answers: one to this server, or one to a group in
    /// which it may be (RFC 7252 section 8.2).
    pub(super) fn answered(&self, client: End, server: End, token: &[u8]) -> Option<(&str, &[u8])> {
        let is_asked = |known: &Request| known.server == server || is_group(known.server) && known.server.1 == server.1;
        let mut requests = self.requests.iter().rev();
        let request = requests.find(|known| known.client == client && is_asked(known) && known.token == token)?;
        Some((&request.path, &request.resource))
    }

    /// Takes a block; the whole body, if this is its last one. Blocks come in the order of their numbers, one at a time;
    /// a first one begins the body anew.
    pub(super) fn put(&mut self, key: &BodyKey, block: &Block<'_>) -> Option<(Vec<u8>, Vec<Piece>)> {
        let is_other =
            |body: &Body| body.key != *key || block.offset > 0 && !is_over(body.touched, block.time, LIFETIME);
        let has_more_of_first = block.offset == 0 && block.more;
        let is_copy_of_first = |body: &Body| {
            body.key == *key
                && body.bytes.get(..block.bytes.len()) == Some(block.bytes)
                && body.etag == block.etag
                && !is_over(body.touched, block.time, LIFETIME)
        };
        if has_more_of_first && self.bodies.iter().any(is_copy_of_first) {
            return None;
        }
        self.bodies.retain(is_other);
        if block.offset == 0 {
            if self.bodies.len() >= MAX_BODIES {
                self.bodies.remove(0);
            }
            let (etag, touched) = (block.etag.to_vec(), block.time);
            self.bodies.push(Body { key: key.clone(), touched, etag, bytes: Vec::new(), pieces: Vec::new() });
        }
        let index = self.bodies.iter().position(|body| body.key == *key)?;
        let body = self.bodies.get_mut(index)?;
        if body.bytes.len() != block.offset || body.etag != block.etag {
            // A copy of a block that came already, or a gap, which only another first block can mend.
            return None;
        }
        if body.bytes.len().saturating_add(block.bytes.len()) > MAX_BODY {
            self.bodies.remove(index);
            return None;
        }
        body.bytes.extend_from_slice(block.bytes);
        body.pieces.push(Piece { offset: block.offset, length: block.bytes.len(), number: block.number });
        body.touched = block.time;
        if block.more {
            return None;
        }
        let Body { bytes, pieces, .. } = self.bodies.remove(index);
        Some((bytes, pieces))
    }
}

fn is_group((address, _): End) -> bool {
    address.to_ipv4_mapped().map_or(address.is_multicast(), |address| address.is_multicast())
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::Ipv6Addr;

    fn key(port: u16) -> BodyKey {
        let subject = b"/large".to_vec();
        let end = |port| (Ipv6Addr::LOCALHOST, port);
        BodyKey { from: end(5683), to: end(port), subject, is_of_request: false }
    }

    fn block(offset: usize, more: bool, bytes: &[u8], seconds: u64) -> Block<'_> {
        let time = Some(Duration::from_secs(seconds));
        Block { offset, more, bytes, etag: &[], number: seconds, time }
    }

    fn whole(exchanges: &mut Exchanges, blocks: &[Block<'_>]) -> Vec<Option<Vec<u8>>> {
        blocks.iter().map(|block| exchanges.put(&key(7), block).map(|(bytes, _)| bytes)).collect()
    }

    #[test]
    fn blocks_in_order_with_repeats_make_up_the_body() {
        let blocks = [
            block(0, true, b"aaaa", 1),
            block(0, true, b"aaaa", 2),
            block(4, true, b"bbbb", 3),
            block(4, true, b"bbbb", 4),
            block(0, true, b"aaaa", 5),
            block(8, false, b"c", 6),
        ];
        let mut exchanges = Exchanges::default();
        let made = whole(&mut exchanges, &blocks);
        assert_eq!(made, [None, None, None, None, None, Some(b"aaaabbbbc".to_vec())]);
        assert!(exchanges.bodies.is_empty());
    }

    #[test]
    fn nothing_is_put_together_over_a_gap_another_representation_or_a_lifetime() {
        let mut exchanges = Exchanges::default();
        assert_eq!(whole(&mut exchanges, &[block(0, true, b"aaaa", 1), block(8, false, b"c", 2)]), [None, None]);
        let other = Block { etag: b"e", ..block(4, false, b"c", 3) };
        assert_eq!(whole(&mut exchanges, &[other]), [None]);
        assert_eq!(whole(&mut exchanges, &[block(4, false, b"c", 248)]), [None]);
        assert_eq!(
            whole(
                &mut exchanges,
                &[block(0, true, b"aaaa", 300), block(0, true, b"AAAA", 301), block(4, false, b"C", 302)]
            ),
            [None, None, Some(b"AAAAC".to_vec())]
        );
    }

    #[test]
    fn a_response_answers_a_request_to_its_server_or_to_a_group_at_its_port() {
        let at = |text: &str, port| (text.parse::<Ipv6Addr>().unwrap(), port);
        let (client, server) = (at("fd00::1", 61617), at("fd00::2", 5683));
        for asked in [server, at("ff03::fd", 5683), at("::ffff:224.0.1.187", 5683)] {
            let mut exchanges = Exchanges::default();
            exchanges.asked(client, asked, b"t", "/a", b"a");
            assert_eq!(exchanges.answered(client, server, b"t"), Some(("/a", b"a".as_slice())), "{asked:?}");
            assert_eq!(exchanges.answered(client, server, b"u"), None, "another token");
            assert_eq!(exchanges.answered(client, at("fd00::2", 5684), b"t"), None, "another port");
            assert_eq!(exchanges.answered(server, client, b"t"), None, "another client");
        }
        let mut exchanges = Exchanges::default();
        exchanges.asked(client, at("fd00::3", 5683), b"t", "/a", b"a");
        assert_eq!(exchanges.answered(client, server, b"t"), None, "another server");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut exchanges = Exchanges::default();
        for port in 0..2000 {
            exchanges.put(&key(port), &block(0, true, b"aaaa", 1));
            let end = (Ipv6Addr::LOCALHOST, port);
            exchanges.asked(end, end, b"t", "/", b"");
        }
        assert_eq!((exchanges.bodies.len(), exchanges.requests.len()), (MAX_BODIES, MAX_REQUESTS));
        let large = alloc::vec![0; MAX_BODY];
        exchanges.put(&key(1), &block(0, true, &large, 1));
        assert_eq!(exchanges.put(&key(1), &block(MAX_BODY, false, b"a", 1)).map(|_| ()), None);
        assert!(exchanges.bodies.iter().all(|body| body.key != key(1)));
    }
}
