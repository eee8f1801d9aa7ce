//! Information elements of IEEE 802.15.4-2015, MPX of IEEE 802.15.9, 6top of RFC 8480.

use wire::ieee802154::{
    Address, BeaconFilter, Content, Elements, Frame, Header, HeaderElement, MAX_TIME_CORRECTION_MICROSECONDS,
    MIN_TIME_CORRECTION_MICROSECONDS, Mpx, NestedElement, PanId, PayloadElement, Slotframe, SlotframeLink,
    TimeslotTemplate,
};

use super::Rng;

impl Rng {
    fn maybe<T>(&mut self, value: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.chance() { Some(value(self)) } else { None }
    }

    pub(super) fn header_elements(&mut self) -> Vec<HeaderElement> {
        (0..self.below(4)).map(|_| self.header_element()).collect()
    }

    fn header_element(&mut self) -> HeaderElement {
        match self.below(8) {
            0 => HeaderElement::VendorSpecific { vendor: [0x02, self.u8(), self.u8()], content: self.bytes(1, 8) },
            1 => HeaderElement::Csl { phase: self.u16(), period: self.u16(), rendezvous_time: self.maybe(Self::u16) },
            2 => HeaderElement::Rit {
                time_to_first_listen: self.u8(),
                number_of_repeat_listen: self.u8(),
                repeat_listen_interval: self.u16(),
            },
            3 => HeaderElement::RendezvousTime { rendezvous_time: self.u16(), wakeup_interval: self.maybe(Self::u16) },
            4 | 5 => {
                let microseconds = (self.below(4096) as i16) - 2048;
                assert!((MIN_TIME_CORRECTION_MICROSECONDS..=MAX_TIME_CORRECTION_MICROSECONDS).contains(&microseconds));
                HeaderElement::TimeCorrection { microseconds, is_negative: self.chance() }
            }
            6 => HeaderElement::GlobalTime(self.u32()),
            _ => HeaderElement::Opaque {
                id: self.pick(&[0x1c, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x2b, 0x33]),
                content: self.bytes(1, 8),
            },
        }
    }

    pub(super) fn payload_elements(&mut self) -> Vec<PayloadElement> {
        (0..self.below(3)).map(|_| self.payload_element()).collect()
    }

    fn payload_element(&mut self) -> PayloadElement {
        match self.below(8) {
            0 => PayloadElement::Esdu(self.bytes(1, 10)),
            1..=3 => PayloadElement::Mlme((0..=self.below(2)).map(|_| self.nested_element()).collect()),
            4 => PayloadElement::VendorSpecific { vendor: [0x02, self.u8(), self.u8()], content: self.bytes(1, 8) },
            5 => PayloadElement::Mpx(self.mpx()),
            6 => PayloadElement::Opaque { id: 5, content: self.sixtop() },
            _ => PayloadElement::Opaque { id: 6 + self.below(9) as u8, content: self.bytes(1, 8) },
        }
    }

    fn nested_element(&mut self) -> NestedElement {
        match self.below(7) {
            0 => NestedElement::ChannelHopping {
                sequence_id: self.u8(),
                details: if self.chance() { self.bytes(2, 10) } else { Vec::new() },
            },
            1 => NestedElement::TschSynchronization { absolute_slot_number: self.u64() >> 24, join_metric: self.u8() },
            2 => NestedElement::TschSlotframeAndLink((0..self.below(3)).map(|_| self.slotframe()).collect()),
            3 => NestedElement::TschTimeslot { id: self.u8(), template: self.maybe(Self::timeslot_template) },
            4 => NestedElement::EnhancedBeaconFilter(BeaconFilter {
                permit_joining_on: self.chance(),
                minimum_link_quality: self.maybe(Self::u8),
                response_percentage: self.maybe(Self::u8),
                attributes: self.bytes(0, 3),
            }),
            5 => {
                NestedElement::Opaque { is_long: false, id: 0x1d + 2 * self.below(12) as u8, content: self.bytes(0, 8) }
            }
            _ => NestedElement::Opaque { is_long: true, id: self.below(9) as u8, content: self.bytes(0, 8) },
        }
    }

    fn slotframe(&mut self) -> Slotframe {
        let (handle, size) = (self.u8(), self.u16());
        let links = (0..self.below(3)).map(|_| SlotframeLink {
            timeslot: self.u16(),
            channel_offset: self.u16(),
            options: self.u8(),
        });
        Slotframe { handle, size, links: links.collect() }
    }

    fn timeslot_template(&mut self) -> TimeslotTemplate {
        let mut durations = [0; 10];
        durations.iter_mut().for_each(|duration| *duration = self.u16());
        let is_long = self.chance();
        let most = if is_long { 1 << 24 } else { 1 << 16 };
        let (max_tx, length) = (self.below(most) as u32, self.below(most) as u32);
        TimeslotTemplate { durations, max_tx, length, is_long }
    }

    fn mpx(&mut self) -> Mpx {
        let transaction_id = self.below(32) as u8;
        let multiplex_id = self.pick(&[1, 1, 1, 2, 3, 1000]);
        let frame = self.upper_layer_frame(multiplex_id);
        match self.below(6) {
            0 | 1 => Mpx::FullFrame { transaction_id, multiplex_id, frame },
            2 => {
                let multiplex_id = 1 + self.below(3) as u8;
                Mpx::FullFrameCompressed { multiplex_id, frame: self.upper_layer_frame(multiplex_id.into()) }
            }
            3 => Mpx::FirstFragment { transaction_id, total_size: self.u16(), multiplex_id, fragment: frame },
            4 => {
                let (number, is_last) = (1 + self.below(255) as u8, self.chance());
                Mpx::NextFragment { transaction_id, number, is_last, fragment: frame }
            }
            _ => Mpx::Abort { transaction_id, total_size: self.maybe(Self::u16) },
        }
    }

    fn upper_layer_frame(&mut self, multiplex_id: u16) -> Vec<u8> {
        let head = match multiplex_id {
            1 => self.pick(&[1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 100, 255]),
            2 => self.pick(&[0, 3, 9]),
            _ => 0,
        };
        let body = if multiplex_id == 1 { self.key_management(head) } else { self.bytes(4, 10) };
        [vec![head], body].concat()
    }

    /// A message of the key management protocol with this identifier.
    fn key_management(&mut self, id: u8) -> Vec<u8> {
        match id {
            1 | 6 | 7 => self.eapol(),
            3 => self.ike(),
            4 => self.pana(0),
            _ => self.bytes(4, 10),
        }
    }

    /// EAPOL and IKEv2 messages in fragments over several frames.
    fn mpx_transactions(&mut self) -> Vec<Vec<u8>> {
        let mut psdus = Vec::new();
        for (transaction_id, id) in [(3, 1), (4, 3), (5, 1), (6, 255)] {
            let (to, from) = (self.eui64(), self.eui64());
            let pan = PanId(self.u16());
            let address = |eui64| Address::Extended { pan, address: eui64 };
            let vendor = if id == 255 { self.bytes(60, 90) } else { Vec::new() };
            let message = [vec![id], vendor, self.key_management(id)].concat();
            for mpx in Mpx::fragments(transaction_id, 1, &message, 24).unwrap() {
                let header = Header::new_2015(address(to), address(from), Some(self.u8()));
                let elements = Elements::terminated(vec![], vec![PayloadElement::Mpx(mpx)], false);
                psdus.push(Frame { header, elements, content: Content::Data(Vec::new()) }.to_psdu().unwrap());
            }
        }
        psdus
    }

    /// A message of RFC 8480.
    fn sixtop(&mut self) -> Vec<u8> {
        let kind = self.pick(&[0, 0, 0, 1, 2, 3]);
        let code = match kind {
            0 => self.below(9) as u8,
            _ => self.pick(&[0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        };
        let cells = self.below(3) as usize;
        let cell_octets = |rng: &mut Self| rng.bytes(4 * cells as u64, 4 * cells as u64);
        let mut message =
            vec![self.pick(&[0xc9, 0xc9, 0xc9, 1]), kind << 4 | self.u8() & 0xc0, code, self.u8(), self.u8()];
        let body = match (kind, code) {
            (0, 1 | 2) => [self.bytes(3, 3), vec![cells as u8], cell_octets(self)].concat(),
            (0, 3) => [self.bytes(3, 3), vec![self.below(cells as u64 + 1) as u8], cell_octets(self)].concat(),
            (0, 4) => self.bytes(3, 3),
            (0, 5) => self.bytes(8, 8),
            (0, 6) => self.bytes(2, 8),
            (0, 7) => self.bytes(2, 2),
            (1 | 2, 0) => match self.below(3) {
                0 => self.bytes(2, 2),
                1 => cell_octets(self),
                _ => self.bytes(5, 7),
            },
            (1 | 2, 1) => cell_octets(self),
            _ => Vec::new(),
        };
        message.extend(body);
        message
    }

    /// Frames with MPX fragments, with 6top, and with elements that no type of the codec can hold: octets behind their content, reserved bits, a payload element
    /// in the header, no payload elements where they are announced.
    pub(super) fn element_octets(&mut self) -> Vec<Vec<u8>> {
        let header_elements = [
            HeaderElement::Opaque { id: 0x1a, content: self.bytes(7, 9) },
            HeaderElement::Opaque { id: 0x1a, content: self.bytes(5, 5) },
            HeaderElement::Opaque { id: 0x1d, content: self.bytes(3, 3) },
            HeaderElement::Opaque { id: 0x1e, content: vec![self.u8(), 0x70] },
            HeaderElement::Opaque { id: 0x29, content: self.bytes(5, 5) },
        ];
        let payload_elements = [
            PayloadElement::Opaque { id: 3, content: vec![0x0b, 1, 2] },
            PayloadElement::Opaque { id: 3, content: vec![0x0e, 1, 2, 3] },
            PayloadElement::Opaque { id: 5, content: self.bytes(1, 4) },
        ];
        let header = Header::new_2015(Address::Absent, Address::new(PanId(self.u16()), self.link_address()), Some(1));
        let frame = |elements| Frame { header, elements, content: Content::EnhancedBeacon(Vec::new()) };
        let mut psdus = self.mpx_transactions();
        for _ in 0..150 {
            let element = PayloadElement::Opaque { id: 5, content: self.sixtop() };
            psdus.push(frame(Elements::terminated(vec![], vec![element], false)).to_psdu().unwrap());
        }
        for element in header_elements {
            psdus.push(frame(Elements::terminated(vec![element], vec![], false)).to_psdu().unwrap());
        }
        for element in payload_elements {
            psdus.push(frame(Elements::terminated(vec![], vec![element], false)).to_psdu().unwrap());
        }
        for octets in [[0x02, 0x88, 1, 2].as_slice(), &[0x00, 0x3f]] {
            let mut mpdu = frame(Elements::NONE).to_vec().unwrap();
            mpdu[1] |= 0x02;
            mpdu.extend(octets);
            wire::ieee802154::append_fcs(&mut mpdu);
            psdus.push(mpdu);
        }
        psdus
    }
}
