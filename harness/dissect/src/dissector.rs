//! The stateful dissector: what frames need to know of the frames before them.

use alloc::vec::Vec;
use core::time::Duration;

use super::Dissection;
use super::ip_fragment::IpReassembly;
use super::keys::Keys;
use super::lowpan_rfrag::Recoverable;
use super::model::NoteKind;
use super::protocols::UdpProtocol;
use super::reassembly::Reassembly;
use super::retries::LastFrames;
use super::sheet::{Cursor, Sheet};
use super::states::States;
use super::wpan::{NOT_SEEN, ShortAddresses, Transactions};
use wire::Eui64;
use wire::ieee802154::{LinkAddress, PanId, ShortAddress, Trailer};
use wire::ipv6::Ipv6Addr;
use wire::sixlowpan::{Context, Contexts};

/// Takes captured frames apart, in the order of their capture. Every memory of it is bounded.
pub struct Dissector {
    pub(super) keys: Keys,
    pub(super) contexts: Contexts,
    pub(super) reassembly: Reassembly,
    pub(super) recoverable: Recoverable,
    pub(super) ip_reassembly: IpReassembly,
    /// What protocols above IP remember.
    pub(super) states: States,
    pub(super) last_frames: LastFrames,
    pub(super) decode_as: Vec<(u16, UdpProtocol)>,
    pub(super) heuristics: bool,
    /// The number of the packet that is being dissected.
    pub(super) number: u64,
    /// When it was captured.
    pub(super) time: Option<Duration>,
    pub(super) short_addresses: ShortAddresses,
    pub(super) transactions: Transactions,
    pub(super) absolute_slot_number: Option<u64>,
    pub(super) trailer: Option<Trailer>,
    /// Whether the capture cut a fragment of something.
    pub(super) has_cut_fragments: bool,
}

impl Dissector {
    /// A dissector with these keys, no contexts and no history.
    pub fn new(keys: Keys) -> Self {
        Self {
            keys,
            contexts: Contexts::default(),
            reassembly: Reassembly::default(),
            recoverable: Recoverable::default(),
            ip_reassembly: IpReassembly::default(),
            states: States::default(),
            last_frames: LastFrames::default(),
            decode_as: Vec::new(),
            heuristics: false,
            number: 0,
            time: None,
            short_addresses: ShortAddresses::default(),
            transactions: Transactions::default(),
            absolute_slot_number: None,
            trailer: None,
            has_cut_fragments: false,
        }
    }

    /// The keys: those that are added open the frames to come; frames seen before stay undecrypted.
    pub fn keys_mut(&mut self) -> &mut Keys {
        &mut self.keys
    }

    /// The TSCH timeslot of the frames to come, or `None` if it is not known: frames whose nonce is made of it cannot be
    /// opened then (IEEE 802.15.4-2015 section 9.3.3.2).
    pub fn set_absolute_slot_number(&mut self, absolute_slot_number: Option<u64>) {
        self.absolute_slot_number = absolute_slot_number;
    }

    /// What ends the frames of packets to come whose link type says too little or, by the user's word, the wrong thing: all
    /// but those behind a TAP pseudo-header or a ZEP header, which tell of each frame. `None` goes by the link type.
    pub fn set_trailer(&mut self, trailer: Option<Trailer>) {
        self.trailer = trailer;
    }

    /// The extended address behind a short one of a PAN: the nonce of secured frames is made of it. Associations in sight of
    /// the dissector tell it too.
    pub fn set_short_address(&mut self, pan: u16, short: u16, eui64: [u8; 8]) {
        self.short_addresses.learn(PanId(pan), ShortAddress(short), Eui64(eui64), NOT_SEEN);
    }

    /// The time of the packets to come, since any moment that stays the same; `None` if it is not known. The dissector
    /// reads no clock, and without times it cannot tell a retry from the same frame later, nor fragments of a datagram from
    /// what was left of one before: the order decides then. Times may go backwards.
    pub fn set_time(&mut self, time: Option<Duration>) {
        self.time = time;
    }

    /// A node was started anew at `time`, given as to [`Self::set_time`]: what it sent before is repeated by none of its
    /// frames from then on, under its extended address or a short one that it got in sight, and nobody puts together what
    /// was under way to it or from it.
    pub fn restarted(&mut self, node: Eui64, time: Option<Duration>) {
        let shorts = self.short_addresses.of(node).map(LinkAddress::Short);
        for address in core::iter::once(LinkAddress::Extended(node)).chain(shorts) {
            self.last_frames.restarted(address, time);
            self.reassembly.forget(address);
            self.recoverable.forget(address);
        }
    }

    /// Sets a 6LoWPAN context, `length` bits of `prefix`. Router advertisements with a 6CO set contexts too.
    pub fn set_context(&mut self, id: u8, prefix: Ipv6Addr, length: u8) {
        self.contexts.set(id, Some(Context::new(prefix, length)));
    }

    /// Notes that a fragment was not captured whole, and that it is therefore not put together with others.
    pub(super) fn note_cut_fragment(&mut self, sheet: &mut Sheet) {
        self.has_cut_fragments = true;
        sheet.note(NoteKind::FragmentIncomplete, "a fragment that the capture cut is not put together");
    }

    /// What it is if a fragment contradicts others: no fault, if those that would agree with it may have been cut.
    pub(super) fn contradiction(&self) -> NoteKind {
        if self.has_cut_fragments { NoteKind::FragmentIncomplete } else { NoteKind::FragmentConflict }
    }

    /// Dissects an IEEE 802.15.4 frame. `number` names it in [`Dissection::sources`]; `fcs` says whether `bytes` ends
    /// with the FCS.
    pub fn frame(&mut self, number: u64, bytes: &[u8], fcs: bool) -> Dissection {
        let mut dissection = Dissection::default();
        self.frame_into(&mut dissection, number, bytes, fcs);
        dissection
    }

    /// Like [`Self::frame`], in the place and with the memory of a dissection that is not needed any more.
    pub fn frame_into(&mut self, dissection: &mut Dissection, number: u64, bytes: &[u8], fcs: bool) {
        self.number = number;
        let mut sheet = Sheet::new(dissection, number, bytes);
        let trailer = if fcs { Trailer::Fcs16 } else { Trailer::None };
        if let Err(error) = self.wpan(&mut sheet, number, Cursor::new(bytes, 0, 0), trailer) {
            sheet.error(error);
        }
    }

    /// Dissects an IPv6 packet, as captured on the backbone.
    pub fn ipv6_packet(&mut self, number: u64, bytes: &[u8]) -> Dissection {
        let mut dissection = Dissection::default();
        self.ipv6_packet_into(&mut dissection, number, bytes);
        dissection
    }

    /// Like [`Self::ipv6_packet`], in the place and with the memory of a dissection that is not needed any more.
    pub fn ipv6_packet_into(&mut self, dissection: &mut Dissection, number: u64, bytes: &[u8]) {
        self.number = number;
        let mut sheet = Sheet::new(dissection, number, bytes);
        if let Err(error) = self.ipv6(&mut sheet, Cursor::new(bytes, 0, 0)) {
            sheet.error(error);
        }
    }
}
