//! Two nodes that hand each other the messages of Neighbor Discovery.

use super::*;

const LBR: Eui64 = Eui64([0x70, 0xb3, 0xd5, 0xb0, 7, 0, 0, 1]);
const ROUTER: Eui64 = Eui64([0x70, 0xb3, 0xd5, 0xb0, 7, 0, 0, 2]);

fn at(milliseconds: u64) -> Instant {
    Instant::ZERO + Duration::from_millis(milliseconds)
}

/// Hands emissions to and fro until nobody answers.
fn settle(now: Instant, first: Vec<Emission>, from: &mut Discovery, to: &mut Discovery) -> Vec<Ipv6Addr> {
    let mut registered = Vec::new();
    let (mut pending, mut forth) = (first, true);
    while !pending.is_empty() {
        let (sender, receiver) = if forth { (from.eui64, &mut *to) } else { (to.eui64, &mut *from) };
        let mut answers = Vec::new();
        for emission in pending {
            let outcome = receiver.handle(now, sender, emission.source, &emission.message, Duration::ZERO);
            answers.extend(outcome.emissions);
            registered.extend(outcome.registered);
        }
        (pending, forth) = (answers, !forth);
    }
    registered
}

#[test]
fn a_router_gets_prefix_and_registered_address_from_the_border_router() {
    let mut lbr = Discovery::new(LBR, Role::SixLbr, None, Selected::default());
    assert!(lbr.start(at(0), Duration::ZERO).registered.is_some());
    let mut router = Discovery::new(ROUTER, Role::SixLr, Some(LBR), Selected::default());
    router.start(at(0), Duration::ZERO);
    let solicitation = router.poll(at(0));
    assert_eq!(solicitation[0].destination, ALL_ROUTERS);
    let registered = settle(at(0), solicitation, &mut router, &mut lbr);
    let global: Ipv6Addr = "fd00:b007::72b3:d5b0:700:2".parse().unwrap();
    assert_eq!(registered, [global]);
    assert_eq!((router.global(), router.parent()), (Some(global), Some(LBR)));
    assert_eq!(lbr.registered(global), Some(ROUTER));
    assert_eq!(router.deadline(), Some(at(0) + router.mutant.free().renewal()));
}

#[test]
fn solicitations_back_off_as_rfc_6775_says() {
    let mut router = Discovery::new(ROUTER, Role::SixLr, None, Selected::default());
    router.start(at(0), Duration::ZERO);
    let mut seconds = Vec::new();
    for _ in 0..7 {
        let next = router.deadline().unwrap();
        assert_eq!(router.poll(next).len(), 1);
        seconds.push(next.0 / 1_000_000_000);
    }
    assert_eq!(seconds, [0, 10, 20, 30, 50, 90, 150]);
}

#[test]
fn a_solicitation_that_came_too_early_is_answered_once_the_router_has_an_address() {
    let mut lbr = Discovery::new(LBR, Role::SixLbr, None, Selected::default());
    lbr.start(at(0), Duration::ZERO);
    let mut router = Discovery::new(ROUTER, Role::SixLr, Some(LBR), Selected::default());
    router.start(at(0), Duration::ZERO);
    let newcomer = Eui64([0x70, 0xb3, 0xd5, 0xb0, 7, 0, 0, 3]);
    let early = Message::RouterSolicitation { options: Vec::new() };
    let source = link_local_of(newcomer);
    assert!(router.handle(at(0), newcomer, source, &early, Duration::ZERO).emissions.is_empty());
    let solicitation = router.poll(at(0));
    let advertised = lbr.handle(at(0), ROUTER, router.link_local(), &solicitation[0].message, Duration::ZERO).emissions;
    let registering = router.handle(at(0), LBR, lbr.link_local(), &advertised[0].message, Duration::ZERO).emissions;
    let confirmed = lbr.handle(at(0), ROUTER, registering[0].source, &registering[0].message, Duration::ZERO).emissions;
    let outcome = router.handle(at(0), LBR, confirmed[0].source, &confirmed[0].message, Duration::ZERO);
    assert_eq!(outcome.emissions.len(), 1);
    assert_eq!(outcome.emissions[0].destination, source);
}

#[test]
fn an_address_of_another_is_not_registered_twice_and_the_table_is_bounded() {
    let mut lbr = Discovery::new(LBR, Role::SixLbr, None, Selected::default());
    lbr.start(at(0), Duration::ZERO);
    let address = |number: u16| Ipv6Addr::new(0xfd00, 0xb007, 0, 0, 0, 0, 0, number);
    assert_eq!(lbr.register(at(0), address(1), LBR, 1), 0);
    assert_eq!(lbr.register(at(0), address(1), ROUTER, 1), DUPLICATE);
    for number in 2..=32 {
        assert_eq!(lbr.register(at(0), address(number), ROUTER, 1), 0);
    }
    assert_eq!(lbr.register(at(0), address(33), ROUTER, 1), CACHE_FULL);
    assert_eq!(lbr.register(at(0), address(2), ROUTER, 0), 0, "lifetime 0 takes it out");
    assert_eq!(lbr.register(at(0), address(33), ROUTER, 1), 0);
    lbr.poll(at(60_000));
    assert!(lbr.registered(address(33)).is_none(), "it expired");
}

#[test]
fn a_router_that_is_not_the_configured_parent_is_not_followed() {
    let mut router = Discovery::new(ROUTER, Role::SixLr, Some(LBR), Selected::default());
    router.start(at(0), Duration::ZERO);
    let mut stranger = Discovery::new(Eui64([9; 8]), Role::SixLbr, None, Selected::default());
    stranger.start(at(0), Duration::ZERO);
    let solicitation = router.poll(at(0));
    assert!(settle(at(0), solicitation, &mut router, &mut stranger).is_empty());
    assert_eq!(router.global(), None);
}
