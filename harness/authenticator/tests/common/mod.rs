//! Reference devices, emulated neighbours and the commissioning tool on one medium that loses frames by seed.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]

use std::collections::BTreeMap;
use std::time::Duration;

use bootrack_authenticator::{CommissioningTool, Deviating, Machine, MachineInput, MachineOutput, Neighbour};
use node::{Device, Hardware, Input, Output, Store};
use protocols::Entropy;
use protocols::time::Instant;
use rand_core::{Rng, SeedableRng};
use record::event::{Key, TransmitStatus};
use wire::Eui64;
use wire::ieee802154::{LinkAddress, Mpdu};

pub const KEY: &str = "626f6f747261636b2d6e65746b657921";
pub const PSK: &str = "626f6f747261636b2d616e63686f7221";
pub const SECOND: Duration = Duration::from_secs(1);

/// Time that a frame takes.
const AIRTIME: Duration = Duration::from_millis(4);

pub fn eui64(number: u8) -> Eui64 {
    Eui64([0x70, 0xb3, 0xd5, 0xb0, 7, 0, 0, number])
}

enum Station {
    Board { device: Box<Device>, lines: Vec<String>, partial: Vec<u8> },
    Tester { machine: Box<Deviating<Neighbour>>, acknowledges: Vec<Eui64> },
}

enum Happening {
    Heard { by: u8, psdu: Vec<u8> },
    Sent { by: u8, handle: u64, status: TransmitStatus },
    ToBorderRouter(Vec<u8>),
    ToTool(Vec<u8>),
}

pub struct World {
    pub now: Instant,
    stations: BTreeMap<u8, Station>,
    links: Vec<(u8, u8)>,
    pub tool: Deviating<CommissioningTool>,
    queue: BTreeMap<(Instant, u64), Happening>,
    counter: u64,
    loss_percent: u32,
    chance: Entropy,
    pub done: Vec<String>,
    pub refused: Vec<(String, String)>,
    pub keys: Vec<Key>,
    pub log: Vec<String>,
    /// Who sent what on the air.
    pub air: Vec<(Instant, u8, Vec<u8>)>,
}

impl World {
    pub fn new(links: &[(u8, u8)], loss_percent: u32, seed: u8) -> Self {
        Self {
            now: Instant::ZERO,
            stations: BTreeMap::new(),
            links: links.to_vec(),
            tool: Deviating::new(CommissioningTool::new(Entropy::from_seed([seed; 32]))),
            queue: BTreeMap::new(),
            counter: 0,
            loss_percent,
            chance: Entropy::from_seed([seed ^ 0x55; 32]),
            done: Vec::new(),
            refused: Vec::new(),
            keys: Vec::new(),
            log: Vec::new(),
            air: Vec::new(),
        }
    }

    /// 1 is the 6LBR, keyed; 2 a router, keyed if `router_keyed`; 3 the joiner.
    pub fn line(loss_percent: u32, seed: u8, router_keyed: bool) -> Self {
        let mut world = Self::new(&[(1, 2), (2, 3)], loss_percent, seed);
        for number in 1..=3 {
            world.board(number);
        }
        world.install_border_router(1);
        world.install_router(2, 1);
        world.install_router(3, 2);
        world.command(1, &format!("route dest={} via={}", eui64(2), eui64(2)));
        world.command(1, &format!("route dest={} via={}", eui64(3), eui64(2)));
        world.provision(1);
        if router_keyed {
            world.provision(2);
        }
        world.prepare_tool();
        for number in 1..=3 {
            world.command(number, "start");
        }
        world
    }

    pub fn prepare_tool(&mut self) {
        self.order(&format!("network key={KEY} index=1 level=5"));
        for number in 1..=9 {
            self.order(&format!("anchor eui64={} psk={PSK}", eui64(number)));
        }
        self.done.clear();
    }

    /// Adds an empty board.
    pub fn board(&mut self, number: u8) {
        let hardware = Hardware { eui64: eui64(number), entropy_seed: [number; 32] };
        let device = Box::new(Device::boot(hardware, Store::default(), self.now, None));
        self.stations.insert(number, Station::Board { device, lines: Vec::new(), partial: Vec::new() });
        self.settle();
        self.command(number, &format!("manufacture anchor=psk psk={PSK}"));
    }

    pub fn install_border_router(&mut self, number: u8) {
        self.command(number, "install role=6lbr channel=26 pan_id=0xb007 ct=fd00:c0::c7");
    }

    pub fn install_router(&mut self, number: u8, parent: u8) {
        let parent = eui64(parent);
        self.command(
            number,
            &format!("install role=6lr channel=26 pan_id=0xb007 ct=fd00:c0::c7 parent={parent} trigger=boot"),
        );
    }

    pub fn provision(&mut self, number: u8) {
        self.command(number, &format!("provision key={KEY} index=1 level=5"));
    }

    /// Adds a tester radio.
    pub fn tester(&mut self, number: u8) {
        let machine = Box::new(Deviating::new(Neighbour::new(Entropy::from_seed([number; 32]))));
        self.stations.insert(number, Station::Tester { machine, acknowledges: Vec::new() });
    }

    pub fn neighbour(&mut self, number: u8) -> &mut Deviating<Neighbour> {
        match self.stations.get_mut(&number) {
            Some(Station::Tester { machine, .. }) => machine,
            _ => panic!("{number} is no tester"),
        }
    }

    /// An order to the commissioning tool.
    pub fn order(&mut self, order: &str) {
        self.tool.handle(self.now, MachineInput::Order { line: order, within: None });
        self.settle();
    }

    /// An order to a neighbour.
    pub fn order_to(&mut self, number: u8, order: &str) {
        let now = self.now;
        self.neighbour(number).handle(now, MachineInput::Order { line: order, within: None });
        self.settle();
    }

    /// A command to a board's upper tester that must succeed; its answer.
    pub fn command(&mut self, number: u8, command: &str) -> String {
        self.counter += 1;
        let (now, tag) = (self.now, self.counter);
        let Some(Station::Board { device, .. }) = self.stations.get_mut(&number) else { panic!("no board {number}") };
        device.handle(now, Input::UpperTester(format!("> {tag} {command}\n").as_bytes()));
        self.settle();
        let Some(Station::Board { lines, .. }) = self.stations.get(&number) else { panic!("no board {number}") };
        let prefix = format!("< {tag} ok");
        let answer = lines.iter().find(|line| line.starts_with(&prefix));
        answer.unwrap_or_else(|| panic!("{command}: {lines:?}")).clone()
    }

    pub fn lines(&self, number: u8) -> &[String] {
        match self.stations.get(&number) {
            Some(Station::Board { lines, .. }) => lines,
            _ => panic!("no board {number}"),
        }
    }

    pub fn is_secured(&mut self, number: u8) -> bool {
        self.command(number, "status").contains("state=secured")
    }

    pub fn link_is_secured(&mut self, number: u8, neighbour: u8) -> bool {
        self.command(number, &format!("link neighbour={}", eui64(neighbour))).contains("secured=1")
    }

    pub fn link_is_known(&mut self, number: u8, neighbour: u8) -> bool {
        self.command(number, &format!("link neighbour={}", eui64(neighbour))).contains("known=1")
    }

    /// Lets time pass.
    pub fn run(&mut self, duration: Duration) {
        let end = self.now + duration;
        loop {
            self.settle();
            let stations = self.stations.values().filter_map(|station| match station {
                Station::Board { device, .. } => device.deadline(),
                Station::Tester { machine, .. } => machine.deadline(),
            });
            let queued = self.queue.keys().next().map(|(due, _)| *due);
            let next = stations.chain(self.tool.deadline()).chain(queued).min().filter(|next| *next <= end);
            let Some(next) = next else { break };
            self.now = self.now.max(next);
            while let Some(first) = self.queue.first_entry().filter(|entry| entry.key().0 <= self.now) {
                let happening = first.remove();
                self.happen(happening);
            }
        }
        self.now = end;
        self.settle();
    }

    fn happen(&mut self, happening: Happening) {
        let now = self.now;
        match happening {
            Happening::Heard { by, psdu } => match self.stations.get_mut(&by) {
                Some(Station::Board { device, .. }) => device.handle(now, Input::Frame { psdu: &psdu, rssi_dbm: -60 }),
                Some(Station::Tester { machine, .. }) => machine.handle(now, MachineInput::Received(&psdu)),
                None => {}
            },
            Happening::Sent { by, handle, status } => match self.stations.get_mut(&by) {
                Some(Station::Board { device, .. }) => {
                    let status = match status {
                        TransmitStatus::Success => node::TransmitStatus::Success,
                        TransmitStatus::NoAck => node::TransmitStatus::NoAck,
                        TransmitStatus::ChannelAccessFailure => node::TransmitStatus::ChannelAccessFailure,
                    };
                    device.handle(now, Input::TransmitDone { handle: handle as u32, status });
                }
                Some(Station::Tester { machine, .. }) => {
                    machine.handle(now, MachineInput::TransmitDone { handle, status });
                }
                None => {}
            },
            Happening::ToBorderRouter(packet) => {
                if let Some(Station::Board { device, .. }) = self.stations.get_mut(&1) {
                    device.handle(now, Input::Backbone(&packet));
                }
            }
            Happening::ToTool(packet) => self.tool.handle(now, MachineInput::Backbone(&packet)),
        }
        self.settle();
    }

    fn later(&mut self, happening: Happening) {
        self.counter += 1;
        self.queue.insert((self.now + AIRTIME, self.counter), happening);
    }

    fn settle(&mut self) {
        let now = self.now;
        loop {
            let mut quiet = true;
            while let Some(output) = self.tool.poll(now) {
                quiet = false;
                self.carry_out(0, output);
            }
            let numbers: Vec<u8> = self.stations.keys().copied().collect();
            for number in numbers {
                match self.stations.get_mut(&number) {
                    Some(Station::Board { device, .. }) => {
                        if let Some(output) = device.poll(now) {
                            quiet = false;
                            self.on_board(number, output);
                        }
                    }
                    Some(Station::Tester { machine, .. }) => {
                        if let Some(output) = machine.poll(now) {
                            quiet = false;
                            self.carry_out(number, output);
                        }
                    }
                    None => {}
                }
            }
            if quiet {
                return;
            }
        }
    }

    fn on_board(&mut self, number: u8, output: Output) {
        match output {
            Output::Transmit { handle, psdu } => self.transmit(number, handle.into(), &psdu),
            Output::UpperTester(octets) => {
                if let Some(Station::Board { lines, partial, .. }) = self.stations.get_mut(&number) {
                    partial.extend(octets);
                    while let Some(end) = partial.iter().position(|octet| *octet == b'\n') {
                        let line: Vec<u8> = partial.drain(..=end).collect();
                        lines.push(String::from_utf8(line).unwrap().trim_end().to_owned());
                    }
                }
            }
            Output::Backbone(packet) => self.later(Happening::ToTool(packet)),
            Output::Radio(_) | Output::Log(_) => {}
            Output::Reboot => panic!("no test reboots"),
        }
    }

    fn carry_out(&mut self, number: u8, output: MachineOutput) {
        match output {
            MachineOutput::Backbone { packet, .. } => self.later(Happening::ToBorderRouter(packet)),
            MachineOutput::Inject { handle, psdu, .. } => self.transmit(number, handle, &psdu),
            MachineOutput::Impersonate { eui64, .. } => {
                if let Some(Station::Tester { acknowledges, .. }) = self.stations.get_mut(&number) {
                    *acknowledges = eui64;
                }
            }
            MachineOutput::KeyLearnt(key) => self.keys.push(key),
            MachineOutput::Done { order } => self.done.push(order),
            MachineOutput::Refused { order, reason, .. } => self.refused.push((order, reason)),
            MachineOutput::Log(text) => self.log.push(text),
            MachineOutput::Fault(text) => panic!("{text}"),
        }
    }

    /// Up to four attempts at a unicast, as the MAC makes them; one at a broadcast.
    fn transmit(&mut self, from: u8, handle: u64, psdu: &[u8]) {
        self.air.push((self.now, from, psdu.to_vec()));
        let header = *Mpdu::parse(psdu).expect("a valid frame").header();
        let to = header.destination.link();
        let hearers: Vec<u8> = self
            .links
            .iter()
            .filter_map(|(a, b)| if *a == from { Some(*b) } else { (*b == from).then_some(*a) })
            .collect();
        let mut status =
            if to == Some(LinkAddress::BROADCAST) { TransmitStatus::Success } else { TransmitStatus::NoAck };
        for by in hearers {
            let is_meant = |own: &Eui64| to == Some(LinkAddress::Extended(*own));
            let (is_passed_up, is_acknowledged) = match &self.stations[&by] {
                Station::Board { .. } => {
                    let own = eui64(by);
                    (to == Some(LinkAddress::BROADCAST) || is_meant(&own), is_meant(&own))
                }
                Station::Tester { acknowledges, .. } => (true, acknowledges.iter().any(is_meant)),
            };
            let attempts = if is_acknowledged { 4 } else { 1 };
            let arrives = (0..attempts).any(|_| self.chance.next_u32() % 100 >= self.loss_percent);
            if arrives && is_passed_up {
                self.later(Happening::Heard { by, psdu: psdu.to_vec() });
            }
            if arrives && is_acknowledged {
                status = TransmitStatus::Success;
            }
        }
        self.later(Happening::Sent { by: from, handle, status });
    }
}
