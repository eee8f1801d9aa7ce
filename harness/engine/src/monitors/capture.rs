//! Monitors over a capture from the field: what one device sends in it, without plan, log or upper tester. What a rack would prove
//! and a capture does not (that nothing was missed, what state the device is in) is not assumed.

use std::collections::BTreeMap;
use std::net::Ipv6Addr;

use dissect::Dissection;
use record::Octets;
use record::event::{Event, Observation, What};
use record::verdict::{Violation, Watched};
use suites::device::DeviceFacts;
use suites::monitor::Monitors;
use suites::plan::{Board, Case, DUT, Iut, Origin, PROFILE_LEVEL, Point, Role, Routing, Topology};
use wire::Eui64;
use wire::ieee802154::LinkAddress;

use super::bench::Bench;
use crate::environment::Environment;
use crate::judge::{Bindings, Pdu};

/// What is watched for in a capture: the monitors of a device, and which device that is.
pub struct CaptureCase {
    case: Case,
    environment: Environment,
    device: Eui64,
}

impl CaptureCase {
    /// The device with this EUI-64; `is_of_profile`: a departure from the profile alone counts too.
    pub fn new(device: Eui64, monitors: Monitors, is_of_profile: bool) -> Self {
        let mut environment = Environment::default();
        environment.set(DUT, "eui64", device.to_string());
        // A sniffer in the field misses frames, and nobody knows which.
        environment.air.loses_frames = true;
        let suite = if is_of_profile { "profile" } else { "capture" };
        let boards = vec![Board { name: DUT.to_owned(), role: Role::Router }];
        let case = Case {
            id: "capture".to_owned(),
            base: "capture".to_owned(),
            suite: suite.to_owned(),
            phase: String::new(),
            purpose: String::new(),
            clauses: Vec::new(),
            pics: Vec::new(),
            topology: Topology { text: String::new(), boards, links: Vec::new(), routing: Routing::Tree },
            params: BTreeMap::new(),
            kills: Vec::new(),
            oracle: None,
            table: None,
            iut: Iut::default(),
            entry: None,
            exit: None,
            security_level: PROFILE_LEVEL,
            device: DeviceFacts::default(),
            steps: Vec::new(),
            monitors,
            origin: Origin { file: String::new(), line: 1 },
        };
        Self { case, environment, device }
    }
}

/// The monitors at work.
pub struct CaptureWatch<'a> {
    of: &'a CaptureCase,
    bench: Bench<'a>,
    bindings: Bindings,
    /// The latest time so far: clocks of captures go back.
    now: u64,
    sent: u64,
}

impl<'a> CaptureWatch<'a> {
    /// Nothing seen yet.
    pub fn new(of: &'a CaptureCase) -> Self {
        let bindings = Bindings::new(&of.environment);
        Self { of, bench: Bench::new(&of.case, &of.environment), bindings, now: 0, sent: 0 }
    }

    /// Takes the next packet: its number in the capture, its time in nanoseconds, its octets, and what the dissector made of it.
    pub fn see(&mut self, number: u64, time: Option<u64>, octets: &[u8], dissection: &Dissection) {
        self.now = self.now.max(time.unwrap_or(self.now));
        let is_frame = dissection.has_layer("wpan");
        let point = if is_frame { Point::Air } else { Point::Backbone };
        let mut pdu = Pdu::of(number, self.now, point, dissection);
        // What the frame was captured in (ZEP over UDP, TAP) is none of the device's.
        pdu.begin_at("wpan");
        pdu.origin = pdu.text("ipv6.src").map(|address| self.name_of_address(address));
        if is_frame {
            pdu.from = self.name_of_link(dissection.link_source(), dissection.text("wpan.src64").as_deref());
            pdu.to = self.name_of_link(dissection.link_destination(), dissection.text("wpan.dst64").as_deref());
        } else {
            pdu.from.clone_from(&pdu.origin);
            pdu.to = pdu.text("ipv6.dst").map(|address| self.name_of_address(address));
        }
        self.sent += u64::from(pdu.from.as_deref() == Some(DUT));
        let observation = Observation::Frame {
            sniffer: "capture".to_owned(),
            channel: 0,
            psdu: Octets(octets.to_vec()),
            rssi_dbm: 0,
        };
        let event = Event { n: number, t: self.now, what: What::Observation(observation) };
        self.bench.see(&event, Some(&pdu), &self.bindings);
    }

    /// How many frames and packets the device has sent.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// What was found, in order.
    pub fn violations(&self) -> Vec<Violation> {
        self.bench.violations()
    }

    /// How much each monitor had to do, by its ID.
    pub fn watched(&self) -> BTreeMap<String, Watched> {
        self.bench.watched()
    }

    fn name_of_link(&self, address: Option<LinkAddress>, extended: Option<&str>) -> Option<String> {
        let told = extended.and_then(|text| text.parse::<Eui64>().ok());
        let eui64 = address.and_then(LinkAddress::extended).or(told);
        match eui64 {
            Some(eui64) if eui64 == self.of.device => Some(DUT.to_owned()),
            Some(eui64) => Some(eui64.to_string()),
            None => address.map(|address| address.to_string()),
        }
    }

    /// An address is the device's if its interface identifier is made of the EUI-64 (RFC 4291 2.5.1).
    fn name_of_address(&self, text: &str) -> String {
        let own = text.parse::<Ipv6Addr>().is_ok_and(|address| {
            !address.is_multicast() && address.octets()[8..] == self.of.device.interface_identifier()
        });
        if own { DUT.to_owned() } else { text.to_owned() }
    }
}
