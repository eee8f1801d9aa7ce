//! No input makes a device panic, spin or forget itself: random octets at every port, damaged and replayed frames.

mod common;

use bootrack_node::{Device, Hardware, Input, Output, Store, TransmitStatus};
use common::{KEY, Tester, World, eui64, seconds};
use proptest::prelude::*;
use protocols::time::Instant;

/// What a fuzzer may do.
#[derive(Debug, Clone)]
enum Action {
    Frame(Vec<u8>),
    Damaged { which: usize, at: usize, bit: u8, truncate: bool },
    Backbone(Vec<u8>),
    UpperTester(Vec<u8>),
    Done(u32),
    Wait(u16),
}

fn octets() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..130)
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        octets().prop_map(Action::Frame),
        (any::<usize>(), any::<usize>(), 0..8u8, any::<bool>())
            .prop_map(|(which, at, bit, truncate)| Action::Damaged { which, at, bit, truncate }),
        octets().prop_map(Action::Backbone),
        octets().prop_map(Action::UpperTester),
        "> [0-9]{1,3} (join|start|reset|factory_reset|status|counters|echo dest=fe80::1|ping)\n"
            .prop_map(|line| Action::UpperTester(line.into_bytes())),
        any::<u32>().prop_map(Action::Done),
        any::<u16>().prop_map(Action::Wait),
    ]
}

/// Frames and packets of a whole join: what a device may get to hear.
fn recorded() -> (Vec<Vec<u8>>, Vec<Store>) {
    let mut world = World::line(true);
    world.start();
    world.join();
    world.put("/coap-key2/all-secured", r#"{"all_secured":true,"seq":1}"#);
    let mut tester = Tester::new();
    let mut frames: Vec<Vec<u8>> = world.air.drain(..).map(|seen| seen.2).collect();
    for to in 1..=3 {
        frames.push(tester.secured(to, &tester.ssr(to, 60)));
        frames.push(tester.plain(to, &tester.echo(to, 60)));
    }
    let stores = (1..=3).map(|number| world.power_off(number)).collect();
    (frames, stores)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_input_makes_a_device_panic_or_spin(board in 1..=3u8, actions in proptest::collection::vec(action(), 1..60)) {
        let (frames, stores) = recorded();
        let hardware = || Hardware { eui64: eui64(board), entropy_seed: [board; 32] };
        let mut now = Instant::ZERO;
        let mut device = Device::boot(hardware(), stores[usize::from(board) - 1].clone(), now, None);
        for action in actions {
            match action {
                Action::Frame(psdu) => device.handle(now, Input::Frame { psdu: &psdu, rssi_dbm: 0 }),
                Action::Damaged { which, at, bit, truncate } => {
                    let mut psdu = frames[which % frames.len()].clone();
                    let at = at % psdu.len();
                    psdu[at] ^= 1 << bit;
                    if truncate {
                        psdu.truncate(at);
                    }
                    device.handle(now, Input::Frame { psdu: &psdu, rssi_dbm: 0 });
                }
                Action::Backbone(packet) => device.handle(now, Input::Backbone(&packet)),
                Action::UpperTester(octets) => device.handle(now, Input::UpperTester(&octets)),
                Action::Done(handle) => {
                    device.handle(now, Input::TransmitDone { handle, status: TransmitStatus::NoAck });
                }
                Action::Wait(milliseconds) => now = now + std::time::Duration::from_millis(milliseconds.into()),
            }
            let mut outputs = 0;
            while let Some(output) = device.poll(now) {
                outputs += 1;
                prop_assert!(outputs < 200, "it never ends");
                if let Output::Transmit { psdu, .. } = &output {
                    prop_assert!(psdu.len() <= 125);
                }
                if output == Output::Reboot {
                    let store = device.into_store();
                    let written = Store::decode(&store.encode()).unwrap();
                    prop_assert!(written == store);
                    device = Device::boot(hardware(), store, now, None);
                }
            }
            prop_assert!(device.deadline().is_none_or(|deadline| deadline > now), "a deadline that polling does not move");
        }
    }
}

#[test]
fn a_key_never_leaves_a_device_in_clear() {
    let mut world = World::line(true);
    world.start();
    world.join();
    world.run(seconds(100));
    let holds = |octets: &[u8]| octets.windows(16).any(|window| window == KEY);
    assert!(world.air.iter().all(|(_, _, psdu)| !holds(psdu)));
    let digits = hex::encode(KEY);
    assert!((1..=3).all(|number| world.lines(number).iter().all(|line| !line.contains(&digits))));
}

/// Counted apart from what is malformed: a vendor who sees this number knows that the sender is not to blame.
#[test]
fn what_the_device_does_not_know_is_counted_as_such() {
    let mut world = World::new(1, &[]);
    world.ok(1, "install role=6lr channel=26 pan_id=0xb007 ct=fd00:c0::c7");
    world.start();
    let mut tester = Tester::new();
    let packet = |next_header: u8, tester: &Tester| {
        let mut packet = tester.echo(1, 8);
        packet.header.next_header = wire::ipv6::NextHeader(next_header);
        packet
    };
    // TCP, IPv6-ICMP behind hop-by-hop options, and a next header that nobody has assigned.
    for (known, next_header) in [6, 0, 253].into_iter().enumerate() {
        let unknown = packet(next_header, &tester);
        let frame = tester.plain(1, &unknown);
        world.inject(1, &frame);
        assert_eq!(world.counter(1, "dropped_unknown"), known as u32 + 1);
    }
    // No next header: there is nothing that could be unknown.
    let nothing = packet(59, &tester);
    let frame = tester.plain(1, &nothing);
    world.inject(1, &frame);
    // A recoverable fragment, a broadcast header, the escape octet.
    for (known, payload) in ["e80500280047", "500141", "40ff"].into_iter().enumerate() {
        let frame = tester.raw(1, hex::decode(payload).unwrap());
        world.inject(1, &frame);
        assert_eq!(world.counter(1, "dropped_unknown"), known as u32 + 4, "{payload}");
    }
    assert_eq!(world.counter(1, "dropped_malformed"), 0);
    // Not a 6LoWPAN frame at all.
    let frame = tester.raw(1, vec![0, 1, 2]);
    world.inject(1, &frame);
    assert_eq!((world.counter(1, "dropped_unknown"), world.counter(1, "dropped_malformed")), (6, 1));
    assert!(world.sent_to(1, tester.eui64).is_empty(), "silence (PROFILE-SEL-11)");
}
