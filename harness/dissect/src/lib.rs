//! The field table and the dissector: from captured octets to named fields, with decryption and reassembly.
//!
//! Fields bear Wireshark's filter names where Wireshark has one, and the values that `tshark -T fields` prints: numbers
//! for integers and booleans (0 and 1), `02:00:..` for EUI-64s, RFC 5952 text for IPv6 addresses, hex digits without
//! separators for octet strings. Ours (`sel.*`, `link.*`, `ut.*` and a few derived ones) are in the same table.
//!
//! [`Dissector`] keeps what spans frames: keys, contexts, fragments, DTLS sessions. It sees frames in order and never
//! fails; what is wrong with a frame becomes a [`Note`].
#![no_std]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

extern crate alloc;

mod carried;
mod coap;
mod coap_exchange;
mod coap_names;
mod cooked;
mod dissector;
mod dns;
mod dns_record;
mod dtls;
mod dtls_session;
mod eap;
mod handshake;
mod hello_extension;
mod hip;
mod icmpv6;
mod icmpv6_option;
mod info;
mod ip;
mod ip_fragment;
mod ip_option;
mod ip_routing;
mod ipv4;
mod isakmp;
mod keys;
mod lowpan;
mod lowpan_hc1;
mod lowpan_iphc;
mod lowpan_rfrag;
mod messages;
mod model;
mod packet;
mod pana;
mod protocols;
mod quoted;
mod radius;
mod reassembly;
mod record;
mod render;
mod retries;
mod rpl;
mod rpl_metric;
mod rpl_option;
mod sheet;
mod states;
mod table;
#[cfg(test)]
mod tests;
mod ut;
mod wpan;

pub use dissector::Dissector;
pub use dns_record::push_printable;
pub use info::{Facts, Names, Nobody, info, name, summary};
pub use keys::{KINDS, Keys, SecretKind, Session, THREAD_KEY_SEQUENCES, Wireshark, secret_kind};
pub use messages::{MESSAGES, MessageInfo, message};
pub use model::{Buffer, Dissection, Field, Layer, Note, NoteKind, Value};
pub use packet::{Captured, LinkType};
pub use protocols::UdpProtocol;
pub use table::{FIELDS, FieldInfo, FieldKind, field};
pub use ut::upper_tester;
