//! The dissector of `bootrack-wire` against tshark: values and positions of every field that both know, over captures and
//! over generated frames. A difference is a failure unless [`excuses`] gives the reason.

pub mod blocks;
pub mod captures;
pub mod carried;
pub mod codecs;
pub mod compare;
pub mod excuses;
mod excuses_coap;
mod excuses_dtls;
mod excuses_found;
mod excuses_harm;
mod excuses_history;
mod excuses_icmpv6;
mod excuses_position;
mod excuses_wpan;
pub mod generate;
pub mod reach;
mod sessions;
pub mod stacks;
pub mod tshark;

pub use sessions::{PSK, Session, link_key, session};
