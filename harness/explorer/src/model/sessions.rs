//! Sessions: who gets one and who does not (SEL 5.4, PROFILE-SEL 13 and 14).

use super::Model;
use super::frames::Fate;
use crate::action::{Protection, Who};
use crate::rules;
use crate::script::{Span, expect, order, wait};

impl Model {
    pub(super) fn wrong_session(&mut self, identity: bool) -> bool {
        let (credential, descriptions, rule) = match identity {
            true => ("identity=0011223344556677", "115, 51", rules::SESSION_WRONG_IDENTITY),
            false => ("psk=00000000000000000000000000000000", "20, 51", rules::SESSION_WRONG_KEY),
        };
        let most = self.facts.handshake_within();
        self.put(&order(&format!("ct connect $dut.eui64 {credential}"), &most).answer("error").rule(rule));
        let step = expect("dtls.alert", &most)
            .search()
            .number("dtls.alert_message.level", 2)
            .is("dtls.alert_message.desc", &format!("{{ one_of = [{descriptions}] }}"))
            .rule(rule);
        self.expect_to_router(step);
        self.probe(rule);
        true
    }

    pub(super) fn session(&mut self, hint: bool) -> bool {
        let most = self.facts.handshake_within();
        self.put(&order("ct connect $dut.eui64", &most));
        // Both may be in one datagram: a walk looks at one of them.
        let step = match hint {
            true => expect("dtls.server_key_exchange", &most).word("dtls.hint_text", "$pixit.psk_hint"),
            false => expect("dtls.server_hello", &most)
                .number("dtls.handshake.ciphersuite", 0xc0a8)
                .number("dtls.handshake.version", 0xfefd),
        };
        self.expect_to_router(step.rule(rules::SESSION_FORM));
        self.disconnect();
        true
    }

    /// Whether a neighbour can speak to the device without security, and is reached by its global address.
    fn is_in_touch(&self, who: Who) -> bool {
        let is_heard = matches!(self.fate(who, Protection::Plain), Fate::Taken(_));
        is_heard && self.neighbours[who.index()].is_registered()
    }

    pub(super) fn second_session(&mut self, who: Who) -> bool {
        if !self.is_in_touch(who) {
            return false;
        }
        let most = self.facts.handshake_within();
        self.put(&order("ct connect $dut.eui64", &most));
        let other = order(&format!("{} tool connect $dut.eui64 psk=$dut.psk", who.name()), &most).answer("error");
        self.put(&other.rule(rules::SESSION_ONE));
        self.put(&order("ct request $dut.eui64 GET /coap-key2", &self.exchange()));
        let step = expect("coap.response", &most).number("coap.code", 69).rule(rules::SESSION_ONE);
        self.expect_to_router(step);
        self.disconnect();
        true
    }

    pub(super) fn idle_session(&mut self, who: Who) -> bool {
        if !self.is_in_touch(who) {
            return false;
        }
        let most = self.facts.handshake_within();
        self.put(&order("ct connect $dut.eui64", &most));
        self.put(&wait(&self.facts.session_idle().plus(10)));
        // The mark of the link may have run out meanwhile, but not have come.
        self.put(&order(&format!("{} tool connect $dut.eui64 psk=$dut.psk", who.name()), &most));
        let step = expect("dtls.server_hello", &most).from("dut").to(who.name()).rule(rules::SESSION_IDLE);
        self.put(&step);
        self.put(&order(&format!("{} tool disconnect $dut.eui64", who.name()), &Span::s(1)).answer("later"));
        self.disconnect();
        true
    }
}
