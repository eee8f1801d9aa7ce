//! What neighbours may say, and what becomes of routes.

use super::routes::take;
use super::*;
use proptest::prelude::*;
use rand_core::SeedableRng;

const OWN: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xb007, 0, 0, 0, 0, 0, 3);
const ROOT: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xb007, 0, 0, 0, 0, 0, 1);

fn address(number: u8) -> Ipv6Addr {
    Ipv6Addr::new(0xfd00, 0xb007, 0, 0, 0, 0, 1, number.into())
}

fn configuration() -> impl Strategy<Value = Configuration> {
    (any::<(u8, u8, u8)>(), any::<(u16, u16)>(), any::<(u8, u16)>()).prop_map(
        |((interval_doublings, interval_min, redundancy_constant), ranks, (default_lifetime, lifetime_unit))| {
            Configuration {
                interval_doublings,
                interval_min,
                redundancy_constant,
                max_rank_increase: ranks.0,
                min_hop_rank_increase: ranks.1,
                default_lifetime,
                lifetime_unit,
                ..CONFIGURATION
            }
        },
    )
}

fn object() -> impl Strategy<Value = Message> {
    (any::<(u8, u16, u8)>(), proptest::option::of(configuration())).prop_map(
        |((version_number, rank, dtsn), configuration)| {
            Message::InformationObject(InformationObject {
                instance_id: INSTANCE,
                version_number,
                rank,
                grounded: true,
                mode_of_operation: STORING,
                preference: 0,
                trigger_sequence_number: dtsn,
                dodag_id: ROOT,
                options: configuration.map(RplOption::Configuration).into_iter().collect(),
            })
        },
    )
}

fn advertisement() -> impl Strategy<Value = Message> {
    proptest::collection::vec(any::<(u8, u8, u8)>(), 0..6).prop_map(|told| {
        let options = told.into_iter().flat_map(|(target, path_sequence, path_lifetime)| {
            let transit =
                TransitInformation { external: false, path_control: 0, path_sequence, path_lifetime, parent: None };
            let target = RplOption::Target { prefix_length: 128, prefix: address(target) };
            [target, RplOption::TransitInformation(transit)]
        });
        Message::DestinationAdvertisement(DestinationAdvertisement {
            instance_id: INSTANCE,
            acknowledgement: true,
            sequence: 1,
            dodag_id: None,
            options: options.collect(),
        })
    })
}

proptest! {
    /// Whatever neighbours say: a parent is nearer to the root than the node, tables are bounded, and the air is not flooded.
    #[test]
    fn no_message_breaks_a_rule(
        messages in proptest::collection::vec((0_u8..40, any::<bool>(), prop_oneof![object(), advertisement()], 0_u64..90), 0..120),
        seed: u64,
    ) {
        let mut entropy = Entropy::seed_from_u64(seed);
        let mut rpl = Rpl::new(Role::SixLr, Selected::default());
        let mut now = Instant::ZERO;
        rpl.start(now, OWN, &mut entropy);
        let mut sent = 0_usize;
        for (from, delivered, message, pause) in messages {
            let from = Eui64([0, 0, 0, 0, 0, 0, 0, from]);
            let end = now + Duration::from_secs(pause);
            while let Some(at) = rpl.deadline().filter(|at| *at <= end) {
                now = now.max(at);
                sent += rpl.poll(now, &mut entropy).len();
                prop_assert!(rpl.deadline().is_none_or(|at| at > now), "due again at once");
            }
            now = end;
            rpl.handle(now, from, true, &message, &mut entropy);
            rpl.note_delivery(now, from, delivered, &mut entropy);
            prop_assert!(rpl.candidates.len() <= bounds::NEIGHBOURS && rpl.routes.len() <= bounds::ROUTES);
            prop_assert!(rpl.pending.len() <= bounds::ROUTES && rpl.failures.len() <= bounds::NEIGHBOURS);
            if let Some(parent) = rpl.parent() {
                let known = rpl.candidates.iter().find(|known| known.neighbour == parent);
                prop_assert!(known.is_some_and(|known| known.rank < rpl.rank()), "{:?}", rpl);
            }
        }
        prop_assert!(sent < 200_000);
    }
}

#[test]
fn a_route_is_taken_back_by_whom_it_came_from_and_by_nothing_older() {
    let via = |number| Eui64([number; 8]);
    let route = |number, path_sequence| DownwardRoute {
        target: address(1),
        via: via(number),
        path_sequence,
        until: Instant::ZERO + Duration::from_secs(60),
    };
    let mut routes = Vec::new();
    assert!(matches!(take(&mut routes, route(1, 241), 60), Taken::News));
    assert!(matches!(take(&mut routes, route(2, 240), 60), Taken::Nothing), "older");
    assert!(matches!(take(&mut routes, route(2, 242), 60), Taken::News));
    assert!(matches!(take(&mut routes, route(1, 242), 0), Taken::Nothing), "it goes another way now");
    assert_eq!(routes.first().map(|known| known.via), Some(via(2)));
    assert!(matches!(take(&mut routes, route(2, 242), 0), Taken::News));
    assert!(routes.is_empty());
}
