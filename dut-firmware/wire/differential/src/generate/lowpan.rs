//! 6LoWPAN: compressed, uncompressed, in fragments.

use wire::ieee802154::{Content, Frame, Header};
use wire::sixlowpan::{Context, Contexts, Dispatch, FragmentHeader, compress_headers};
use wire::writer::Writer;

use super::{CONTEXTS, Rng};

impl Rng {
    pub(super) fn data(&mut self) -> Vec<Vec<u8>> {
        let header = self.header();
        let packet = self.packet(header.source.link().unwrap(), header.destination.link().unwrap());
        self.carry(header, &packet)
    }

    /// The PSDUs that carry `packet` on air; none if it does not lend itself to fragments.
    pub fn carry(&mut self, header: Header, packet: &[u8]) -> Vec<Vec<u8>> {
        let (source, destination) = (header.source.link().unwrap(), header.destination.link().unwrap());
        let mut contexts = Contexts::default();
        for (id, prefix, length) in CONTEXTS {
            contexts.set(id, Some(Context::new(prefix.parse().unwrap(), length)));
        }
        let (mut head, covered) = compress_headers(packet, source, destination, &contexts).unwrap();
        let mut rest = &packet[covered..];
        if self.below(10) == 0 {
            head = [&[Dispatch::IPV6_OCTET], &packet[..covered]].concat();
        }
        let secured = self.chance();
        let room = 127 - 2 - header.buffer_len() - if secured { 14 + 16 } else { 0 };
        if head.len() + rest.len() <= room && self.below(8) != 0 {
            let frame = Frame::new(header, Content::Data([&head, rest].concat()));
            return vec![self.emit(frame, secured)];
        }
        let mut payloads = Vec::new();
        let (size, tag) = (packet.len() as u16, self.u16());
        let mut fragment = |fragment: FragmentHeader, bytes: &[u8]| {
            let mut payload = vec![0; fragment.buffer_len() + bytes.len()];
            let mut writer = Writer::new(&mut payload);
            fragment.emit(&mut writer).unwrap();
            writer.put(bytes, "fragment").unwrap();
            payloads.push(payload);
        };
        let first_end = ((covered + room.saturating_sub(4 + head.len()).min(rest.len())) / 8 * 8).max(covered);
        if (first_end - covered) > rest.len() || first_end % 8 != 0 {
            return Vec::new();
        }
        let (front, after) = rest.split_at(first_end - covered);
        fragment(FragmentHeader::First { datagram_size: size, datagram_tag: tag }, &[&head, front].concat());
        let mut offset = first_end;
        rest = after;
        while !rest.is_empty() {
            let (chunk, after) = rest.split_at(rest.len().min((room - 5) / 8 * 8));
            let datagram_offset = (offset / 8) as u8;
            fragment(FragmentHeader::Next { datagram_size: size, datagram_tag: tag, datagram_offset }, chunk);
            offset += chunk.len();
            rest = after;
        }
        if payloads.len() < 2 || payloads.iter().any(|payload| payload.len() > room) {
            return Vec::new();
        }
        let mut frames = Vec::new();
        for (index, payload) in payloads.into_iter().enumerate() {
            let sequence_number = header.sequence_number.map(|first| first.wrapping_add(index as u8));
            let frame = Frame::new(Header { sequence_number, ..header }, Content::Data(payload));
            frames.push(self.emit(frame, secured));
        }
        if self.below(3) == 0 {
            frames.reverse();
        }
        frames
    }
}
