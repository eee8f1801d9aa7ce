use std::time::Duration;

use wire::ieee802154::{Address, Content, Frame, LinkAddress, ShortAddress};

use super::*;

const PAN: PanId = PanId(0xb007);
const CHANNEL: u8 = 26;
/// An acknowledgement: 3 octets and FCS.
const ACK_LENGTH: usize = 5;

fn eui64(n: u8) -> Eui64 {
    Eui64([0x70, 0xb3, 0xd5, 0xb0, 0x07, 0, 0, n])
}

fn us(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

/// A data frame with FCS from radio `from` to radio `to` (`None`: broadcast).
fn psdu(from: u8, to: Option<u8>, number: u8, ack_request: bool, length: usize) -> Vec<u8> {
    let to = to.map_or(LinkAddress::Short(ShortAddress::BROADCAST), |to| LinkAddress::Extended(eui64(to)));
    let source = Address::new(PAN, LinkAddress::Extended(eui64(from)));
    let mut header = Header::new(Address::new(PAN, to), source, number);
    header.ack_request = ack_request;
    let mut psdu = Frame::new(header, Content::Data(vec![0x3f; length])).to_vec().unwrap();
    append_fcs(&mut psdu);
    psdu
}

fn device(n: u8) -> Mode {
    Mode::Device { pan_id: PAN, eui64: eui64(n), receiver_on: true }
}

/// Radios 0, 1, 2, ... with EUI-64s of the same numbers, all listening, and links (from and to, delivery, RSSI).
fn medium(count: u8, seed: u8, links: &[(usize, usize, f64, i8)]) -> Medium {
    let mut medium = Medium::new();
    for n in 0..count {
        let radio = medium.add_radio(CHANNEL, [seed ^ n << 4; 32]);
        medium.configure(radio, CHANNEL, device(n));
    }
    for (index, (a, b, delivery, rssi)) in (0u8..).zip(links) {
        medium.add_link(*a, *b, *delivery, *rssi, [seed ^ index; 32]);
        medium.add_link(*b, *a, *delivery, *rssi, [seed ^ index ^ 0x80; 32]);
    }
    medium
}

/// Everything that happens until then, with its time.
fn run(medium: &mut Medium, now: &mut Instant, until: Instant) -> Vec<(Instant, Output)> {
    let mut outputs = Vec::new();
    loop {
        while let Some(output) = medium.poll(*now) {
            outputs.push((*now, output));
        }
        match medium.deadline() {
            Some(due) if due <= until => *now = (*now).max(due),
            _ => {
                *now = until;
                return outputs;
            }
        }
    }
}

fn ends(outputs: &[(Instant, Output)]) -> Vec<(Instant, usize)> {
    let on_air = |(at, output): &(Instant, Output)| match output {
        Output::OnAir { psdu, .. } => Some((*at, psdu.len())),
        _ => None,
    };
    outputs.iter().filter_map(on_air).collect()
}

fn done(outputs: &[(Instant, Output)]) -> Vec<(Instant, Status)> {
    let done = |(at, output): &(Instant, Output)| match output {
        Output::Done { status, .. } => Some((*at, *status)),
        _ => None,
    };
    outputs.iter().filter_map(done).collect()
}

fn received(outputs: &[(Instant, Output)], radio: usize) -> usize {
    outputs
        .iter()
        .filter(|(_, output)| matches!(output, Output::Received { radio: there, .. } if *there == radio))
        .count()
}

const SECOND: Instant = Instant(1_000_000_000);

#[test]
fn a_frame_starts_after_whole_backoff_periods_an_assessment_and_the_turnaround() {
    let mut periods_seen = BTreeSet::new();
    for seed in 0..64 {
        let mut medium = medium(2, seed, &[(0, 1, 1.0, -60)]);
        let frame = psdu(0, None, 1, false, 40);
        medium.transmit(Instant::ZERO, 0, 9, &frame);
        let outputs = run(&mut medium, &mut Instant(0), SECOND);
        let [(end, _)] = ends(&outputs)[..] else { panic!("{outputs:?}") };
        let start = end.since(Instant::ZERO) - us(32 * (6 + frame.len() as u64));
        let backoff = start - us(128 + 192);
        assert_eq!(backoff.as_nanos() % us(320).as_nanos(), 0, "{backoff:?}");
        periods_seen.insert(backoff.as_nanos() / us(320).as_nanos());
        assert_eq!(done(&outputs), [(end, Status::Success)], "no acknowledgement was asked for");
        assert_eq!(received(&outputs, 1), 1);
    }
    assert_eq!(periods_seen, (0..8).collect(), "BE = 3: 0 to 7 periods, each of them at times");
}

#[test]
fn an_acknowledgement_is_on_air_192_us_after_the_frame_and_ends_the_transmission() {
    let mut medium = medium(2, 1, &[(0, 1, 1.0, -60)]);
    medium.transmit(Instant::ZERO, 0, 9, &psdu(0, Some(1), 77, true, 40));
    let outputs = run(&mut medium, &mut Instant(0), SECOND);
    let [(frame, _), (ack, ACK_LENGTH)] = ends(&outputs)[..] else { panic!("{outputs:?}") };
    assert_eq!(ack.since(frame), us(192 + (6 + 5) * 32));
    assert_eq!(done(&outputs), [(ack, Status::Success)]);
    let octets = outputs.iter().find_map(|(at, output)| match output {
        Output::OnAir { psdu, .. } if *at == ack => Some(psdu.clone()),
        _ => None,
    });
    assert_eq!(check_fcs(&octets.unwrap()).unwrap(), [0x02, 0x00, 77]);
    assert_eq!(received(&outputs, 1), 1);
    assert_eq!(received(&outputs, 0), 0, "an acknowledgement is the radio's, not the device's");
    let statistics = medium.statistics();
    assert_eq!((statistics.frames, statistics.acknowledgements, statistics.deliveries), (1, 1, 2));
}

#[test]
fn without_an_acknowledgement_a_frame_is_sent_four_times_864_us_and_a_backoff_apart() {
    // The receiver hears nothing that is addressed to it: it has another address.
    let mut medium = medium(2, 3, &[(0, 1, 1.0, -60)]);
    let frame = psdu(0, Some(9), 1, true, 40);
    medium.transmit(Instant::ZERO, 0, 9, &frame);
    let outputs = run(&mut medium, &mut Instant(0), SECOND);
    let ends = ends(&outputs);
    assert_eq!(ends.len(), 4);
    for pair in ends.windows(2) {
        let start = pair[1].0.since(pair[0].0) - air_time(frame.len());
        let backoff = start - us(864 + 128 + 192);
        assert_eq!(backoff.as_nanos() % us(320).as_nanos(), 0, "{backoff:?}");
        assert!(backoff <= us(7 * 320));
    }
    assert_eq!(done(&outputs), [(ends[3].0 + us(864), Status::NoAck)]);
    assert_eq!(received(&outputs, 1), 0);
    assert_eq!(medium.statistics().unacknowledged, 1);
}

#[test]
fn a_broadcast_is_never_acknowledged_nor_repeated_even_if_it_asks_for_it() {
    let mut medium = medium(2, 3, &[(0, 1, 1.0, -60)]);
    medium.transmit(Instant::ZERO, 0, 9, &psdu(0, None, 1, true, 10));
    let outputs = run(&mut medium, &mut Instant(0), SECOND);
    assert_eq!(ends(&outputs).len(), 1);
    assert_eq!(done(&outputs).len(), 1);
}

#[test]
fn a_channel_that_is_never_clear_is_given_up_after_five_assessments() {
    let mut times = BTreeSet::new();
    for seed in 0..32 {
        let mut medium = medium(2, seed, &[(0, 1, 1.0, -60)]);
        medium.begin(Instant::ZERO, 1, vec![0; 4000].into(), false);
        medium.transmit(Instant(1), 0, 9, &psdu(0, None, 1, false, 10));
        let outputs = run(&mut medium, &mut Instant(1), Instant(100_000_000));
        let [(at, Status::ChannelAccessFailure)] = done(&outputs)[..] else { panic!("{outputs:?}") };
        let backoffs = at.since(Instant(1)) - us(5 * 128);
        assert_eq!(backoffs.as_nanos() % us(320).as_nanos(), 0);
        assert!(backoffs <= us((7 + 15 + 31 + 31 + 31) * 320), "BE 3, 4, 5, 5, 5");
        times.insert(backoffs);
        assert_eq!(medium.statistics().frames, 0);
        assert_eq!(medium.statistics().channel_access_failures, 1);
    }
    assert!(times.iter().any(|time| *time > us(5 * 7 * 320)), "the exponent grows");
}

#[test]
fn an_assessment_sees_a_frame_that_ends_in_it_and_none_that_ended_before() {
    for (end_of_jam, clear) in [(us(128), true), (us(129), false)] {
        // Find when the first assessment begins on a clear channel, then jam until around that moment.
        let mut probe = medium(2, 5, &[(0, 1, 1.0, -60)]);
        let frame = psdu(0, None, 1, false, 10);
        probe.transmit(Instant::ZERO, 0, 9, &frame);
        let start = ends(&run(&mut probe, &mut Instant(0), SECOND))[0].0.since(Instant::ZERO) - air_time(frame.len());
        let assessment = start - us(128 + 192);

        let mut medium = medium(2, 5, &[(0, 1, 1.0, -60)]);
        let jam = air_time(0);
        let offset = us(10_000);
        let begin = Instant(0) + (offset + assessment + end_of_jam - us(128) - jam);
        let mut now = begin;
        if begin > Instant(0) + offset {
            now = Instant(0) + offset;
            medium.transmit(now, 0, 9, &frame);
            run(&mut medium, &mut now, begin);
            medium.begin(begin, 1, Vec::new().into(), false);
        } else {
            medium.begin(begin, 1, Vec::new().into(), false);
            run(&mut medium, &mut now, Instant(0) + offset);
            medium.transmit(now, 0, 9, &frame);
        }
        let outputs = run(&mut medium, &mut now, SECOND);
        let last = ends(&outputs).last().unwrap().0;
        let on_time = last.since(Instant(0) + offset) - air_time(frame.len()) == start;
        assert_eq!(on_time, clear, "jam ends {end_of_jam:?} against the assessment's start at 128 us");
    }
}

#[test]
fn hidden_senders_collide_at_the_receiver_and_ten_decibels_save_the_stronger() {
    for (strong, first, survivors) in [(-60, 0, 0), (-51, 0, 0), (-50, 0, 1), (-50, 2, 1)] {
        let mut medium = medium(3, 1, &[(0, 1, 1.0, strong), (2, 1, 1.0, -60)]);
        let second = 2 - first;
        medium.begin(Instant::ZERO, first, psdu(first as u8, Some(1), 1, false, 40).into(), false);
        medium.begin(Instant(500_000), second, psdu(second as u8, Some(1), 2, false, 40).into(), false);
        let outputs = run(&mut medium, &mut Instant(500_000), SECOND);
        assert_eq!(received(&outputs, 1), survivors, "{strong} dBm, {first} first");
        if survivors == 1 {
            let from_the_strong = outputs.iter().any(
                |(_, output)| matches!(output, Output::Received { radio: 1, rssi_dbm, .. } if *rssi_dbm == strong),
            );
            assert!(from_the_strong);
        }
        assert_eq!(medium.statistics().collided, 2 - survivors as u64);
    }
}

#[test]
fn frames_that_only_touch_do_not_collide() {
    let mut medium = medium(3, 1, &[(0, 1, 1.0, -60), (2, 1, 1.0, -60)]);
    let frame = psdu(0, Some(1), 1, false, 40);
    medium.begin(Instant::ZERO, 0, frame.clone().into(), false);
    let mut now = Instant::ZERO;
    let mut outputs = run(&mut medium, &mut now, Instant::ZERO + air_time(frame.len()));
    medium.begin(now, 2, psdu(2, Some(1), 2, false, 40).into(), false);
    outputs.extend(run(&mut medium, &mut now, SECOND));
    assert_eq!(received(&outputs, 1), 2);
}

#[test]
fn a_radio_that_sends_hears_nothing() {
    let mut medium = medium(2, 1, &[(0, 1, 1.0, -60)]);
    medium.begin(Instant::ZERO, 0, psdu(0, Some(1), 1, false, 100).into(), false);
    medium.begin(Instant(100_000), 1, psdu(1, Some(0), 1, false, 10).into(), false);
    let outputs = run(&mut medium, &mut Instant(100_000), SECOND);
    assert_eq!(received(&outputs, 0) + received(&outputs, 1), 0);
    assert_eq!(medium.statistics().deaf, 2);
}

#[test]
fn losses_follow_the_delivery_probability_and_the_seed() {
    let deliveries = |seed| {
        let mut medium = medium(2, seed, &[(0, 1, 0.7, -60)]);
        let mut now = Instant::ZERO;
        for number in 0..10_000u32 {
            medium.transmit(now, 0, u64::from(number), &psdu(0, Some(1), number.to_le_bytes()[0], false, 1));
            let until = now + us(20_000);
            run(&mut medium, &mut now, until);
        }
        let statistics = medium.statistics();
        assert_eq!(statistics.deliveries + statistics.lost, 10_000);
        statistics.deliveries
    };
    let first = deliveries(1);
    // Standard deviation 46: five of them.
    assert!((6770..=7230).contains(&first), "{first}");
    assert_eq!(first, deliveries(1));
    assert_ne!(first, deliveries(2));
}

#[test]
fn retries_overcome_losses_and_a_lost_acknowledgement_makes_a_duplicate() {
    let mut medium = medium(2, 1, &[(0, 1, 0.6, -60)]);
    let (mut now, mut arrived, mut succeeded) = (Instant::ZERO, 0, 0);
    for number in 0..500u32 {
        medium.transmit(now, 0, u64::from(number), &psdu(0, Some(1), number.to_le_bytes()[0], true, 20));
        let until = now + us(100_000);
        let outputs = run(&mut medium, &mut now, until);
        arrived += received(&outputs, 1);
        succeeded += done(&outputs).iter().filter(|(_, status)| *status == Status::Success).count();
    }
    // One attempt succeeds with 0.36, one of four with 0.83.
    assert!((370..=460).contains(&succeeded), "{succeeded}");
    assert!(arrived > succeeded, "some frames arrive more than once");
}

#[test]
fn channels_are_apart() {
    let mut medium = medium(3, 1, &[(0, 1, 1.0, -60), (0, 2, 1.0, -60)]);
    medium.configure(1, 25, device(1));
    medium.transmit(Instant::ZERO, 0, 1, &psdu(0, None, 1, false, 10));
    let outputs = run(&mut medium, &mut Instant(0), SECOND);
    assert_eq!((received(&outputs, 1), received(&outputs, 2)), (0, 1));
    assert!(matches!(outputs[0].1, Output::OnAir { channel: CHANNEL, .. }));
    // Frames on other channels neither disturb nor keep busy.
    medium.begin(SECOND, 1, vec![0; 4000].into(), false);
    medium.transmit(SECOND, 0, 2, &psdu(0, None, 2, false, 10));
    let outputs = run(&mut medium, &mut SECOND.clone(), Instant(1_050_000_000));
    assert_eq!(received(&outputs, 2), 1);
}

#[test]
fn a_radio_passes_on_and_acknowledges_only_what_is_addressed_to_it() {
    let frame = |pan: u16, to: LinkAddress| {
        let source = Address::new(PAN, LinkAddress::Extended(eui64(0)));
        let mut header = Header::new(Address::new(PanId(pan), to), source, 5);
        header.ack_request = true;
        let mut psdu = Frame::new(header, Content::Data(vec![1])).to_vec().unwrap();
        append_fcs(&mut psdu);
        psdu
    };
    let (own, other) = (LinkAddress::Extended(eui64(1)), LinkAddress::Extended(eui64(7)));
    let (everybody, short) = (LinkAddress::BROADCAST, LinkAddress::Short(ShortAddress(0x1234)));
    let table = [
        (0xb007, own, true, true),
        (0xffff, own, true, true),
        (0xb008, own, false, false),
        (0xb007, other, false, false),
        (0xb007, short, false, false),
        (0xb007, everybody, true, false),
        (0xffff, everybody, true, false),
        (0xb008, everybody, false, false),
    ];
    for (pan, to, passed, acknowledged) in table {
        let mut medium = medium(2, 1, &[(0, 1, 1.0, -60)]);
        medium.begin(Instant::ZERO, 0, frame(pan, to).into(), false);
        let outputs = run(&mut medium, &mut Instant(0), Instant(9_000_000));
        assert_eq!(received(&outputs, 1) == 1, passed, "{pan:#x} {to:?}");
        assert_eq!(medium.statistics().acknowledgements == 1, acknowledged, "{pan:#x} {to:?}");
    }
}

#[test]
fn a_wrong_fcs_is_seen_by_sniffers_alone() {
    let mut medium = medium(1, 1, &[]);
    let to = medium.add_radio(CHANNEL, [1; 32]);
    medium.configure(to, CHANNEL, device(1));
    let sniffer = medium.add_radio(ALL_CHANNELS, [2; 32]);
    medium.configure(sniffer, ALL_CHANNELS, Mode::Sniffer);
    medium.add_link(0, to, 1.0, -60, [3; 32]);
    medium.add_link(0, sniffer, 1.0, -40, [4; 32]);
    let mut frame = psdu(0, Some(1), 1, true, 10);
    *frame.last_mut().unwrap() ^= 1;
    medium.begin(Instant::ZERO, 0, frame.clone().into(), false);
    let outputs = run(&mut medium, &mut Instant(0), Instant(3_000_000));
    assert_eq!((received(&outputs, to), received(&outputs, sniffer)), (0, 1));
    let frame = Received { length: frame.len(), psdu: frame.into() };
    let seen = Output::Received { radio: sniffer, channel: CHANNEL, frame, rssi_dbm: -40 };
    assert!(outputs.iter().any(|(_, output)| *output == seen));
    let statistics = medium.statistics();
    assert_eq!((statistics.bad_fcs, statistics.acknowledgements), (1, 0));
}

#[test]
fn a_receiver_that_is_off_hears_nothing_but_the_acknowledgement_it_waits_for() {
    let mut medium = medium(2, 1, &[(0, 1, 1.0, -60)]);
    medium.configure(0, CHANNEL, Mode::Device { pan_id: PAN, eui64: eui64(0), receiver_on: false });
    medium.begin(Instant::ZERO, 1, psdu(1, Some(0), 1, false, 10).into(), false);
    let mut now = Instant::ZERO;
    let outputs = run(&mut medium, &mut now, Instant(10_000_000));
    assert_eq!(received(&outputs, 0), 0);
    medium.transmit(now, 0, 1, &psdu(0, Some(1), 8, true, 10));
    assert_eq!(done(&run(&mut medium, &mut now, SECOND)).len(), 1);
    assert_eq!(medium.statistics().unacknowledged, 0);
}

#[test]
fn frames_of_one_radio_follow_each_other_with_the_spacing_between() {
    for (length, spacing) in [(60, us(640)), (0, us(192))] {
        let mut medium = medium(2, 1, &[(0, 1, 1.0, -60)]);
        for number in 0..20 {
            let mut frame = psdu(0, None, number, false, length);
            if length == 0 {
                frame = vec![0x01, 0x08, number, 0xff, 0xff, 0xff, 0xff];
                append_fcs(&mut frame);
            }
            medium.transmit(Instant::ZERO, 0, u64::from(number), &frame);
        }
        let outputs = run(&mut medium, &mut Instant(0), SECOND);
        let ends = ends(&outputs);
        assert_eq!(ends.len(), 20);
        let gaps = ends.windows(2).map(|pair| pair[1].0.since(pair[0].0) - air_time(pair[1].1));
        assert_eq!(gaps.min().unwrap(), spacing + us(128 + 192), "{length}");
    }
}

#[test]
fn a_frame_cut_off_in_the_middle_arrives_nowhere_and_a_radio_without_power_fails_at_once() {
    let mut medium = medium(2, 1, &[(0, 1, 1.0, -60)]);
    medium.begin(Instant::ZERO, 0, psdu(0, Some(1), 1, false, 100).into(), false);
    medium.transmit(Instant(0), 0, 5, &psdu(0, Some(1), 2, false, 100));
    medium.configure(0, CHANNEL, Mode::Off);
    let outputs = run(&mut medium, &mut Instant(1_000), SECOND);
    assert_eq!(outputs, [], "neither the frame on air nor the one that waits");
    medium.transmit(SECOND, 0, 6, &psdu(0, Some(1), 2, false, 100));
    let outputs = run(&mut medium, &mut SECOND.clone(), Instant(2_000_000_000));
    assert_eq!(done(&outputs), [(SECOND, Status::ChannelAccessFailure)]);
}

#[test]
fn a_frame_that_a_radio_cannot_send_fails_at_once_and_the_next_one_is_sent() {
    let mut medium = medium(2, 1, &[(0, 1, 1.0, -60)]);
    medium.refuse(0, 5);
    medium.transmit(Instant::ZERO, 0, 6, &psdu(0, Some(1), 2, false, 100));
    let outputs = run(&mut medium, &mut Instant(0), SECOND);
    assert_eq!(done(&outputs)[0], (Instant::ZERO, Status::ChannelAccessFailure));
    assert_eq!(received(&outputs, 1), 1);
}

proptest::proptest! {
    #[test]
    fn no_octets_on_air_panic_and_every_transmission_ends(
        frames in proptest::collection::vec(proptest::collection::vec(proptest::num::u8::ANY, 0..=127), 1..8),
        delivery in 0.0..=1.0,
    ) {
        let mut medium = medium(3, 1, &[(0, 1, delivery, -60), (1, 2, delivery, -70), (0, 2, delivery, -80)]);
        for (handle, frame) in (0..).zip(&frames) {
            medium.transmit(Instant::ZERO, usize::try_from(handle % 3).unwrap(), handle, frame);
        }
        let outputs = run(&mut medium, &mut Instant(0), SECOND);
        proptest::prop_assert_eq!(done(&outputs).len(), frames.len());
    }
}
