//! A whole life of a device, with the power going at every single write to its store: whatever was written by then, the
//! device boots into a legal state, uses no frame counter twice, takes back nothing that it has acknowledged, and
//! its life goes on (`SECC` 3, `PROFILE-SEL` 12).
//!
//! A record is written whole or not at all: a board has to see to that (its store ends with a check sequence).

mod common;

use std::collections::BTreeMap;
use std::time::Duration;

use bootrack_node::{Mutant, PowerLoss, Store};
use common::{KEY, PSK, World, eui64, global, key_object, seconds};
use rstest::rstest;
use wire::coap::{Code, ContentFormat};
use wire::ieee802154::Mpdu;

const DEVICE: u8 = 3;

/// More echo requests than a block of frame counters has room for, so that its bound is written in operation too.
const ECHOES: u32 = 600;

/// A software image of version 7, signed by OpenSSL.
const IMAGE: &str = "4254524900010001000000070000000568656c6c6f3046022100ea3d91716941f602ceff4db70ed815025999d0d44bebbfe67272e0519cc2105f022100b2da375f2ed909edf70e73d8d5c0234dc4da0979ff65f877005bc7df34268659";

/// The registration lifetime of an SSR, and a bit.
const MARK_LAPSES: Duration = Duration::from_secs(61 * 60);

/// A step of a life: what is done, again if the power went, and how it is known to be over.
struct Step {
    name: &'static str,
    act: fn(&mut Life),
    is_over: fn(&mut Life) -> bool,
}

const LIFE: &[Step] = &[
    MANUFACTURE,
    INSTALL,
    START,
    JOIN,
    Step { name: "operation", act: Life::operate, is_over: |_| true },
    Step {
        name: "application",
        act: |life| life.say("application interval_s=60 dest=fd00:c0::c7 port=61631 data=00"),
        is_over: |life| life.shows("application_s", "60"),
    },
    Step {
        name: "software update",
        act: |life| {
            life.say(&format!("image data={IMAGE}"));
            life.say("update");
            life.say("reset");
            life.world.run(seconds(5));
        },
        is_over: |life| life.shows("image", "7"),
    },
    Step { name: "close", act: |life| life.all_secured(true), is_over: |life| life.shows("all_secured", "1") },
    Step {
        name: "restart",
        act: |life| {
            life.say("reset");
            life.world.run(seconds(5));
        },
        is_over: |life| life.world.link_is_secured(DEVICE, 2),
    },
    Step { name: "re-opening", act: |life| life.all_secured(false), is_over: |life| life.shows("all_secured", "0") },
    Step { name: "erasure of the key", act: Life::erase_key, is_over: |life| life.shows("secured", "0") },
    JOIN,
    Step {
        name: "factory reset",
        act: |life| {
            (life.keyed, life.acknowledged) = (false, None);
            life.say("factory_reset");
            life.world.run(seconds(2));
        },
        is_over: |life| life.shows("state", "factory"),
    },
    MANUFACTURE,
    INSTALL,
    START,
    JOIN,
];

const MANUFACTURE: Step = Step {
    name: "manufacture",
    act: |life| life.say(&format!("manufacture anchor=psk psk={}", hex::encode(PSK))),
    is_over: |life| life.shows("state", "manufactured"),
};

const INSTALL: Step = Step {
    name: "installation",
    act: |life| {
        let parent = eui64(2);
        life.say(&format!("install role=6lr channel=26 pan_id=0xb007 ct=fd00:c0::c7 parent={parent} trigger=boot"));
    },
    is_over: |life| !life.shows("state", "manufactured"),
};

const START: Step = Step {
    name: "start",
    act: |life| {
        life.say("start");
        life.world.run(seconds(5));
    },
    is_over: |life| !life.shows("global", "-"),
};

const JOIN: Step = Step {
    name: "key transfer",
    act: |life| {
        if life.request(Code::PUT, "/coap-key2", &key_object(KEY)) == "2.01" {
            life.keyed = true;
        }
        life.world.run(seconds(10));
    },
    is_over: |life| life.world.link_is_secured(DEVICE, 2) && life.world.link_is_secured(2, DEVICE),
};

struct Life {
    world: World,
    seq: u32,
    /// The last sequence number of a close or re-opening that the device said it took, and whether it was a close.
    acknowledged: Option<(u32, bool)>,
    /// The device said that it took the key, and was not told to erase it since.
    keyed: bool,
}

impl Life {
    /// A border router and a secured router that run, and a device that is new.
    fn new() -> Self {
        let mut world = World::new(3, &[(1, 2), (2, DEVICE)]);
        for number in 1..=2 {
            world.ok(number, &format!("manufacture anchor=psk psk={}", hex::encode(PSK)));
        }
        world.ok(1, "install role=6lbr channel=26 pan_id=0xb007 ct=fd00:c0::c7");
        world.install_6lr(2, 1, "boot");
        for dest in 2..=DEVICE {
            world.ok(1, &format!("route dest={} via={}", eui64(dest), eui64(2)));
        }
        world.provision(1);
        world.provision(2);
        for number in 1..=2 {
            world.ok(number, "start");
        }
        world.run(seconds(5));
        Self { world, seq: 0, acknowledged: None, keyed: false }
    }

    /// Lives, each step until it is over.
    ///
    /// # Errors
    /// What is wrong with the device after a loss of power, or which step never ends.
    fn live(mut self, power: Option<PowerLoss>, mutant: Option<Mutant>) -> Result<Lived, String> {
        if let Some(mutant) = mutant {
            self.world.mutate(DEVICE, mutant);
        }
        if let Some(power) = power {
            let mut store = self.world.power_off(DEVICE);
            store.cut_power(power);
            self.world.boot(DEVICE, store);
        }
        for step in LIFE {
            let mut tries = 0;
            loop {
                let before = self.world.power_losses;
                (step.act)(&mut self);
                let is_whole = self.world.power_losses == before;
                self.judge().map_err(|fault| format!("{}: {fault}", step.name))?;
                if (step.is_over)(&mut self) && is_whole {
                    break;
                }
                // A neighbour that was not told that the device lost its key marks the link secured until the
                // registration lifetime is over, and refuses what the device sends plain (`PROFILE-SEL` 6).
                self.world.run(MARK_LAPSES);
                tries += 1;
                if tries == 3 {
                    return Err(format!("{} never ends: {:?}", step.name, self.world.ok(DEVICE, "status")));
                }
            }
        }
        Ok(Lived { writes: self.world.store(DEVICE).writes(), power_losses: self.world.power_losses })
    }

    /// Whether what the device holds is legal, and all that it acknowledged.
    fn judge(&self) -> Result<(), String> {
        let store = self.world.store(DEVICE);
        half_provisioned(&store)?;
        if self.keyed && !store.is_secured() {
            return Err("lost the key that it acknowledged".to_owned());
        }
        if let Some((seq, closed)) = self.acknowledged {
            // A later one may have been taken and its acknowledgment lost.
            let held = store.all_secured();
            let is_older = held.1.is_none_or(|held| held < seq);
            if is_older || held.1 == Some(seq) && held.0 != closed {
                return Err(format!("went back from {seq}, {closed} to {held:?}"));
            }
        }
        let counters = self.counters();
        if let Some((counter, times)) = counters.iter().find(|(_, times)| **times > 1) {
            return Err(format!("used frame counter {counter} {times} times"));
        }
        match counters.last_key_value() {
            Some((&counter, _)) if counter >= store.frame_counter_bound() => {
                Err(format!("used {counter} beyond the stored bound {}", store.frame_counter_bound()))
            }
            _ => Ok(()),
        }
    }

    /// How often each frame counter was on the air. The network has one key all the time, before and after erasures.
    fn counters(&self) -> BTreeMap<u32, usize> {
        let mut counters = BTreeMap::new();
        for (_, from, psdu) in &self.world.air {
            if let (DEVICE, Ok(Mpdu::Secured(frame))) = (*from, Mpdu::parse(psdu)) {
                *counters.entry(frame.security.frame_counter.expect("a frame counter")).or_default() += 1;
            }
        }
        counters
    }

    /// A command that need not be answered: the power may go.
    fn say(&mut self, command: &str) {
        self.world.upper_tester(DEVICE, format!("> 1 {command}\n").as_bytes());
    }

    fn shows(&mut self, key: &str, value: &str) -> bool {
        self.world.ok(DEVICE, "status").get(key) == value
    }

    fn operate(&mut self) {
        for _ in 0..ECHOES {
            self.say(&format!("echo dest={}", global(1)));
        }
        self.world.run(seconds(5));
    }

    fn all_secured(&mut self, value: bool) {
        self.seq += 1;
        let payload = format!(r#"{{"all_secured":{value},"seq":{}}}"#, self.seq);
        if self.request(Code::PUT, "/coap-key2/all-secured", &payload) == "2.04" {
            self.acknowledged = Some((self.seq, value));
        }
    }

    fn erase_key(&mut self) {
        (self.keyed, self.acknowledged) = (false, None);
        self.request(Code::DELETE, "/coap-key2/1", "");
        self.world.run(seconds(5));
    }

    /// A request in a session of its own; the code of the response, or `none`.
    fn request(&mut self, code: Code, path: &str, payload: &str) -> String {
        self.world.run(seconds(65));
        let now = self.world.now;
        self.world.tool.connect(now, global(DEVICE), eui64(DEVICE).to_string(), PSK);
        self.world.run(seconds(5));
        let format = (code == Code::PUT).then_some(ContentFormat::COAP_GROUP_JSON);
        let now = self.world.now;
        self.world.tool.request(now, code, path, format, payload.as_bytes());
        self.world.run(seconds(5));
        self.world.tool.take_code()
    }
}

struct Lived {
    writes: u64,
    power_losses: u32,
}

/// What no device may be found with after a loss of power.
fn half_provisioned(store: &Store) -> Result<(), String> {
    let keyed = store.is_secured();
    let (all_secured, close_seq) = store.all_secured();
    let rules = [
        (keyed && store.anchor().is_none(), "a key without an anchor"),
        (keyed && !store.is_installed(), "a key without a site"),
        (store.is_installed() && store.anchor().is_none(), "a site without an anchor"),
        (!keyed && all_secured, "ALL_SECURED without a key"),
        (!keyed && close_seq.is_some(), "a close sequence number without a key"),
        (!keyed && !store.incoming().is_empty(), "frame counters of neighbours without a key"),
    ];
    rules.iter().find(|(broken, _)| *broken).map_or(Ok(()), |(_, what)| Err(format!("has {what}")))
}

#[test]
fn power_may_go_at_every_write_of_a_full_life() {
    let whole = Life::new().live(None, None).expect("a life without a loss of power");
    assert_eq!(whole.power_losses, 0);
    let mut faults = Vec::new();
    for record in 1..=whole.writes {
        for power in [PowerLoss::Before(record), PowerLoss::After(record)] {
            match Life::new().live(Some(power), None) {
                Ok(lived) => assert_eq!(lived.power_losses, 1, "{power:?}"),
                Err(fault) => faults.push(format!("{power:?}: {fault}")),
            }
        }
    }
    println!(
        "power lost before and after each of {} writes of a full life: {} lives, {} faults",
        whole.writes,
        whole.writes * 2,
        faults.len()
    );
    assert!(faults.is_empty(), "{faults:#?}");
}

/// The sweep notices what it is there for.
#[rstest]
#[case("frame-counter-reset-on-reboot", "frame counter")]
#[case("erase-restarts-counter", "stored bound")]
#[case("reset-restarts-counter", "stored bound")]
#[case("keys-lost-on-reboot", "lost the key")]
#[case("close-seq-lost-on-reboot", "went back")]
#[case("all-secured-lost-on-reboot", "went back")]
fn a_life_of_a_mutant_is_found_out(#[case] mutant: Mutant, #[case] fault: &str) {
    let found = Life::new().live(None, Some(mutant)).err().unwrap_or_default();
    assert!(found.contains(fault), "{found:?}");
}
