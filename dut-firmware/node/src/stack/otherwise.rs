//! What a variant makes of what the stack sends and tells: other but right forms of the same message.

use alloc::string::String;
use alloc::vec::Vec;
use core::net::Ipv6Addr;

use wire::Eui64;
use wire::ipv6::{Packet, with_interface_identifier};
use wire::ndp::{Message, NdpOption};
use wire::upper_tester::{Arguments, Line, Outcome};

use super::discovery::Emission;
use crate::liberties::{Free, Told};

/// FNV-1a.
fn hash(octets: &[u8]) -> u32 {
    octets.iter().fold(0x811c_9dc5, |hash, octet| (hash ^ u32::from(*octet)).wrapping_mul(0x0100_0193))
}

/// Events that no procedure waits for (`docs/upper-tester.md`, Events).
pub(super) const FOR_PEOPLE: [&str; 4] = ["tool_found", "session", "cost", "rpl_parent"];

/// An address whose interface identifier says nothing of the device (RFC 7217).
pub(super) fn opaque(prefix: Ipv6Addr, device: Eui64) -> Ipv6Addr {
    let [a, b, c, d] = hash(&[&device.0[..], b"opaque"].concat()).to_be_bytes();
    with_interface_identifier(prefix, [a & !2, b, c, 0x5a, d, b, a, c])
}

/// A packet of the device, as it leaves.
pub(super) fn packet(free: Free, packet: &Packet, is_own: impl Fn(Ipv6Addr) -> bool) -> Packet {
    let mut packet = packet.clone();
    if is_own(packet.header.source) {
        packet.header.traffic_class = free.traffic_class();
        if free.flow_labels() {
            let ends = [packet.header.source.octets(), packet.header.destination.octets()].concat();
            packet.header.flow_label = hash(&ends) & 0xf_ffff;
        }
    }
    packet
}

/// A message of Neighbor Discovery, as it leaves.
pub(super) fn told(free: Free, emission: Emission) -> Emission {
    let mut emission = emission;
    if let Message::RouterAdvertisement {
        current_hop_limit,
        managed,
        other_configuration,
        router_lifetime,
        reachable_time,
        retransmission_timer,
        options,
        ..
    } = &mut emission.message
        && free.advertised_otherwise()
    {
        (*current_hop_limit, *managed, *other_configuration) = (32, true, true);
        (*router_lifetime, *reachable_time, *retransmission_timer) = (9000, 30_000, 1000);
        let own = emission.source.octets();
        for option in options.iter_mut() {
            match option {
                NdpOption::PrefixInformation { valid_lifetime, preferred_lifetime, .. } => {
                    (*valid_lifetime, *preferred_lifetime) = (604_800, 302_400);
                }
                NdpOption::SixLowpanContext { valid_lifetime, .. } => *valid_lifetime = 10_000,
                // Its own word, if it is the border router.
                NdpOption::AuthoritativeBorderRouter { version, valid_lifetime, address }
                    if address.octets()[8..] == own[8..] =>
                {
                    (*version, *valid_lifetime) = (7, 5000);
                }
                _ => {}
            }
        }
        options.push(NdpOption::Mtu(1280));
    }
    let options = match &mut emission.message {
        Message::RouterSolicitation { options }
        | Message::RouterAdvertisement { options, .. }
        | Message::NeighborSolicitation { options, .. }
        | Message::NeighborAdvertisement { options, .. } => options,
        _ => return emission,
    };
    if free.unknown_option() {
        options.push(NdpOption::Unknown { kind: 253, body: Vec::from([0xb0; 6]) });
    }
    if free.options_reversed() {
        options.reverse();
    }
    emission
}

/// A message of RPL, as it leaves.
#[cfg(feature = "rpl")]
pub(super) fn routed(free: Free, message: &wire::rpl::Message) -> wire::rpl::Message {
    use wire::rpl::{Message, RplOption};

    let mut message = message.clone();
    if let Message::DestinationAdvertisement(advertisement) = &mut message {
        advertisement.acknowledgement &= !free.dao_unacknowledged();
    }
    let options = match &mut message {
        Message::InformationSolicitation { options } => options,
        Message::InformationObject(object) => &mut object.options,
        Message::DestinationAdvertisement(advertisement) => &mut advertisement.options,
        Message::DestinationAdvertisementAck(ack) => &mut ack.options,
        _ => return message,
    };
    if free.rpl_padding() {
        options.push(RplOption::PadN(3));
    }
    message
}

/// A line of UT/1 with other arguments, or with the same ones in another form.
pub(super) fn line(told: Told, line: Line) -> Line {
    let of = |arguments: Arguments| -> Arguments {
        let pairs: Vec<(String, String)> =
            arguments.iter().map(|(key, value)| (key.into(), in_form(told, value))).collect();
        let mut pairs = pairs;
        match told {
            Told::Reversed => pairs.reverse(),
            Told::More => {
                pairs.insert(0, (String::from("x_build"), String::from("7c1")));
                pairs.push((String::from("x_uptime_ticks"), String::from("31337")));
            }
            _ => {}
        }
        pairs.iter().fold(Arguments::default(), |all, (key, value)| all.with(key, value))
    };
    match line {
        Line::Answer(mut answer) => {
            if let Outcome::Ok(arguments) = answer.outcome {
                answer.outcome = Outcome::Ok(of(arguments));
            }
            Line::Answer(answer)
        }
        Line::Event(mut event) => {
            event.arguments = of(event.arguments);
            Line::Event(event)
        }
        other => other,
    }
}

fn in_form(told: Told, value: &str) -> String {
    match value.parse::<Ipv6Addr>() {
        Ok(address) if told == Told::AddressesInFull => {
            let [a, b, c, d, e, f, g, h] = address.segments();
            alloc::format!("{a:04X}:{b:04X}:{c:04X}:{d:04X}:{e:04X}:{f:04X}:{g:04X}:{h:04X}")
        }
        _ => String::from(value),
    }
}

/// The octets of a line with what stands around it; `None` if that is nothing.
pub(super) fn lines(told: Told, line: &Line) -> Option<Vec<Vec<u8>>> {
    let octets = line.emit().ok()?;
    match told {
        Told::AmongLogs => {
            Some(Vec::from([b"[00:01:02.003] <inf> app: the next line is for the tester\n".to_vec(), octets]))
        }
        Told::AmongEvents => Some(Vec::from([b"! x_heartbeat t=1 beats=7\n".to_vec(), octets])),
        _ => None,
    }
}
