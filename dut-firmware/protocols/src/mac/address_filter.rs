//! Which frames a radio hands up and acknowledges by itself (IEEE 802.15.4-2006 7.5.6.2 and 7.5.6.4).

use wire::Eui64;
use wire::ieee802154::{Address, FCS_LENGTH, FrameControl, FrameType, FrameVersion, Header, PanId, ShortAddress};
use wire::reader::Reader;

/// What a radio does with a frame.
pub struct Filtered {
    /// It hands the frame up.
    pub passed: bool,
    /// The sequence number to acknowledge.
    pub acknowledge: Option<u8>,
}

/// 7.5.6.2, third level of filtering, for a device that is no PAN coordinator and has no short address.
pub fn filter(header: Option<&(FrameControl, Header)>, pan_id: PanId, is_ours: impl Fn(Eui64) -> bool) -> Filtered {
    let dropped = Filtered { passed: false, acknowledge: None };
    let Some((control, header)) = header else { return dropped };
    // The first check of a radio of the 2006 edition: a frame version that it does not know.
    if control.frame_type == FrameType::Acknowledgment || control.version == FrameVersion::V2015 {
        return dropped;
    }
    let on_pan = |pan| pan == pan_id || pan == PanId::BROADCAST;
    match header.destination {
        Address::Extended { pan, address } if on_pan(pan) && is_ours(address) => {
            let acknowledges = header.ack_request && control.frame_type != FrameType::Beacon;
            Filtered { passed: true, acknowledge: header.sequence_number.filter(|_| acknowledges) }
        }
        Address::Short { pan, address: ShortAddress::BROADCAST } if on_pan(pan) => {
            Filtered { passed: true, acknowledge: None }
        }
        Address::Absent if control.frame_type == FrameType::Beacon => Filtered {
            passed: header.source.pan().is_some_and(|pan| pan == pan_id || pan_id == PanId::BROADCAST),
            acknowledge: None,
        },
        _ => dropped,
    }
}

/// The sequence number that an MPDU acknowledges, if it is an acknowledgement.
pub fn acknowledgement_number(mpdu: &[u8]) -> Option<u8> {
    match mpdu {
        [control, _, number] if control & 7 == FrameType::Acknowledgment.bits() as u8 => Some(*number),
        _ => None,
    }
}

/// Whether a sender waits for an acknowledgement: it asked for one, and not of everybody (7.5.6.4).
pub fn wants_acknowledgement(psdu: &[u8]) -> bool {
    let mpdu = psdu.len().checked_sub(FCS_LENGTH).and_then(|end| psdu.get(..end)).unwrap_or_default();
    match Header::parse(&mut Reader::new(mpdu)) {
        Ok((control, header)) => {
            let everybody = matches!(header.destination, Address::Short { address: ShortAddress::BROADCAST, .. });
            control.ack_request && !everybody
        }
        // Made wrong on purpose: the bit alone decides.
        Err(_) => psdu.first().is_some_and(|control| control & 1 << 5 != 0),
    }
}
