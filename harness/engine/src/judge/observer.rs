//! The observer: rebuilds PDUs from events only. Link decryption, 6LoWPAN reassembly and DTLS decryption are the
//! dissector's; this file adds who sent what to whom, and which events a PDU was made of.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use dissect::{Dissection, Dissector, Value};
use record::event::{Action, Event, Key, Observation, What};
use suites::plan::{DUT, Point};
use wire::Eui64;
use wire::ieee802154::{Header, LinkAddress, ShortAddress};
use wire::reader::Reader;
use wire::upper_tester::Line;

use super::carried_keys;
use super::eavesdropper::{CLEAR_SECRET, Eavesdropper, keyless_dissector};
use super::pdu::Pdu;
use crate::environment::Environment;

/// How much later than the radio's transmit status a sniffer may show the frame, in nanoseconds.
const SNIFFER_LATENCY: u64 = 50_000_000;

/// How much later than a board's start its upper tester's word of it may come, in nanoseconds: a line of UT/1 takes as long
/// at 115200 baud.
const LINE_LATENCY: u64 = 10_000_000;

/// Turns events into PDUs.
pub struct Observer {
    environment: Environment,
    dissector: Dissector,
    /// Only one sniffer's frames become PDUs: two sniffers would show each frame twice.
    sniffer: Option<String>,
    /// Frames of tester radios that may be on the air: radio, handle, PSDU without FCS, and the time after which none is.
    on_air: Vec<(String, u64, Vec<u8>, Option<u64>)>,
    /// PSDUs (without FCS) that were injected wrong on purpose, with the first reason.
    wrong_on_purpose: HashMap<Vec<u8>, String>,
    /// Packets that a station's port sent. A station at another port of the backbone receives them as they are.
    sent_at_ports: HashSet<Vec<u8>>,
    /// Whose the addresses are that the rack has learnt, all that a board ever had, as [`LinkAddress`] writes them.
    learnt: BTreeMap<String, String>,
    /// Secrets that were read in requests, and not taken yet.
    read_keys: Vec<Key>,
    /// Only for a case that asks what a stranger hears: every frame is read twice then.
    eavesdropper: Option<Eavesdropper>,
}

impl Observer {
    /// Starts with no keys but those of the case's network that events will bring.
    pub fn new(environment: &Environment) -> Self {
        Self {
            environment: environment.clone(),
            dissector: keyless_dissector(environment),
            sniffer: None,
            on_air: Vec::new(),
            sent_at_ports: HashSet::new(),
            wrong_on_purpose: HashMap::new(),
            learnt: BTreeMap::new(),
            read_keys: Vec::new(),
            eavesdropper: None,
        }
    }

    /// Takes an address that the rack has learnt of a board; those that it had before stay its own.
    pub(super) fn learn_link_address(&mut self, board: &str, eui64: Option<Eui64>, short: Option<ShortAddress>) {
        self.environment.learn_address(board, eui64, None);
        let addresses = [eui64.map(LinkAddress::Extended), short.map(LinkAddress::Short)];
        self.learnt.extend(addresses.into_iter().flatten().map(|address| (address.to_string(), board.to_owned())));
    }

    /// Looks for secrets in clear too: frames bear [`CLEAR_SECRET`] then.
    pub(super) fn eavesdrop(mut self) -> Self {
        self.eavesdropper = Some(Eavesdropper::new(&self.environment));
        self
    }

    /// An address that a board told.
    pub(super) fn learn_address(&mut self, board: &str, property: &str, address: &str) {
        if self.environment.get(board, property).is_some_and(|known| known != address) {
            self.environment.set(board, property, address);
        }
    }

    /// Takes the next event; returns the PDU that it completed, if any. A key that it carries serves for the PDUs after it.
    pub fn see(&mut self, event: &Event) -> Option<Pdu> {
        let pdu = self.read(event)?;
        for key in carried_keys::of(&pdu) {
            if self.learn(&key) {
                self.read_keys.push(key);
            }
        }
        Some(pdu)
    }

    /// Whether an event shows what a port sent once more, as it arrives at another one: a delivery, and no message of its own.
    pub(super) fn is_arrival_of_sent(&self, event: &Event) -> bool {
        let What::Observation(Observation::Backbone { packet, .. }) = &event.what else { return false };
        self.sent_at_ports.contains(&packet.0)
    }

    fn read(&mut self, event: &Event) -> Option<Pdu> {
        self.dissector.set_time(Some(Duration::from_nanos(event.t)));
        self.note_restart(event);
        match &event.what {
            What::KeyLearnt(key) => {
                self.learn(key);
                None
            }
            What::Action(Action::Backbone { port, packet, wrong_on_purpose }) => {
                self.sent_at_ports.insert(packet.0.clone());
                let dissection = self.dissector.ipv6_packet(event.n, &packet.0);
                let mut pdu = self.pdu(event, Point::Backbone, &dissection);
                pdu.from = Some(port.clone());
                pdu.to = self.name_of_address(&dissection, "ipv6.dst");
                pdu.wrong_on_purpose.clone_from(wrong_on_purpose);
                Some(pdu)
            }
            What::Observation(Observation::Backbone { port, packet }) => {
                let dissection = self.dissector.ipv6_packet(event.n, &packet.0);
                let mut pdu = self.pdu(event, Point::Backbone, &dissection);
                pdu.from = self.name_of_address(&dissection, "ipv6.src");
                pdu.to = Some(port.clone());
                Some(pdu)
            }
            What::Action(Action::Inject { radio, handle, psdu, wrong_on_purpose, .. }) => {
                self.on_air.push((radio.clone(), *handle, psdu.0.clone(), None));
                if let Some(reason) = wrong_on_purpose {
                    self.wrong_on_purpose.entry(psdu.0.clone()).or_insert_with(|| reason.clone());
                }
                None
            }
            What::Observation(Observation::TransmitStatus { radio, handle, .. }) => {
                let sent = self.on_air.iter_mut().find(|(by, number, ..)| by == radio && number == handle);
                if let Some((.., until)) = sent {
                    *until = Some(event.t.saturating_add(SNIFFER_LATENCY));
                }
                None
            }
            What::Observation(Observation::Frame { sniffer, psdu, .. }) => {
                if self.sniffer.get_or_insert_with(|| sniffer.clone()) != sniffer {
                    return None;
                }
                let dissection = self.dissector.frame(event.n, &psdu.0, true);
                let mut pdu = self.pdu(event, Point::Air, &dissection);
                let heard = self.eavesdropper.as_mut().map(|listener| listener.hear(event.n, event.t, &psdu.0));
                let shown = heard.into_iter().flatten();
                pdu.fields.extend(shown.map(|secret| (Cow::Borrowed(CLEAR_SECRET), Value::Text(secret))));
                pdu.from = dissection.link_source().map(|address| self.name_of_link(address));
                pdu.to = dissection.link_destination().map(|address| self.name_of_link(address));
                let mpdu = psdu.0.get(..psdu.0.len().saturating_sub(2)).unwrap_or_default();
                pdu.wrong_on_purpose = self.wrong_on_purpose.get(mpdu).cloned();
                self.on_air.retain(|(.., until)| until.is_none_or(|until| event.t <= until));
                if let Some((radio, ..)) = self.on_air.iter().find(|(_, _, sent, _)| sent == mpdu) {
                    // In the device's name, but not the device's: no evidence for or against it.
                    for name in [&mut pdu.from, &mut pdu.origin] {
                        if name.as_deref() == Some(DUT) {
                            *name = Some(radio.clone());
                        }
                    }
                }
                Some(pdu)
            }
            What::Observation(Observation::UpperTester { board, line }) => {
                let dissection = dissect::upper_tester(event.n, line);
                if !dissection.has_layer("ut") {
                    return None;
                }
                let mut pdu = self.pdu(event, Point::UpperTester, &dissection);
                pdu.from = Some(board.clone());
                Some(pdu)
            }
            _ => None,
        }
    }

    /// The board that a frame (without FCS) is for; `None` if it is for all.
    pub(super) fn destination(&self, psdu: &[u8]) -> Option<String> {
        let (_, header) = Header::parse(&mut Reader::new(psdu)).ok()?;
        let destination = header.destination.link()?;
        destination.extended().map(|_| self.name_of_link(destination))
    }

    /// What a board sent before it was switched on, reset or told to start anew is repeated by nothing that it sends after
    /// that, alike or not; nor after a start that only its upper tester tells of.
    fn note_restart(&mut self, event: &Event) {
        let (board, time) = match &event.what {
            What::Action(Action::Power { board, on: true } | Action::Reset { board }) => (board, event.t),
            What::Action(Action::UpperTester { board, line }) => match Line::parse(line) {
                Ok(Line::Request(request)) if matches!(request.command.as_str(), "reset" | "factory_reset") => {
                    (board, event.t)
                }
                _ => return,
            },
            What::Observation(Observation::UpperTester { board, line }) => match Line::parse(line) {
                Ok(Line::Event(told)) if told.name == "booted" => (board, event.t.saturating_sub(LINE_LATENCY)),
                _ => return,
            },
            _ => return,
        };
        let Some(eui64) = self.environment.get(board, "eui64").and_then(|text| text.parse().ok()) else { return };
        let time = Some(Duration::from_nanos(time));
        self.dissector.restarted(eui64, time);
        if let Some(listener) = &mut self.eavesdropper {
            listener.restarted(eui64, time);
        }
    }

    /// The keys that were read in requests since the last call.
    pub(super) fn take_learnt(&mut self) -> Vec<Key> {
        std::mem::take(&mut self.read_keys)
    }

    /// Whether it is a secret that was not known.
    fn learn(&mut self, key: &Key) -> bool {
        let (protocol, session, secret) = key.parts();
        // Link keys are the network's, and known as such; one that a stranger made up is no secret.
        if let (Key::Secret { .. }, Some(listener)) = (key, &mut self.eavesdropper) {
            listener.learn(protocol, session, secret);
        }
        self.dissector.keys_mut().add(protocol, session, secret)
    }

    fn pdu(&self, event: &Event, point: Point, dissection: &Dissection) -> Pdu {
        Pdu { origin: self.name_of_address(dissection, "ipv6.src"), ..Pdu::of(event.n, event.t, point, dissection) }
    }

    fn name_of_link(&self, address: LinkAddress) -> String {
        if let Some(board) = self.learnt.get(&address.to_string()) {
            return board.clone();
        }
        match address.extended() {
            Some(eui64) => self.environment.board_by_eui64(eui64).map_or_else(|| eui64.to_string(), ToOwned::to_owned),
            None => address.to_string(),
        }
    }

    fn name_of_address(&self, dissection: &Dissection, field: &str) -> Option<String> {
        let address = dissection.text(field)?;
        Some(
            self.environment.board_by_address(&address).map_or_else(|| address.clone().into_owned(), ToOwned::to_owned),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use record::Octets;
    use rstest::rstest;

    const DUT_EUI64: &str = "70b3d5b007000003";
    const MS: u64 = 1_000_000;

    fn environment() -> Environment {
        let mut environment = Environment::default();
        environment.set(DUT, "eui64", DUT_EUI64);
        environment
    }

    /// An echo request of the device in a unicast frame that asks for an acknowledgement, and its FCS.
    fn unicast() -> Vec<u8> {
        frame(&[0x61, 0xdc, 7, 0x07, 0xb0, 1, 0, 0, 7, 0xb0, 0xd5, 0xb3, 0x70, 3, 0, 0, 7, 0xb0, 0xd5, 0xb3, 0x70])
    }

    /// The same to everybody.
    fn broadcast() -> Vec<u8> {
        frame(&[0x41, 0xc8, 7, 0x07, 0xb0, 0xff, 0xff, 3, 0, 0, 7, 0xb0, 0xd5, 0xb3, 0x70])
    }

    fn frame(header: &[u8]) -> Vec<u8> {
        let mut psdu = header.to_vec();
        psdu.extend([0x7a, 0x33, 0x3a, 0x80, 0, 0, 0, 0x12, 0x34, 0, 7]);
        let fcs = wire::ieee802154::fcs(&psdu);
        psdu.extend(fcs.to_le_bytes());
        psdu
    }

    fn heard(psdu: Vec<u8>) -> What {
        What::Observation(Observation::Frame {
            sniffer: "s".to_owned(),
            channel: 26,
            psdu: Octets(psdu),
            rssi_dbm: -50,
        })
    }

    fn power_on() -> What {
        What::Action(Action::Power { board: DUT.to_owned(), on: true })
    }

    fn power_off() -> What {
        What::Action(Action::Power { board: DUT.to_owned(), on: false })
    }

    fn reset() -> What {
        What::Action(Action::Reset { board: DUT.to_owned() })
    }

    fn order(line: &str) -> What {
        What::Action(Action::UpperTester { board: DUT.to_owned(), line: line.to_owned() })
    }

    fn told(board: &str, line: &str) -> What {
        What::Observation(Observation::UpperTester { board: board.to_owned(), line: line.to_owned() })
    }

    /// Whether the last of these events is a repetition.
    fn is_repetition(events: Vec<(u64, What)>) -> bool {
        let mut observer = Observer::new(&environment());
        let mut last = None;
        for (n, (t, what)) in (1..).zip(events) {
            last = observer.see(&Event { n, t: t * MS, what });
        }
        let pdu = last.unwrap();
        assert!(pdu.messages.contains(&"icmpv6.echo_request"), "{:?}", pdu.notes);
        pdu.retransmission
    }

    #[rstest]
    #[case::a_retry(unicast(), 60, true)]
    #[case::a_retry_from_the_queue_at_its_latest(unicast(), 526, true)]
    #[case::a_unicast_later(unicast(), 530, false)]
    #[case::a_strobe(broadcast(), 10, true)]
    #[case::a_broadcast_later(broadcast(), 5100, false)]
    fn a_repetition_comes_while_its_sender_may_repeat(#[case] psdu: Vec<u8>, #[case] after: u64, #[case] is: bool) {
        assert_eq!(is_repetition(vec![(1000, heard(psdu.clone())), (1000 + after, heard(psdu))]), is);
    }

    #[rstest]
    #[case::power(vec![(1001, power_off()), (1002, power_on())], false)]
    #[case::reset(vec![(1001, reset())], false)]
    #[case::an_order_to_start_anew(vec![(1001, order("> 4 reset"))], false)]
    #[case::an_order_to_forget_all(vec![(1001, order("> 4 factory_reset"))], false)]
    #[case::a_start_that_it_tells_of(vec![(1015, told(DUT, "! booted t=0 state=factory"))], false)]
    #[case::off_without_on(vec![(1001, power_off())], true)]
    #[case::another_order(vec![(1001, order("> 4 status"))], true)]
    #[case::the_start_of_another_board(vec![(1015, told("lbr", "! booted t=0 state=factory"))], true)]
    #[case::a_line_that_came_late(vec![(1009, told(DUT, "! booted t=0 state=factory"))], true)]
    fn nothing_is_repeated_over_a_restart(#[case] between: Vec<(u64, What)>, #[case] is: bool) {
        let mut events = vec![(1000, heard(unicast()))];
        events.extend(between);
        events.push((1020, heard(unicast())));
        assert_eq!(is_repetition(events), is);
    }

    /// Nobody who was not told the context can read it; the device did not send this message to anybody.
    #[test]
    fn a_packet_under_a_context_that_nobody_told_is_no_message() {
        let mut psdu = unicast();
        psdu.truncate(psdu.len() - 2 - 11);
        // Context 5 for both addresses.
        psdu.extend([0x7a, 0xf7, 0x55, 0x3a, 0x80, 0, 0, 0, 0x12, 0x34, 0, 7]);
        let fcs = wire::ieee802154::fcs(&psdu);
        psdu.extend(fcs.to_le_bytes());
        let mut observer = Observer::new(&environment());
        let pdu = observer.see(&Event { n: 1, t: 0, what: heard(psdu) }).unwrap();
        assert_eq!(pdu.messages, ["wpan.data"]);
        assert!(pdu.notes.iter().any(|note| note.contains("context 5 is not known")), "{:?}", pdu.notes);
    }
}
