//! The protocol engines: link security, 6LoWPAN adaptation, DTLS, CoAP.
#![no_std]
#![no_main]

extern crate alloc;

use protocols::coap;
use protocols::dtls;
use protocols::link_security::LinkSecurity;
use protocols::lowpan::{Fragmenter, Reassembler};

bootrack_bare_metal::image! {
    LinkSecurity::new,
    LinkSecurity::secure_frame,
    LinkSecurity::unsecure_frame,
    Fragmenter::fragment,
    Reassembler::accept,
    Reassembler::expire,
    dtls::Client::new,
    dtls::Client::handle,
    dtls::Client::poll,
    dtls::Client::send,
    dtls::Client::close,
    dtls::Server::new,
    dtls::Server::handle,
    dtls::Server::poll,
    dtls::Server::send,
    dtls::Server::close,
    coap::Client::request,
    coap::Client::handle,
    coap::Client::poll,
    coap::Server::handle,
    coap::Server::respond,
    coap::Server::poll,
}
