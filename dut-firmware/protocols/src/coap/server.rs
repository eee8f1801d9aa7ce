//! The server side of CoAP: deduplication, piggybacked and separate responses (RFC 7252 4.2, 4.5, 5.2),
//! bodies in blocks (RFC 7959).

mod measure;
mod separate;

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use rand_core::Rng;
use wire::coap::{Code, Message, MessageType, OptionNumber, Options, Token};

use super::TransmissionParameters;
use super::block_server::{Arrival, Context, Transfers};
use super::block_wise::BlockWise;
use crate::Entropy;
use crate::liberties::Free;
use crate::time::Instant;

/// Requests that are remembered, to answer their duplicates.
const MAX_REMEMBERED: usize = 32;

/// Critical options that a request may carry; any other is answered with 4.02 (RFC 7252 5.4.1): the preconditions If-Match and
/// If-None-Match too, which no resource here looks at.
const KNOWN_CRITICAL: [OptionNumber; 9] = [
    OptionNumber::URI_HOST,
    OptionNumber::URI_PORT,
    OptionNumber::URI_PATH,
    OptionNumber::URI_QUERY,
    OptionNumber::ACCEPT,
    OptionNumber::PROXY_URI,
    OptionNumber::PROXY_SCHEME,
    // Known to a server that speaks block-wise transfer; the last two, so that the others can be had without them.
    OptionNumber::BLOCK2,
    OptionNumber::BLOCK1,
];

/// A response before it has a message ID and a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The response code.
    pub code: Code,
    /// Content-Format and the rest.
    pub options: Options,
    /// May be empty.
    pub payload: Vec<u8>,
}

impl Response {
    /// A response without options and payload.
    pub fn new(code: Code) -> Self {
        Self { code, options: Options::new(), payload: Vec::new() }
    }
}

/// Names a request that waits for its response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExchangeId(pub u64);

/// One thing for the owner of a server to do or to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerOutput {
    /// To be sent to the client.
    Datagram(Vec<u8>),
    /// A new request, duplicates excluded; to be answered with [`Server::respond`].
    Request {
        /// Names it.
        exchange: ExchangeId,
        /// The message that bore it.
        message: Message,
    },
}

/// How far the answer to a request is.
enum Progress {
    /// To be piggybacked, until the acknowledgement must leave on its own.
    Waiting { acknowledge_at: Instant },
    /// Acknowledged, or not confirmable: the response gets a message of its own.
    Separate,
    /// Done.
    Answered,
}

struct Exchange {
    id: ExchangeId,
    message_id: u16,
    token: Token,
    confirmable: bool,
    forget_at: Instant,
    progress: Progress,
    /// What a duplicate is answered with.
    reply: Option<Vec<u8>>,
    /// For the blocks of the response.
    context: Option<Context>,
}

/// A CoAP server for one client.
pub struct Server {
    parameters: TransmissionParameters,
    entropy: Entropy,
    transfers: Option<Transfers>,
    next_exchange: u64,
    next_message_id: u16,
    exchanges: VecDeque<Exchange>,
    unacknowledged: Vec<separate::Unacknowledged>,
    outputs: VecDeque<ServerOutput>,
    /// Which liberties it takes.
    free: Free,
    /// Responses that are held back.
    #[cfg(feature = "mutants")]
    held: VecDeque<(Instant, ExchangeId, Response)>,
}

impl Server {
    /// A server without exchanges.
    pub fn new(parameters: TransmissionParameters, mut entropy: Entropy) -> Self {
        let [low, high, ..] = entropy.next_u32().to_le_bytes();
        Self {
            parameters,
            entropy,
            transfers: None,
            next_exchange: 0,
            next_message_id: u16::from_le_bytes([low, high]),
            exchanges: VecDeque::new(),
            unacknowledged: Vec::new(),
            outputs: VecDeque::new(),
            free: Free::default(),
            #[cfg(feature = "mutants")]
            held: VecDeque::new(),
        }
    }

    /// Whether a response waits for its time.
    #[cfg(feature = "mutants")]
    pub fn holds_a_response(&self) -> bool {
        !self.held.is_empty()
    }

    /// Takes these liberties from now on.
    pub fn set_free(&mut self, free: Free) {
        self.free = free;
    }

    /// Takes and sends bodies in blocks from now on (RFC 7959); without this, a request with a Block option is refused with
    /// 4.02. The owner sees whole bodies only. A response that may come in blocks should have an ETag.
    pub fn set_block_wise(&mut self, settings: BlockWise) {
        self.transfers = Some(Transfers::new(settings));
    }

    /// Takes one datagram from the client.
    pub fn handle(&mut self, now: Instant, datagram: &[u8]) {
        let Ok((message_type, code, message_id)) = Message::parse_header(datagram) else { return };
        let message = Message::parse(datagram).ok();
        match (message_type, message) {
            (MessageType::Acknowledgement | MessageType::Reset, _) => {
                self.on_acknowledgement(message_id);
            }
            (_, Some(message)) if code.is_request() => self.on_request(now, message),
            // Format errors, pings, responses and reserved classes (RFC 7252 4.2, 4.3).
            (MessageType::Confirmable, _) => self.send(&Message::empty(MessageType::Reset, message_id)),
            (MessageType::NonConfirmable, _) => {}
        }
    }

    /// Answers a request: piggybacked if it was not acknowledged yet, else in a message of its own. A second answer, or
    /// one to a request that is forgotten, does nothing.
    pub fn respond(&mut self, now: Instant, exchange: ExchangeId, response: Response) {
        #[cfg(feature = "mutants")]
        if let Some(wait) = self.free.separate_after() {
            if let Some(known) = self.exchanges.iter_mut().find(|known| known.id == exchange)
                && matches!(known.progress, Progress::Waiting { .. })
            {
                known.progress = Progress::Waiting { acknowledge_at: now };
            }
            return self.held.push_back((now + wait, exchange, response));
        }
        self.respond_now(now, exchange, response);
    }

    fn respond_now(&mut self, now: Instant, exchange: ExchangeId, response: Response) {
        let Some(at) = self.exchanges.iter().position(|known| known.id == exchange) else { return };
        let fresh_message_id = self.next_message_id;
        let Some(known) = self.exchanges.get_mut(at) else { return };
        let (message_type, message_id) = match (&known.progress, known.confirmable) {
            (Progress::Answered, _) => return,
            (Progress::Waiting { .. }, _) => (MessageType::Acknowledgement, known.message_id),
            (Progress::Separate, true) => (MessageType::Confirmable, fresh_message_id),
            (Progress::Separate, false) => (MessageType::NonConfirmable, fresh_message_id),
        };
        let forget_at = now + self.parameters.exchange_lifetime();
        let response = match (&mut self.transfers, known.context.take()) {
            (Some(transfers), Some(context)) => transfers.cut(forget_at, context, response),
            _ => response,
        };
        let Response { code, options, payload } = response;
        let message = Message { message_type, code, message_id, token: known.token, options, payload };
        let datagram = match message.emit() {
            Ok(datagram) if code.is_response() => datagram,
            _ => {
                let (code, options) = (Code::INTERNAL_SERVER_ERROR, Options::new());
                let message = Message { code, options, payload: Vec::new(), ..message };
                message.emit().unwrap_or_default()
            }
        };
        known.progress = Progress::Answered;
        match message_type {
            MessageType::Acknowledgement => known.reply = Some(datagram.clone()),
            _ if self.free.ids_downwards() => self.next_message_id = fresh_message_id.wrapping_sub(1),
            _ => self.next_message_id = fresh_message_id.wrapping_add(1),
        }
        if message_type == MessageType::Confirmable {
            self.await_acknowledgement(now, message_id, &datagram);
        }
        self.outputs.push_back(ServerOutput::Datagram(datagram));
    }

    /// The next thing to do, retransmissions that are due included; to be called until it returns `None`.
    pub fn poll(&mut self, now: Instant) -> Option<ServerOutput> {
        if self.outputs.is_empty() {
            self.expire(now);
        }
        #[cfg(feature = "mutants")]
        if self.outputs.is_empty()
            && self.held.front().is_some_and(|(at, ..)| *at <= now)
            && let Some((_, exchange, response)) = self.held.pop_front()
        {
            self.respond_now(now, exchange, response);
        }
        self.outputs.pop_front()
    }

    /// When `poll` must be called next, if nothing is received before.
    pub fn deadline(&self) -> Option<Instant> {
        self.next_expiry()
    }

    fn on_request(&mut self, now: Instant, message: Message) {
        self.exchanges.retain(|exchange| exchange.forget_at > now);
        let confirmable = message.message_type == MessageType::Confirmable;
        if let Some(known) = self.exchanges.iter().find(|exchange| exchange.message_id == message.message_id) {
            if let Some(reply) = known.reply.clone().filter(|_| confirmable) {
                self.outputs.push_back(ServerOutput::Datagram(reply));
            }
            return;
        }
        if self.exchanges.len() >= MAX_REMEMBERED {
            // The oldest answered one goes; while all wait for their answers nothing more is taken, and the client
            // will ask again.
            let answered = |exchange: &Exchange| matches!(exchange.progress, Progress::Answered);
            let Some(oldest) = self.exchanges.iter().position(answered) else { return };
            self.exchanges.remove(oldest);
        }
        let exchange = ExchangeId(self.next_exchange);
        self.next_exchange += 1;
        let lifetime = if confirmable { self.parameters.exchange_lifetime() } else { self.parameters.non_lifetime() };
        let progress = if confirmable {
            // Early enough to stop the client's first retransmission.
            Progress::Waiting { acknowledge_at: now + self.parameters.ack_timeout / 2 }
        } else {
            Progress::Separate
        };
        let refusal = refusal(&message.options, self.transfers.is_some());
        let (message_id, token) = (message.message_id, message.token);
        let forget_at = now + lifetime;
        // A bad option makes a non-confirmable request be rejected without a word (RFC 7252 5.4.1).
        let is_silent = refusal.is_some() && !confirmable;
        let arrival = match (refusal, &mut self.transfers) {
            (Some(code), _) => Arrival::Answer(Response::new(code)),
            (None, Some(transfers)) => transfers.on_request(now, now + self.parameters.exchange_lifetime(), message),
            (None, None) => Arrival::Whole(message, None),
        };
        let (context, next) = match arrival {
            Arrival::Whole(message, context) => (context, Ok(message)),
            Arrival::Answer(response) => (None, Err(response)),
        };
        self.exchanges.push_back(Exchange {
            id: exchange,
            message_id,
            token,
            confirmable,
            forget_at,
            progress: if is_silent { Progress::Answered } else { progress },
            reply: None,
            context,
        });
        match next {
            Ok(message) => self.outputs.push_back(ServerOutput::Request { exchange, message }),
            Err(response) => self.respond(now, exchange, response),
        }
    }

    fn send(&mut self, message: &Message) {
        if let Ok(datagram) = message.emit() {
            self.outputs.push_back(ServerOutput::Datagram(datagram));
        }
    }
}

/// The error response that the options alone call for.
fn refusal(options: &Options, block_wise: bool) -> Option<Code> {
    let without_blocks = KNOWN_CRITICAL.split_last_chunk::<2>().map_or(&[][..], |(others, _)| others);
    let known = if block_wise { &KNOWN_CRITICAL } else { without_blocks };
    if options.first_unacceptable(known).is_some() {
        return Some(Code::BAD_OPTION);
    }
    let is_proxy = |number| options.get(number).is_some();
    (is_proxy(OptionNumber::PROXY_URI) || is_proxy(OptionNumber::PROXY_SCHEME)).then_some(Code::PROXYING_NOT_SUPPORTED)
}
