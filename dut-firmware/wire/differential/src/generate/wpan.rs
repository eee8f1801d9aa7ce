//! IEEE 802.15.4 frames.

use wire::ieee802154::{
    Address, AuxSecurityHeader, Beacon, Command, Content, Frame, FrameVersion, GtsDescriptor, Header, KeyIdentifier,
    PanId, PendingAddress, SecurityLevel, ShortAddress, secure,
};

use super::Rng;
use crate::link_key;

impl Rng {
    pub(super) fn header(&mut self) -> Header {
        let pan = PanId(self.u16());
        let (source, destination) = (self.link_address(), self.link_address());
        let mut header = Header::new(Address::new(pan, destination), Address::new(pan, source), self.u8());
        header.ack_request = self.chance();
        header.frame_pending = self.chance();
        header.version = if self.chance() { FrameVersion::V2003 } else { FrameVersion::V2006 };
        if self.below(8) == 0 {
            let other = PanId(self.u16());
            header.source = Address::new(other, source);
            header.pan_id_compression = false;
        }
        header
    }

    pub(super) fn security(&mut self) -> AuxSecurityHeader {
        let key_identifier = match self.below(6) {
            0 => KeyIdentifier::Source4([1, 2, 3, self.u8()], 1),
            1 => KeyIdentifier::Source8([1, 2, 3, 4, 5, 6, 7, self.u8()], 1),
            _ => KeyIdentifier::Index(1),
        };
        AuxSecurityHeader::new(SecurityLevel::from_bits(1 + self.below(7) as u8), self.u32(), key_identifier)
    }

    pub(super) fn emit(&mut self, frame: Frame, secured: bool) -> Vec<u8> {
        match frame.header.source.extended() {
            Some(source) if secured => {
                secure(&frame, &self.security(), &link_key(), source).unwrap().to_psdu().unwrap()
            }
            _ => frame.to_psdu().unwrap(),
        }
    }

    pub(super) fn beacon(&mut self) -> Frame {
        let header = Header::new(Address::Absent, Address::new(PanId(self.u16()), self.link_address()), self.u8());
        let gts = (0..self.below(3)).map(|_| GtsDescriptor {
            address: ShortAddress(self.u16()),
            starting_slot: self.below(16) as u8,
            length: self.below(16) as u8,
        });
        let gts: Vec<GtsDescriptor> = gts.collect();
        let mut pending: Vec<PendingAddress> =
            (0..self.below(3)).map(|_| PendingAddress::Short(ShortAddress(self.u16()))).collect();
        pending.extend((0..self.below(2)).map(|_| PendingAddress::Extended(self.eui64())));
        let gts_directions = if gts.is_empty() { 0 } else { self.u8() & 0x7f };
        let (superframe, gts_permit) = (self.u16(), self.chance());
        let content = Beacon { superframe, gts_permit, gts_directions, gts, pending, payload: Vec::new() };
        Frame::new(header, Content::Beacon(content))
    }

    /// One or more PSDUs: a packet whole or in fragments, or another frame.
    pub fn psdus(&mut self) -> Vec<Vec<u8>> {
        match self.below(10) {
            0 => vec![Frame::acknowledgment(self.u8(), self.chance()).to_psdu().unwrap()],
            1 => {
                let frame = self.beacon();
                vec![self.emit(frame, false)]
            }
            2 => {
                let commands = [Command::DataRequest, Command::PanIdConflictNotification, Command::OrphanNotification];
                let command = commands[self.below(3) as usize].clone();
                let frame = Frame::new(self.header(), Content::Command(command));
                vec![self.emit(frame, false)]
            }
            _ => self.data(),
        }
    }
}
