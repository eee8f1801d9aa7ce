//! JSRs (`SEL` 5.3.1, `PROFILE-SEL` 4): the device asks the commissioning tool for a key.

use core::net::Ipv6Addr;

use wire::Eui64;
use wire::icmpv6::Message;
use wire::ipv6::{Header, NextHeader, Packet};
use wire::sel::{self, Kind};
use wire::upper_tester::{Arguments, Trigger};

use super::{Context, Mutant, Selective};
use crate::stack::{Class, Stack};

impl Selective {
    /// Whether JSRs are the device's to send: never once it holds a key (`PROFILE-SEL` 4).
    pub(super) fn wants_to_join(&self, stack: &Stack) -> bool {
        !stack.kept().is_keyed() || self.mutant.is(Mutant::JsrAfterSecured)
    }

    /// Whether JSRs wait for the end of a handshake.
    pub(super) fn join_requests_pause(&self) -> bool {
        self.server.is_busy() && !self.mutant.is(Mutant::JsrDuringHandshake)
    }

    pub(super) fn send_due_join_request(&mut self, cx: &mut Context<'_>) {
        let due = self.join_requests.next().is_some_and(|next| next <= cx.now);
        #[cfg(feature = "mutants")]
        if due && self.has_given_up(cx) {
            return self.join_requests.stop();
        }
        if due && !self.join_requests_pause() {
            self.send_join_request(cx);
        }
    }

    /// Sends a JSR and plans the next one; `false` without a global address.
    pub(super) fn send_join_request(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(destination) = self.tool(cx) else { return false };
        let Some(global) = cx.stack.global() else { return false };
        let now = cx.now;
        let packet = self.join_request(cx.stack, global, destination);
        cx.stack.send_own(&packet, Class::Other);
        let repeat = !self.mutant.is(Mutant::JsrNotRepeated);
        self.join_requests.sent_one(now, &mut cx.stack.entropy, repeat);
        #[cfg(feature = "mutants")]
        self.misplan_join_request(now);
        cx.stack.tell.event(now, "jsr_sent", Arguments::default().with("count", self.join_requests.sent()));
        true
    }

    fn join_request(&self, stack: &Stack, global: Ipv6Addr, destination: Ipv6Addr) -> Packet {
        let mut message = sel::Message::join_secure_request(stack.eui64());
        let mut source = global;
        let mut hop_limit = self.mutant.free().multihop_hop_limit();
        if self.mutant.is(Mutant::JsrStatusNonzero) {
            message.status = 1;
        }
        if self.mutant.is(Mutant::JsrReservedNonzero) {
            message.reserved = 1;
        }
        if self.mutant.is(Mutant::JsrEui64Reversed) {
            message.eui64 = Eui64(stack.eui64().to_mac_order());
        }
        if self.mutant.is(Mutant::JsrEui64UlFlipped) {
            message.eui64 = Eui64(stack.eui64().interface_identifier());
        }
        if self.mutant.is(Mutant::JsrLifetimeNonzero) {
            message.registration_lifetime = self.mutant.free().ssr_lifetime_units();
        }
        if self.mutant.is(Mutant::JsrCodeTwo) {
            message.kind = Kind::SetSecureRequest;
        }
        if self.mutant.is(Mutant::JsrLinkLocalSource) {
            source = stack.link_local();
        }
        if self.mutant.is(Mutant::JsrHopLimit255) {
            hop_limit = 255;
        }
        // A message without options always fits.
        let payload = Message::Sel(message).to_vec(source, destination).unwrap_or_default();
        #[cfg(feature = "mutants")]
        let payload = self.spoiled(payload, source, destination);
        #[cfg(feature = "mutants")]
        let (payload, destination) = self.misdirected(payload, source, destination);
        Packet { header: Header::new(source, destination, NextHeader::ICMPV6, hop_limit), payload }
    }

    /// Sends JSRs from now on, if the device does so by itself and knows where to.
    pub(super) fn start_join_requests(&mut self, cx: &mut Context<'_>) {
        let trigger = cx.given.installation.as_ref().map(|site| site.trigger);
        let boots = trigger == Some(Trigger::Boot) && !self.mutant.free().waits_for_button();
        let by_itself = boots || self.mutant.is(Mutant::JsrIgnoresTrigger);
        if by_itself && self.wants_to_join(cx.stack) && self.tool(cx).is_some() {
            self.join_requests.start(cx.now);
        }
    }

    /// The commissioning tool's address: configured, or found.
    pub(super) fn tool(&self, cx: &Context<'_>) -> Option<Ipv6Addr> {
        let site = cx.given.installation.as_ref()?;
        match site.find {
            None => Some(site.ct),
            #[cfg(feature = "find")]
            Some(_) => self.finder.found(),
            #[cfg(not(feature = "find"))]
            Some(_) => None,
        }
    }
}
