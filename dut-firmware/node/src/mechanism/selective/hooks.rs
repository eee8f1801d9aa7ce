//! What those mutants do that have their hands in the stack, and what others do at boot and with a key.

use alloc::vec::Vec;

use wire::icmpv6::Message;
use wire::ieee802154::{Content, Frame, LinkAddress};
use wire::ipv6::{ALL_NODES, Header, NextHeader, Packet};
use wire::sel::{self, Kind};
use wire::udp::Datagram;
use wire::upper_tester::Role;
use wire::{Error, Eui64};

use super::kept::Kept;
use super::mutants::Mutant;
use super::{Context, Selective};
use crate::selected::Selected;
use crate::stack::{Copies, Crossing, Origin, Stack, Tamper};

/// What the mutants do in the stack.
struct Hands(Selected<Mutant>);

impl Tamper for Hands {
    fn loses(&self, packet: &Packet, crossing: &Crossing) -> bool {
        let Crossing { link, secured, transit } = *crossing;
        let unmarked = link.keyed && !link.marked();
        let kind = kind_of(packet);
        let is_request = kind == Some(Kind::JoinSecureRequest);
        let mutant = self.0;
        mutant.is(Mutant::RxRefuseSecuredOnUnmarked) && unmarked && secured && kind != Some(Kind::SetSecureRequest)
            || mutant.is(Mutant::RelayDropsJsr) && transit && is_request
            || mutant.is(Mutant::RelayDropsWhenSecured) && transit && unmarked
            || mutant.is(Mutant::RelayDropsDtls) && transit && packet.header.next_header == NextHeader::UDP
            || mutant.is(Mutant::LbrDropsJsr) && link.role == Role::SixLbr && transit && is_request
    }

    fn forwards(&self, packet: &mut Packet, own: Eui64) {
        let Header { source, destination, .. } = packet.header;
        if self.0.is(Mutant::RelayReoriginatesJsr)
            && let Ok(Message::Sel(message)) = Message::parse(&packet.payload, source, destination)
        {
            let message = sel::Message { eui64: own, ..message };
            packet.payload = Message::Sel(message).to_vec(source, destination).unwrap_or_default();
        }
    }

    fn rescues(&self, packet: &Packet, from: Option<Eui64>, fault: Error) -> Option<Message> {
        if matches!(fault, Error::Integrity(_)) {
            let taken = self.0.is(Mutant::SsrBadChecksumAccepted);
            return taken.then(|| Message::parse_unverified(&packet.payload).ok()).flatten();
        }
        let taken = self.0.is(Mutant::SelShortBodyTaken) && packet.payload.first() == Some(&sel::ICMPV6_TYPE);
        let from = from.filter(|_| taken)?;
        Some(Message::Sel(sel::Message::set_secure_request(from, self.0.free().ssr_lifetime_units())))
    }

    /// An unfragmented frame that carries an SSR: its last 16 octets are the ICMPv6 message.
    fn takes_replayed(&self, frame: &Frame) -> bool {
        let Content::Data(payload) = &frame.content else { return false };
        let at = payload.len().saturating_sub(16);
        self.0.is(Mutant::SsrReplayTaken) && matches!(payload.get(at..), Some([sel::ICMPV6_TYPE, 2, ..]))
    }
}

/// Which bootstrap request a packet is, if it is one.
fn kind_of(packet: &Packet) -> Option<Kind> {
    match (packet.header.next_header, packet.payload.as_slice()) {
        (NextHeader::ICMPV6, [sel::ICMPV6_TYPE, code, ..]) => Kind::from_code(*code),
        _ => None,
    }
}

impl Selective {
    /// What is forgotten at boot; and the stack has hands in it from now on.
    pub(crate) fn forget(&mut self, stack: &mut Stack) {
        stack.tamper_with(Hands(self.mutant));
        if self.mutant.is(Mutant::KeysLostOnReboot) {
            let indices: Vec<u8> = stack.kept().keys().iter().map(|key| key.index).collect();
            for index in indices {
                stack.erase_key(index, || self.kept = Kept::default());
            }
        }
        if let Some(seq) = self.kept.close_seq.filter(|_| self.mutant.is(Mutant::AllSecuredLostOnReboot)) {
            self.set_all_secured(stack, false, seq);
        }
        if self.mutant.is(Mutant::CloseSeqLostOnReboot) {
            stack.flash.record(|| self.kept.close_seq = None);
        }
    }

    /// A secured frame, or one that the rules keep out, was refused.
    pub(crate) fn answer_refused(&mut self, cx: &mut Context<'_>, from: Eui64) {
        if self.mutant.is(Mutant::SsrUnsecuredAccepts) {
            self.send_secure_request(cx.stack, from);
        }
    }

    /// A message of a code that there is not.
    pub(crate) fn receive_unknown(&mut self, cx: &mut Context<'_>, packet: &Packet, origin: Origin) {
        let Origin::Link { neighbour, protection } = origin else { return };
        if self.mutant.is(Mutant::SelUnknownCodeTaken) {
            let message = sel::Message::set_secure_request(neighbour, self.mutant.free().ssr_lifetime_units());
            self.receive_secure_request(cx, neighbour, protection, &packet.header, &message);
        }
    }

    /// What a device must not do: shows its key to everybody.
    pub(crate) fn show_key(&self, stack: &mut Stack) {
        let Some(key) = stack.kept().transmit_key().filter(|_| self.mutant.is(Mutant::KeyInClear)) else { return };
        let (payload, local) = (key.key.to_hex().into_bytes(), stack.link_local());
        let datagram = Datagram { source_port: 7, destination_port: 7, payload };
        let Ok(payload) = datagram.to_vec(local, ALL_NODES) else { return };
        let header = Header::new(local, ALL_NODES, NextHeader::UDP, 1);
        if let Ok(packet) = (Packet { header, payload }).to_vec() {
            stack.send_frames(&packet, LinkAddress::BROADCAST, Copies::Plain);
        }
    }
}
