//! RPL messages.

use wire::ieee802154::LinkAddress;
use wire::rpl::{
    Configuration, ConsistencyCheck, DestinationAdvertisement, DestinationAdvertisementAck, InformationObject,
    KeyIdentifier, Kind, Message, Metric, MetricKind, RplOption, Security, SolicitedInformation, TransitInformation,
};
use wire::writer::Writer;

use super::Rng;

impl Rng {
    pub(super) fn rpl(&mut self) -> Message {
        if self.below(5) == 0 {
            return self.secure_rpl();
        }
        let options = (0..self.below(6)).map(|_| self.rpl_option()).collect();
        let dodag_id = self.ipv6_address(LinkAddress::BROADCAST);
        let some_dodag_id = Some(dodag_id).filter(|_| self.chance());
        match self.below(5) {
            0 => Message::InformationSolicitation { options },
            1 | 2 => Message::InformationObject(InformationObject {
                instance_id: self.u8(),
                version_number: self.u8(),
                rank: self.u16(),
                grounded: self.chance(),
                mode_of_operation: self.below(8) as u8,
                preference: self.below(8) as u8,
                trigger_sequence_number: self.u8(),
                dodag_id,
                options,
            }),
            3 => Message::DestinationAdvertisement(DestinationAdvertisement {
                instance_id: self.u8(),
                acknowledgement: self.chance(),
                sequence: self.u8(),
                dodag_id: some_dodag_id,
                options,
            }),
            _ => Message::DestinationAdvertisementAck(DestinationAdvertisementAck {
                instance_id: self.u8(),
                sequence: self.u8(),
                status: self.u8(),
                dodag_id: some_dodag_id,
                options,
            }),
        }
    }

    /// Half of them under a level that does not encrypt and that Wireshark reads the key identifier of.
    fn secure_rpl(&mut self) -> Message {
        let index = self.u8();
        let source = self.u64().to_be_bytes();
        let (level, key) = match self.below(8) {
            0..=2 => (0, KeyIdentifier::Index(index)),
            3 | 4 => (2, KeyIdentifier::Source { source, index }),
            5 => (1, KeyIdentifier::Pair),
            6 => (3, KeyIdentifier::Signature(Some((source, index)))),
            _ => (self.pick(&[1, 3]), KeyIdentifier::Index(index)),
        };
        let security =
            Security { counter_is_time: self.chance(), algorithm: self.u8(), level, counter: self.u32(), key };
        let (kind, mut protected) = match self.chance() {
            true => {
                let check = ConsistencyCheck {
                    instance_id: self.u8(),
                    response: self.chance(),
                    nonce: self.u16(),
                    dodag_id: self.ipv6_address(LinkAddress::BROADCAST),
                    destination_counter: self.u32(),
                    options: vec![RplOption::PadN(self.below(4) as u8)],
                };
                let mut bytes = vec![0; check.buffer_len()];
                check.emit(&mut Writer::new(&mut bytes)).unwrap();
                (Kind::ConsistencyCheck, bytes)
            }
            false => {
                let plain = Message::DestinationAdvertisementAck(DestinationAdvertisementAck {
                    instance_id: self.u8(),
                    sequence: self.u8(),
                    status: self.u8(),
                    dodag_id: None,
                    options: Vec::new(),
                });
                let mut bytes = vec![0; plain.body_len()];
                plain.emit_body(&mut Writer::new(&mut bytes)).unwrap();
                (Kind::DestinationAdvertisementAck, bytes)
            }
        };
        let integrity_len = security.integrity_len().unwrap() as u64;
        protected.extend(self.bytes(integrity_len, integrity_len));
        Message::Secure { kind, security, protected }
    }

    fn rpl_option(&mut self) -> RplOption {
        match self.below(12) {
            0 => RplOption::Pad1,
            1 => RplOption::PadN(self.below(6) as u8),
            2 | 3 => RplOption::MetricContainer((0..1 + self.below(5)).map(|_| self.metric()).collect()),
            4 => {
                let (prefix_length, prefix) = self.prefix();
                RplOption::RouteInformation {
                    prefix_length,
                    preference: self.preference(),
                    route_lifetime: self.u32(),
                    prefix,
                }
            }
            5 => RplOption::Configuration(Configuration {
                authentication_enabled: self.chance(),
                path_control_size: self.below(8) as u8,
                interval_doublings: self.u8(),
                interval_min: self.u8(),
                redundancy_constant: self.u8(),
                max_rank_increase: self.u16(),
                min_hop_rank_increase: self.u16(),
                objective_code_point: self.u16(),
                default_lifetime: self.u8(),
                lifetime_unit: self.u16(),
            }),
            6 => {
                let (prefix_length, prefix) = self.prefix();
                RplOption::Target { prefix_length, prefix }
            }
            7 => RplOption::TransitInformation(TransitInformation {
                external: self.chance(),
                path_control: self.u8(),
                path_sequence: self.u8(),
                path_lifetime: self.u8(),
                parent: Some(self.ipv6_address(LinkAddress::BROADCAST)).filter(|_| self.chance()),
            }),
            8 => RplOption::SolicitedInformation(SolicitedInformation {
                instance_id: self.u8(),
                version_predicate: self.chance(),
                instance_predicate: self.chance(),
                dodag_id_predicate: self.chance(),
                dodag_id: self.ipv6_address(LinkAddress::BROADCAST),
                version_number: self.u8(),
            }),
            9 => RplOption::PrefixInformation {
                prefix_length: self.below(129) as u8,
                on_link: self.chance(),
                autonomous: self.chance(),
                router_address: self.chance(),
                valid_lifetime: self.u32(),
                preferred_lifetime: self.u32(),
                prefix: self.ipv6_address(LinkAddress::BROADCAST),
            },
            10 => RplOption::TargetDescriptor(self.u32()),
            _ => RplOption::Unknown { kind: 100 + self.u8() / 2, body: self.bytes(1, 9) },
        }
    }

    /// A metric whose body has the layout of its kind.
    fn metric(&mut self) -> Metric {
        let kind = if self.below(30) == 0 { 9 } else { 1 + self.below(8) as u8 };
        let (constraint, recorded) = self.pick(&[(true, false), (false, true)]);
        let times = 1 + self.below(2);
        let body = match kind {
            1 => {
                let mut body = self.bytes(2, 2);
                if self.chance() {
                    let data = self.bytes(1, 5);
                    body.extend([self.u8(), data.len() as u8]);
                    body.extend(data);
                }
                body
            }
            2 | 7 => self.bytes(2 * times, 2 * times),
            3 => self.bytes(2, 2),
            4 | 5 => self.bytes(4 * times, 4 * times),
            6 => self.bytes(1 + times, 1 + times),
            8 => self.bytes(1 + 2 * times, 1 + 2 * times),
            _ => self.bytes(1, 6),
        };
        Metric {
            kind: MetricKind(kind),
            partial: self.chance(),
            constraint,
            optional: self.chance(),
            recorded,
            aggregation: self.below(8) as u8,
            precedence: self.below(16) as u8,
            body,
        }
    }
}
