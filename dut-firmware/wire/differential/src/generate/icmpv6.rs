//! ICMPv6 messages and NDP options.

use wire::icmpv6::{Echo, ErrorKind, Message};
use wire::ieee802154::LinkAddress;
use wire::ndp::{self, LinkLayerAddress, NdpOption, Registration, RouterPreference};
use wire::sel;

use super::Rng;

impl Rng {
    pub(super) fn ndp_option(&mut self) -> NdpOption {
        let address = self.ipv6_address(LinkAddress::BROADCAST);
        match self.below(10) {
            0 => NdpOption::SourceLinkLayerAddress(LinkLayerAddress::Extended(self.eui64())),
            1 => NdpOption::TargetLinkLayerAddress(LinkLayerAddress::Extended(self.eui64())),
            2 => NdpOption::PrefixInformation {
                prefix_length: self.below(129) as u8,
                on_link: self.chance(),
                autonomous: self.chance(),
                router_address: self.chance(),
                valid_lifetime: self.u32(),
                preferred_lifetime: self.u32(),
                prefix: address,
            },
            3 => NdpOption::Mtu(self.u32()),
            4 => NdpOption::AddressRegistration {
                status: self.u8(),
                registration_lifetime: self.u16(),
                eui64: self.eui64(),
            },
            5 => NdpOption::AuthoritativeBorderRouter { version: self.u32(), valid_lifetime: self.u16(), address },
            6 => NdpOption::SourceLinkLayerAddress(LinkLayerAddress::Ethernet([2, 0, 0, 0, 0, self.u8() | 1])),
            7 => NdpOption::TargetLinkLayerAddress(LinkLayerAddress::Ethernet([2, 0, 0, 0, 0, self.u8() | 1])),
            8 => NdpOption::SixLowpanContext {
                context_length: self.pick(&[0, 16, 64, 65, 128]),
                compression: self.chance(),
                context_id: 9 + self.below(7) as u8,
                valid_lifetime: self.u16(),
                prefix: address,
            },
            _ => NdpOption::Unknown { kind: 200 + self.below(50) as u8, body: self.bytes(6, 6) },
        }
    }

    pub(super) fn icmpv6(&mut self) -> Message {
        let options = (0..self.below(4)).map(|_| self.ndp_option()).collect();
        let target = self.ipv6_address(LinkAddress::BROADCAST);
        let registration = Registration {
            status: self.u8(),
            registration_lifetime: self.u16(),
            eui64: self.eui64(),
            registered_address: target,
        };
        let echo = Echo { identifier: self.u16(), sequence_number: self.u16(), data: self.bytes(0, 40) };
        match self.below(12) {
            0 => Message::EchoRequest(echo),
            1 => Message::EchoReply(echo),
            2 => Message::Ndp(ndp::Message::RouterSolicitation { options }),
            3 => Message::Ndp(ndp::Message::RouterAdvertisement {
                current_hop_limit: self.u8(),
                managed: self.chance(),
                other_configuration: self.chance(),
                home_agent: self.chance(),
                preference: RouterPreference::from_bits(self.u8()),
                proxy: self.chance(),
                router_lifetime: self.u16(),
                reachable_time: self.u32(),
                retransmission_timer: self.u32(),
                options,
            }),
            4 | 5 => Message::Ndp(ndp::Message::NeighborSolicitation { target, options }),
            6 => Message::Ndp(ndp::Message::NeighborAdvertisement {
                router: self.chance(),
                solicited: self.chance(),
                override_: self.chance(),
                target,
                options,
            }),
            7 => Message::Ndp(ndp::Message::DuplicateAddressRequest(registration)),
            8 => Message::Ndp(ndp::Message::DuplicateAddressConfirmation(registration)),
            9 => Message::Sel(sel::Message::join_secure_request(self.eui64())),
            10 => Message::Sel(sel::Message::set_secure_request(self.eui64(), self.u16())),
            _ => Message::Error {
                kind: self.pick(&[ErrorKind::PacketTooBig, ErrorKind::ParameterProblem, ErrorKind::TimeExceeded]),
                code: self.below(2) as u8,
                parameter: self.u32(),
                invoking: Vec::new(),
            },
        }
    }
}
