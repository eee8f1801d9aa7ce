//! Sessions: who gets one and who does not (SEL 5.4, PROFILE-SEL 13 and 14).

use super::Model;
use super::frames::Fate;
use crate::action::{Look, Protection, Who};
use crate::rules;
use crate::scene::Anchor;
use crate::script::{Span, alternatives, element, expect, order, wait};

impl Model {
    /// A tool that may not secure the device: with a pre-shared key that is not the device's, with an identity that is not, or,
    /// where keys are shown, with a foreign one or none.
    pub(super) fn wrong_session(&mut self, other: bool) -> bool {
        const PSK: &str = "ct anchor eui64=$dut.eui64 psk=00000000000000000000000000000000";
        let connect = "ct connect $dut.eui64";
        let (before, connect, descriptions, rule, after) = match (self.scene.anchor, other) {
            (Anchor::Psk, true) => {
                let connect = "ct connect $dut.eui64 identity=0011223344556677";
                (None, connect, Some("115, 51"), rules::SESSION_WRONG_IDENTITY, None)
            }
            (Anchor::Psk, false) => {
                let connect = "ct connect $dut.eui64 psk=00000000000000000000000000000000";
                (None, connect, Some("20, 51"), rules::SESSION_WRONG_KEY, None)
            }
            (Anchor::Rpk, _) => {
                let after = "ct anchor eui64=$dut.eui64 public_key=$dut.public_key";
                (Some(PSK), connect, None, rules::SESSION_NO_PSK, Some(after))
            }
            (Anchor::Cert, _) => {
                let after = "ct anchor eui64=$dut.eui64 root=$manufacturer.certificate";
                (Some(PSK), connect, None, rules::SESSION_NO_PSK, Some(after))
            }
            (Anchor::RpkMutual, other) => {
                let before = if other { "ct identity" } else { "ct identity key=$lbr.private_key" };
                let after = "ct identity key=$ct.private_key";
                (Some(before), connect, None, rules::SESSION_STRANGER, Some(after))
            }
            (Anchor::CertMutual, other) => {
                let before = match other {
                    true => "ct identity",
                    false => "ct identity key=$ct.private_key certificate=$ct.certificate_self_signed",
                };
                let after = "ct identity key=$ct.private_key certificate=$ct.certificate issuer=$owner.issuing";
                (Some(before), connect, None, rules::SESSION_STRANGER, Some(after))
            }
        };
        if let Some(before) = before {
            self.put(&order(before, &Span::s(1)));
        }
        let most = self.facts.handshake_within();
        self.put(&order(connect, &most).answer("error").rule(rule));
        let step = expect("dtls.alert", &most).search().number("dtls.alert_message.level", 2);
        let step = match descriptions {
            Some(all) => step.is("dtls.alert_message.desc", &format!("{{ one_of = [{all}] }}")),
            None => step,
        };
        self.expect_to_router(step.rule(rule));
        if let Some(after) = after {
            self.put(&order(after, &Span::s(1)));
        }
        self.probe(rule);
        true
    }

    pub(super) fn session(&mut self, look: Look) -> bool {
        let is_psk = self.scene.anchor == Anchor::Psk;
        let most = self.facts.handshake_within();
        let hello = || expect("dtls.server_hello", &most);
        let step = match look {
            Look::Suite if is_psk => hello()
                .number("dtls.handshake.ciphersuite", 0xc0a8)
                .number("dtls.handshake.version", 0xfefd)
                .rule(rules::SESSION_FORM),
            Look::Suite => hello()
                .number("dtls.handshake.ciphersuite", 0xc0ae)
                .number("dtls.handshake.version", 0xfefd)
                .rule(rules::SESSION_PUBLIC_KEY),
            // It may be in one datagram with the hello: a walk looks at one of them.
            Look::Hint if is_psk => expect("dtls.server_key_exchange", &most)
                .word("dtls.hint_text", "$pixit.psk_hint")
                .rule(rules::SESSION_FORM),
            Look::Secret if self.facts.claims("SEL_EMS") => {
                hello().number("dtls.handshake.extension.type", 23).rule(rules::SESSION_EMS)
            }
            Look::WithoutSecret => hello().rule(rules::SESSION_EMS),
            Look::Cookie if self.facts.claims("SEL_COOKIE") => {
                let verify = element("dtls.hello_verify_request").from("dut").rule(rules::SESSION_COOKIE);
                let hello = element("dtls.server_hello").from("dut").number("dtls.handshake.type", 3);
                self.put(&order("ct connect $dut.eui64", &most));
                self.put(&alternatives(vec![verify, hello], &most));
                self.disconnect();
                return true;
            }
            _ => return false,
        };
        if look == Look::WithoutSecret {
            self.put(&order("ct handshake-config ems=never", &Span::s(1)));
        }
        self.put(&order("ct connect $dut.eui64", &most));
        self.expect_to_router(step);
        self.disconnect();
        if look == Look::WithoutSecret {
            self.put(&order("ct handshake-config ems=offer", &Span::s(1)));
        }
        true
    }

    /// Whether a neighbour can speak to the device without security, and is reached by its global address.
    fn is_in_touch(&self, who: Who) -> bool {
        let is_heard = matches!(self.fate(who, Protection::Plain), Fate::Taken(_));
        self.scene.anchor == Anchor::Psk && is_heard && self.neighbours[who.index()].is_registered()
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
