//! Small responders on the backbone by which a device finds the tool (`SEL` 5.2): the tool itself for a multicast question,
//! a DNS server with its service, a resource directory with its registration. Each has something else to offer first, which
//! a device must leave alone.

use std::net::Ipv6Addr;

use wire::coap::{self, Code, ContentFormat, Link, Message, MessageType, Options};
use wire::dns;
use wire::ipv6::ALL_COAP_NODES_REALM;

use super::{CommissioningTool, Mutant};
use crate::host::End;
use crate::words::{Parsed, bad};

/// The DNS server.
pub(super) const DNS_SERVER: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xc0, 0, 0, 0, 0, 0, 0x53);

/// The resource directory.
pub(super) const RESOURCE_DIRECTORY: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xc0, 0, 0, 0, 0, 0, 0x5d);

/// Of what the responders offer besides: nobody has this address.
pub(super) const SOMETHING_ELSE: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xc0, 0, 0, 0, 0, 0, 0xbad);

const RESOURCE_TYPE: &str = "core.ct";

/// A responder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Responder {
    Multicast,
    Dns,
    Directory,
}

impl Responder {
    pub(super) fn parse(word: &str) -> Parsed<Self> {
        match word {
            "multicast" => Ok(Self::Multicast),
            "dns-sd" => Ok(Self::Dns),
            "directory" => Ok(Self::Directory),
            other => Err(bad(other, "multicast, dns-sd or directory")),
        }
    }

    /// Where questions to it go.
    pub(super) fn end(self) -> End {
        match self {
            Self::Multicast => (ALL_COAP_NODES_REALM, coap::PORT),
            Self::Dns => (DNS_SERVER, dns::PORT),
            Self::Directory => (RESOURCE_DIRECTORY, coap::PORT),
        }
    }
}

impl CommissioningTool {
    /// What a responder says to a question; nothing to what is none.
    pub(super) fn respond(&self, responder: Responder, question: &[u8]) -> Option<Vec<u8>> {
        match responder {
            Responder::Multicast if self.is(Mutant::SilentToMulticast) => None,
            Responder::Multicast => self.links(question, "/.well-known/core"),
            Responder::Directory => self.links(question, "/rd-lookup/res"),
            Responder::Dns => self.records(question),
        }
    }

    /// Links of which the second one is the tool's, to a `GET PATH?rt=core.ct`. The first begins like what was asked for: not
    /// every server filters exactly (RFC 6690 4.1), so the device has to look.
    fn links(&self, request: &[u8], path: &str) -> Option<Vec<u8>> {
        let request = Message::parse(request).ok()?;
        let asks = request.code == Code::GET
            && request.options.uri_path() == path
            && request.options.query("rt") == Some(RESOURCE_TYPE);
        if !asks {
            return None;
        }
        let links = [
            Link::new(&format!("coap://[{SOMETHING_ELSE}]"), "core.ctx"),
            Link::new(&format!("coaps://[{}]", self.host.address()), RESOURCE_TYPE),
        ];
        let mut options = Options::new();
        options.push_content_format(ContentFormat::LINK_FORMAT);
        let response = Message {
            message_type: MessageType::NonConfirmable,
            code: Code::CONTENT,
            message_id: request.message_id,
            token: request.token,
            options,
            payload: Link::document(&links).into_bytes(),
        };
        response.emit().ok()
    }
}
