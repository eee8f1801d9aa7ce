//! Neighbor Discovery options.

use wire::Eui64;
use wire::dns::Name;
use wire::ieee802154::{LinkAddress, ShortAddress};
use wire::ipv6::{Ipv6Addr, prefix_bits};
use wire::ndp::{LinkLayerAddress, NdpOption, RouterPreference, Rovr};

use super::Rng;

impl Rng {
    pub(super) fn rovr(&mut self) -> Rovr {
        let octets = self.bytes(32, 32);
        Rovr::new(&octets[..self.pick(&[8, 8, 8, 16, 24, 32])]).unwrap()
    }

    pub(super) fn preference(&mut self) -> RouterPreference {
        RouterPreference::from_bits(self.u8())
    }

    /// A prefix length and a prefix of it, in as many octets as Wireshark understands or any.
    pub(super) fn prefix(&mut self) -> (u8, Ipv6Addr) {
        let length = self.pick(&[0, 64, 57, 128, 121, 48]);
        (length, prefix_bits(self.ipv6_address(LinkAddress::BROADCAST), length))
    }

    fn link_layer_address(&mut self) -> LinkLayerAddress {
        match self.below(4) {
            0 | 1 => LinkLayerAddress::Extended(self.eui64()),
            2 => LinkLayerAddress::Short(ShortAddress(self.u16())),
            _ => LinkLayerAddress::Ethernet([2, 0, 0, 0, 0, self.u8() | 1]),
        }
    }

    pub(super) fn ndp_option(&mut self) -> NdpOption {
        let address = self.ipv6_address(LinkAddress::BROADCAST);
        match self.below(14) {
            0 => NdpOption::SourceLinkLayerAddress(self.link_layer_address()),
            1 => NdpOption::TargetLinkLayerAddress(self.link_layer_address()),
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
            6 => NdpOption::Nonce(self.nonce()),
            7 => {
                let (prefix_length, prefix) = self.prefix();
                NdpOption::RouteInformation {
                    prefix_length,
                    preference: self.preference(),
                    route_lifetime: self.u32(),
                    prefix,
                }
            }
            8 => NdpOption::SixLowpanContext {
                context_length: self.pick(&[0, 16, 64, 65, 128]),
                compression: self.chance(),
                context_id: 9 + self.below(7) as u8,
                valid_lifetime: self.u16(),
                prefix: address,
            },
            9 => NdpOption::RecursiveDnsServer {
                lifetime: self.u32(),
                addresses: (0..1 + self.below(2)).map(|_| self.ipv6_address(LinkAddress::BROADCAST)).collect(),
            },
            10 => NdpOption::DnsSearchList {
                lifetime: self.u32(),
                domain_names: (0..1 + self.below(2)).map(|_| self.suffix()).collect(),
            },
            11 => NdpOption::ExtendedAddressRegistration {
                status: self.below(11) as u8,
                opaque: self.u8(),
                opaque_content: self.below(4) as u8,
                routing: true,
                transaction_id: Some(self.u8()).filter(|tid| tid & 1 == 1),
                registration_lifetime: self.u16(),
                rovr: self.rovr(),
            },
            12 => NdpOption::CapabilityIndication { capabilities: self.u16(), reserved: self.u32() },
            _ => NdpOption::Unknown { kind: 200 + self.below(50) as u8, body: self.bytes(6, 6) },
        }
    }

    fn nonce(&mut self) -> Vec<u8> {
        let length = self.pick(&[6, 14]);
        self.bytes(length, length)
    }

    fn suffix(&mut self) -> Name {
        [self.word(), self.word()].join(".").parse().unwrap()
    }

    pub(super) fn registered(&mut self) -> (Eui64, Ipv6Addr) {
        (self.eui64(), self.ipv6_address(LinkAddress::BROADCAST))
    }
}
