//! The client side of CoAP: requests, their acknowledgements and responses (RFC 7252 4.2, 4.3, 5.2, 5.3), in
//! blocks if they are long (RFC 7959).

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

use rand_core::Rng;
use wire::coap::{Code, Message, MessageType, OptionNumber, Options, Token};

use super::TransmissionParameters;
use super::block_wise::{BLOCKS, BlockWise, Step, Transfer};
use super::retransmitter::{Expiry, Retransmitter};
use crate::Entropy;
use crate::time::Instant;

/// Separate responses whose acknowledgement is repeated if they come again.
const MAX_ACKNOWLEDGED: usize = 8;

/// A request before it has a message ID and a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Whether it wants an acknowledgement, and is sent again without one.
    pub confirmable: bool,
    /// The method.
    pub code: Code,
    /// Uri-Path and the rest.
    pub options: Options,
    /// May be empty.
    pub payload: Vec<u8>,
}

impl Request {
    /// A confirmable request without payload.
    pub fn new(code: Code, path: &str) -> Self {
        let mut options = Options::new();
        options.push_uri_path(path);
        Self { confirmable: true, code, options, payload: Vec::new() }
    }
}

/// Names a request of this client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// Why a request got no response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// No acknowledgement or no response in time.
    Timeout,
    /// The server answered with a Reset.
    Reset,
    /// The request could not be put into a message.
    Unencodable,
    /// The response has a critical option that is not known (RFC 7252 5.4.1).
    BadOption,
    /// The blocks of the response do not make a body, or a longer one than is taken (RFC 7959).
    Blocks,
}

/// One thing for the owner of a client to do or to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientOutput {
    /// To be sent to the server.
    Datagram(Vec<u8>),
    /// The answer to a request, piggybacked or separate.
    Response {
        /// Which request.
        request: RequestId,
        /// The message that bore the response.
        message: Message,
    },
    /// The request is over without an answer.
    Failed {
        /// Which request.
        request: RequestId,
        /// Why.
        reason: Failure,
    },
}

/// What a request waits for.
enum Awaits {
    /// An acknowledgement, with or without the response.
    Acknowledgement(Retransmitter),
    /// The response, until a point in time.
    Response(Instant),
}

struct Exchange {
    request: RequestId,
    token: Token,
    message_id: u16,
    datagram: Vec<u8>,
    awaits: Awaits,
    /// What goes on after the response, if bodies may come in blocks.
    transfer: Option<Transfer>,
}

/// A CoAP client of one server.
pub struct Client {
    parameters: TransmissionParameters,
    entropy: Entropy,
    block_wise: Option<BlockWise>,
    next_request: u64,
    next_message_id: u16,
    queue: VecDeque<(RequestId, Request)>,
    exchanges: Vec<Exchange>,
    /// Message IDs of separate responses that were acknowledged, and until when they may come again.
    acknowledged: VecDeque<(u16, Instant)>,
    outputs: VecDeque<ClientOutput>,
}

impl TransmissionParameters {
    /// From the first transmission of a confirmable message until its sender gives up waiting: 93 s by default.
    pub fn max_transmit_wait(&self) -> Duration {
        self.scaled((2u32 << self.max_retransmit.min(16)) - 1)
    }
}

impl Client {
    /// A client without requests.
    pub fn new(parameters: TransmissionParameters, mut entropy: Entropy) -> Self {
        let [low, high, ..] = entropy.next_u32().to_le_bytes();
        Self {
            parameters,
            entropy,
            block_wise: None,
            next_request: 0,
            next_message_id: u16::from_le_bytes([low, high]),
            queue: VecDeque::new(),
            exchanges: Vec::new(),
            acknowledged: VecDeque::new(),
            outputs: VecDeque::new(),
        }
    }

    /// Sends and takes bodies in blocks from now on (RFC 7959); without this, a response with a Block2 option fails.
    pub fn set_block_wise(&mut self, settings: BlockWise) {
        self.block_wise = Some(settings);
    }

    /// Sends a request, or queues it while `NSTART` others wait for their acknowledgement; its answer comes out of `poll`.
    pub fn request(&mut self, now: Instant, request: Request) -> RequestId {
        let id = RequestId(self.next_request);
        self.next_request += 1;
        self.queue.push_back((id, request));
        self.start_queued(now);
        id
    }

    /// Gives a request up; a response that still comes is answered with a Reset.
    pub fn cancel(&mut self, now: Instant, request: RequestId) {
        self.queue.retain(|(id, _)| *id != request);
        self.exchanges.retain(|exchange| exchange.request != request);
        self.start_queued(now);
    }

    /// Takes one datagram from the server.
    pub fn handle(&mut self, now: Instant, datagram: &[u8]) {
        let Ok((message_type, _, message_id)) = Message::parse_header(datagram) else { return };
        let Ok(message) = Message::parse(datagram) else {
            if message_type == MessageType::Confirmable {
                self.send_empty(MessageType::Reset, message_id);
            }
            return;
        };
        match message_type {
            MessageType::Acknowledgement => self.on_acknowledgement(now, message),
            MessageType::Reset => {
                if let Some(at) = self.exchanges.iter().position(|exchange| exchange.message_id == message_id) {
                    let request = self.exchanges.remove(at).request;
                    self.outputs.push_back(ClientOutput::Failed { request, reason: Failure::Reset });
                }
            }
            MessageType::Confirmable | MessageType::NonConfirmable => self.on_separate(now, message),
        }
        self.start_queued(now);
    }

    /// The next thing to do, retransmissions that are due included; to be called until it returns `None`.
    pub fn poll(&mut self, now: Instant) -> Option<ClientOutput> {
        if self.outputs.is_empty() {
            self.expire(now);
            self.start_queued(now);
        }
        self.outputs.pop_front()
    }

    /// When `poll` must be called next, if nothing is received before.
    pub fn deadline(&self) -> Option<Instant> {
        let deadline = |exchange: &Exchange| match &exchange.awaits {
            Awaits::Acknowledgement(retransmitter) => retransmitter.deadline(),
            Awaits::Response(deadline) => *deadline,
        };
        self.exchanges.iter().map(deadline).min()
    }

    fn start_queued(&mut self, now: Instant) {
        let unacknowledged = |exchange: &&Exchange| matches!(exchange.awaits, Awaits::Acknowledgement(_));
        while let Some((_, next)) = self.queue.front() {
            let outstanding = self.exchanges.iter().filter(unacknowledged).count();
            if next.confirmable && outstanding >= self.parameters.nstart.max(1) {
                return;
            }
            if let Some((id, request)) = self.queue.pop_front() {
                self.start(now, id, request);
            }
        }
    }

    fn start(&mut self, now: Instant, id: RequestId, request: Request) {
        let mut transfer = self.block_wise.and_then(|settings| Transfer::new(&request, settings));
        match transfer.as_mut().map_or(Some(request), Transfer::next) {
            Some(request) => self.transmit(now, id, request, transfer),
            None => self.outputs.push_back(ClientOutput::Failed { request: id, reason: Failure::Unencodable }),
        }
    }

    fn transmit(&mut self, now: Instant, id: RequestId, request: Request, transfer: Option<Transfer>) {
        let message_id = self.fresh_message_id();
        let token = self.fresh_token();
        let confirmable = request.confirmable;
        let message = Message {
            message_type: if confirmable { MessageType::Confirmable } else { MessageType::NonConfirmable },
            code: request.code,
            message_id,
            token,
            options: request.options,
            payload: request.payload,
        };
        let Some(datagram) = message.emit().ok().filter(|_| request.code.is_request()) else {
            self.outputs.push_back(ClientOutput::Failed { request: id, reason: Failure::Unencodable });
            return;
        };
        let awaits = if confirmable {
            Awaits::Acknowledgement(Retransmitter::start(now, &self.parameters, &mut self.entropy))
        } else {
            Awaits::Response(now + self.parameters.max_transmit_wait())
        };
        self.outputs.push_back(ClientOutput::Datagram(datagram.clone()));
        self.exchanges.push(Exchange { request: id, token, message_id, datagram, awaits, transfer });
    }

    fn fresh_message_id(&mut self) -> u16 {
        // More exchanges than message IDs cannot be alive: each costs a queued request.
        while self.exchanges.iter().any(|exchange| exchange.message_id == self.next_message_id) {
            self.next_message_id = self.next_message_id.wrapping_add(1);
        }
        let message_id = self.next_message_id;
        self.next_message_id = message_id.wrapping_add(1);
        message_id
    }

    fn fresh_token(&mut self) -> Token {
        loop {
            // 32 random bits, so that nobody off the path guesses them (RFC 7252 5.3.1).
            let token = Token::new(&self.entropy.next_u32().to_be_bytes()).unwrap_or_default();
            if !self.exchanges.iter().any(|exchange| exchange.token == token) {
                return token;
            }
        }
    }

    fn on_acknowledgement(&mut self, now: Instant, message: Message) {
        let is_meant = |exchange: &Exchange| {
            exchange.message_id == message.message_id && matches!(exchange.awaits, Awaits::Acknowledgement(_))
        };
        let Some(at) = self.exchanges.iter().position(is_meant) else { return };
        if message.code == Code::EMPTY {
            if let Some(exchange) = self.exchanges.get_mut(at) {
                exchange.awaits = Awaits::Response(now + self.parameters.max_transmit_wait());
            }
        } else if message.code.is_response()
            && self.exchanges.get(at).map(|exchange| exchange.token) == Some(message.token)
        {
            let exchange = self.exchanges.remove(at);
            self.deliver(now, exchange, message);
        }
    }

    fn on_separate(&mut self, now: Instant, message: Message) {
        let confirmable = message.message_type == MessageType::Confirmable;
        self.acknowledged.retain(|(_, until)| *until > now);
        if self.acknowledged.iter().any(|(message_id, _)| *message_id == message.message_id) {
            if confirmable {
                self.send_empty(MessageType::Acknowledgement, message.message_id);
            }
            return;
        }
        let is_meant = |exchange: &Exchange| exchange.token == message.token;
        let at = self.exchanges.iter().position(is_meant).filter(|_| message.code.is_response());
        let acceptable = message.options.first_unacceptable(self.known_critical()).is_none();
        if confirmable {
            let answers = if at.is_some() && acceptable { MessageType::Acknowledgement } else { MessageType::Reset };
            self.send_empty(answers, message.message_id);
        }
        let Some(at) = at else { return };
        let exchange = self.exchanges.remove(at);
        if acceptable {
            if self.acknowledged.len() >= MAX_ACKNOWLEDGED {
                self.acknowledged.pop_front();
            }
            self.acknowledged.push_back((message.message_id, now + self.parameters.exchange_lifetime()));
        }
        self.deliver(now, exchange, message);
    }

    /// Critical options that a response may have.
    fn known_critical(&self) -> &'static [OptionNumber] {
        if self.block_wise.is_some() { &BLOCKS } else { &[] }
    }

    /// Hands a response to the owner, or sends the next request of its transfer.
    fn deliver(&mut self, now: Instant, exchange: Exchange, message: Message) {
        let Exchange { request, transfer, .. } = exchange;
        if message.options.first_unacceptable(self.known_critical()).is_some() {
            return self.outputs.push_back(ClientOutput::Failed { request, reason: Failure::BadOption });
        }
        let Some(mut transfer) = transfer else {
            return self.outputs.push_back(ClientOutput::Response { request, message });
        };
        match transfer.on_response(message) {
            Step::Send(next) => self.transmit(now, request, next, Some(transfer)),
            Step::Deliver(message) => self.outputs.push_back(ClientOutput::Response { request, message }),
            Step::Fail(reason) => self.outputs.push_back(ClientOutput::Failed { request, reason }),
        }
    }

    fn expire(&mut self, now: Instant) {
        let Self { exchanges, outputs, .. } = self;
        exchanges.retain_mut(|exchange| {
            let expiry = match &mut exchange.awaits {
                Awaits::Acknowledgement(retransmitter) => retransmitter.expire(now),
                Awaits::Response(deadline) if now >= *deadline => Expiry::GiveUp,
                Awaits::Response(_) => Expiry::Running,
            };
            match expiry {
                Expiry::Running => {}
                Expiry::Due => outputs.push_back(ClientOutput::Datagram(exchange.datagram.clone())),
                Expiry::GiveUp => {
                    outputs.push_back(ClientOutput::Failed { request: exchange.request, reason: Failure::Timeout });
                }
            }
            expiry != Expiry::GiveUp
        });
    }

    fn send_empty(&mut self, message_type: MessageType, message_id: u16) {
        if let Ok(datagram) = Message::empty(message_type, message_id).emit() {
            self.outputs.push_back(ClientOutput::Datagram(datagram));
        }
    }
}
