//! DNS and multicast DNS messages.

use wire::dns::{
    CLASS_IN, EdnsOption, Flags, Message, Name, Question, Record, RecordData, RecordType, StartOfAuthority,
};
use wire::ieee802154::LinkAddress;

use super::Rng;

impl Rng {
    pub(super) fn dns(&mut self) -> Vec<u8> {
        let mut flags = Flags::from_bits(self.u16());
        flags.opcode = self.pick(&[0, 0, 0, 0, 5]);
        let mut records = || (0..self.below(4)).map(|_| self.record()).collect::<Vec<_>>();
        let (answers, authorities, additionals) = (records(), records(), records());
        let questions = (0..self.below(3)).map(|_| Question {
            name: self.name(),
            record_type: self.pick(&[RecordType::A, RecordType::PTR, RecordType::SRV, RecordType::ANY]),
            class: self.pick(&[CLASS_IN, 255]),
            unicast_response: self.chance(),
        });
        let questions = questions.collect();
        let message = Message { id: self.u16(), flags, questions, answers, authorities, additionals };
        let mut bytes = message.to_vec().unwrap();
        if self.below(8) == 0 {
            bytes.extend(self.bytes(1, 4));
        }
        bytes
    }

    fn name(&mut self) -> Name {
        let text = match self.below(4) {
            0 => "_bootrack-ct._udp.local".to_string(),
            1 => format!("{}.{}", self.word(), self.word()),
            2 => format!("_{}._tcp.local", self.word()),
            _ => format!("{}.example.com", self.word()),
        };
        text.parse().unwrap()
    }

    /// A record, its data as its type has it.
    fn record(&mut self) -> Record {
        let data = self.record_data();
        let name = match data {
            RecordData::Options(_) => Name::root(),
            RecordData::Service { .. } if self.chance() => {
                format!("{}._{}._udp.local", self.word(), self.word()).parse().unwrap()
            }
            RecordData::Service { .. } => format!("_{}._udp.local", self.word()).parse().unwrap(),
            _ => self.name(),
        };
        let class = match data {
            RecordData::Options(_) => self.u16() & 0x7fff,
            _ => CLASS_IN,
        };
        Record { name, class, cache_flush: self.chance(), time_to_live: self.u32(), data }
    }

    fn record_data(&mut self) -> RecordData {
        match self.below(13) {
            0 => RecordData::A(self.u32().to_be_bytes()),
            1 => RecordData::Aaaa(self.ipv6_address(LinkAddress::BROADCAST)),
            2 => RecordData::NameServer(self.name()),
            3 => RecordData::CanonicalName(self.name()),
            4 => RecordData::StartOfAuthority(StartOfAuthority {
                primary: self.name(),
                mailbox: self.name(),
                serial: self.u32(),
                refresh: self.u32(),
                retry: self.u32(),
                expire: self.u32(),
                minimum: self.u32(),
            }),
            5 => RecordData::Pointer(self.name()),
            6 => RecordData::Text((0..1 + self.below(3)).map(|_| self.word().into_bytes()).collect()),
            7 | 8 => {
                RecordData::Service { priority: self.u16(), weight: self.u16(), port: self.u16(), target: self.name() }
            }
            9 => RecordData::Options((0..self.below(4)).map(|_| self.edns_option()).collect()),
            10 => {
                let strings = [self.word(), self.word()];
                let data = strings.iter().flat_map(|word| [&[word.len() as u8], word.as_bytes()].concat()).collect();
                RecordData::Other { record_type: RecordType(13), data }
            }
            11 => {
                let name = self.name();
                match self.chance() {
                    true => {
                        let data = [&self.u16().to_be_bytes(), name.as_wire()].concat();
                        RecordData::Other { record_type: RecordType(15), data }
                    }
                    false => {
                        let data = [name.as_wire(), &[0, 4, 0x40, 0, 0, self.u8()]].concat();
                        RecordData::Other { record_type: RecordType(47), data }
                    }
                }
            }
            _ => RecordData::Other { record_type: RecordType(300 + self.below(100) as u16), data: self.bytes(1, 12) },
        }
    }

    fn edns_option(&mut self) -> EdnsOption {
        match self.below(4) {
            0 => EdnsOption { code: 10, data: self.bytes(16, 16) },
            1 => EdnsOption { code: 12, data: self.bytes(1, 8) },
            2 => EdnsOption { code: 3, data: self.bytes(1, 8) },
            _ => EdnsOption { code: 65001, data: self.bytes(1, 8) },
        }
    }
}
