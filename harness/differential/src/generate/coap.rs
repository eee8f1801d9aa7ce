//! CoAP messages: every code, option and shape that the codec knows, and messages that break a rule.

use wire::coap::{self, Code, ContentFormat, MessageType, OptionNumber, Options, Token};

use super::Rng;

const REQUESTS: [Code; 7] = [Code::GET, Code::POST, Code::PUT, Code::DELETE, Code::FETCH, Code::PATCH, Code::IPATCH];

const RESPONSES: [Code; 24] = [
    Code::CREATED,
    Code::DELETED,
    Code::VALID,
    Code::CHANGED,
    Code::CONTENT,
    Code::CONTINUE,
    Code::BAD_REQUEST,
    Code::UNAUTHORIZED,
    Code::BAD_OPTION,
    Code::FORBIDDEN,
    Code::NOT_FOUND,
    Code::METHOD_NOT_ALLOWED,
    Code::NOT_ACCEPTABLE,
    Code::REQUEST_ENTITY_INCOMPLETE,
    Code::CONFLICT,
    Code::PRECONDITION_FAILED,
    Code::REQUEST_ENTITY_TOO_LARGE,
    Code::UNSUPPORTED_CONTENT_FORMAT,
    Code::TOO_MANY_REQUESTS,
    Code::INTERNAL_SERVER_ERROR,
    Code::NOT_IMPLEMENTED,
    Code::BAD_GATEWAY,
    Code::GATEWAY_TIMEOUT,
    Code::HOP_LIMIT_REACHED,
];

/// Registered ones that Wireshark does not hand to a dissector for the payload, and one that is not registered.
const FORMATS: [u16; 8] = [0, 42, 40, 47, 256, 284, 310, 9999];

impl Rng {
    pub(super) fn coap(&mut self) -> Vec<u8> {
        match self.below(16) {
            0 => return self.empty(),
            1 => return self.malformed(),
            _ => {}
        }
        let is_request = self.chance();
        let code = if is_request { self.pick(&REQUESTS) } else { self.pick(&RESPONSES) };
        let mut options = Options::new();
        if is_request {
            self.request_options(&mut options);
        } else {
            self.response_options(&mut options);
        }
        self.options_of_both(&mut options);
        let mut payload = Vec::new();
        if self.chance() {
            if self.below(4) > 0 {
                options.push_content_format(ContentFormat(self.pick(&FORMATS)));
            }
            payload = self.bytes(1, 60);
        }
        let types = [MessageType::Confirmable, MessageType::NonConfirmable, MessageType::Acknowledgement];
        let message_type = self.pick(if is_request { &types[..2] } else { &types });
        let token = Token::new(&self.bytes(0, 8)).unwrap();
        let message = coap::Message { message_type, code, message_id: self.u16(), token, options, payload };
        message.emit().unwrap()
    }

    fn request_options(&mut self, options: &mut Options) {
        (0..self.below(4)).for_each(|_| options.push(OptionNumber::URI_PATH, self.word()));
        (0..self.below(2)).for_each(|_| options.push(OptionNumber::URI_QUERY, self.word()));
        if self.below(4) == 0 {
            options.push(OptionNumber::URI_HOST, self.word());
            options.push_uint(OptionNumber::URI_PORT, self.u16().into());
        }
        match self.below(14) {
            0 => options.push(OptionNumber::IF_MATCH, self.bytes(1, 8)),
            1 => options.push(OptionNumber::PROXY_URI, (0..24).map(|_| self.word()).collect::<String>()),
            2 => options.push(OptionNumber::PROXY_SCHEME, self.word()),
            3 => options.push_uint(OptionNumber::HOP_LIMIT, 1 + self.below(255) as u32),
            4 => options.push_uint(OptionNumber::OBSERVE, self.below(2) as u32),
            5 => options.push_accept(ContentFormat(self.pick(&FORMATS))),
            6 => options.push(OptionNumber::IF_NONE_MATCH, Vec::new()),
            7 => options.push_uint(OptionNumber::NO_RESPONSE, self.pick(&[0, 2, 8, 26])),
            8 => options.push(OptionNumber::REQUEST_TAG, self.bytes(0, 8)),
            // Empty segments are legal, and more of them than names are kept for.
            9 => (0..10).for_each(|_| options.push(OptionNumber::URI_PATH, String::new())),
            10 => options.push(OptionNumber::URI_PATH, "größe"),
            // A value without octets.
            11 => options.push_accept(ContentFormat::TEXT_PLAIN),
            _ => {}
        }
    }

    fn response_options(&mut self, options: &mut Options) {
        (0..self.below(3)).for_each(|_| options.push(OptionNumber::LOCATION_PATH, self.word()));
        (0..self.below(2)).for_each(|_| options.push(OptionNumber::LOCATION_QUERY, self.word()));
        if self.below(3) == 0 {
            options.push(OptionNumber::ETAG, self.bytes(1, 8));
            options.push_uint(OptionNumber::MAX_AGE, self.u32());
        }
        if self.below(8) == 0 {
            options.push_uint(OptionNumber::OBSERVE, self.u32() >> 8);
        }
    }

    fn options_of_both(&mut self, options: &mut Options) {
        match self.below(20) {
            0 | 1 => options.push_uint(OptionNumber::BLOCK1, self.block()),
            2 | 3 => options.push_uint(OptionNumber::BLOCK2, self.block()),
            4 => options.push_uint(OptionNumber::Q_BLOCK1, self.block()),
            5 => options.push_uint(OptionNumber::Q_BLOCK2, self.block()),
            6 | 7 => options.push_uint(OptionNumber::SIZE1, self.u32()),
            8 => options.push_uint(OptionNumber::SIZE2, self.u32()),
            9 => options.push(OptionNumber::ECHO, self.bytes(1, 40)),
            10 | 11 => {
                let value = self.oscore();
                options.push(OptionNumber::OSCORE, value);
            }
            // An elective and a critical one that nobody has registered, with deltas of all three lengths.
            12 => options.push(OptionNumber(self.pick(&[2, 42, 260, 2000, 65000])), self.bytes(0, 20)),
            13 => options.push(OptionNumber(self.pick(&[13, 61, 261, 2001, 65001])), self.bytes(0, 20)),
            _ => {}
        }
    }

    /// The value of a Block option: number of one to twenty bits, M, SZX.
    fn block(&mut self) -> u32 {
        if self.below(6) == 0 {
            return 0;
        }
        let number = if self.chance() { 0 } else { self.u32() >> self.pick(&[12, 20, 28]) };
        number << 4 | u32::from(self.chance()) << 3 | self.below(7) as u32
    }

    /// The value of an OSCORE option (RFC 8613 section 6.1).
    fn oscore(&mut self) -> Vec<u8> {
        let partial_iv = self.bytes(0, 5);
        let (has_context, has_id) = (self.chance(), self.chance());
        let mut value = vec![partial_iv.len() as u8 | u8::from(has_context) << 4 | u8::from(has_id) << 3];
        value.extend(partial_iv);
        if has_context {
            let context = self.bytes(0, 8);
            value.push(context.len() as u8);
            value.extend(context);
        }
        if has_id {
            value.extend(self.bytes(1, 7));
        }
        if value == [0] { Vec::new() } else { value }
    }

    fn empty(&mut self) -> Vec<u8> {
        let types = [MessageType::Confirmable, MessageType::Acknowledgement, MessageType::Reset];
        coap::Message::empty(self.pick(&types), self.u16()).emit().unwrap()
    }

    /// A message with an option that is too long or too short, that ends inside an option, or whose header is wrong.
    fn malformed(&mut self) -> Vec<u8> {
        let mut bytes = vec![0x40, 0x01, self.u8(), self.u8()];
        let rest = match self.below(9) {
            0 => vec![0x73, 1, 2, 3, 0x41, b'a'],
            1 => vec![0xd5, 1, 1, 2, 3, 4, 5, 0x11, b'a'],
            2 => vec![0xf0],
            3 => vec![0x3f],
            4 => vec![0x35, 1, 2],
            5 => vec![0x31, b'a', 0xff],
            6 => vec![0x93, 0xe1, 5, 1, 0xff, 1],
            7 => vec![0x97, 6, 1, 2, 3, 4, 5, 6],
            _ => {
                bytes[0] = 0x49;
                vec![0; 9]
            }
        };
        bytes.extend(rest);
        bytes
    }
}
