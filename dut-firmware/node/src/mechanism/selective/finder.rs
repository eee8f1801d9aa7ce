//! How a device that was installed without the commissioning tool's address finds it (`SEL` 5.2): by multicast CoAP, by
//! DNS-SD or in a resource directory. Three questions, 2, 4 and 8 s apart, then a pause of a minute.

use alloc::string::ToString;
use alloc::vec::Vec;
use core::net::Ipv6Addr;
use core::time::Duration;

use protocols::Entropy;
use protocols::time::Instant;
use rand_core::Rng;
use wire::coap::{self, Code, Link, Message, MessageType, Options, Token};
use wire::dns::{self, Name, Question, RecordData, RecordType};
use wire::ipv6::ALL_COAP_NODES_REALM;
use wire::upper_tester::Find;

use super::mutants::Mutant;
use crate::liberties::Free;
use crate::selected::Selected;

/// The resource type of a commissioning tool (`PROFILE-SEL`, Discovery).
const RESOURCE_TYPE: &str = "core.ct";

/// Its service, in the domain of networks at home (RFC 8375).
const SERVICE: &str = "_bootrack-ct._udp.home.arpa";

/// Waits for an answer, one for each question.
const WAITS: [Duration; 3] = [Duration::from_secs(2), Duration::from_secs(4), Duration::from_secs(8)];

/// The pause after questions that nobody answered.
const PAUSE: Duration = Duration::from_secs(60);

/// A datagram to send from the port of questions: one that 6LoWPAN compresses well (RFC 6282 4.3.1), unless liberties say otherwise.
pub(crate) struct Query {
    pub(crate) destination: Ipv6Addr,
    pub(crate) port: u16,
    pub(crate) payload: Vec<u8>,
}

/// The search.
#[derive(Debug, Default)]
pub(crate) struct Finder {
    next: Option<Instant>,
    /// Questions asked since the last pause.
    asked: usize,
    /// What the answer must bear: the message ID of DNS, or the token of CoAP.
    nonce: u32,
    found: Option<Ipv6Addr>,
    /// Which liberties it takes.
    free: Free,
}

impl Finder {
    /// Not begun; it takes these liberties.
    pub(crate) fn taking(free: Free) -> Self {
        Self { free, ..Self::default() }
    }

    /// Begins to ask, unless the tool was found before.
    pub(crate) fn start(&mut self, now: Instant) {
        if self.found.is_none() {
            (self.next, self.asked) = (Some(now), 0);
        }
    }

    /// When to ask next.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.next
    }

    /// The tool's address, once it is found.
    pub(crate) fn found(&self) -> Option<Ipv6Addr> {
        self.found
    }

    /// The question that is due, if one is.
    pub(crate) fn take_due(&mut self, now: Instant, find: Find, entropy: &mut Entropy) -> Option<Query> {
        if self.next.is_none_or(|next| now < next) {
            return None;
        }
        let Some(wait) = WAITS.get(self.asked).copied() else {
            (self.next, self.asked) = (Some(now + PAUSE), 0);
            return None;
        };
        (self.next, self.asked) = (Some(now + wait), self.asked + 1);
        self.nonce = entropy.next_u32();
        match find {
            Find::Multicast => {
                let payload = self.request(".well-known/core", false)?;
                Some(Query { destination: ALL_COAP_NODES_REALM, port: coap::PORT, payload })
            }
            Find::ResourceDirectory(server) => {
                let payload = self.request("rd-lookup/res", true)?;
                Some(Query { destination: server, port: coap::PORT, payload })
            }
            Find::DnsSd(server) => Some(Query { destination: server, port: dns::PORT, payload: self.question()? }),
        }
    }

    /// No question follows the third: what a mutant does.
    #[cfg(feature = "mutants")]
    pub(crate) fn give_up(&mut self) {
        self.next = self.next.filter(|_| self.asked < WAITS.len());
    }

    /// `GET PATH?rt=core.ct`, never to be acknowledged: a multicast may not be (RFC 7252 8.1), and a lost answer is asked for
    /// again. Answers are in link format unless something else is asked for (RFC 6690 4, RFC 9176 6.2).
    fn request(&self, path: &str, to_directory: bool) -> Option<Vec<u8>> {
        let mut options = Options::new();
        options.push_uri_path(path);
        options.push_uri_query(&["rt=", RESOURCE_TYPE].concat());
        let [high, low, ..] = self.nonce.to_be_bytes();
        let message = Message {
            message_type: if to_directory && self.free.query_confirmable() {
                MessageType::Confirmable
            } else {
                MessageType::NonConfirmable
            },
            code: Code::GET,
            message_id: u16::from_be_bytes([high, low]),
            token: self.token()?,
            options,
            payload: Vec::new(),
        };
        message.emit().ok()
    }

    fn token(&self) -> Option<Token> {
        let [a, b, c, d] = self.nonce.to_be_bytes();
        Token::new([a, b, c, d, d, c, b, a].get(..self.free.query_token_octets())?).ok()
    }

    fn message_id(&self) -> u16 {
        let [high, low, ..] = self.nonce.to_be_bytes();
        u16::from_be_bytes([high, low])
    }

    /// A question for the instances of the service (RFC 6763 4.1).
    fn question(&self) -> Option<Vec<u8>> {
        let message = dns::Message {
            id: self.message_id(),
            flags: dns::Flags { recursion_desired: self.free.query_recursive(), ..dns::Flags::from_bits(0) },
            questions: Vec::from([Question {
                name: if self.free.query_named_otherwise() {
                    SERVICE.to_ascii_uppercase().parse().ok()?
                } else {
                    SERVICE.parse().ok()?
                },
                record_type: RecordType::PTR,
                class: dns::CLASS_IN,
                unicast_response: false,
            }]),
            answers: Vec::new(),
            authorities: Vec::new(),
            additionals: Vec::new(),
        };
        message.to_vec().ok()
    }

    /// Takes a datagram to the port of questions; the tool's address if it is an answer that has one.
    pub(crate) fn answer(
        &mut self,
        find: Find,
        source: Ipv6Addr,
        port: u16,
        payload: &[u8],
        mutant: Selected<Mutant>,
    ) -> Option<Ipv6Addr> {
        if self.found.is_some() || self.asked == 0 {
            return None;
        }
        let found = match find {
            // Who answers a question to all is told by its token alone (RFC 7252 8.2).
            Find::Multicast => self.of_links(payload, mutant.is(Mutant::FindAnyType)),
            Find::ResourceDirectory(server) if (source, port) == (server, coap::PORT) => {
                self.of_links(payload, mutant.is(Mutant::FindAnyRegistration))
            }
            Find::DnsSd(server) if (source, port) == (server, dns::PORT) => {
                self.of_records(payload, mutant.is(Mutant::FindAnyService))
            }
            _ => None,
        };
        if found.is_some() {
            (self.found, self.next) = (found, None);
        }
        found
    }

    /// The address in the first link to a commissioning tool; with `any`, in the first one at all.
    fn of_links(&self, payload: &[u8], any: bool) -> Option<Ipv6Addr> {
        let message = Message::parse(payload).ok().filter(|message| Some(message.token) == self.token())?;
        let links = core::str::from_utf8(&message.payload).ok().filter(|_| message.code == Code::CONTENT)?;
        let links = Link::parse_document(links).ok()?;
        let mut wanted = links.iter().filter(|link| any || link.values("rt").any(|kind| kind == RESOURCE_TYPE));
        wanted.find_map(|link| address_of(&link.target))
    }

    /// The address of the host of the first instance; the server sends what belongs to it along (RFC 6763 12.1). With `any`,
    /// the first address at all.
    fn of_records(&self, payload: &[u8], any: bool) -> Option<Ipv6Addr> {
        let message = dns::Message::parse(payload).ok()?;
        if !message.flags.response || message.flags.response_code != 0 || message.id != self.message_id() {
            return None;
        }
        let service: Name = SERVICE.parse().ok()?;
        let records = || message.answers.iter().chain(&message.additionals);
        let address = |host: Option<&Name>| {
            records().find_map(|record| match record.data {
                RecordData::Aaaa(address) if host.is_none_or(|host| record.name.eq_ignore_case(host)) => Some(address),
                _ => None,
            })
        };
        if any {
            return address(None);
        }
        let instances = records().filter_map(|record| match &record.data {
            RecordData::Pointer(instance) if record.name.eq_ignore_case(&service) => Some(instance),
            _ => None,
        });
        let hosts = instances.filter_map(|instance| {
            records().find_map(|record| match &record.data {
                RecordData::Service { target, .. } if record.name.eq_ignore_case(instance) => Some(target),
                _ => None,
            })
        });
        hosts.into_iter().find_map(|host| address(Some(host)))
    }
}

/// The address in a URI such as `coaps://[fd00::1]/path` (RFC 3986 3.2.2), if it can be a host's.
fn address_of(uri: &str) -> Option<Ipv6Addr> {
    let (_, rest) = uri.split_once("://[")?;
    let (address, _) = rest.split_once(']')?;
    let address: Ipv6Addr = address.to_string().parse().ok()?;
    (!address.is_multicast() && !address.is_unspecified()).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::vec;
    use rand_core::SeedableRng;
    use wire::dns::Record;

    const TOOL: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xc0, 0, 0, 0, 0, 0, 0xc7);
    const SERVER: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xc0, 0, 0, 0, 0, 0, 0x53);

    fn asked(find: Find) -> (Finder, Query) {
        let mut finder = Finder::default();
        finder.start(Instant::ZERO);
        let query = finder.take_due(Instant::ZERO, find, &mut Entropy::from_seed([1; 32])).unwrap();
        (finder, query)
    }

    fn links(query: &Query, links: &str) -> Vec<u8> {
        let request = Message::parse(&query.payload).unwrap();
        let options = Options::new();
        let payload = links.as_bytes().to_vec();
        let message_type = MessageType::NonConfirmable;
        Message { message_type, code: Code::CONTENT, options, payload, ..request }.emit().unwrap()
    }

    #[test]
    fn three_questions_are_asked_and_after_a_minute_three_more() {
        let mut finder = Finder::default();
        let mut entropy = Entropy::from_seed([1; 32]);
        finder.start(Instant::ZERO);
        let mut times = Vec::new();
        let mut nonces = Vec::new();
        while times.len() < 6 {
            let now = finder.next().unwrap();
            if let Some(query) = finder.take_due(now, Find::Multicast, &mut entropy) {
                assert_eq!((query.destination, query.port), (ALL_COAP_NODES_REALM, 5683));
                times.push(now.since(Instant::ZERO).as_secs());
                nonces.push(finder.nonce);
            }
        }
        assert_eq!(times, [0, 2, 6, 14 + 60, 76, 80]);
        nonces.dedup();
        assert_eq!(nonces.len(), 6, "an old answer fits no new question");
    }

    #[test]
    fn the_first_link_to_a_tool_is_taken_and_no_other() {
        let find = Find::Multicast;
        let (mut finder, query) = asked(find);
        let request = Message::parse(&query.payload).unwrap();
        assert_eq!(request.options.uri_path(), "/.well-known/core");
        assert_eq!(request.options.query("rt"), Some("core.ct"));
        let mutant = Selected::default();
        for wrong in
            ["", "<coap://[fd00::9]>;rt=\"core.rd\"", "</ct>;rt=\"core.ct\"", "<coaps://[ff02::1]>;rt=\"core.ct\"", "<"]
        {
            assert_eq!(finder.answer(find, SERVER, 5683, &links(&query, wrong), mutant), None, "{wrong}");
        }
        let right = format!("<coap://[fd00::9]>;rt=\"core.rd\",<coaps://[{TOOL}]>;rt=\"x core.ct\"");
        let mut foreign = links(&query, &right);
        foreign[4] ^= 1;
        assert_eq!(finder.answer(find, SERVER, 5683, &foreign, mutant), None, "another token");
        assert_eq!(finder.answer(find, SERVER, 5683, &links(&query, &right), mutant), Some(TOOL));
        assert_eq!((finder.found(), finder.next()), (Some(TOOL), None));
    }

    #[test]
    fn a_directory_is_believed_by_its_address() {
        let find = Find::ResourceDirectory(SERVER);
        let (mut finder, query) = asked(find);
        assert_eq!((query.destination, query.port), (SERVER, 5683));
        let answer = links(&query, &format!("<coaps://[{TOOL}]>;rt=\"core.ct\""));
        assert_eq!(finder.answer(find, TOOL, 5683, &answer, Selected::default()), None);
        assert_eq!(finder.answer(find, SERVER, 5683, &answer, Selected::default()), Some(TOOL));
    }

    #[test]
    fn the_host_of_the_first_instance_is_taken() {
        let find = Find::DnsSd(SERVER);
        let (mut finder, query) = asked(find);
        assert_eq!((query.destination, query.port), (SERVER, 53));
        let question = dns::Message::parse(&query.payload).unwrap();
        let record = |name: &str, data| Record {
            name: name.parse().unwrap(),
            class: dns::CLASS_IN,
            cache_flush: false,
            time_to_live: 120,
            data,
        };
        let service =
            |target: &str| RecordData::Service { priority: 0, weight: 0, port: 5684, target: target.parse().unwrap() };
        let mut answer = dns::Message {
            flags: dns::Flags { response: true, ..question.flags },
            answers: vec![record(SERVICE, RecordData::Pointer("ct._bootrack-ct._udp.home.arpa".parse().unwrap()))],
            additionals: vec![
                record("printer.home.arpa", RecordData::Aaaa(SERVER)),
                record("ct._bootrack-ct._udp.home.arpa", service("Tool.home.arpa")),
                record("tool.home.arpa", RecordData::Aaaa(TOOL)),
            ],
            ..question
        };
        let mutant = Selected::default();
        let mut take = |answer: &dns::Message| finder.answer(find, SERVER, 53, &answer.to_vec().unwrap(), mutant);
        answer.id ^= 1;
        assert_eq!(take(&answer), None, "another question");
        answer.id ^= 1;
        answer.flags.response_code = 3;
        assert_eq!(take(&answer), None, "no such domain");
        answer.flags.response_code = 0;
        let tool = answer.additionals.pop().unwrap();
        assert_eq!(take(&answer), None, "no address of that host");
        answer.additionals.push(tool);
        assert_eq!(take(&answer), Some(TOOL));
    }
}
