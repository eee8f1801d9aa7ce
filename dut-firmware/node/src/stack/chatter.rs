//! What a variant sends besides: traffic of its own that no specification forbids, at its own times.

use alloc::vec::Vec;
use core::net::Ipv6Addr;
use core::time::Duration;

use protocols::time::Instant;
use wire::dns;
use wire::icmpv6::{Echo, Message, mld};
use wire::ieee802154::{Address, Command, Content, Frame, Header, LinkAddress, PanId};
use wire::ipv6::{
    ALL_NODES, ExtensionHeader, Header as Ipv6Header, Ipv6Option, NextHeader, OptionsHeader, Packet, solicited_node,
};
use wire::ndp::{self, LinkLayerAddress, NdpOption};

use super::Stack;
use super::addresses::link_local_of;
use super::admission::Class;
use super::discovery::Emission;
use super::forwarding::NextHop;
use super::input::Peer;
use crate::liberties::Free;

/// Where MLDv2 reports go (RFC 3810 5.2.14).
const ALL_MLDV2_ROUTERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x16);

/// A name server of the maker's choice, at the backbone; nobody has to be there.
const NAME_SERVER: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xc0, 0, 0, 0, 0, 0, 0xfe);

/// By then a device has its first address, or it will not have one soon.
const SETTLED: Duration = Duration::from_secs(2);

/// One kind of traffic of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    ProbeParent,
    PingParent,
    Solicit,
    AdvertiseItself,
    ReportGroups,
    AskForNames,
    RegisterSecond,
}

impl Kind {
    const ALL: [Self; 7] = [
        Self::ProbeParent,
        Self::PingParent,
        Self::Solicit,
        Self::AdvertiseItself,
        Self::ReportGroups,
        Self::AskForNames,
        Self::RegisterSecond,
    ];

    fn interval(self, free: Free) -> Option<Duration> {
        match self {
            Self::ProbeParent => free.probes_parent(),
            Self::PingParent => free.pings_parent(),
            Self::Solicit => free.solicits_again(),
            Self::AdvertiseItself => free.advertises_itself(),
            Self::ReportGroups => free.reports_groups(),
            Self::AskForNames => free.asks_for_names(),
            Self::RegisterSecond => free.second_address(),
        }
    }
}

/// What is to be sent, and when.
#[derive(Debug, Default)]
pub(super) struct Chatter {
    next: Vec<(Kind, Instant)>,
    replies: Vec<(Instant, Ipv6Addr, Ipv6Addr, Echo)>,
}

impl Chatter {
    /// Answers an echo request at this time.
    pub(super) fn reply_later(&mut self, at: Instant, source: Ipv6Addr, destination: Ipv6Addr, echo: Echo) {
        self.replies.push((at, source, destination, echo));
    }

    /// When there is something to send.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.next.iter().map(|(_, at)| *at).chain(self.replies.iter().map(|(at, ..)| *at)).min()
    }
}

impl Stack {
    /// The radio is on.
    pub(super) fn chatter_begins(&mut self, now: Instant) {
        let free = self.mutant.free();
        let first = |kind: Kind, interval: Duration| match kind {
            Kind::RegisterSecond => SETTLED,
            _ => interval,
        };
        let with_interval = |kind: Kind| kind.interval(free).map(|interval| (kind, now + first(kind, interval)));
        self.chatter.next = Kind::ALL.into_iter().filter_map(with_interval).collect();
        if free.scans_at_boot() {
            self.scan();
        }
    }

    /// Sends what is due.
    pub(super) fn chat(&mut self, now: Instant) {
        let (due, later) = core::mem::take(&mut self.chatter.replies).into_iter().partition(|(at, ..)| *at <= now);
        self.chatter.replies = later;
        let due: Vec<(Instant, Ipv6Addr, Ipv6Addr, Echo)> = due;
        for (_, source, destination, echo) in due {
            let hop_limit = self.hop_limit();
            self.send_icmpv6(source, destination, hop_limit, &Message::EchoReply(echo), Class::Echo);
        }
        let free = self.mutant.free();
        let mut due = Vec::new();
        for (kind, at) in &mut self.chatter.next {
            if *at <= now
                && let Some(interval) = kind.interval(free)
            {
                *at = now + interval;
                due.push(*kind);
            }
        }
        for kind in due {
            self.say(kind);
        }
    }

    fn say(&mut self, kind: Kind) {
        let parent = self.discovery.parent();
        let own = self.link_local();
        match kind {
            Kind::ProbeParent => {
                // Neighbor unreachability detection (RFC 4861 7.3): no registration, so no ARO.
                let Some(parent) = parent else { return };
                let options = Vec::from([NdpOption::SourceLinkLayerAddress(LinkLayerAddress::Extended(self.eui64))]);
                let target = link_local_of(parent);
                let message = ndp::Message::NeighborSolicitation { target, options };
                let emission = Emission { source: own, destination: target, neighbour: Some(parent), message };
                self.send_discovery(emission);
            }
            Kind::PingParent => {
                let Some(parent) = parent else { return };
                let echo = Echo { identifier: 0xb007, sequence_number: 7, data: Vec::from([0; 12]) };
                let hop_limit = self.hop_limit();
                self.send_icmpv6(own, link_local_of(parent), hop_limit, &Message::EchoRequest(echo), Class::Echo);
            }
            Kind::Solicit => {
                let emission = self.discovery.solicitation_to_all();
                self.send_discovery(emission);
            }
            Kind::AdvertiseItself => {
                let options = Vec::from([NdpOption::TargetLinkLayerAddress(LinkLayerAddress::Extended(self.eui64))]);
                let (router, solicited, override_) = (self.global().is_some(), false, true);
                let message =
                    ndp::Message::NeighborAdvertisement { router, solicited, override_, target: own, options };
                self.send_discovery(Emission { source: own, destination: ALL_NODES, neighbour: None, message });
            }
            Kind::ReportGroups => self.report_groups(own),
            Kind::AskForNames => self.ask_for_names(),
            Kind::RegisterSecond => {
                if let Some(emission) = self.discovery.registration_of_second() {
                    self.send_discovery(emission);
                }
            }
        }
    }

    fn report_groups(&mut self, own: Ipv6Addr) {
        let record = mld::AddressRecord {
            record_type: mld::RecordType::CHANGE_TO_EXCLUDE_MODE,
            multicast_address: solicited_node(own),
            sources: Vec::new(),
            auxiliary_data: Vec::new(),
        };
        let report = Message::Mld(mld::Message::ReportV2 { records: Vec::from([record]) });
        let Ok(payload) = report.to_vec(own, ALL_MLDV2_ROUTERS) else { return };
        // Hop limit 1 and a router alert (RFC 3810 5).
        let alert = OptionsHeader {
            next_header: NextHeader::ICMPV6,
            options: Vec::from([Ipv6Option::RouterAlert(0), Ipv6Option::PadN(0)]),
        };
        let Ok(mut bytes) = ExtensionHeader::HopByHop(alert).to_vec() else { return };
        bytes.extend(payload);
        let header = Ipv6Header::new(own, ALL_MLDV2_ROUTERS, NextHeader::HOP_BY_HOP, 1);
        self.send_packet(&Packet { header, payload: bytes }, NextHop::Multicast, Class::Other);
    }

    fn ask_for_names(&mut self) {
        let Some(local) = self.global() else { return };
        let Ok(name) = "time.vendor.example".parse() else { return };
        let message = dns::Message {
            id: 0x1337,
            flags: dns::Flags { recursion_desired: true, ..dns::Flags::from_bits(0) },
            questions: Vec::from([dns::Question {
                name,
                record_type: dns::RecordType::AAAA,
                class: dns::CLASS_IN,
                unicast_response: false,
            }]),
            answers: Vec::new(),
            authorities: Vec::new(),
            additionals: Vec::new(),
        };
        let peer = Peer { address: NAME_SERVER, port: dns::PORT, local };
        if let Ok(payload) = message.to_vec() {
            self.send_udp(peer, 0xc353, payload, Class::Other);
        }
    }

    /// An active scan (IEEE 802.15.4-2006 7.5.2.1.2): a beacon request to everybody.
    fn scan(&mut self) {
        let mut header = Header::new(Address::new(PanId::BROADCAST, LinkAddress::BROADCAST), Address::Absent, 0);
        self.sequence_number = self.sequence_number.wrapping_add(1);
        header.sequence_number = Some(self.sequence_number);
        if let Ok(psdu) = Frame::new(header, Content::Command(Command::BeaconRequest)).to_vec() {
            self.radio.push(psdu, None, false, self.mutant.free());
        }
    }
}
