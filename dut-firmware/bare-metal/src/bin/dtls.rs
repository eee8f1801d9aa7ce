//! DTLS alone, client and server: the largest of the protocol engines.
#![no_std]
#![no_main]

extern crate alloc;

use protocols::dtls::{Client, Server};

bootrack_bare_metal::image! {
    Client::new,
    Client::handle,
    Client::poll,
    Client::send,
    Client::close,
    Server::new,
    Server::handle,
    Server::poll,
    Server::send,
    Server::close,
}
