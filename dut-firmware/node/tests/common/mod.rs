//! A small world for tests: devices on a lossless medium without airtime, a backbone, and a minimal commissioning tool.
#![allow(dead_code, unused_imports, unreachable_pub, reason = "each test file uses its own part of the world")]

mod tester;
mod tool;

use std::net::Ipv6Addr;
use std::time::Duration;

use bootrack_node::{Device, Hardware, Input, Mutant, Output, RadioConfig, Store, TransmitStatus};
use protocols::lowpan::{Protection, Reassembler};
use protocols::time::Instant;
use wire::Eui64;
use wire::icmpv6::Message;
use wire::ieee802154::{Content, LinkAddress, Mpdu, SecurityLevel, unsecure};
use wire::ipv6::{NextHeader, Packet};
use wire::sixlowpan::{Context, Contexts};
use wire::upper_tester::{Answer, Event, Line, Outcome};

pub use tester::Tester;
pub use tool::{CT, Tool};

/// The network link key of all tests.
pub const KEY: [u8; 16] = *b"bootrack-netkey!";
/// The trust anchor of all devices.
pub const PSK: [u8; 16] = *b"bootrack-anchor!";

pub fn eui64(number: u8) -> Eui64 {
    Eui64([0x70, 0xb3, 0xd5, 0xb0, 7, 0, 0, number])
}

pub fn link_local(number: u8) -> Ipv6Addr {
    wire::ipv6::link_local(LinkAddress::Extended(eui64(number)))
}

pub fn global(number: u8) -> Ipv6Addr {
    let prefix = Ipv6Addr::new(0xfd00, 0xb007, 0, 0, 0, 0, 0, 0);
    wire::ipv6::with_interface_identifier(prefix, eui64(number).interface_identifier())
}

pub fn seconds(number: u64) -> Duration {
    Duration::from_secs(number)
}

struct Board {
    device: Option<Device>,
    radio: Option<RadioConfig>,
    boots: u8,
    lines: Vec<String>,
    mutant: Option<Mutant>,
}

/// A packet on the air, put together from frames of one protection.
#[derive(Debug, Clone)]
pub struct OnAir {
    pub at: Instant,
    pub from: u8,
    pub to: LinkAddress,
    /// Level, key index and frame counter, if it was secured.
    pub security: Option<(SecurityLevel, u32)>,
    pub packet: Packet,
}

impl OnAir {
    pub fn icmpv6(&self) -> Option<Message> {
        if self.packet.header.next_header != NextHeader::ICMPV6 {
            return None;
        }
        Message::parse(&self.packet.payload, self.packet.header.source, self.packet.header.destination).ok()
    }

    pub fn bootstrap_request(&self) -> Option<wire::sel::Message> {
        match self.icmpv6()? {
            Message::Sel(message) => Some(message),
            _ => None,
        }
    }

    pub fn is_secured(&self) -> bool {
        self.security.is_some()
    }
}

/// Boards are numbered from 1; all hear their neighbours in `links`.
pub struct World {
    pub now: Instant,
    boards: Vec<Board>,
    links: Vec<(u8, u8)>,
    pub air: Vec<(Instant, u8, Vec<u8>)>,
    /// Frames and packets that injected devices were sent: what the air carried to nobody is there too.
    pub tool: Tool,
    seq: u32,
    /// Chance that a receiver misses a frame, of 256; a sender with acknowledgment tries four times.
    pub loss: u8,
    chance: u32,
    /// How often a board lost its power at a write.
    pub power_losses: u32,
}

impl World {
    /// Powers `boards` empty boards; `links` are symmetrical.
    pub fn new(boards: u8, links: &[(u8, u8)]) -> Self {
        let mut world = Self {
            now: Instant::ZERO,
            boards: Vec::new(),
            links: links.to_vec(),
            air: Vec::new(),
            tool: Tool::default(),
            seq: 0,
            loss: 0,
            chance: 1,
            power_losses: 0,
        };
        for number in 1..=boards {
            world.boards.push(Board { device: None, radio: None, boots: 0, lines: Vec::new(), mutant: None });
            world.boot(number, Store::default());
        }
        world
    }

    /// `ct lbr router dut`: 1 is the 6LBR, secured; 2 a router; 3 the device under test. Routes are set, nothing runs yet.
    pub fn line(router_secured: bool) -> Self {
        let mut world = Self::new(3, &[(1, 2), (2, 3)]);
        for number in 1..=3 {
            world.ok(number, &format!("manufacture anchor=psk psk={}", hex::encode(PSK)));
        }
        world.ok(1, "install role=6lbr channel=26 pan_id=0xb007 ct=fd00:c0::c7");
        world.install_6lr(2, 1, "boot");
        world.install_6lr(3, 2, "boot");
        world.ok(1, &format!("route dest={} via={}", eui64(2), eui64(2)));
        world.ok(1, &format!("route dest={} via={}", eui64(3), eui64(2)));
        world.provision(1);
        if router_secured {
            world.provision(2);
        }
        world
    }

    pub fn install_6lr(&mut self, number: u8, parent: u8, trigger: &str) {
        let site = "role=6lr channel=26 pan_id=0xb007 ct=fd00:c0::c7";
        self.ok(number, &format!("install {site} parent={} trigger={trigger}", eui64(parent)));
    }

    pub fn provision(&mut self, number: u8) {
        self.ok(number, &format!("provision key={} index=1 level=5", hex::encode(KEY)));
    }

    /// Starts all boards and lets them find each other.
    pub fn start(&mut self) {
        for number in 1..=self.boards.len() as u8 {
            self.ok(number, "start");
        }
        self.run(seconds(1));
    }

    /// The whole way of the device under test from JSR to key; panics if it fails.
    pub fn join(&mut self) {
        self.tool.connect(self.now, global(3), eui64(3).to_string(), PSK);
        self.run(seconds(1));
        assert!(self.tool.is_connected(), "no session");
        assert_eq!(self.put("/coap-key2", &key_object(KEY)), "2.01");
    }

    /// A request of the tool inside the session; the response code, or `none`.
    pub fn put(&mut self, path: &str, payload: &str) -> String {
        self.tool.put(self.now, path, payload);
        self.run(seconds(1));
        self.tool.take_code()
    }

    pub fn boot(&mut self, number: u8, store: Store) {
        self.boot_anew(number, store);
        self.settle();
    }

    fn boot_anew(&mut self, number: u8, store: Store) {
        let now = self.now;
        let board = self.board(number);
        board.boots += 1;
        let mut entropy_seed = [number; 32];
        entropy_seed[0] = board.boots;
        let hardware = Hardware { eui64: eui64(number), entropy_seed };
        let mutant = board.mutant;
        board.radio = None;
        board.device = Some(Device::boot(hardware, store, now, mutant));
    }

    /// What a board with power has stored.
    pub fn store(&self, number: u8) -> Store {
        self.boards[usize::from(number) - 1].device.as_ref().expect("powered").store()
    }

    /// Takes the power and gives it back: only the store is left.
    pub fn power_cycle(&mut self, number: u8) {
        let store = self.power_off(number);
        self.boot(number, store);
    }

    pub fn power_off(&mut self, number: u8) -> Store {
        let board = self.board(number);
        board.radio = None;
        board.device.take().expect("powered").into_store()
    }

    /// Boots the board anew as a mutant.
    pub fn mutate(&mut self, number: u8, mutant: Mutant) {
        self.board(number).mutant = Some(mutant);
        self.power_cycle(number);
    }

    /// Sends a command; the answer.
    pub fn command(&mut self, number: u8, command: &str) -> Outcome {
        self.seq += 1;
        let seq = self.seq;
        self.upper_tester(number, format!("> {seq} {command}\n").as_bytes());
        let answer = |line: &String| match Line::parse(line) {
            Ok(Line::Answer(Answer { seq: answered, outcome })) if answered == seq => Some(outcome),
            _ => None,
        };
        let lines = &self.boards[usize::from(number) - 1].lines;
        lines.iter().find_map(answer).unwrap_or_else(|| panic!("no answer to {command}"))
    }

    /// Sends a command that must succeed; its answer by key.
    pub fn ok(&mut self, number: u8, command: &str) -> Answered {
        match self.command(number, command) {
            Outcome::Ok(arguments) => {
                Answered(arguments.iter().map(|(key, value)| (key.into(), value.into())).collect())
            }
            other => panic!("board {number}, {command}: {other:?}"),
        }
    }

    pub fn upper_tester(&mut self, number: u8, octets: &[u8]) {
        let now = self.now;
        if let Some(device) = &mut self.board(number).device {
            device.handle(now, Input::UpperTester(octets));
        }
        self.settle();
    }

    /// All lines that a board wrote to its upper tester.
    pub fn lines(&self, number: u8) -> &[String] {
        &self.boards[usize::from(number) - 1].lines
    }

    /// All events of a board with this name.
    pub fn events(&self, number: u8, name: &str) -> Vec<Event> {
        let lines = &self.boards[usize::from(number) - 1].lines;
        let event = |line: &String| match Line::parse(line) {
            Ok(Line::Event(event)) if event.name == name => Some(event),
            _ => None,
        };
        lines.iter().filter_map(event).collect()
    }

    pub fn counter(&mut self, number: u8, name: &str) -> u32 {
        self.ok(number, "counters").get(name).parse().unwrap()
    }

    pub fn link_is_secured(&mut self, number: u8, neighbour: u8) -> bool {
        self.ok(number, &format!("link neighbour={}", eui64(neighbour))).get("secured") == "1"
    }

    /// A frame out of nowhere, heard by one board.
    pub fn inject(&mut self, number: u8, psdu: &[u8]) {
        let now = self.now;
        if let Some(device) = &mut self.board(number).device {
            device.handle(now, Input::Frame { psdu, rssi_dbm: -60 });
        }
        self.settle();
    }

    /// A packet out of nowhere, at the backbone port of one board.
    pub fn inject_at_backbone(&mut self, number: u8, packet: &[u8]) {
        let now = self.now;
        if let Some(device) = &mut self.board(number).device {
            device.handle(now, Input::Backbone(packet));
        }
        self.settle();
    }

    /// Lets time pass.
    pub fn run(&mut self, duration: Duration) {
        let end = self.now + duration;
        loop {
            self.settle();
            let deadlines = self.boards.iter().filter_map(|board| board.device.as_ref()?.deadline());
            let next = deadlines.chain(self.tool.deadline()).min();
            match next.filter(|next| *next <= end) {
                Some(next) => self.now = self.now.max(next),
                None => break,
            }
        }
        self.now = end;
        self.settle();
    }

    /// The packets on the air that a sniffer with the network key reads.
    pub fn packets(&self) -> Vec<OnAir> {
        let mut contexts = Contexts::default();
        contexts.set(0, Some(Context::new(Ipv6Addr::new(0xfd00, 0xb007, 0, 0, 0, 0, 0, 0), 64)));
        let mut reassembler = Reassembler::new(16);
        let mut packets = Vec::new();
        for (at, from, psdu) in &self.air {
            let (frame, security) = match Mpdu::parse(psdu).expect("a valid frame") {
                Mpdu::Plain(frame) => (frame, None),
                Mpdu::Secured(frame) => {
                    let security = frame.security;
                    let opened = unsecure(&frame, &KEY, eui64(*from)).expect("the network key opens it");
                    (opened, security.frame_counter.map(|counter| (security.level, counter)))
                }
            };
            let Content::Data(payload) = &frame.content else { panic!("no data frame") };
            let protection = match security {
                Some((level, _)) => Protection::Secured { level, key_index: 1 },
                None => Protection::Plain,
            };
            let to = frame.header.destination.link().unwrap();
            let source = LinkAddress::Extended(eui64(*from));
            let datagram = reassembler.accept(*at, payload, source, to, protection, &contexts).expect("valid 6LoWPAN");
            if let Some(datagram) = datagram {
                let packet = Packet::parse(&datagram.packet).unwrap();
                packets.push(OnAir { at: *at, from: *from, to, security, packet });
            }
        }
        packets
    }

    /// The packets that a board sent to a neighbour since `air` was cleared.
    pub fn sent_to(&self, number: u8, neighbour: Eui64) -> Vec<OnAir> {
        let to = LinkAddress::Extended(neighbour);
        self.packets().into_iter().filter(|seen| seen.from == number && seen.to == to).collect()
    }

    /// How board `number` answers a frame: whether it did, by an echo reply, and whether that was secured.
    pub fn echoes(&mut self, number: u8, neighbour: Eui64, psdu: &[u8]) -> Option<bool> {
        self.air.clear();
        self.inject(number, psdu);
        let replies = self.sent_to(number, neighbour);
        let reply = replies.iter().find(|seen| seen.icmpv6().is_some_and(|message| message.kind() == 129));
        reply.map(OnAir::is_secured)
    }

    /// JSRs or SSRs that a board sent itself.
    pub fn bootstrap_requests(&self, number: u8, kind: wire::sel::Kind) -> Vec<OnAir> {
        let own = |seen: &OnAir| {
            let address = seen.packet.header.source;
            seen.from == number && (address == global(number) || address == link_local(number))
        };
        let wanted = |seen: &OnAir| seen.bootstrap_request().is_some_and(|message| message.kind == kind);
        self.packets().into_iter().filter(|seen| own(seen) && wanted(seen)).collect()
    }

    fn board(&mut self, number: u8) -> &mut Board {
        &mut self.boards[usize::from(number) - 1]
    }

    /// Until nobody has anything to say at this instant.
    fn settle(&mut self) {
        for _ in 0..10_000 {
            let mut quiet = true;
            for number in 1..=self.boards.len() as u8 {
                let now = self.now;
                let output = self.board(number).device.as_mut().and_then(|device| device.poll(now));
                if self.lost_power(number) {
                    quiet = false;
                    continue;
                }
                let Some(output) = output else { continue };
                quiet = false;
                self.carry(number, output);
            }
            while let Some(packet) = self.tool.poll(self.now) {
                quiet = false;
                let now = self.now;
                if let Some(device) = self.boards.first_mut().and_then(|board| board.device.as_mut()) {
                    device.handle(now, Input::Backbone(&packet));
                }
            }
            if quiet {
                return;
            }
        }
        panic!("the devices never settle");
    }

    /// Whether the power of a board went at a write: whatever it wanted to do then, it boots from what it had written.
    fn lost_power(&mut self, number: u8) -> bool {
        #[cfg(feature = "mutants")]
        if self.board(number).device.as_ref().is_some_and(|device| device.power_is_gone()) {
            self.power_losses += 1;
            let octets = self.power_off(number).encode();
            self.boot_anew(number, Store::decode(&octets).expect("what was written can be read"));
            return true;
        }
        let _ = number;
        false
    }

    fn carry(&mut self, number: u8, output: Output) {
        let now = self.now;
        match output {
            Output::Radio(config) => self.board(number).radio = Some(config),
            Output::Transmit { handle, psdu } => {
                let status = self.transmit(number, &psdu);
                self.air.push((now, number, psdu));
                if let Some(device) = &mut self.board(number).device {
                    device.handle(now, Input::TransmitDone { handle, status });
                }
            }
            Output::UpperTester(octets) => {
                let text = String::from_utf8(octets).unwrap();
                self.board(number).lines.push(text.strip_suffix('\n').expect("a whole line").into());
            }
            Output::Log(_) => {}
            Output::Backbone(packet) => self.tool.handle(now, &packet),
            Output::Reboot => self.power_cycle(number),
        }
    }

    /// Another series of losses.
    pub fn roll(&mut self) {
        self.chance();
    }

    /// A number of a linear congruential generator: loss that repeats itself.
    fn chance(&mut self) -> u8 {
        self.chance = self.chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.chance.to_be_bytes()[0]
    }

    fn transmit(&mut self, number: u8, psdu: &[u8]) -> TransmitStatus {
        assert!(psdu.len() <= 125, "a PSDU is 127 octets at most, FCS included");
        let header = *Mpdu::parse(psdu).expect("a valid frame").header();
        let config = self.board(number).radio.expect("a radio that is on");
        let boards = (1..=self.boards.len() as u8).map(|other| LinkAddress::Extended(eui64(other)));
        let for_a_board = boards.into_iter().any(|board| header.destination.link() == Some(board));
        // Whoever is no board is the tester: it hears everything.
        let mut acknowledged = !header.ack_request || !for_a_board;
        let tries = if header.ack_request { 4 } else { 1 };
        for other in 1..=self.boards.len() as u8 {
            let linked = self.links.contains(&(number, other)) || self.links.contains(&(other, number));
            let now = self.now;
            let heard = (0..tries).any(|_| self.chance() >= self.loss);
            let board = self.board(other);
            let (Some(device), Some(radio)) = (&mut board.device, board.radio) else { continue };
            let to = header.destination.link();
            let addressed = to == Some(LinkAddress::BROADCAST) || to == Some(LinkAddress::Extended(radio.eui64));
            if linked && heard && addressed && radio.receiver_on && radio.channel == config.channel {
                acknowledged = true;
                device.handle(now, Input::Frame { psdu, rssi_dbm: -60 });
            }
        }
        if acknowledged { TransmitStatus::Success } else { TransmitStatus::NoAck }
    }
}

/// The arguments of an answer.
#[derive(Debug)]
pub struct Answered(std::collections::BTreeMap<String, String>);

impl Answered {
    pub fn get(&self, key: &str) -> &str {
        self.0.get(key).unwrap_or_else(|| panic!("no {key} in {:?}", self.0))
    }
}

/// The object that `/coap-key2` takes.
pub fn key_object(key: [u8; 16]) -> String {
    format!(r#"{{"1":{{"key":"{}","mode":1,"index":1,"level":5}}}}"#, hex::encode(key))
}
