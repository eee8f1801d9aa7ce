//! CoAP messages.

use wire::coap::{self, Code, MessageType, OptionNumber, Options, Token};

use super::Rng;

impl Rng {
    pub(super) fn coap(&mut self) -> Vec<u8> {
        let code = self.pick(&[
            Code::GET,
            Code::POST,
            Code::PUT,
            Code::DELETE,
            Code::CONTENT,
            Code::CHANGED,
            Code::CREATED,
            Code::NOT_FOUND,
            Code::BAD_REQUEST,
            Code::INTERNAL_SERVER_ERROR,
        ]);
        let mut options = Options::new();
        if code.is_request() {
            (0..self.below(4)).for_each(|_| options.push(OptionNumber::URI_PATH, self.word()));
            (0..self.below(2)).for_each(|_| options.push(OptionNumber::URI_QUERY, self.word()));
            if self.below(4) == 0 {
                options.push(OptionNumber::URI_HOST, self.word());
                options.push_uint(OptionNumber::URI_PORT, self.u16().into());
            }
            match self.below(8) {
                0 => options.push(OptionNumber::IF_MATCH, self.bytes(1, 8)),
                1 => options.push(OptionNumber::PROXY_URI, self.word()),
                2 => options.push(OptionNumber::PROXY_SCHEME, self.word()),
                3 => options.push_uint(OptionNumber::HOP_LIMIT, 1 + self.below(255) as u32),
                4 => options.push_uint(OptionNumber::OBSERVE, self.below(2) as u32),
                5 => options.push_uint(OptionNumber::BLOCK2, self.below(7) as u32),
                _ => {}
            }
        } else {
            (0..self.below(3)).for_each(|_| options.push(OptionNumber::LOCATION_PATH, self.word()));
            (0..self.below(2)).for_each(|_| options.push(OptionNumber::LOCATION_QUERY, self.word()));
            if self.below(3) == 0 {
                options.push(OptionNumber::ETAG, self.bytes(1, 8));
                options.push_uint(OptionNumber::MAX_AGE, self.u32());
            }
        }
        if self.below(4) == 0 {
            options.push_uint(OptionNumber::SIZE1, self.u32());
        }
        let mut payload = Vec::new();
        if self.chance() {
            options.push_uint(OptionNumber::CONTENT_FORMAT, 42);
            payload = self.bytes(1, 60);
        }
        coap::Message {
            message_type: self.pick(&[
                MessageType::Confirmable,
                MessageType::NonConfirmable,
                MessageType::Acknowledgement,
            ]),
            code,
            message_id: self.u16(),
            token: Token::new(&self.bytes(0, 8)).unwrap(),
            options,
            payload,
        }
        .emit()
        .unwrap()
    }
}
