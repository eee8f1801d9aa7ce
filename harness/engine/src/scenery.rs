//! What a case plays on: addresses, keys and parameters of its boards, derived from the topology and the case seed.

use std::net::Ipv6Addr;

use authenticator::{Registry, profile};
use record::station::{Attachment, PropertyValue};
use suites::device::{DeviceFacts, PskIdentity};
use suites::plan::{Case, Point, Role, StepKind, Topology};
use testbeds::testbed::{PAN_ID, Testbed};

use crate::credentials;
use crate::environment::{Air, Environment};
use crate::seed;

/// The channel of a case that names none.
pub const DEFAULT_CHANNEL: u8 = 26;

/// The 6LBR's side of the backbone.
pub const LBR_BACKBONE_ADDRESS: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xc0, 0, 0, 0, 0, 0, 1);

/// Key index of the network's link key (key identifier mode 1).
pub const KEY_INDEX: u8 = 1;

/// The channel that a case's parameters name, or the default.
pub fn channel(case: &Case) -> u8 {
    case.params.get("channel").and_then(|text| text.parse().ok()).unwrap_or(DEFAULT_CHANNEL)
}

/// The boards whose radios a case needs: they hear others, or something is awaited of them on the air.
pub fn boards_on_air(case: &Case) -> impl Iterator<Item = &str> {
    let boards = &case.topology.boards;
    boards.iter().enumerate().filter_map(move |(index, board)| {
        let has_radio = |other: &usize| boards.get(*other).is_some_and(|other| other.role.has_radio());
        let is_linked =
            case.topology.links.iter().any(|(a, b)| (*a == index && has_radio(b)) || (*b == index && has_radio(a)));
        let is_of_it = |at: Point, from: &Option<String>| {
            at == Point::Air && from.as_deref().unwrap_or(case.iut.name()) == board.name
        };
        let is_awaited = case.steps.iter().any(|step| match &step.kind {
            StepKind::Expect(expect) => is_of_it(expect.at, &expect.from),
            StepKind::Unordered(expects) | StepKind::Alternatives(expects) => {
                expects.iter().any(|expect| is_of_it(expect.at, &expect.from))
            }
            StepKind::Never(never) => is_of_it(never.at, &never.from),
            _ => false,
        });
        (board.role.has_radio() && (is_linked || is_awaited)).then_some(board.name.as_str())
    })
}

/// Whether a board of this name would be a station at the backbone, which has no board.
pub fn is_port(name: &str) -> bool {
    Registry::default().kind(name).is_some_and(|kind| kind.info.attachment == Attachment::Backbone)
}

/// How many of a hundred frames each link loses, by the case's parameter `loss`.
pub fn loss_percent(case: &Case) -> u8 {
    case.params.get("loss").and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// What the air between this case's boards may lose, by its parameter `loss` or by what the testbed is.
fn air(case: &Case, testbed: &Testbed) -> Air {
    let Topology { boards, links, .. } = &case.topology;
    let radios: Vec<&str> =
        boards.iter().filter(|board| board.role.has_radio()).map(|board| board.name.as_str()).collect();
    let name = |index: usize| boards.get(index).map(|board| board.name.as_str()).filter(|name| radios.contains(name));
    let links: Vec<(&str, &str)> = links.iter().filter_map(|(a, b)| Some((name(*a)?, name(*b)?))).collect();
    let missed = testbed.missed(&radios, &links, channel(case), loss_percent(case) > 0);
    Air {
        loses_frames: loss_percent(case) > 0 || testbed.loses_frames(&radios, &links),
        missed: missed.into_iter().map(ToOwned::to_owned).collect(),
    }
}

/// Octets of a pre-shared key of a reference device (`PROFILE-SEL` 13).
const PSK_OCTETS: usize = 16;

/// Everything that `$name.field` may stand for in this case.
///
/// `testbed` says which boards have addresses of their own, `stations` what properties stations have.
pub fn environment(case: &Case, case_seed: &[u8; 32], testbed: &Testbed, stations: Registry) -> Environment {
    let mut environment = Environment { air: air(case, testbed), ..Environment::default() };
    for (index, board) in case.topology.boards.iter().enumerate() {
        let kind = stations.kind(&board.name).filter(|_| board.role.is_station());
        for property in kind.map(|kind| kind.info.properties).unwrap_or_default() {
            let value = match property.value {
                PropertyValue::Address(address) => address.to_string(),
                PropertyValue::Secret(octets) => {
                    let secret = seed::derive(case_seed, &format!("{} of {}", property.name, board.name));
                    hex::encode(secret.get(..octets).unwrap_or(&secret))
                }
            };
            environment.set(&board.name, property.name, value);
        }
        if board.role == Role::BackboneStation {
            continue;
        }
        let eui64 = testbed.eui64(&board.name, index);
        environment.set(&board.name, "eui64", eui64.to_string());
        environment.set_addresses(&board.name, eui64);
        if testbed.learns_addresses(&board.name) {
            environment.set(&board.name, "addresses", "learn");
        }
        if testbed.acknowledges_itself(&board.name) {
            environment.set(&board.name, "acknowledges", "itself");
        }
        let octets = if board.name == "dut" { case.device.psk_octets } else { PSK_OCTETS };
        let psk = |which: &str| hex::encode(seed::derive_octets(case_seed, &format!("{which} {}", board.name), octets));
        environment.set(&board.name, "psk", psk("psk"));
        environment.set(&board.name, "second_psk", psk("second psk"));
        let identity = match case.device.psk_identity {
            PskIdentity::Eui64HexUpper if board.name == "dut" => eui64.to_string().to_uppercase(),
            _ => eui64.to_string(),
        };
        environment.set(&board.name, "psk_identity", identity);
        if board.role == Role::BorderRouter {
            environment.set(&board.name, "backbone", LBR_BACKBONE_ADDRESS.to_string());
        }
    }
    if case.device.dtls_port != DeviceFacts::default().dtls_port
        || case.device.psk_identity != DeviceFacts::default().psk_identity
    {
        environment.set("dut", "dtls_port", case.device.dtls_port.to_string());
        environment.set("dut", "psk_identity_form", case.device.psk_identity.name());
    }
    for (name, value) in &case.params {
        environment.set("case", name, value.clone());
    }
    environment.set("case", "channel", channel(case).to_string());
    environment.set("case", "pan_id", format!("{PAN_ID:#06x}"));
    credentials::issue(case, case_seed, stations, &mut environment);
    environment.set("network", "key", hex::encode(seed::derive_key(case_seed, "network link key")));
    environment.set("network", "second_key", hex::encode(seed::derive_key(case_seed, "second network link key")));
    environment.set("network", "index", KEY_INDEX.to_string());
    environment.set("network", "prefix", format!("{}/64", profile::MESH_PREFIX));
    environment
}
