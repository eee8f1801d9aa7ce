//! Block-wise transfer: the flows of RFC 7959 3 message for message, refusals, and any body over a bad channel.

use std::collections::BTreeMap;
use std::time::Duration;

use bootrack_protocols::Entropy;
use bootrack_protocols::coap::{
    BlockWise, Client, ClientOutput, Failure, Request, Response, Server, ServerOutput, TransmissionParameters,
};
use bootrack_protocols::time::Instant;
use proptest::prelude::*;
use rand_core::{Rng, SeedableRng};
use rstest::rstest;
use wire::coap::{Block, BlockSize, Code, ContentFormat, Message, MessageType, OptionNumber, Options, Token};

const MAX_BODY: usize = 2000;

fn settings(octets: usize) -> BlockWise {
    BlockWise { size: BlockSize::at_most(octets), max_body: MAX_BODY }
}

fn client(octets: usize) -> Client {
    let mut client = Client::new(TransmissionParameters::default(), Entropy::seed_from_u64(1));
    client.set_block_wise(settings(octets));
    client
}

fn server(octets: usize) -> Server {
    let mut server = Server::new(TransmissionParameters::default(), Entropy::seed_from_u64(2));
    server.set_block_wise(settings(octets));
    server
}

fn at(millis: u64) -> Instant {
    Instant::ZERO + Duration::from_millis(millis)
}

fn body(octets: usize) -> Vec<u8> {
    (0..octets).map(|index| (index * 7 % 251) as u8).collect()
}

/// `GET 2:1/0/128`: code and Block options in the notation of RFC 7959 3, Block1 first.
fn shown(message: &Message) -> String {
    let mut text =
        if message.code.is_request() { message.code.name().unwrap().into() } else { message.code.to_string() };
    for (number, digit) in [(OptionNumber::BLOCK1, 1), (OptionNumber::BLOCK2, 2)] {
        if let Some(Block { number, more, size }) = message.options.block(number).unwrap() {
            text += &format!(" {digit}:{number}/{}/{}", u8::from(more), size.octets());
        }
    }
    text
}

/// All messages of a request, and what the client has in the end.
fn transfer(
    client: &mut Client,
    server: &mut Server,
    request: Request,
    answer: impl Fn(&Message) -> Response,
) -> (Vec<String>, ClientOutput) {
    let mut flow = Vec::new();
    client.request(at(0), request);
    loop {
        match client.poll(at(0)).expect("the client waits") {
            ClientOutput::Datagram(datagram) => {
                flow.push(shown(&Message::parse(&datagram).unwrap()));
                server.handle(at(0), &datagram);
            }
            end => return (flow, end),
        }
        while let Some(output) = server.poll(at(0)) {
            match output {
                ServerOutput::Request { exchange, message } => server.respond(at(0), exchange, answer(&message)),
                ServerOutput::Datagram(datagram) => {
                    flow.push(shown(&Message::parse(&datagram).unwrap()));
                    client.handle(at(0), &datagram);
                }
            }
        }
    }
}

fn content(octets: usize) -> Response {
    Response { payload: body(octets), ..Response::new(Code::CONTENT) }
}

fn response(output: ClientOutput) -> Message {
    match output {
        ClientOutput::Response { message, .. } => message,
        other => panic!("{other:?}"),
    }
}

/// The server's preference, the client's preference, and the flow. A client that prefers 1024 octets takes what it is given.
#[rstest]
#[case::figure_2(128, 1024, 300, &[
    "GET", "2.05 2:0/1/128", "GET 2:1/0/128", "2.05 2:1/1/128", "GET 2:2/0/128", "2.05 2:2/0/128",
])]
#[case::figure_3(1024, 64, 130, &[
    "GET 2:0/0/64", "2.05 2:0/1/64", "GET 2:1/0/64", "2.05 2:1/1/64", "GET 2:2/0/64", "2.05 2:2/0/64",
])]
#[case::fits(64, 1024, 64, &["GET", "2.05"])]
#[case::fits_into_what_was_asked_for(64, 32, 32, &["GET 2:0/0/32", "2.05 2:0/0/32"])]
#[case::one_octet_more(64, 1024, 65, &["GET", "2.05 2:0/1/64", "GET 2:1/0/64", "2.05 2:1/0/64"])]
fn a_get_is_answered_in_blocks(
    #[case] server_size: usize,
    #[case] client_size: usize,
    #[case] octets: usize,
    #[case] expected: &[&str],
) {
    let (mut client, mut server) = (client(client_size), server(server_size));
    let request = Request::new(Code::GET, "/status");
    let (flow, end) = transfer(&mut client, &mut server, request, |_| content(octets));
    assert_eq!(flow, expected);
    let message = response(end);
    assert_eq!((message.code, message.payload), (Code::CONTENT, body(octets)));
    assert!(message.options.get(OptionNumber::BLOCK2).is_none());
}

#[rstest]
#[case::figure_7(128, 128, 300, &[
    "PUT 1:0/1/128", "2.31 1:0/1/128", "PUT 1:1/1/128", "2.31 1:1/1/128", "PUT 1:2/0/128 2:0/0/128",
    "2.04 1:2/0/128 2:0/0/128",
])]
#[case::figure_9(32, 128, 220, &[
    "PUT 1:0/1/128", "2.31 1:0/1/32", "PUT 1:4/1/32", "2.31 1:4/1/32", "PUT 1:5/1/32", "2.31 1:5/1/32",
    "PUT 1:6/0/32 2:0/0/128", "2.04 1:6/0/32 2:0/0/32",
])]
fn a_put_goes_in_blocks(
    #[case] server_size: usize,
    #[case] client_size: usize,
    #[case] octets: usize,
    #[case] expected: &[&str],
) {
    let (mut client, mut server) = (client(client_size), server(server_size));
    let request = Request { payload: body(octets), ..Request::new(Code::PUT, "/options") };
    let (flow, end) = transfer(&mut client, &mut server, request, |message| {
        assert_eq!(message.payload, body(octets), "the owner sees the whole body");
        assert!(message.options.get(OptionNumber::BLOCK1).is_none());
        Response::new(Code::CHANGED)
    });
    assert_eq!(flow, expected);
    assert_eq!(response(end).code, Code::CHANGED);
}

/// Figures 10 and 11: a body in blocks answered by one in blocks. What follows the first block has no payload.
#[test]
fn a_post_in_blocks_is_answered_in_blocks() {
    let (mut client, mut server) = (client(128), server(64));
    let request = Request { payload: body(300), ..Request::new(Code::POST, "/soap") };
    let (flow, end) = transfer(&mut client, &mut server, request, |message| {
        let payload = message.payload.iter().rev().copied().take(150).collect();
        Response { payload, ..Response::new(Code::CHANGED) }
    });
    assert_eq!(
        flow[flow.len() - 6..],
        [
            "POST 1:4/0/64 2:0/0/128",
            "2.04 1:4/0/64 2:0/1/64",
            "POST 2:1/0/64",
            "2.04 2:1/1/64",
            "POST 2:2/0/64",
            "2.04 2:2/0/64",
        ]
    );
    let expected: Vec<u8> = body(300).into_iter().rev().take(150).collect();
    assert_eq!(response(end).payload, expected);
}

/// A client that answers its peer's messages by hand.
struct Script {
    client: Client,
    last: Message,
}

impl Script {
    fn new(octets: usize, request: Request) -> Self {
        let mut client = client(octets);
        client.request(at(0), request);
        let last = Self::sent(&mut client);
        Self { client, last }
    }

    fn sent(client: &mut Client) -> Message {
        match client.poll(at(0)) {
            Some(ClientOutput::Datagram(datagram)) => Message::parse(&datagram).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    fn answer(&mut self, code: Code, options: Options, payload: &[u8]) {
        let Message { message_id, token, .. } = self.last;
        let message_type = MessageType::Acknowledgement;
        let message = Message { message_type, code, message_id, token, options, payload: payload.to_vec() };
        self.client.handle(at(0), &message.emit().unwrap());
    }

    fn next(&mut self) -> String {
        self.last = Self::sent(&mut self.client);
        shown(&self.last)
    }

    fn end(&mut self) -> ClientOutput {
        self.client.poll(at(0)).unwrap()
    }
}

fn options(number: OptionNumber, block: u32, more: bool, octets: usize) -> Options {
    let mut options = Options::new();
    options.push_block(number, Block { number: block, more, size: BlockSize::at_most(octets) });
    options
}

/// Figure 4: the client wants less than the first block brought.
#[test]
fn a_client_may_negotiate_late() {
    let mut script = Script::new(64, Request::new(Code::GET, "/status"));
    assert_eq!(shown(&script.last), "GET 2:0/0/64");
    let whole = body(180);
    script.answer(Code::CONTENT, options(OptionNumber::BLOCK2, 0, true, 128), &whole[..128]);
    assert_eq!(script.next(), "GET 2:2/0/64");
    script.answer(Code::CONTENT, options(OptionNumber::BLOCK2, 2, false, 64), &whole[128..]);
    assert_eq!(response(script.end()).payload, whole);
}

/// Figure 8: each block is acted on by itself; the answers say that nothing more is needed for that.
#[test]
fn a_stateless_server_gets_all_blocks() {
    let request = Request { payload: body(300), ..Request::new(Code::PUT, "/options") };
    let mut script = Script::new(128, request);
    for (number, next) in [(0, "PUT 1:1/1/128"), (1, "PUT 1:2/0/128 2:0/0/128")] {
        script.answer(Code::CHANGED, options(OptionNumber::BLOCK1, number, false, 128), b"");
        assert_eq!(script.next(), next);
    }
    script.answer(Code::CHANGED, options(OptionNumber::BLOCK1, 2, false, 128), b"");
    assert_eq!(response(script.end()).code, Code::CHANGED);
}

#[test]
fn a_body_that_is_too_large_is_tried_again_in_the_size_that_the_server_hints_at() {
    let request = Request { payload: body(100), ..Request::new(Code::PUT, "/options") };
    let mut script = Script::new(128, request);
    assert_eq!(shown(&script.last), "PUT 2:0/0/128");
    script.answer(Code::REQUEST_ENTITY_TOO_LARGE, Options::new(), b"");
    assert_eq!(response(script.end()).code, Code::REQUEST_ENTITY_TOO_LARGE);
    let request = Request { payload: body(200), ..Request::new(Code::PUT, "/options") };
    let mut script = Script::new(128, request);
    assert_eq!(script.last.options.uint(OptionNumber::SIZE1), Some(200));
    script.answer(Code::REQUEST_ENTITY_TOO_LARGE, options(OptionNumber::BLOCK1, 0, true, 32), b"");
    assert_eq!(script.next(), "PUT 1:0/1/32");
    script.answer(Code::REQUEST_ENTITY_TOO_LARGE, options(OptionNumber::BLOCK1, 0, true, 32), b"");
    assert_eq!(response(script.end()).code, Code::REQUEST_ENTITY_TOO_LARGE, "no smaller size: no second try");
}

#[rstest]
#[case::gap(options(OptionNumber::BLOCK2, 2, true, 64), Code::CONTENT, 64)]
#[case::again_the_first(options(OptionNumber::BLOCK2, 0, true, 64), Code::CONTENT, 64)]
#[case::short(options(OptionNumber::BLOCK2, 1, true, 64), Code::CONTENT, 63)]
#[case::without_block(Options::new(), Code::CONTENT, 64)]
#[case::another_code(options(OptionNumber::BLOCK2, 1, true, 64), Code::CHANGED, 64)]
fn blocks_that_make_no_body_fail(#[case] second: Options, #[case] code: Code, #[case] octets: usize) {
    let mut script = Script::new(64, Request::new(Code::GET, "/status"));
    script.answer(Code::CONTENT, options(OptionNumber::BLOCK2, 0, true, 64), &body(64));
    assert_eq!(script.next(), "GET 2:1/0/64");
    script.answer(code, second, &body(octets));
    assert!(matches!(script.end(), ClientOutput::Failed { reason: Failure::Blocks, .. }));
}

#[test]
fn a_representation_that_changes_between_blocks_fails() {
    let mut script = Script::new(64, Request::new(Code::GET, "/status"));
    for (number, etag) in [(0, b"a"), (1, b"b")] {
        let mut options = options(OptionNumber::BLOCK2, number, true, 64);
        options.push(OptionNumber::ETAG, *etag);
        script.answer(Code::CONTENT, options, &body(64));
        if number == 0 {
            script.next();
        }
    }
    assert!(matches!(script.end(), ClientOutput::Failed { reason: Failure::Blocks, .. }));
}

#[test]
fn a_body_without_end_fails_at_the_limit() {
    let mut script = Script::new(64, Request::new(Code::GET, "/status"));
    let mut number = 0;
    let end = loop {
        script.answer(Code::CONTENT, options(OptionNumber::BLOCK2, number, true, 64), &body(64));
        number += 1;
        match script.client.poll(at(0)).unwrap() {
            ClientOutput::Datagram(datagram) => script.last = Message::parse(&datagram).unwrap(),
            end => break end,
        }
    };
    assert!(matches!(end, ClientOutput::Failed { reason: Failure::Blocks, .. }));
    assert_eq!(number as usize, MAX_BODY / 64 + 1);
}

#[test]
fn an_error_ends_a_transfer_with_that_error() {
    let mut script = Script::new(64, Request { payload: body(100), ..Request::new(Code::PUT, "/x") });
    script.answer(Code::REQUEST_ENTITY_INCOMPLETE, Options::new(), b"");
    assert_eq!(response(script.end()).code, Code::REQUEST_ENTITY_INCOMPLETE);
    let mut script = Script::new(64, Request::new(Code::GET, "/x"));
    script.answer(Code::CONTENT, options(OptionNumber::BLOCK2, 0, true, 64), &body(64));
    script.next();
    script.answer(Code::NOT_FOUND, Options::new(), b"gone");
    assert_eq!(response(script.end()).payload, b"gone");
}

/// A request by hand; the server's answer, or what its owner sees.
fn ask(server: &mut Server, message_id: u16, code: Code, options: Options, payload: &[u8]) -> ServerOutput {
    let mut options = options;
    options.push_uri_path("/x");
    let (message_type, token) = (MessageType::Confirmable, Token::EMPTY);
    let message = Message { message_type, code, message_id, token, options, payload: payload.to_vec() };
    server.handle(at(0), &message.emit().unwrap());
    server.poll(at(0)).unwrap()
}

fn answer(output: ServerOutput) -> Message {
    match output {
        ServerOutput::Datagram(datagram) => Message::parse(&datagram).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_block_whose_predecessors_are_missing_is_incomplete() {
    let mut server = server(64);
    let block = |number, more| options(OptionNumber::BLOCK1, number, more, 16);
    assert_eq!(answer(ask(&mut server, 1, Code::PUT, block(1, true), &body(16))).code, Code::REQUEST_ENTITY_INCOMPLETE);
    assert_eq!(answer(ask(&mut server, 2, Code::PUT, block(0, true), &body(16))).code, Code::CONTINUE);
    assert_eq!(answer(ask(&mut server, 3, Code::PUT, block(2, true), &body(16))).code, Code::REQUEST_ENTITY_INCOMPLETE);
    // Another method or another format is another body.
    assert_eq!(
        answer(ask(&mut server, 4, Code::POST, block(1, true), &body(16))).code,
        Code::REQUEST_ENTITY_INCOMPLETE
    );
    let mut json = block(1, true);
    json.push_content_format(ContentFormat::JSON);
    assert_eq!(answer(ask(&mut server, 5, Code::PUT, json, &body(16))).code, Code::REQUEST_ENTITY_INCOMPLETE);
    assert_eq!(answer(ask(&mut server, 6, Code::PUT, block(1, true), &body(16))).code, Code::CONTINUE);
    let ServerOutput::Request { message, .. } = ask(&mut server, 7, Code::PUT, block(2, false), b"end") else {
        panic!()
    };
    assert_eq!(message.payload, [&body(16)[..], &body(16), b"end"].concat());
}

#[test]
fn a_body_that_is_too_large_is_refused_with_the_size_that_is_not() {
    let mut server = server(1024);
    let mut announced = options(OptionNumber::BLOCK1, 0, true, 16);
    announced.push_uint(OptionNumber::SIZE1, MAX_BODY as u32 + 1);
    let refused = answer(ask(&mut server, 1, Code::PUT, announced, &body(16)));
    assert_eq!(refused.code, Code::REQUEST_ENTITY_TOO_LARGE);
    assert_eq!(refused.options.uint(OptionNumber::SIZE1), Some(MAX_BODY as u32));
    let block = |number| options(OptionNumber::BLOCK1, number, true, 1024);
    assert_eq!(answer(ask(&mut server, 2, Code::PUT, block(0), &body(1024))).code, Code::CONTINUE);
    assert_eq!(answer(ask(&mut server, 3, Code::PUT, block(1), &body(1024))).code, Code::REQUEST_ENTITY_TOO_LARGE);
    let refused = answer(ask(&mut server, 4, Code::PUT, Options::new(), &body(MAX_BODY + 1)));
    assert_eq!(refused.code, Code::REQUEST_ENTITY_TOO_LARGE, "also in one piece");
}

#[rstest]
#[case::reserved_size(OptionNumber::BLOCK1, &[0x0f], 16)]
#[case::reserved_size_of_the_response(OptionNumber::BLOCK2, &[0x07], 0)]
#[case::short_block(OptionNumber::BLOCK1, &[0x08], 15)]
#[case::long_block(OptionNumber::BLOCK1, &[0x08], 17)]
fn malformed_blocks_are_bad_requests(#[case] number: OptionNumber, #[case] value: &[u8], #[case] octets: usize) {
    let mut options = Options::new();
    options.push(number, value);
    assert_eq!(answer(ask(&mut server(64), 1, Code::PUT, options, &body(octets))).code, Code::BAD_REQUEST);
}

#[test]
fn a_get_of_a_later_block_is_cut_from_a_new_answer() {
    let mut server = server(64);
    let block = |number| options(OptionNumber::BLOCK2, number, false, 64);
    let ServerOutput::Request { exchange, .. } = ask(&mut server, 1, Code::GET, block(2), b"") else { panic!() };
    server.respond(at(0), exchange, content(200));
    let second = answer(server.poll(at(0)).unwrap());
    assert_eq!((shown(&second).as_str(), &second.payload[..]), ("2.05 2:2/1/64", &body(200)[128..192]));
    let last = answer(ask(&mut server, 2, Code::GET, block(3), b""));
    assert_eq!((shown(&last).as_str(), &last.payload[..]), ("2.05 2:3/0/64", &body(200)[192..]));
    let ServerOutput::Request { exchange, .. } = ask(&mut server, 3, Code::GET, block(9), b"") else { panic!() };
    server.respond(at(0), exchange, content(200));
    assert_eq!(answer(server.poll(at(0)).unwrap()).code, Code::BAD_REQUEST, "behind the end");
    let unknown = answer(ask(&mut server, 4, Code::POST, block(1), b""));
    assert_eq!(unknown.code, Code::REQUEST_ENTITY_INCOMPLETE, "a POST is not done again for its second block");
}

#[test]
fn the_size_of_a_response_is_told_to_who_asks() {
    let mut server = server(64);
    let mut options = Options::new();
    options.push_uint(OptionNumber::SIZE2, 0);
    let ServerOutput::Request { exchange, .. } = ask(&mut server, 1, Code::GET, options, b"") else { panic!() };
    server.respond(at(0), exchange, content(200));
    assert_eq!(answer(server.poll(at(0)).unwrap()).options.uint(OptionNumber::SIZE2), Some(200));
}

#[test]
fn many_transfers_do_not_grow_the_memory_of_the_server() {
    let mut server = server(64);
    for index in 0..20u16 {
        let mut options = options(OptionNumber::BLOCK1, 0, true, 16);
        options.push_uri_query(&index.to_string());
        assert_eq!(answer(ask(&mut server, index, Code::PUT, options, &body(16))).code, Code::CONTINUE);
    }
    let mut oldest = options(OptionNumber::BLOCK1, 1, true, 16);
    oldest.push_uri_query("0");
    let forgotten = answer(ask(&mut server, 100, Code::PUT, oldest, &body(16)));
    assert_eq!(forgotten.code, Code::REQUEST_ENTITY_INCOMPLETE);
}

/// Bodies go both ways over a channel that loses, doubles and delays: they arrive whole and once, or the request fails.
fn over_a_bad_channel(seed: u64, lost: u32, sizes: (usize, usize), octets: (usize, usize)) -> bool {
    let mut chance = Entropy::seed_from_u64(seed);
    let (mut client, mut server) = (client(sizes.0), server(sizes.1));
    let mut travelling: BTreeMap<(Instant, u64), (bool, Vec<u8>)> = BTreeMap::new();
    let (mut now, mut counter, mut served) = (at(0), 0, 0);
    client.request(now, Request { payload: body(octets.0), ..Request::new(Code::POST, "/x") });
    loop {
        let mut sent = Vec::new();
        while let Some(output) = client.poll(now) {
            match output {
                ClientOutput::Datagram(datagram) => sent.push((true, datagram)),
                ClientOutput::Response { message, .. } => {
                    assert_eq!((message.code, message.payload), (Code::CHANGED, body(octets.1)));
                    assert_eq!(served, 1);
                    return true;
                }
                ClientOutput::Failed { reason, .. } => {
                    assert_eq!(reason, Failure::Timeout);
                    return false;
                }
            }
        }
        while let Some(output) = server.poll(now) {
            match output {
                ServerOutput::Datagram(datagram) => sent.push((false, datagram)),
                ServerOutput::Request { exchange, message } => {
                    assert_eq!(message.payload, body(octets.0));
                    served += 1;
                    let response = Response { payload: body(octets.1), ..Response::new(Code::CHANGED) };
                    server.respond(now, exchange, response);
                    while let Some(ServerOutput::Datagram(datagram)) = server.poll(now) {
                        sent.push((false, datagram));
                    }
                }
            }
        }
        for (to_server, datagram) in sent {
            for _ in 0..1 + u32::from(chance.next_u32() % 10 == 0) {
                if chance.next_u32() % 1000 >= lost {
                    counter += 1;
                    let arrival = now + Duration::from_millis(u64::from(chance.next_u32() % 100));
                    travelling.insert((arrival, counter), (to_server, datagram.clone()));
                }
            }
        }
        let arrival = travelling.keys().next().map(|(arrival, _)| *arrival);
        let next = [arrival, client.deadline(), server.deadline()].into_iter().flatten().min();
        now = now.max(next.expect("somebody waits"));
        if let Some(entry) = travelling.first_entry()
            && entry.key().0 <= now
        {
            let (to_server, datagram) = entry.remove();
            if to_server { server.handle(now, &datagram) } else { client.handle(now, &datagram) }
        }
    }
}

#[rstest]
fn bodies_cross_a_bad_channel_whole_and_once(#[values(0, 100, 200)] lost: u32) {
    let done = (0..100).filter(|seed| over_a_bad_channel(*seed, lost, (64, 32), (300, 200))).count();
    assert!(lost > 0 || done == 100);
    assert!(done >= 90, "{done} of 100");
}

proptest! {
    #[test]
    fn every_body_crosses_with_every_pair_of_sizes(
        sizes in (4u32..11, 4u32..11),
        octets in (0usize..=MAX_BODY, 0usize..=MAX_BODY),
    ) {
        prop_assert!(over_a_bad_channel(1, 0, (1 << sizes.0, 1 << sizes.1), octets));
    }

    #[test]
    fn no_blocks_panic_client_or_server(
        messages in prop::collection::vec(
            (0u8..4, any::<u8>(), prop::collection::vec((prop::sample::select(vec![11u16, 12, 23, 27, 28, 60]),
            prop::collection::vec(any::<u8>(), 0..4)), 0..4), prop::collection::vec(any::<u8>(), 0..40)), 0..20),
    ) {
        let (mut client, mut server) = (client(16), server(16));
        client.request(at(0), Request { payload: body(100), ..Request::new(Code::PUT, "/x") });
        let (mut message_id, mut token) = (0, Token::EMPTY);
        for (index, (kind, code, pairs, payload)) in messages.into_iter().enumerate() {
            while let Some(output) = client.poll(at(1)) {
                if let ClientOutput::Datagram(datagram) = output {
                    let sent = Message::parse(&datagram).unwrap();
                    (message_id, token) = (sent.message_id, sent.token);
                }
            }
            let mut options = Options::new();
            pairs.into_iter().for_each(|(number, value)| options.push(OptionNumber(number), value));
            let types = [MessageType::Confirmable, MessageType::NonConfirmable, MessageType::Acknowledgement, MessageType::Acknowledgement];
            let message_type = types[usize::from(kind)];
            let mut message = Message { message_type, code: Code(code.max(1)), message_id, token, options, payload };
            client.handle(at(1), &message.emit().unwrap());
            message.message_id = index as u16;
            message.code = Code(code % 7 + 1);
            message.message_type = types[usize::from(kind % 2)];
            server.handle(at(1), &message.emit().unwrap());
            while let Some(output) = server.poll(at(1)) {
                if let ServerOutput::Request { exchange, .. } = output {
                    server.respond(at(1), exchange, content(100));
                }
            }
        }
    }
}
