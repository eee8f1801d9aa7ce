//! Keys, and the closing and opening of the network: what the commissioning tool's requests bring about (SEL 6, 8).

use super::{Age, Key, Mark, Model};
use crate::rules::{self, Rule};
use crate::script::{Span, Step, act, element, event, expect, never, order};

/// What is no key object, with the format that it is sent as and the code that it gets.
pub(crate) const BAD_KEYS: [(&str, u16, u64); 14] = [
    (r#"{"1":{"key":"00112233445566778899aabbccddee","mode":1,"index":1,"level":$pixit.security_level}}"#, 256, 128),
    (
        r#"{"1":{"key":"00112233445566778899aabbccddeeff00","mode":1,"index":1,"level":$pixit.security_level}}"#,
        256,
        128,
    ),
    (
        r#"{"1":{"key":"00112233445566778899aabbccddeeff","mode":1,"index":1,"level":$pixit.security_level,"x":1}}"#,
        256,
        128,
    ),
    (r#"{"1":{"key":"00112233445566778899aabbccddeeff","mode":1,"index":1,"level":0}}"#, 256, 128),
    (r#"{"1":{"key":"00112233445566778899aabbccddeeff","mode":1,"index":1,"level":4}}"#, 256, 128),
    (r#"{"1":{"key":"00112233445566778899aabbccddeeff","mode":1,"index":1,"level":$pixit.security_level}}"#, 50, 143),
    (r#"{"1":{"key":"00112233445566778899aabbccddeefg","mode":1,"index":1,"level":$pixit.security_level}}"#, 256, 128),
    (r#"{"1":{"key":"00112233445566778899aabbccddeeff","mode":1,"index":1,"level":$pixit.security_level}"#, 256, 128),
    (r#"{"1":{"key":"00112233445566778899aabbccddeeff","mode":1,"index":2,"level":$pixit.security_level}}"#, 256, 128),
    (r#"{"1":7}"#, 256, 128),
    (r#"{"1":{"mode":1}}"#, 256, 128),
    (r#"{"0":{"index":0}}"#, 256, 128),
    ("null", 256, 128),
    (r#"{"1":{"key":"","mode":1,"index":1,"level":$pixit.security_level}}"#, 256, 128),
];

/// What is no close object.
pub(crate) const BAD_CLOSES: [&str; 4] = [
    r#"{"all_secured":true}"#,
    r#"{"seq":9}"#,
    r#"{"all_secured":1,"seq":4000000}"#,
    r#"{"all_secured":true,"seq":"4000000"}"#,
];

const CREATED: u64 = 65;
const DELETED: u64 = 66;
const CHANGED: u64 = 68;
const CONTENT: u64 = 69;
const BAD_REQUEST: u64 = 128;
const CONFLICT: u64 = 137;

impl Model {
    /// How long a request may take, handshake included.
    pub(super) fn exchange(&self) -> Span {
        self.facts.handshake_within().plus(93)
    }

    /// The commissioning tool closes what session there is.
    pub(super) fn disconnect(&mut self) {
        self.put(&order("ct disconnect $dut.eui64", &Span::s(1)).answer("later"));
        self.quiet();
    }

    fn request(&mut self, request: &str) {
        let most = self.exchange();
        self.put(&order(&format!("ct request $dut.eui64 {request}"), &most));
    }

    /// The response to the request before.
    fn response(&mut self, constrain: impl Fn(Step) -> Step) {
        let within = self.facts.handshake_within().plus(30);
        let step = constrain(expect("coap.response", &within));
        self.expect_to_router(step);
        // The session's end is not talked into.
        self.quiet();
    }

    fn key_object(key: Key) -> String {
        let (index, reference) = (key.index(), key.reference());
        format!(
            "format=256 payload={{\"{index}\":{{\"key\":\"{reference}\",\"mode\":1,\"index\":{index},\"level\":$pixit.security_level}}}}"
        )
    }

    /// The device has got its key: what it says and sends, besides `also`, and what is true from then on.
    fn becomes_secured(&mut self, also: Option<Step>, rule: &'static Rule, within: &Span) {
        let mut awaited: Vec<Step> = also.into_iter().collect();
        awaited.push(event("dut", "keyed").rule(rule));
        self.takes_key(rule, within, awaited);
    }

    /// The same, the event set aside.
    fn takes_key(&mut self, rule: &'static Rule, within: &Span, mut awaited: Vec<Step>) {
        self.key = Some(self.network);
        self.deleted_first = self.network == Key::Second && self.deleted_first;
        let listed = self.neighbours.iter().filter(|neighbour| neighbour.is_listed);
        for board in std::iter::once("lbr").chain(listed.map(|neighbour| neighbour.who.name())) {
            let step = self.ssr_to(board).word("sel.registration_lifetime", "$pixit.ssr_lifetime");
            awaited.push(step.rule(rules::SSR_LIFETIME).rule(rules::SSR_TO_ALL));
        }
        self.expect_all(awaited, within);
        for neighbour in &mut self.neighbours {
            neighbour.mark = Mark::No;
            neighbour.accepted = None;
        }
        self.is_linked(rule);
    }

    /// The links to the secured neighbours are set up by now.
    pub(super) fn is_linked(&mut self, rule: &'static Rule) {
        self.wait(&Span::s(5));
        let link = crate::script::check("dut link neighbour=$lbr.eui64").number("ut.secured", 1);
        self.put(&link.rule(rules::SSR_MARKS));
        self.linked = Age::default();
        self.probe(rule);
    }

    pub(super) fn provision(&mut self) -> bool {
        let (reference, index) = (self.network.reference(), self.network.index());
        let command = format!("ut dut provision key={reference} index={index} level=$pixit.security_level");
        let is_wired = self.facts.claims("SEL_WIRED");
        if !is_wired || self.holds_both || self.key.is_some_and(|key| key != self.network) {
            return false;
        }
        self.put(&act(&command));
        if self.key.is_some() {
            self.probe(rules::KEY_WIRED);
        } else {
            let within = self.facts.ssr_within().plus(5);
            self.becomes_secured(None, rules::KEY_WIRED, &within);
        }
        true
    }

    pub(super) fn select(&mut self, lost: u8, watch: bool) -> bool {
        if self.key.is_some() || !self.facts.asks_by_itself {
            return false;
        }
        let patience = self.facts.jsr_greatest_interval().and(&self.facts.handshake_within()).plus(30);
        let rule = if lost > 0 {
            self.put(&crate::script::drops("dtls.client_key_exchange", lost));
            rules::SESSION_LOSSES
        } else {
            rules::KEY_TAKEN
        };
        if watch {
            return self.select_watched(&patience, rule);
        }
        self.put(&order("ct select $dut.eui64", &patience).text_within(&patience));
        let response = element("coap.response")
            .from("dut")
            .to("lbr")
            .is("coap.code", &format!("{{ one_of = [{CREATED}, {CHANGED}] }}"))
            .number("link.secured", 0)
            .rule(rules::KEY_TAKEN)
            .rule(rule);
        let within = patience.and(&self.facts.ssr_within());
        self.becomes_secured(Some(response), rules::KEY_TAKEN, &within);
        true
    }

    /// Selected: no join secure request comes between the order and the response.
    fn select_watched(&mut self, patience: &Span, rule: &'static Rule) -> bool {
        // The handshake begins at once: the tool has a request of the device.
        self.put(&act("ut dut echo dest=$lbr.global"));
        let step = self.jsr(expect("sel.jsr", patience));
        self.put(&step);
        self.put(&order("ct select $dut.eui64", patience).text_within(patience));
        let response = element("coap.response")
            .from("dut")
            .is("coap.code", &format!("{{ one_of = [{CREATED}, {CHANGED}] }}"))
            .rule(rules::KEY_TAKEN)
            .rule(rule);
        let request = element("sel.jsr").from("dut").to("lbr").number("icmpv6.code", 0).rule(rules::JSR_RESTS);
        let step = crate::script::alternatives(vec![response, request], patience);
        self.put(&step);
        self.takes_key(rules::KEY_TAKEN, &self.facts.ssr_within().plus(5), Vec::new());
        true
    }

    pub(super) fn put_key(&mut self, post: bool) -> bool {
        if self.holds_both || self.key.is_some_and(|key| key != self.network) {
            return false;
        }
        let method = if post { "POST" } else { "PUT" };
        self.request(&format!("{method} /coap-key2 {}", Self::key_object(self.network)));
        if self.key.is_some() {
            self.response(|step| step.number("coap.code", CHANGED).rule(rules::KEY_SAME));
            // A refresh is not due, and no exchange goes on.
            let is_settled = self.linked.least > 20_000 && self.linked.most < self.facts.ssr_lifetime * 25_000;
            if is_settled {
                let step = never("sel.ssr", &self.facts.ssr_within()).from("dut").to("lbr");
                self.put(&step.rule(rules::KEY_SAME));
            }
            self.probe(rules::KEY_SAME);
        } else {
            let response = element("coap.response")
                .from("dut")
                .to("lbr")
                .is("coap.code", &format!("{{ one_of = [{CREATED}, {CHANGED}] }}"))
                .number("link.secured", 0)
                .rule(rules::KEY_TAKEN);
            let within = self.facts.handshake_within().and(&self.facts.ssr_within()).plus(30);
            self.becomes_secured(Some(response), rules::KEY_TAKEN, &within);
        }
        true
    }

    /// The second key, to the device and to the border router, as the tool of a whole network would.
    pub(super) fn next_key(&mut self) -> bool {
        if self.key != Some(Key::First) || self.network == Key::Second {
            return false;
        }
        self.put(&order("ct network key=$network.second_key index=2", &Span::s(1)));
        self.request(&format!("PUT /coap-key2 {}", Self::key_object(Key::Second)));
        // By which of the two keys the response leaves is the device's.
        let within = self.facts.handshake_within().plus(30);
        let response = expect("coap.response", &within).from("dut").to("lbr").number("coap.code", CREATED);
        self.put(&response.number("link.secured", 1).rule(rules::KEY_NEXT).rule(rules::TX_MARKED));
        let most = self.exchange();
        let object = Self::key_object(Key::Second);
        self.put(&order(&format!("ct request $lbr.eui64 PUT /coap-key2 {object}"), &most));
        self.wait(&Span::s(10));
        (self.key, self.network, self.holds_both) = (Some(Key::Second), Key::Second, true);
        for neighbour in &mut self.neighbours {
            neighbour.accepted = None;
            if neighbour.mark != Mark::No {
                neighbour.mark = Mark::Unknown;
            }
        }
        self.linked = Age::default();
        self.echo_to_router(8);
        self.probe(rules::KEY_NEXT);
        true
    }

    pub(super) fn delete_old(&mut self) -> bool {
        if !self.holds_both {
            return false;
        }
        self.request("DELETE /coap-key2/1");
        self.response(|step| step.number("coap.code", DELETED).rule(rules::KEY_DELETED));
        (self.holds_both, self.deleted_first) = (false, true);
        self.probe(rules::KEY_DELETED);
        true
    }

    pub(super) fn delete_last(&mut self) -> bool {
        let (Some(key), false) = (self.key, self.holds_both) else { return false };
        self.request(&format!("DELETE /coap-key2/{}", key.index()));
        self.response(|step| step.number("coap.code", DELETED).rule(rules::KEY_DELETED));
        self.withdraws();
        self.loses_key();
        self.wait(&Span::s(5));
        let step = crate::script::check("dut status").number("ut.secured", 0);
        self.put(&step.rule(rules::KEY_DELETED));
        self.probe(rules::CLOSE_SURVIVES);
        if self.facts.asks_by_itself {
            let within = self.facts.session_idle().and(&self.facts.jsr_greatest_interval());
            let step = self.jsr(expect("sel.jsr", &within));
            self.put(&step);
        }
        true
    }

    /// SSRs of lifetime 0 to all whose links are marked.
    pub(super) fn withdraws(&mut self) {
        let marked = self.neighbours.iter().filter(|neighbour| neighbour.mark.is_set() == Some(true));
        let boards: Vec<&str> = std::iter::once("lbr").chain(marked.map(|neighbour| neighbour.who.name())).collect();
        let requests = boards
            .into_iter()
            .map(|board| self.ssr_to(board).number("sel.registration_lifetime", 0).rule(rules::KEY_WITHDRAWS));
        let within = self.facts.ssr_within();
        self.expect_all(requests.collect(), &within);
    }

    pub(super) fn loses_key(&mut self) {
        (self.key, self.holds_both, self.deleted_first, self.all_secured) = (None, false, false, false);
        self.knows_close_seq = false;
        for neighbour in &mut self.neighbours {
            neighbour.mark = Mark::No;
            neighbour.accepted = None;
        }
    }

    pub(super) fn get_keys(&mut self) -> bool {
        self.request("GET /coap-key2");
        let has_key = self.key.is_some();
        let most = if self.holds_both { 120 } else { 60 };
        self.response(|step| {
            let step = step.number("coap.code", CONTENT).rule(rules::KEY_SHOWN);
            if has_key { step.range("coap.payload_length", 2, most) } else { step }
        });
        true
    }

    pub(super) fn discover(&mut self) -> bool {
        let most = self.exchange();
        self.put(&order("ct connect $dut.eui64", &most));
        self.request("GET /.well-known/core?rt=core.ky");
        self.response(|step| {
            step.number("coap.code", CONTENT).is("coap.payload_length", "{ min = 10 }").rule(rules::KEY_DISCOVERED)
        });
        self.disconnect();
        true
    }

    pub(super) fn bad_key(&mut self, number: usize) -> bool {
        let (object, format, code) = BAD_KEYS[number % BAD_KEYS.len()];
        self.request(&format!("PUT /coap-key2 format={format} payload={object}"));
        self.response(|step| step.number("coap.code", code).rule(rules::KEY_BAD));
        self.probe(rules::KEY_BAD);
        true
    }

    fn close_request(&mut self, value: bool, seq: u64) {
        self.request(&format!(
            "PUT /coap-key2/all-secured format=256 payload={{\"all_secured\":{value},\"seq\":{seq}}}"
        ));
    }

    pub(super) fn close(&mut self, value: bool, step: u32) -> bool {
        let seq = self.close_seq + u64::from(step.max(1));
        self.close_request(value, seq);
        if self.key.is_none() {
            self.response(|step| step.range("coap.code", BAD_REQUEST, 159).rule(rules::CLOSE_UNKEYED));
            self.probe(rules::CLOSE_UNKEYED);
            return true;
        }
        self.response(|step| step.number("coap.code", CHANGED).rule(rules::CLOSE_TAKEN));
        (self.all_secured, self.close_seq, self.knows_close_seq) = (value, seq, true);
        self.probe(rules::CLOSE_TAKEN);
        let link = crate::script::check("dut link neighbour=$lbr.eui64").number("ut.secured", 1);
        self.put(&link.rule(rules::CLOSE_KEEPS_MARKS));
        true
    }

    pub(super) fn close_stale(&mut self, value: bool, back: u32) -> bool {
        if self.key.is_none() || self.close_seq == 0 || !self.knows_close_seq {
            return false;
        }
        self.close_request(value, self.close_seq.saturating_sub(back.into()));
        self.response(|step| step.number("coap.code", CONFLICT).rule(rules::CLOSE_STALE));
        self.probe(rules::CLOSE_STALE);
        true
    }

    pub(super) fn bad_close(&mut self, number: usize) -> bool {
        if self.key.is_none() {
            return false;
        }
        let object = BAD_CLOSES[number % BAD_CLOSES.len()];
        self.request(&format!("PUT /coap-key2/all-secured format=256 payload={object}"));
        self.response(|step| step.number("coap.code", BAD_REQUEST).rule(rules::CLOSE_BAD));
        self.probe(rules::CLOSE_BAD);
        true
    }

    pub(super) fn plain_from_tool(&mut self, discovery: bool) -> bool {
        if discovery && self.all_secured {
            return false;
        }
        let path = if discovery { "/.well-known/core" } else { "/coap-key2" };
        let request = format!("ct plain GET {path} to=$dut.eui64");
        if self.all_secured {
            self.put(&order(&format!("{request} type=con"), &self.exchange()));
            let step = expect("coap.response", &Span::s(10)).number("coap.code", 129);
            self.expect_to_router(step.rule(rules::RESOURCE_PLAIN_CLOSED));
        } else {
            self.put(&order(&request, &Span::s(1)));
            let step = never("coap.response", &Span::s(3)).from("dut");
            self.put(&step.rule(rules::RESOURCE_PLAIN));
        }
        true
    }
}
