//! What a protocol says of itself so that the layers below find it: the numbers that they know it by, and its body.

use super::Dissector;
use super::ip::Ends;
use super::sheet::{Cursor, Sheet};
use wire::Result;
use wire::ethernet::EtherType;
use wire::ieee802154::KmpId;
use wire::ipv6::Ipv6Addr;

/// Address and port.
pub(super) type End = (Ipv6Addr, u16);

/// What carries a message.
#[derive(Clone, Copy)]
pub(super) enum Under {
    /// UDP.
    Udp { from: End, to: End },
    /// IPv6, or IPv4 with mapped addresses.
    Ip(Ends),
    /// An Ethernet frame.
    Ethernet,
    /// IEEE 802.15.4 by MPX (IEEE 802.15.9).
    Mpx,
}

/// Dissects all that a cursor holds. What it remembers lies in `Dissector::states`, its secrets in `Dissector::keys`.
pub(super) type Body = fn(&mut Dissector, &mut Sheet, Cursor<'_>, Under) -> Result<()>;

/// Whether octets have a protocol's form, and what a note says where that decides.
pub(super) type Form = (fn(&[u8]) -> bool, &'static str);

/// A protocol that a number of a layer below leads to.
pub(super) struct Protocol {
    /// Wireshark's name.
    pub(super) name: &'static str,
    /// Those of source or destination.
    pub(super) udp_ports: &'static [u16],
    pub(super) next_headers: &'static [u8],
    pub(super) ether_types: &'static [EtherType],
    /// Multiplex identifiers of MPX.
    pub(super) multiplex_ids: &'static [u64],
    /// Key management protocols of MPX.
    pub(super) kmp_ids: &'static [KmpId],
    /// Whether it is read in a packet that an error quotes.
    pub(super) is_quotable: bool,
    /// For UDP ports that tell nothing.
    pub(super) form: Option<Form>,
    pub(super) body: Body,
}

impl Protocol {
    /// What is reached by nothing and reads nothing: for what a protocol does not say.
    pub(super) const NONE: Self = Self {
        name: "",
        udp_ports: &[],
        next_headers: &[],
        ether_types: &[],
        multiplex_ids: &[],
        kmp_ids: &[],
        is_quotable: true,
        form: None,
        body: |_, _, _, _| Ok(()),
    };
}
