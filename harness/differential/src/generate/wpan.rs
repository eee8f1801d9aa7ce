//! IEEE 802.15.4 frames: headers, security, beacons, commands.

use wire::Eui64;
use wire::ieee802154::{
    Address, AuxSecurityHeader, Beacon, CapabilityInformation, Command, CommandId, Content, Elements, Frame,
    FrameVersion, GtsCharacteristics, GtsDescriptor, Header, KeyIdentifier, LinkAddress, PanId, PendingAddress,
    SecurityLevel, ShortAddress, append_fcs, secure_in_slot,
};

use super::Rng;
use crate::link_key;

impl Rng {
    pub(super) fn header(&mut self) -> Header {
        let pan = PanId(self.u16());
        let (source, destination) = (self.link_address(), self.link_address());
        let (source, destination) = (Address::new(pan, source), Address::new(pan, destination));
        let mut header = match self.below(3) {
            0 => Header::new_2015(destination, source, Some(self.u8())),
            _ => Header::new(destination, source, self.u8()),
        };
        header.ack_request = self.chance();
        header.frame_pending = self.chance();
        if header.version != FrameVersion::V2015 {
            header.version = if self.chance() { FrameVersion::V2003 } else { FrameVersion::V2006 };
            if self.below(8) == 0 {
                let other = PanId(self.u16());
                header.source = Address::new(other, source.link().unwrap());
                header.pan_id_compression = false;
            }
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

    pub(super) fn emit(&mut self, mut frame: Frame, secured: bool) -> Vec<u8> {
        if let Content::Data(payload) = frame.content {
            frame.content = Content::Data(self.harm(payload));
        }
        match frame.header.source.extended() {
            Some(source) if secured => {
                let security = self.security();
                secure_in_slot(&frame, &security, &link_key(), source, 0).unwrap().to_psdu().unwrap()
            }
            _ => frame.to_psdu().unwrap(),
        }
    }

    /// A beacon up to 2006.
    pub(super) fn beacon(&mut self) -> Frame {
        let header = Header::new(Address::Absent, Address::new(PanId(self.u16()), self.link_address()), self.u8());
        let gts = (0..self.below(8)).map(|_| GtsDescriptor {
            address: ShortAddress(self.u16()),
            starting_slot: self.below(16) as u8,
            length: self.below(16) as u8,
        });
        let gts: Vec<GtsDescriptor> = gts.collect();
        let mut pending: Vec<PendingAddress> =
            (0..self.below(8)).map(|_| PendingAddress::Short(ShortAddress(self.u16()))).collect();
        pending.extend((0..self.below(4)).map(|_| PendingAddress::Extended(self.eui64())));
        let gts_directions = if gts.is_empty() { 0 } else { self.u8() & 0x7f };
        let (superframe, gts_permit) = (self.u16(), self.chance());
        let content = Beacon { superframe, gts_permit, gts_directions, gts, pending, payload: Vec::new() };
        Frame::new(header, Content::Beacon(content))
    }

    /// Any command, under addresses that may not suit it.
    pub(super) fn command(&mut self) -> Command {
        match self.below(14) {
            0 => Command::AssociationRequest(CapabilityInformation(self.u8())),
            // A status other than success, as nobody shall have that address.
            1 => Command::AssociationResponse { address: ShortAddress(self.u16()), status: 1 + self.below(2) as u8 },
            2 => Command::DisassociationNotification { reason: self.below(4) as u8 },
            3 => Command::DataRequest,
            4 => Command::PanIdConflictNotification,
            5 => Command::OrphanNotification,
            6 => Command::BeaconRequest,
            7 => Command::CoordinatorRealignment {
                pan: PanId(self.u16()),
                coordinator: ShortAddress(self.u16()),
                channel: self.u8(),
                address: ShortAddress::BROADCAST,
                channel_page: if self.chance() { Some(self.u8()) } else { None },
            },
            8 => Command::GtsRequest(GtsCharacteristics(self.u8())),
            9 => Command::VendorSpecific { vendor: [0x02, self.u8(), self.u8()], content: self.bytes(1, 8) },
            10 => Command::Other { id: CommandId(self.pick(&[0, 0x0c, 0x25, 0x80, 0xff])), body: self.bytes(0, 8) },
            _ => Command::Other { id: CommandId(self.pick(&OTHER_COMMANDS)), body: self.bytes(0, 8) },
        }
    }

    /// A command under the addresses that its section asks for (IEEE 802.15.4-2006 sections 7.3.1 to 7.3.9).
    fn proper_command(&mut self, version: FrameVersion) -> Frame {
        let pan = PanId(self.u16());
        let everybody = LinkAddress::BROADCAST;
        let (coordinator, device) = (LinkAddress::Extended(self.eui64()), LinkAddress::Extended(self.eui64()));
        let short = LinkAddress::Short(ShortAddress(self.u16() & 0x7fff));
        let (command, destination, source) = loop {
            let command = self.command();
            let (to, from) = match command.id() {
                CommandId::ASSOCIATION_REQUEST => (Address::new(pan, short), Address::new(pan, device)),
                CommandId::DATA_REQUEST | CommandId::GTS_REQUEST => (Address::Absent, Address::new(pan, short)),
                CommandId::ORPHAN_NOTIFICATION => {
                    (Address::new(PanId::BROADCAST, everybody), Address::new(PanId::BROADCAST, device))
                }
                CommandId::BEACON_REQUEST => (Address::new(PanId::BROADCAST, everybody), Address::Absent),
                CommandId::COORDINATOR_REALIGNMENT => {
                    let to = self.pick(&[everybody, device]);
                    (Address::new(PanId::BROADCAST, to), Address::new(PanId::BROADCAST, coordinator))
                }
                CommandId(1..=9) => (Address::new(pan, device), Address::new(pan, coordinator)),
                _ => continue,
            };
            break (command, to, from);
        };
        let header = match version {
            FrameVersion::V2015 => Header::new_2015(destination, source, Some(self.u8())),
            _ => Header { version, ..Header::new(destination, source, self.u8()) },
        };
        Frame::new(header, Content::Command(command))
    }

    /// A device is given a short address and sends under it, plain and secured; then it leaves.
    fn association(&mut self) -> Vec<Vec<u8>> {
        let pan = PanId(self.u16() & 0x7fff);
        let (device, short) = (self.eui64(), ShortAddress(self.u16() & 0x7fff));
        let (to, from) = (LinkAddress::Extended(device), LinkAddress::Extended(self.eui64()));
        let header = Header::new(Address::new(pan, to), Address::new(pan, from), self.u8());
        let response = Content::Command(Command::AssociationResponse { address: short, status: 0 });
        let leave = Content::Command(Command::DisassociationNotification { reason: 1 });
        let mut psdus = vec![Frame::new(header, response).to_psdu().unwrap()];
        for version in [FrameVersion::V2006, FrameVersion::V2015] {
            let to = Address::new(pan, LinkAddress::Extended(self.eui64()));
            let from = Address::new(pan, LinkAddress::Short(short));
            let header = Header { version, ..Header::new(to, from, self.u8()) };
            let frame = Frame::new(header, Content::Command(Command::DataRequest));
            psdus.push(frame.to_psdu().unwrap());
            let security = AuxSecurityHeader::new(SecurityLevel::EncMic32, self.u32(), KeyIdentifier::Index(1));
            psdus.push(secure_in_slot(&frame, &security, &link_key(), device, 0).unwrap().to_psdu().unwrap());
        }
        psdus.push(Frame::new(header, leave).to_psdu().unwrap());
        psdus
    }

    /// A header of 2015 in one of the rows of its table of PAN ID compression.
    pub(super) fn header_2015(&mut self, row: u64) -> Header {
        let (pan, other) = (PanId(self.u16()), PanId(self.u16()));
        let short = LinkAddress::Short(ShortAddress(self.u16() & 0x7fff));
        let from_short = LinkAddress::Short(ShortAddress(self.u16() & 0x7fff));
        let (long, from_long) = (LinkAddress::Extended(self.eui64()), LinkAddress::Extended(self.eui64()));
        let either = if self.chance() { short } else { long };
        let (to, from) = match row % 14 {
            0 => (Address::Absent, Address::Absent),
            1 => (Address::Pan(pan), Address::Absent),
            2 => (Address::new(pan, either), Address::Absent),
            3 => (Address::Bare(either), Address::Absent),
            4 => (Address::Absent, Address::new(pan, either)),
            5 => (Address::Absent, Address::Bare(either)),
            6 => (Address::new(pan, long), Address::new(pan, from_long)),
            7 => (Address::Bare(long), Address::Bare(from_long)),
            8 => (Address::new(pan, short), Address::new(other, from_short)),
            9 => (Address::new(pan, short), Address::new(other, from_long)),
            10 => (Address::new(pan, long), Address::new(other, from_short)),
            11 => (Address::new(pan, short), Address::new(pan, from_long)),
            12 => (Address::new(pan, long), Address::new(pan, from_short)),
            _ => (Address::new(pan, short), Address::new(pan, from_short)),
        };
        let sequence_number = if self.below(3) == 0 { None } else { Some(self.u8()) };
        let mut header = Header::new_2015(to, from, sequence_number);
        (header.ack_request, header.frame_pending) = (self.chance(), self.chance());
        header
    }

    /// The auxiliary header of a 2015 frame: with and without frame counter.
    fn security_2015(&mut self) -> AuxSecurityHeader {
        let mut security = self.security();
        match self.below(4) {
            0 => (security.frame_counter, security.asn_in_nonce) = (None, true),
            1 => security.frame_counter = None,
            2 if self.below(4) == 0 => security.asn_in_nonce = true,
            _ => {}
        }
        security
    }

    /// A frame of 2015 with elements, plain or secured.
    fn frame_2015(&mut self, row: u64) -> Vec<u8> {
        loop {
            let header = self.header_2015(row);
            let content = match self.below(4) {
                0 => Content::EnhancedBeacon(Vec::new()),
                1 => Content::Data(Vec::new()),
                2 => Content::EnhancedAcknowledgment(if self.chance() { self.bytes(1, 4) } else { Vec::new() }),
                _ => Content::Command(self.command()),
            };
            let (header_elements, payload_elements) = (self.header_elements(), self.payload_elements());
            let elements = Elements::terminated(header_elements, payload_elements, content.buffer_len() > 0);
            let frame = Frame { header, elements, content };
            let psdu = match frame.header.source.link() {
                Some(source) if self.chance() => {
                    let mut security = self.security_2015();
                    let source = source.extended().unwrap_or(Eui64([0; 8]));
                    if frame.header.source.extended().is_none() {
                        security.frame_counter = None;
                    }
                    secure_in_slot(&frame, &security, &link_key(), source, 0).unwrap().to_psdu()
                }
                _ => frame.to_psdu(),
            };
            // What does not fit into a frame is drawn again.
            if let Ok(psdu) = psdu {
                return psdu;
            }
        }
    }

    /// Frames that are wrong somewhere, or that this program does not read.
    fn odd_frames(&mut self) -> Vec<Vec<u8>> {
        let mut psdus = Vec::new();
        let mut damaged = Frame::new(self.header(), Content::Data(Vec::new())).to_psdu().unwrap();
        *damaged.last_mut().unwrap() ^= 0x55;
        psdus.push(damaged);
        let (to, from) = (LinkAddress::Extended(self.eui64()), self.eui64());
        let pan = PanId(self.u16());
        let header = Header::new(Address::new(pan, to), Address::new(pan, LinkAddress::Extended(from)), self.u8());
        let frame = Frame::new(header, Content::Data(self.bytes(1, 20)));
        for level in 1..=7 {
            let security = AuxSecurityHeader::new(SecurityLevel::from_bits(level), self.u32(), KeyIdentifier::Index(1));
            // Level 4 has nothing to find out by that the key is wrong.
            if security.level != SecurityLevel::Enc {
                psdus.push(secure_in_slot(&frame, &security, &[0x55; 16], from, 0).unwrap().to_psdu().unwrap());
            }
        }
        // Reserved bit 7; both addressing modes reserved in turn; reserved version; compression without addresses; frame
        // types 4 to 7; reserved bits 8 and 9 of a 2006 frame; security of 2003.
        let controls: [[u8; 2]; 13] = [
            [0x81, 0x98],
            [0x81, 0xa8],
            [0x01, 0x94],
            [0x01, 0x58],
            [0x01, 0xb8],
            [0x41, 0x10],
            [0x04, 0x98],
            [0x06, 0x98],
            [0x07, 0x98],
            [0x05, 0x00],
            [0x0d, 0x01],
            [0x01, 0x9b],
            [0x09, 0x88],
        ];
        for control in controls {
            let mut psdu = [control.as_slice(), &[self.u8(), 1, 2, 3, 4, 5, 6, 7, 8]].concat();
            append_fcs(&mut psdu);
            psdus.push(psdu);
        }
        psdus
    }

    /// Frames that reach everything in the headers, elements, beacons and commands of IEEE 802.15.4.
    pub fn mac_frames(&mut self) -> Vec<Vec<u8>> {
        let mut psdus = Vec::new();
        for _ in 0..4 {
            psdus.extend(self.association());
            psdus.extend(self.odd_frames());
        }
        for row in 0..14 * 40 {
            psdus.push(self.frame_2015(row));
        }
        for round in 0..120 {
            let version = self.pick(&[FrameVersion::V2003, FrameVersion::V2006, FrameVersion::V2015]);
            let frame = self.proper_command(version);
            psdus.push(self.emit(frame, round % 2 == 0));
            let frame = Frame::new(self.header(), Content::Command(self.command()));
            psdus.push(self.emit(frame, round % 4 == 0));
            let beacon = self.beacon();
            psdus.push(self.emit(beacon, round % 3 == 0));
        }
        psdus.extend(self.element_octets());
        psdus
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
                let row = self.u64();
                vec![self.frame_2015(row)]
            }
            _ => self.data(),
        }
    }
}

/// Commands of 2015 whose bodies nobody reads.
const OTHER_COMMANDS: [u8; 16] =
    [0x0a, 0x0b, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x20, 0x21, 0x22, 0x23];
