//! Frames by field: any message of the suites, natural or wrong in named fields.
//!
//! Fields bear Wireshark's filter names, ours begin with `sel.`. Overrides act at their layer before protection; lengths,
//! checksums and integrity codes are recomputed unless they are overridden themselves.
//!
//! | layer | fields |
//! |---|---|
//! | IEEE 802.15.4 | `wpan.seq_no`, `wpan.src64` (its nonce and counter too), `wpan.dst64`, `wpan.dst16`, `wpan.dst_pan`, `wpan.ack_request`, `wpan.fcs` |
//! | link security | `wpan.aux_sec.sec_level`, `wpan.aux_sec.frame_counter`, `wpan.aux_sec.key_index`, `wpan.mic`, `key` (32 hex digits) |
//! | 6LoWPAN | `fragments` (`0-96 96-192~ 184-348/plain`: octets of the uncompressed packet, `~` inverted, `/plain` without link security), `6lowpan.frag.size`, `6lowpan.frag.tag` |
//! | IPv6 | `ipv6.src`, `ipv6.dst`, `ipv6.hlim`, `ipv6.nxt`, `ipv6.plen`, `ipv6.tclass`, `ipv6.flow` |
//! | ICMPv6 | `icmpv6.type`, `icmpv6.code`, `icmpv6.checksum`, `icmpv6.length` (cuts or pads the message before its checksum) |
//! | JSR, SSR | `sel.status`, `sel.reserved`, `sel.registration_lifetime`, `sel.eui64`, `sel.trailing` |
//! | echo | `icmpv6.echo.identifier`, `icmpv6.echo.sequence_number`, `data` |
//! | Neighbor Discovery | `icmpv6.nd.ns.target_address`, `icmpv6.nd.na.target_address`, `icmpv6.nd.na.flag.r`, `.s`, `.o`, `icmpv6.opt.linkaddr_eui64` (also by its two longer names), `icmpv6.opt.aro.status`, `.registration_lifetime`, `.eui64`, `icmpv6.nd.ra.cur_hop_limit`, `.router_lifetime`, `icmpv6.opt.prefix`, `.length`, `.flag`, `.valid_lifetime`, `.preferred_lifetime`, `icmpv6.opt.6co.context_length`, `.flag`, `.valid_lifetime`, `icmpv6.opt.abro.version_low`, `.version_high`, `.6lbr_address` |
//! | RPL | of the fixed part and of the options configuration, target and transit information: `icmpv6.rpl.dio.rank`, `icmpv6.rpl.opt.transit.pathseq`, ...; `data` takes the place of all options |
//! | UDP | `udp.srcport`, `udp.dstport`, `udp.length`, `udp.checksum`, `udp.payload` |
//! | CoAP | `coap.type`, `coap.code`, `coap.mid`, `coap.token`, `coap.opt.uri_path`, `coap.opt.uri_query`, `coap.content_format`, `coap.accept` (both also with `opt.`), `coap.payload` |
//!
//! `data`, whatever the message carries, is hex octets or, if it is no hex, UTF-8 text; `data.len` is as many octets 00, 01, 02 ... A checksum, the FCS
//! and the MIC take the word `corrupt`. Sequence number and frame counter are those of the first fragment.

pub(crate) mod draft;
pub(crate) mod fields;
mod fragments;
mod icmpv6_body;
pub(crate) mod layer;
pub(crate) mod link;
pub(crate) mod messages;
mod natural;
mod request;
#[cfg(test)]
mod tests;
mod value;

pub use fields::fields;
pub use messages::MESSAGES;
pub use request::{CounterState, CraftError, CraftRequest, Crafted, CraftedFrame, Destination, Protection, Value};

pub(crate) use link::Link;
pub(crate) use messages::coap as coap_fields;

use value::counting;

/// Builds the frames of one message.
///
/// # Errors
/// [`CraftError`] if the message or an override is unknown, or a value does not fit.
pub fn craft(request: &CraftRequest, counters: &mut CounterState) -> Result<Crafted, CraftError> {
    let message = messages::named(&request.message).filter(|message| message.can_be_crafted());
    let message = message.ok_or_else(|| CraftError::UnknownMessage(request.message.clone()))?;
    let mut link = Link::new(request, natural::link_destination(request)?);
    let others = link.apply(&request.overrides)?;
    let unknown_field =
        |field: &str| CraftError::UnknownField { message: request.message.clone(), field: field.to_owned() };
    let Some(mut draft) = natural::draft(message, request, counters)? else {
        let mut payload = Vec::new();
        for (field, value) in others {
            payload = match field {
                "data" => value.payload(),
                "data.len" => counting(value.u16(field)?.into()),
                _ => return Err(unknown_field(field)),
            };
        }
        let malformed = link.malformed_payload(&payload);
        let (frames, wrong_on_purpose) = link.frames(&[payload], counters)?;
        let wrong_on_purpose = malformed.or(wrong_on_purpose);
        return Ok(Crafted { frames, packet: Vec::new(), wrong_on_purpose });
    };
    // Fields of the payload first: what changes addresses or types must not hide them.
    let is_outer = |field: &str| messages::layers_with(field).any(|layer| layer.is_outer);
    let (outer, inner): (Vec<_>, Vec<_>) = others.into_iter().partition(|(field, _)| is_outer(field));
    for (field, value) in inner.into_iter().chain(outer) {
        if !draft.set(message.name, field, value)? {
            return Err(unknown_field(field));
        }
    }
    let (packet, malformed) = draft.encode()?;
    let (frames, wrong) = link.carry(&packet, counters)?;
    Ok(Crafted { frames, packet, wrong_on_purpose: malformed.or(wrong) })
}

/// The bits of one frame or packet with one of them flipped; `bit` counts modulo the length.
pub(crate) fn flip(bytes: &mut [u8], bit: u32) {
    let at = u64::from(bit).checked_rem(bytes.len() as u64 * 8).unwrap_or(0);
    if let Some(octet) = bytes.get_mut((at / 8) as usize) {
        *octet ^= 0x80 >> (at % 8);
    }
}
