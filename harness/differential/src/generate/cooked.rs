//! What operating systems and PHYs put in front of packets: cooked captures of Linux, BSD's loopback, a synchronisation header.

use wire::ethernet::EtherType;

use super::Rng;

/// ETH_P_IEEE802154.
const IEEE802_15_4: u16 = 0x00f6;

impl Rng {
    /// A protocol number of Linux, and packets of it.
    fn cooked_payloads(&mut self) -> (u16, Vec<Vec<u8>>) {
        match self.below(8) {
            0 => (EtherType::IPV4.0, self.ipv4()),
            1 => {
                let (from, to) = (self.link_address(), self.link_address());
                (EtherType::IPV6.0, vec![self.packet(from, to)])
            }
            2 => (EtherType::IEEE802_15_4.0, self.frames()),
            _ => (IEEE802_15_4, self.frames()),
        }
    }

    /// Hardware type, and an address with its length and what fills its field.
    fn cooked_sender(&mut self) -> (u16, u8, Vec<u8>) {
        let (hardware, length) = self.pick(&[(805, 0), (804, 0), (1, 6), (772, 6), (32, 8), (256, 4), (805, 3)]);
        let mut address = self.bytes(8, 8);
        address[usize::from(length)..].fill(0);
        (hardware, length, address)
    }

    /// Packets of `tcpdump -i any` (link type 113).
    pub fn cooked(&mut self) -> Vec<Vec<u8>> {
        let (protocol, payloads) = self.cooked_payloads();
        let (hardware, length, address) = self.cooked_sender();
        let packet_type = self.below(5) as u16;
        let front = [packet_type, hardware, length.into()].map(u16::to_be_bytes).concat();
        let head = [front, address, protocol.to_be_bytes().to_vec()].concat();
        payloads.into_iter().map(|payload| [&head[..], &payload].concat()).collect()
    }

    /// The same of newer versions (link type 276).
    pub fn cooked_2(&mut self) -> Vec<Vec<u8>> {
        let (protocol, payloads) = self.cooked_payloads();
        let (hardware, length, address) = self.cooked_sender();
        let (interface, packet_type) = (1 + self.below(40) as u32, self.below(5) as u8);
        let head = [
            protocol.to_be_bytes().to_vec(),
            vec![0, 0],
            interface.to_be_bytes().to_vec(),
            hardware.to_be_bytes().to_vec(),
            vec![packet_type, length],
            address,
        ]
        .concat();
        payloads.into_iter().map(|payload| [&head[..], &payload].concat()).collect()
    }

    /// Packets of a loopback interface of BSD (link type 0), in either byte order.
    pub fn loopback(&mut self) -> Vec<Vec<u8>> {
        let (family, packets) = if self.chance() {
            (2, self.ipv4())
        } else {
            let (from, to) = (self.link_address(), self.link_address());
            (self.pick(&[24_u32, 28, 30]), vec![self.packet(from, to)])
        };
        let head = if self.chance() { family.to_le_bytes() } else { family.to_be_bytes() };
        packets.into_iter().map(|packet| [&head[..], &packet].concat()).collect()
    }

    /// Frames in Ethernet (link type 1), as the sniffers of Control4 send them.
    pub fn control4(&mut self) -> Vec<Vec<u8>> {
        let ether_type = EtherType::IEEE802_15_4.0.to_be_bytes();
        let head = [&[2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1], &ether_type[..]].concat();
        self.frames().into_iter().map(|frame| [&head[..], &frame].concat()).collect()
    }

    /// Frames behind preamble, start-of-frame delimiter and PHR (link type 215).
    pub fn phy_frames(&mut self) -> Vec<Vec<u8>> {
        let frames = self.frames().into_iter().filter(|frame| frame.len() <= 127);
        frames.map(|frame| [&[0, 0, 0, 0, 0xa7, frame.len() as u8], &frame[..]].concat()).collect()
    }
}
