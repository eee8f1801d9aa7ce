//! The server's side of block-wise transfer (RFC 7959): bodies of requests put together, bodies of responses cut, in a
//! memory that is bounded.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use wire::coap::{Assembler, Block, BlockError, BlockSize, Code, ContentFormat, Message, OptionNumber, Options, slice};

use super::block_wise::BlockWise;
use super::server::Response;
use crate::time::Instant;

/// Requests that are being put together, and responses that are being read, at most.
const MAX_TRANSFERS: usize = 4;

/// Options that may differ between the blocks of a body.
const OUTSIDE_KEY: [OptionNumber; 8] = [
    OptionNumber::IF_MATCH,
    OptionNumber::IF_NONE_MATCH,
    OptionNumber::OBSERVE,
    OptionNumber::CONTENT_FORMAT,
    OptionNumber::BLOCK2,
    OptionNumber::BLOCK1,
    OptionNumber::SIZE2,
    OptionNumber::SIZE1,
];

/// What the blocks of a body have in common (RFC 7959 2.5): the method and the options that select the resource.
#[derive(Clone, PartialEq, Eq)]
struct Key {
    code: Code,
    options: Vec<(OptionNumber, Vec<u8>)>,
}

impl Key {
    fn of(message: &Message) -> Self {
        let of_resource = |number: OptionNumber| !OUTSIDE_KEY.contains(&number) && !number.is_no_cache_key();
        let options = message.options.iter().filter(|option| of_resource(option.number));
        Self { code: message.code, options: options.map(|option| (option.number, option.value.clone())).collect() }
    }
}

struct Upload {
    key: Key,
    content_format: Option<ContentFormat>,
    assembler: Assembler,
    forget_at: Instant,
}

struct Download {
    key: Key,
    response: Response,
    forget_at: Instant,
}

/// What a request says about the blocks of its response.
pub(super) struct Context {
    key: Key,
    /// To be returned with the response to a body in blocks.
    block1: Option<Block>,
    block2: Option<Block>,
    wants_size: bool,
}

/// What becomes of a request.
pub(super) enum Arrival {
    /// It is whole: for the owner.
    Whole(Message, Option<Context>),
    /// It is answered here.
    Answer(Response),
}

/// All transfers of one client.
pub(super) struct Transfers {
    settings: BlockWise,
    uploads: VecDeque<Upload>,
    downloads: VecDeque<Download>,
}

impl Transfers {
    pub(super) fn new(settings: BlockWise) -> Self {
        Self { settings, uploads: VecDeque::new(), downloads: VecDeque::new() }
    }

    /// Octets of bodies that are kept.
    pub(super) fn buffered(&self) -> usize {
        let uploads = self.uploads.iter().map(|upload| upload.assembler.received());
        uploads.chain(self.downloads.iter().map(|download| download.response.payload.len())).sum()
    }

    /// Takes a new request. What is kept of it is forgotten at `forget_at`.
    pub(super) fn on_request(&mut self, now: Instant, forget_at: Instant, mut message: Message) -> Arrival {
        self.uploads.retain(|upload| upload.forget_at > now);
        self.downloads.retain(|download| download.forget_at > now);
        let blocks = (message.options.block(OptionNumber::BLOCK1), message.options.block(OptionNumber::BLOCK2));
        // The reserved size calls for 4.00 (RFC 7959 2.2).
        let (Ok(block1), Ok(block2)) = blocks else { return Arrival::Answer(Response::new(Code::BAD_REQUEST)) };
        let key = Key::of(&message);
        let wants_size = message.options.get(OptionNumber::SIZE2).is_some();
        let context = Context { key, block1, block2, wants_size };
        if let Some(block) = block1 {
            match self.on_block(forget_at, &context.key, block, &message) {
                Ok(body) => message.payload = body,
                Err(response) => return Arrival::Answer(response),
            }
        } else if message.payload.len() > self.settings.max_body {
            return Arrival::Answer(self.too_large());
        } else if block2.is_some_and(|block| block.number > 0) {
            if let Some(at) = self.downloads.iter().position(|download| download.key == context.key) {
                return Arrival::Answer(self.continued(at, &context));
            }
            // A body that is made again is the same only if the method is safe.
            if !matches!(message.code, Code::GET | Code::FETCH) {
                return Arrival::Answer(Response::new(Code::REQUEST_ENTITY_INCOMPLETE));
            }
        }
        message.options.remove(OptionNumber::BLOCK1);
        message.options.remove(OptionNumber::BLOCK2);
        Arrival::Whole(message, Some(context))
    }

    /// Takes a block of a request: the body if it is complete, else the answer.
    fn on_block(
        &mut self,
        forget_at: Instant,
        key: &Key,
        block: Block,
        message: &Message,
    ) -> Result<Vec<u8>, Response> {
        let announced = message.options.uint(OptionNumber::SIZE1).and_then(|size| usize::try_from(size).ok());
        if announced.is_some_and(|size| size > self.settings.max_body) {
            return Err(self.too_large());
        }
        let content_format = message.options.content_format();
        if block.number == 0 {
            self.uploads.retain(|upload| upload.key != *key);
            if self.uploads.len() >= MAX_TRANSFERS {
                self.uploads.pop_front();
            }
            let assembler = Assembler::new(self.settings.max_body);
            self.uploads.push_back(Upload { key: key.clone(), content_format, assembler, forget_at });
        }
        let incomplete = || Response::new(Code::REQUEST_ENTITY_INCOMPLETE);
        let at = self.uploads.iter().position(|upload| upload.key == *key).ok_or_else(incomplete)?;
        let Some(upload) = self.uploads.get_mut(at) else { return Err(incomplete()) };
        if upload.content_format != content_format {
            return Err(incomplete());
        }
        upload.forget_at = forget_at;
        match upload.assembler.push(block, &message.payload) {
            Ok(true) => Ok(self.uploads.remove(at).map_or(Vec::new(), |upload| upload.assembler.into_body())),
            Ok(false) => {
                let mut response = Response::new(Code::CONTINUE);
                let size = block.size.min(self.settings.size);
                response.options.push_block(OptionNumber::BLOCK1, Block { size, ..block });
                Err(response)
            }
            Err(BlockError::TooLarge { .. }) => {
                self.uploads.remove(at);
                Err(self.too_large())
            }
            Err(error) => Err(Response::new(error.code())),
        }
    }

    /// Gives a response its Block options, and keeps what of its body does not fit into the first block.
    pub(super) fn cut(&mut self, forget_at: Instant, context: Context, mut response: Response) -> Response {
        let Context { key, block1, block2, wants_size } = context;
        if let Some(block) = block1 {
            response.options.push_block(OptionNumber::BLOCK1, Block { more: false, ..block });
        }
        let size = block2.map_or(self.settings.size, |block| block.size.min(self.settings.size));
        let offset = block2.map_or(0, Block::offset);
        let is_short = offset == 0 && response.payload.len() <= size.octets();
        if response.options.get(OptionNumber::BLOCK2).is_some() || is_short && block2.is_none() {
            return response;
        }
        if wants_size && let Ok(octets) = u32::try_from(response.payload.len()) {
            response.options.push_uint(OptionNumber::SIZE2, octets);
        }
        let (first, is_last) = block_of(&response, offset, size);
        if !is_last {
            response.options.remove(OptionNumber::BLOCK1);
            response.options.remove(OptionNumber::SIZE2);
            self.downloads.retain(|download| download.key != key);
            if self.downloads.len() >= MAX_TRANSFERS {
                self.downloads.pop_front();
            }
            self.downloads.push_back(Download { key, response, forget_at });
        }
        first
    }

    /// A later block of a response that is kept; it is forgotten with its last one.
    fn continued(&mut self, at: usize, context: &Context) -> Response {
        let (Some(download), Some(block)) = (self.downloads.get(at), context.block2) else {
            return Response::new(Code::BAD_REQUEST);
        };
        let (response, is_last) = block_of(&download.response, block.offset(), block.size.min(self.settings.size));
        if is_last && response.code != Code::BAD_REQUEST {
            self.downloads.remove(at);
        }
        response
    }

    /// 4.13 with the size that would be taken (RFC 7959 2.9.3, 4).
    fn too_large(&self) -> Response {
        let mut response = Response::new(Code::REQUEST_ENTITY_TOO_LARGE);
        let size = u32::try_from(self.settings.max_body).unwrap_or(u32::MAX);
        response.options.push_uint(OptionNumber::SIZE1, size);
        response
    }
}

/// The block of a response that begins behind `offset` octets, and whether it is the last one; 4.00 behind the end
/// (RFC 7959 2.4).
fn block_of(response: &Response, offset: usize, size: BlockSize) -> (Response, bool) {
    let found = Block::at(offset, false, size).ok().and_then(|block| slice(&response.payload, block.number, size));
    let Some((block, payload)) = found else { return (Response::new(Code::BAD_REQUEST), true) };
    let mut options: Options = response.options.clone();
    options.push_block(OptionNumber::BLOCK2, block);
    (Response { code: response.code, options, payload: payload.to_vec() }, !block.more)
}
