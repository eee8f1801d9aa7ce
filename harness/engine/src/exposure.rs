//! What an eavesdropper without keys learns of identities (`SECC` 5.2.3): every identifier that the frames of a log show in clear,
//! how often, and where first. A summary for the report; no verdict rests on it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv6Addr;

use authenticator::profile::eui64_of;
use dissect::{Dissection, NoteKind};
use record::event::{Action, Event, Observation, What};
use reports::Exposure;
use wire::Eui64;
use wire::ieee802154::FCS_LENGTH;

use crate::environment::Environment;
use crate::judge::keyless_dissector;

/// Fields that identify a node or a user, and what the report calls them.
const IDENTIFIERS: &[(&str, &str)] = &[
    ("wpan.src64", MAC_HEADER),
    ("wpan.dst64", MAC_HEADER),
    ("sel.eui64", "EUI-64 in a JSR or SSR"),
    ("icmpv6.opt.aro.eui64", "EUI-64 in an address registration"),
    ("icmpv6.opt.linkaddr_eui64", "EUI-64 in a link-layer address option"),
    ("dtls.hint_text", "PSK identity hint"),
    ("dtls.identity_text", "PSK identity"),
    ("dtls.handshake.certificate", "certificate or raw public key"),
];
const MAC_HEADER: &str = "EUI-64 in a MAC header";
const DERIVED: &str = "IPv6 address made of an EUI-64";
const OTHER_ADDRESS: &str = "other IPv6 address";

/// A value of more characters is cut: it identifies all the same.
const SHOWN: usize = 48;

/// The identifiers that the first sniffer of a log heard in clear, but for those in frames that the tester itself made up.
pub fn exposures(events: &[Event], environment: &Environment) -> Vec<Exposure> {
    let injected: BTreeSet<&[u8]> = events
        .iter()
        .filter_map(|event| match &event.what {
            What::Action(Action::Inject { psdu, .. }) => Some(psdu.0.as_slice()),
            _ => None,
        })
        .collect();
    let mut dissector = keyless_dissector(environment);
    let mut first_sniffer: Option<&str> = None;
    let mut found: BTreeMap<(&'static str, String), (u64, u64)> = BTreeMap::new();
    let mut nodes: BTreeSet<Eui64> = BTreeSet::new();
    let mut addresses: BTreeMap<Ipv6Addr, (u64, u64)> = BTreeMap::new();
    for event in events {
        let What::Observation(Observation::Frame { sniffer, psdu, .. }) = &event.what else { continue };
        let mpdu = psdu.0.get(..psdu.0.len().saturating_sub(FCS_LENGTH)).unwrap_or_default();
        if *first_sniffer.get_or_insert(sniffer) != sniffer.as_str() || injected.contains(mpdu) {
            continue;
        }
        let dissection = dissector.frame(event.n, &psdu.0, true);
        if dissection.has_note(NoteKind::BadFcs) {
            continue;
        }
        for (kind, value) in identifiers(&dissection) {
            if let (MAC_HEADER, Ok(eui64)) = (kind, value.parse()) {
                nodes.insert(eui64);
            }
            found.entry((kind, value)).or_insert((0, event.n)).0 += 1;
        }
        for field in ["ipv6.src", "ipv6.dst"] {
            let address = dissection.text(field).and_then(|text| text.parse::<Ipv6Addr>().ok());
            if let Some(address) = address.filter(|address| !address.is_multicast() && !address.is_unspecified()) {
                addresses.entry(address).or_insert((0, event.n)).0 += 1;
            }
        }
    }
    let derived = |address: &Ipv6Addr| eui64_of(*address).is_some_and(|eui64| nodes.contains(&eui64));
    for (address, counted) in addresses {
        let kind = if derived(&address) { DERIVED } else { OTHER_ADDRESS };
        found.insert((kind, address.to_string()), counted);
    }
    found.into_iter().map(|((kind, value), (count, first))| Exposure { kind, value, count, first }).collect()
}

/// Each kind and value at most once a frame.
fn identifiers(dissection: &Dissection) -> BTreeSet<(&'static str, String)> {
    let mut all = BTreeSet::new();
    for (name, kind) in IDENTIFIERS {
        for field in dissection.fields(name) {
            let text = field.value().to_string();
            // One notation for all EUI-64s, so that the same one is counted as such.
            let text = text.parse::<Eui64>().map_or(text, |eui64| eui64.to_string());
            let cut = text.char_indices().nth(SHOWN).map_or(text.as_str(), |(at, _)| &text[..at]);
            let shown = if cut.len() < text.len() { format!("{cut}…") } else { text };
            all.insert((*kind, shown));
        }
    }
    all
}
