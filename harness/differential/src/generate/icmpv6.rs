//! ICMPv6 messages.

use wire::coap;
use wire::icmpv6::mld::{self, AddressRecord, QueryV2, RecordType};
use wire::icmpv6::{Echo, ErrorKind, Message};
use wire::ieee802154::LinkAddress;
use wire::ipv6::{self, Ipv6Addr, NextHeader, Packet};
use wire::ndp::{self, ExtendedRegistration, NdpOption, Registration};
use wire::sel;
use wire::udp::Datagram;

use super::Rng;

impl Rng {
    pub(super) fn icmpv6(&mut self) -> Message {
        match self.below(14) {
            0 => self.error(),
            1 => Message::EchoRequest(self.echo()),
            2 => Message::EchoReply(self.echo()),
            3 => Message::Mld(self.mld()),
            4 | 5 => Message::Rpl(self.rpl()),
            6 => Message::Sel(sel::Message::join_secure_request(self.eui64())),
            7 => Message::Sel(sel::Message::set_secure_request(self.eui64(), self.u16())),
            8 => self.other(),
            _ => Message::Ndp(self.ndp()),
        }
    }

    fn echo(&mut self) -> Echo {
        Echo { identifier: self.u16(), sequence_number: self.u16(), data: self.bytes(0, 40) }
    }

    fn error(&mut self) -> Message {
        let kind = self.pick(&[
            ErrorKind::DestinationUnreachable,
            ErrorKind::PacketTooBig,
            ErrorKind::TimeExceeded,
            ErrorKind::ParameterProblem,
        ]);
        Message::Error { kind, code: self.below(9) as u8, parameter: self.u32(), invoking: self.invoking() }
    }

    /// A packet of which as much is left as a sender might quote. What is in whole layers only, of those of which
    /// Wireshark shows parts.
    fn invoking(&mut self) -> Vec<u8> {
        let (source, destination) =
            (self.ipv6_address(LinkAddress::BROADCAST), self.ipv6_address(LinkAddress::BROADCAST));
        let mut header = ipv6::Header::new(source, destination, NextHeader::UDP, self.u8());
        header.flow_label = self.u32() & 0xf_ffff;
        let kind = self.below(4);
        let mut datagram =
            Datagram { source_port: 0xf0b1, destination_port: self.pick(&[0xf0b2, 40000]), payload: self.bytes(1, 40) };
        let payload = match kind {
            0 => datagram.to_vec(source, destination).unwrap(),
            1 => {
                datagram.source_port = 10000 + self.below(30000) as u16;
                datagram.destination_port = coap::PORT;
                datagram.payload = self.coap();
                datagram.to_vec(source, destination).unwrap()
            }
            _ => {
                header.next_header = NextHeader::ICMPV6;
                let message = match kind {
                    2 => Message::EchoRequest(self.echo()),
                    _ => Message::Ndp(self.ndp()),
                };
                message.to_vec(source, destination).unwrap()
            }
        };
        let mut packet = Packet { header, payload }.to_vec().unwrap();
        if matches!(kind, 0 | 2) && self.chance() {
            packet.truncate(48 + self.below(20) as usize);
        }
        packet
    }

    fn mld(&mut self) -> mld::Message {
        let multicast_address = self.group();
        let sources = (0..self.below(3)).map(|_| self.ipv6_address(LinkAddress::BROADCAST)).collect();
        match self.below(6) {
            0 => mld::Message::Query { maximum_response_delay: self.u16(), multicast_address },
            1 => mld::Message::Report { multicast_address },
            2 => mld::Message::Done { multicast_address },
            3 => mld::Message::QueryV2(QueryV2 {
                maximum_response_code: self.u16(),
                multicast_address,
                suppress_router_side_processing: self.chance(),
                robustness_variable: self.below(8) as u8,
                query_interval_code: self.u8(),
                sources,
            }),
            _ => mld::Message::ReportV2 { records: (0..1 + self.below(3)).map(|_| self.address_record()).collect() },
        }
    }

    fn address_record(&mut self) -> AddressRecord {
        let words = self.below(3);
        AddressRecord {
            record_type: RecordType(1 + self.below(6) as u8),
            multicast_address: self.group(),
            sources: (0..self.below(3)).map(|_| self.ipv6_address(LinkAddress::BROADCAST)).collect(),
            auxiliary_data: self.bytes(words * 4, words * 4),
        }
    }

    fn group(&mut self) -> Ipv6Addr {
        Ipv6Addr::from_bits(0xff02 << 112 | u128::from(self.u64()))
    }

    fn ndp(&mut self) -> ndp::Message {
        let mut options: Vec<NdpOption> = (0..self.below(5)).map(|_| self.ndp_option()).collect();
        let target = self.ipv6_address(LinkAddress::BROADCAST);
        match self.below(9) {
            0 => ndp::Message::RouterSolicitation { options },
            1 => ndp::Message::RouterAdvertisement {
                current_hop_limit: self.u8(),
                managed: self.chance(),
                other_configuration: self.chance(),
                home_agent: self.chance(),
                preference: self.preference(),
                proxy: self.chance(),
                router_lifetime: self.u16(),
                reachable_time: self.u32(),
                retransmission_timer: self.u32(),
                options,
            },
            2 | 3 => ndp::Message::NeighborSolicitation { target, options },
            4 => ndp::Message::NeighborAdvertisement {
                router: self.chance(),
                solicited: self.chance(),
                override_: self.chance(),
                target,
                options,
            },
            5 => {
                if self.chance() {
                    options.push(NdpOption::RedirectedHeader(self.redirected()));
                }
                let destination = self.ipv6_address(LinkAddress::BROADCAST);
                ndp::Message::Redirect { target, destination, options }
            }
            6 => {
                let (eui64, registered_address) = self.registered();
                let registration =
                    Registration { status: self.u8(), registration_lifetime: self.u16(), eui64, registered_address };
                match self.chance() {
                    true => ndp::Message::DuplicateAddressRequest(registration),
                    false => ndp::Message::DuplicateAddressConfirmation(registration),
                }
            }
            _ => {
                let registration = ExtendedRegistration {
                    status: self.u8(),
                    transaction_id: self.u8(),
                    registration_lifetime: self.u16(),
                    rovr: self.rovr(),
                    registered_address: target,
                };
                match self.chance() {
                    true => ndp::Message::ExtendedDuplicateAddressRequest(registration),
                    false => ndp::Message::ExtendedDuplicateAddressConfirmation(registration),
                }
            }
        }
    }

    /// A packet and what fills it up to a multiple of eight octets.
    fn redirected(&mut self) -> Vec<u8> {
        let (source, destination) =
            (self.ipv6_address(LinkAddress::BROADCAST), self.ipv6_address(LinkAddress::BROADCAST));
        let header = ipv6::Header::new(source, destination, NextHeader::UDP, 64);
        let datagram = Datagram { source_port: 0xf0b1, destination_port: 0xf0b2, payload: self.bytes(1, 40) };
        let payload = datagram.to_vec(source, destination).unwrap();
        let mut packet = Packet { header, payload }.to_vec().unwrap();
        packet.resize(packet.len().next_multiple_of(8), 0);
        packet
    }

    /// Router renumbering without a body, and types that nobody knows.
    fn other(&mut self) -> Message {
        match self.chance() {
            true => {
                let mut body = self.bytes(12, 12);
                body[8..].fill(0);
                Message::Other { kind: 138, code: 0, body }
            }
            false => Message::Other { kind: 201 + self.below(50) as u8, code: self.u8(), body: self.bytes(0, 20) },
        }
    }
}
