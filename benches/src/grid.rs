//! A grid of reference devices that the benchmarks of the virtual rack run: who hears whom, how they are installed and
//! what they send.

use std::collections::VecDeque;
use std::net::Ipv6Addr;
use std::time::Duration;

use protocols::time::Instant;
use record::event::{Action, Observation};
use testbeds::connection::Connections;
use testbeds::virtual_rack::{BoardKind, Counters, Link, Position, Sniffer, Timing, VirtualBoard};
use testbeds::{Rack, VirtualConfig, VirtualRack, eui64_of};
use wire::ieee802154::LinkAddress;
use wire::ipv6::{link_local, with_interface_identifier};
use wire::upper_tester::{Line, Outcome};

/// Nodes that a border router keeps a downward route to at most: `node::bounds::ROUTES`.
const ROUTED: usize = 64;
const MESH: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xb007, 0, 0, 0, 0, 0, 0);

/// A rack of reference devices in a grid, each of which hears the twelve that are at most two steps away, over links that
/// lose a share of the frames. The border router stands in the middle.
pub struct Grid {
    rack: VirtualRack,
    /// Node by node, the neighbour towards the border router.
    parents: Vec<Option<usize>>,
    neighbours: Vec<Vec<usize>>,
    border_router: usize,
    seq: u32,
    /// Echo requests that nodes were asked to send to a neighbour.
    pub requests: u64,
    /// Echo requests that nodes were asked to send to the border router.
    pub far_requests: u64,
    /// What the nodes said.
    pub heard: Heard,
}

/// What came out of a rack, counted and forgotten.
#[derive(Debug, Clone, Copy, Default)]
pub struct Heard {
    /// Frames at the sniffer.
    pub frames: u64,
    /// Replies to echo requests.
    pub echo_replies: u64,
    /// Links that were marked secured.
    pub links_secured: u64,
    /// Answers `ok` of the upper testers.
    pub accepted: u64,
    /// Other answers.
    pub refused: u64,
}

impl Grid {
    /// `columns` times `rows` boards without power; links deliver this share of the frames.
    pub fn new(columns: usize, rows: usize, delivery: f64) -> Self {
        let nodes = columns * rows;
        let place = |node: usize| (node % columns, node / columns);
        let distance = |a: usize, b: usize| {
            let ((ax, ay), (bx, by)) = (place(a), place(b));
            ax.abs_diff(bx).pow(2) + ay.abs_diff(by).pow(2)
        };
        let neighbours: Vec<Vec<usize>> =
            (0..nodes).map(|a| (0..nodes).filter(|&b| a != b && distance(a, b) <= 4).collect()).collect();
        assert!(neighbours.iter().all(|heard| heard.len() <= 12));
        let border_router = rows / 2 * columns + columns / 2;
        let mut links = Vec::new();
        for (a, heard) in neighbours.iter().enumerate() {
            for &b in heard.iter().filter(|&&b| a < b) {
                // Free space: 6 dB for twice the distance.
                let rssi_dbm = [-60, -63, -66, -66][distance(a, b).min(4) - 1];
                links.push(Link { a: name(a), b: name(b), delivery, rssi_dbm });
            }
        }
        let board = |node: usize| VirtualBoard {
            name: name(node),
            kind: BoardKind::Firmware { eui64: eui64_of(node), mutant: None, variant: None },
        };
        let config = VirtualConfig {
            boards: (0..nodes).map(board).collect(),
            links,
            sniffer: Sniffer { name: "sniffer".into(), position: Position::Everywhere, channel: None, loss_percent: 0 },
            backbone: None,
            channel: 26,
            pan_id: 0xb007,
            timing: Timing::default(),
            seed: [7; 32],
            connections: Connections::new(),
            operator: None,
        };
        let rack = VirtualRack::new(config).expect("a grid is a rack");
        let mut grid = Self {
            rack,
            parents: vec![None; nodes],
            neighbours,
            border_router,
            seq: 0,
            requests: 0,
            far_requests: 0,
            heard: Heard::default(),
        };
        grid.grow_tree();
        grid
    }

    /// Shortest paths to the border router.
    fn grow_tree(&mut self) {
        let mut queue = VecDeque::from([self.border_router]);
        while let Some(node) = queue.pop_front() {
            for &next in &self.neighbours[node] {
                if next != self.border_router && self.parents[next].is_none() {
                    self.parents[next] = Some(node);
                    queue.push_back(next);
                }
            }
        }
    }

    /// Nodes.
    pub fn len(&self) -> usize {
        self.parents.len()
    }

    /// Whether there is no node.
    pub fn is_empty(&self) -> bool {
        self.parents.is_empty()
    }

    /// Nodes that hear a node, on the average.
    pub fn mean_neighbours(&self) -> f64 {
        self.neighbours.iter().map(Vec::len).sum::<usize>() as f64 / self.len() as f64
    }

    /// Virtual time.
    pub fn now(&self) -> Instant {
        self.rack.now()
    }

    /// What happened so far.
    pub fn counters(&self) -> Counters {
        self.rack.counters()
    }

    /// Lets virtual time pass.
    pub fn run(&mut self, time: Duration) {
        let until = self.rack.now() + time;
        while let Some(observation) = self.rack.next(until).expect("the virtual rack does not break") {
            match observation {
                Observation::Frame { .. } => self.heard.frames += 1,
                Observation::UpperTester { line, .. } => match Line::parse(&line) {
                    Ok(Line::Event(event)) if event.name == "echo_reply" => self.heard.echo_replies += 1,
                    Ok(Line::Event(event)) if event.name == "link_secured" => self.heard.links_secured += 1,
                    Ok(Line::Answer(answer)) if matches!(answer.outcome, Outcome::Ok(_)) => self.heard.accepted += 1,
                    Ok(Line::Answer(_)) => self.heard.refused += 1,
                    _ => {}
                },
                Observation::BoardLost { .. } | Observation::Crashed { .. } | Observation::TesterFault { .. } => {
                    panic!("{observation:?}")
                }
                _ => {}
            }
        }
    }

    fn say(&mut self, node: usize, command: &str) {
        self.seq += 1;
        let line = format!("> {} {command}", self.seq);
        self.rack.act(&Action::UpperTester { board: name(node), line }).expect("every node has an upper tester");
    }

    /// Powers, installs, provisions and starts all nodes, from the border router outwards, and waits until their
    /// addresses are registered and their links are marked secured.
    pub fn start(&mut self) {
        for node in 0..self.len() {
            self.rack.act(&Action::Power { board: name(node), on: true }).expect("every node can be switched");
        }
        self.run(Duration::from_millis(200));
        for node in 0..self.len() {
            self.say(node, "manufacture anchor=psk psk=00112233445566778899aabbccddeeff");
            let role = match self.parents[node] {
                Some(parent) => format!("6lr parent={}", eui64_of(parent)),
                None => "6lbr".into(),
            };
            self.say(node, &format!("install channel=26 pan_id=0xb007 ct=fd00:c0::c7 role={role}"));
            self.say(node, "provision key=000102030405060708090a0b0c0d0e0f index=1 level=5");
        }
        for node in self.routed() {
            let mut below = node;
            while let Some(via) = self.parents[below] {
                self.say(via, &format!("route dest={} via={}", eui64_of(node), eui64_of(below)));
                below = via;
            }
        }
        self.run(Duration::from_secs(1));
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_by_key(|&node| self.hops(node));
        for node in order {
            self.say(node, "start");
            self.run(Duration::from_millis(500));
        }
        self.run(Duration::from_secs(60));
    }

    /// Hops from a node to the border router.
    pub fn hops(&self, node: usize) -> usize {
        std::iter::successors(Some(node), |&node| self.parents[node]).count() - 1
    }

    /// The nodes that the border router has a route to, far and near.
    fn routed(&self) -> Vec<usize> {
        let nodes: Vec<usize> = (0..self.len()).filter(|&node| node != self.border_router).collect();
        let step = nodes.len().div_ceil(ROUTED).max(1);
        nodes.into_iter().step_by(step).collect()
    }

    /// Seconds of virtual time in which one node after the other, here and there, sends an echo request of 64 octets to one
    /// of its neighbours, 50 a second, and five times a second one of the nodes with a route asks the border router, over
    /// as many hops as it is away. All of it under link security; replies come back the same way.
    pub fn traffic(&mut self, seconds: u32) {
        let routed = self.routed();
        let to_border_router = with_interface_identifier(MESH, eui64_of(self.border_router).interface_identifier());
        for _ in 0..seconds * 50 {
            self.requests += 1;
            // A stride without a common divisor reaches every node, never two close to each other in a row.
            let (round, node) = (self.requests as usize / self.len(), self.requests as usize * 73 % self.len());
            let heard = &self.neighbours[node];
            let to = link_local(LinkAddress::Extended(eui64_of(heard[round % heard.len()])));
            self.say(node, &format!("echo dest={to} size=64"));
            if self.requests.is_multiple_of(10) {
                let far = routed[self.requests as usize / 10 % routed.len()];
                self.say(far, &format!("echo dest={to_border_router} size=64"));
                self.far_requests += 1;
            }
            self.run(Duration::from_millis(20));
        }
    }
}

fn name(node: usize) -> String {
    format!("node{node}")
}
