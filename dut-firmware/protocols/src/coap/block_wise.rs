//! Block-wise transfer (RFC 7959): what a client does with a body longer than a block, and how both sides are told to.

use alloc::vec::Vec;

use wire::coap::{Assembler, Block, BlockSize, Code, Message, OptionNumber, slice};

use super::{Failure, Request};

/// Options of a body in blocks.
pub(super) const BLOCKS: [OptionNumber; 2] = [OptionNumber::BLOCK2, OptionNumber::BLOCK1];

/// How bodies travel that are longer than a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockWise {
    /// The size that is used where the peer does not want a smaller one. A size below 1024 octets is also asked for.
    pub size: BlockSize,
    /// Octets of the longest body that is taken; a longer one is refused with 4.13 or fails.
    pub max_body: usize,
}

/// What comes after a response.
pub(super) enum Step {
    /// The next request of the transfer.
    Send(Request),
    /// The response to the whole request, with the whole body.
    Deliver(Message),
    /// The transfer cannot go on.
    Fail(Failure),
}

/// A request on its way, and its response as far as it has arrived.
pub(super) struct Transfer {
    settings: BlockWise,
    request: Request,
    /// Octets of the request's body that the server has.
    sent: usize,
    /// The size of the request's blocks.
    size: BlockSize,
    /// The Block1 option of the last request; `None` if the body fits into one.
    block1: Option<Block>,
    response: Option<Arriving>,
}

/// A response of which more blocks are to come.
struct Arriving {
    code: Code,
    etag: Option<Vec<u8>>,
    assembler: Assembler,
    /// The block to ask for.
    next: Block,
}

impl Transfer {
    /// A transfer of `request`; `None` if the owner sets Block options himself.
    pub(super) fn new(request: &Request, settings: BlockWise) -> Option<Self> {
        let has_blocks = BLOCKS.iter().any(|number| request.options.get(*number).is_some());
        (!has_blocks).then(|| Self {
            settings,
            request: request.clone(),
            sent: 0,
            size: settings.size,
            block1: None,
            response: None,
        })
    }

    /// The request to be sent now; `None` if the body has more blocks than can be numbered.
    pub(super) fn next(&mut self) -> Option<Request> {
        let mut request = Request { payload: Vec::new(), ..self.request.clone() };
        if let Some(response) = &self.response {
            // Behind the first block there is no payload, and no second registration (RFC 7959 2.6, 3.3, 3.4).
            request.options.remove(OptionNumber::OBSERVE);
            request.options.remove(OptionNumber::CONTENT_FORMAT);
            request.options.push_block(OptionNumber::BLOCK2, response.next);
            return Some(request);
        }
        let body = &self.request.payload;
        self.block1 = None;
        let mut is_last = true;
        if self.sent > 0 || body.len() > self.size.octets() {
            let number = Block::at(self.sent, false, self.size).ok()?.number;
            let (block, payload) = slice(body, number, self.size)?;
            request.options.push_block(OptionNumber::BLOCK1, block);
            if number == 0 {
                request.options.push_uint(OptionNumber::SIZE1, u32::try_from(body.len()).ok()?);
            }
            request.payload = payload.to_vec();
            is_last = !block.more;
            self.block1 = Some(block);
        } else {
            request.payload.clone_from(body);
        }
        if is_last && self.settings.size < BlockSize::MAX {
            // Early negotiation (RFC 7959 2.4).
            let first = Block { number: 0, more: false, size: self.settings.size };
            request.options.push_block(OptionNumber::BLOCK2, first);
        }
        Some(request)
    }

    /// Takes the response to the request sent last.
    pub(super) fn on_response(&mut self, message: Message) -> Step {
        let (Ok(acknowledged), Ok(block2)) =
            (message.options.block(OptionNumber::BLOCK1), message.options.block(OptionNumber::BLOCK2))
        else {
            return Step::Fail(Failure::BadOption);
        };
        if let (Some(block), None) = (self.block1, &self.response) {
            match self.on_acknowledged(block, acknowledged, message.code) {
                Some(true) => return self.send(),
                Some(false) => return Step::Fail(Failure::Blocks),
                None => {}
            }
        }
        match (block2, &self.response) {
            (Some(block), _) => self.on_block(block, message),
            // An error ends the transfer; a success without Block2 leaves the body incomplete.
            (None, Some(_)) if message.code.is_success() => Step::Fail(Failure::Blocks),
            (None, _) => Step::Deliver(whole(message, None)),
        }
    }

    /// Whether the next block of the request goes out; `None` if this is the response to all of it.
    fn on_acknowledged(&mut self, block: Block, acknowledged: Option<Block>, code: Code) -> Option<bool> {
        if code == Code::REQUEST_ENTITY_TOO_LARGE {
            // The server may hint at a size that it can take (RFC 7959 2.9.3).
            let smaller = acknowledged.map(|acknowledged| acknowledged.size).filter(|size| *size < self.size)?;
            self.size = smaller;
            self.sent = 0;
            return Some(true);
        }
        if !block.more {
            return (code == Code::CONTINUE).then_some(false);
        }
        if !code.is_success() {
            return None;
        }
        // Without Block1 the server took this for the whole request.
        let acknowledged = acknowledged?;
        if acknowledged.number != block.number {
            return Some(false);
        }
        self.sent = block.offset().saturating_add(block.size.octets());
        self.size = self.size.min(acknowledged.size);
        Some(true)
    }

    /// Takes a block of the response.
    fn on_block(&mut self, block: Block, message: Message) -> Step {
        let etag = message.options.get(OptionNumber::ETAG).map(<[u8]>::to_vec);
        let size = self.settings.size.min(block.size);
        let response = self.response.get_or_insert_with(|| Arriving {
            code: message.code,
            etag: etag.clone(),
            assembler: Assembler::new(self.settings.max_body),
            next: Block { number: 0, more: false, size },
        });
        // Blocks of different representations make no body (RFC 7959 2.4).
        let is_same = response.code == message.code && response.etag == etag;
        if !is_same || block.offset() != response.assembler.received() {
            return Step::Fail(Failure::Blocks);
        }
        match response.assembler.push(block, &message.payload) {
            Err(_) => Step::Fail(Failure::Blocks),
            Ok(true) => {
                let body = self.response.take().map(|response| response.assembler.into_body());
                Step::Deliver(whole(message, body))
            }
            Ok(false) => match Block::at(response.assembler.received(), false, size) {
                Ok(next) => {
                    response.next = next;
                    self.send()
                }
                Err(_) => Step::Fail(Failure::Blocks),
            },
        }
    }

    fn send(&mut self) -> Step {
        self.next().map_or(Step::Fail(Failure::Unencodable), Step::Send)
    }
}

/// A response without the marks of its blocks.
fn whole(mut message: Message, body: Option<Vec<u8>>) -> Message {
    for number in [OptionNumber::BLOCK1, OptionNumber::BLOCK2, OptionNumber::SIZE2] {
        message.options.remove(number);
    }
    if let Some(body) = body {
        message.payload = body;
    }
    message
}
