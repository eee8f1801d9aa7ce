//! IPHC address compression (RFC 6282 sections 3.1.1 and 3.2): the twenty-odd ways to write an address, each as a mode
//! that resolves inline octets, encapsulating header and context to an address. The compressor tries modes with it too, so
//! that both directions rest on one function.

use alloc::vec::Vec;

use super::{Context, Contexts};
use crate::ipv6::Ipv6Addr;
use crate::{Error, Result};

const LINK_LOCAL_PREFIX: u128 = 0xfe80 << 112;
/// Why an address cannot be told: the context that it is compressed with is not set.
pub const UNSET_CONTEXT: Error = Error::Malformed("IPHC names a context that is not set");
/// 0000:00ff:fe00:0000, the interface identifier around a short address.
const SHORT_IDENTIFIER: u128 = 0x0000_00ff_fe00_0000;

/// SAC and SAM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SourceMode {
    /// SAC: context-based.
    pub stateful: bool,
    /// SAM, two bits.
    pub mode: u8,
}

/// M, DAC and DAM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DestinationMode {
    /// M: multicast.
    pub multicast: bool,
    /// DAC: context-based.
    pub stateful: bool,
    /// DAM, two bits.
    pub mode: u8,
}

impl SourceMode {
    /// Octets carried in-line.
    pub fn inline_len(self) -> usize {
        match (self.stateful, self.mode & 3) {
            (false, 0) => 16,
            (_, 1) => 8,
            (_, 2) => 2,
            _ => 0,
        }
    }

    /// The address behind `inline`, which has [`Self::inline_len`] octets; `elided` is the interface identifier that
    /// the encapsulating header gives.
    pub fn resolve(self, inline: &[u8], elided: [u8; 8], context: Option<&Context>) -> Result<Ipv6Addr> {
        match (self.stateful, self.mode & 3) {
            (true, 0) => Ok(Ipv6Addr::UNSPECIFIED),
            (stateful, mode) => unicast(stateful, mode, inline, elided, context),
        }
    }
}

impl DestinationMode {
    /// Octets carried in-line.
    pub fn inline_len(self) -> usize {
        match (self.multicast, self.stateful, self.mode & 3) {
            (_, false, 0) => 16,
            (false, true, 0) => 0,
            (false, _, 1) => 8,
            (false, _, 2) => 2,
            (false, _, _) => 0,
            (true, false, 1) => 6,
            (true, false, 2) => 4,
            (true, false, _) => 1,
            (true, true, 0) => 6,
            (true, true, _) => 0,
        }
    }

    /// The address behind `inline`, which has [`Self::inline_len`] octets; `elided` is the interface identifier that
    /// the encapsulating header gives.
    pub fn resolve(self, inline: &[u8], elided: [u8; 8], context: Option<&Context>) -> Result<Ipv6Addr> {
        match (self.multicast, self.stateful, self.mode & 3) {
            (false, true, 0) => Err(Error::Malformed("IPHC destination mode is reserved")),
            (false, stateful, mode) => unicast(stateful, mode, inline, elided, context),
            (true, false, _) => stateless_multicast(inline),
            (true, true, 0) => prefix_based_multicast(inline, context),
            (true, true, _) => Err(Error::Malformed("IPHC multicast mode is reserved")),
        }
    }
}

fn number(octets: &[u8]) -> u128 {
    octets.iter().fold(0, |sum, octet| sum << 8 | u128::from(*octet))
}

fn unicast(stateful: bool, mode: u8, inline: &[u8], elided: [u8; 8], context: Option<&Context>) -> Result<Ipv6Addr> {
    let identifier = match mode {
        0 => return Ok(Ipv6Addr::from_bits(number(inline))),
        1 => number(inline),
        2 => SHORT_IDENTIFIER | number(inline),
        _ => number(&elided),
    };
    if !stateful {
        return Ok(Ipv6Addr::from_bits(LINK_LOCAL_PREFIX | identifier));
    }
    let context = context.ok_or(UNSET_CONTEXT)?;
    Ok(context.complete(identifier))
}

fn stateless_multicast(inline: &[u8]) -> Result<Ipv6Addr> {
    let (scope, group) = match *inline {
        [group] => (0x02, u128::from(group)),
        [scope, ref group @ ..] if group.len() == 3 || group.len() == 5 => (scope, number(group)),
        _ => return Ok(Ipv6Addr::from_bits(number(inline))),
    };
    Ok(Ipv6Addr::from_bits(0xff << 120 | u128::from(scope) << 112 | group))
}

/// `ff__:__LL:PPPP:PPPP:PPPP:PPPP:____:____`: L and P from the context, the blanks inline (RFC 3306, RFC 3956).
fn prefix_based_multicast(inline: &[u8], context: Option<&Context>) -> Result<Ipv6Addr> {
    let context = context.ok_or(UNSET_CONTEXT)?;
    let (flags, group) = inline.split_at_checked(2).ok_or(Error::Truncated("IPHC multicast address"))?;
    let length = context.length.min(64);
    let prefix = context.prefix.to_bits() >> 64;
    Ok(Ipv6Addr::from_bits(
        0xff << 120 | number(flags) << 104 | u128::from(length) << 96 | prefix << 32 | number(group),
    ))
}

/// A compressed address: its mode, context identifier and in-line octets.
pub(super) struct Compressed<Mode> {
    pub(super) mode: Mode,
    pub(super) context_id: u8,
    pub(super) inline: Vec<u8>,
}

/// The shortest way to write `address` as a source.
pub(super) fn compress_source(address: Ipv6Addr, elided: [u8; 8], contexts: &Contexts) -> Compressed<SourceMode> {
    if address == Ipv6Addr::UNSPECIFIED {
        let mode = SourceMode { stateful: true, mode: 0 };
        return Compressed { mode, context_id: 0, inline: Vec::new() };
    }
    let found = shortest_unicast(address, elided, contexts);
    let (stateful, mode, context_id, inline) = found;
    Compressed { mode: SourceMode { stateful, mode }, context_id, inline }
}

/// The shortest way to write `address` as a destination.
pub(super) fn compress_destination(
    address: Ipv6Addr,
    elided: [u8; 8],
    contexts: &Contexts,
) -> Compressed<DestinationMode> {
    if !address.is_multicast() {
        let (stateful, mode, context_id, inline) = shortest_unicast(address, elided, contexts);
        let mode = DestinationMode { multicast: false, stateful, mode };
        return Compressed { mode, context_id, inline };
    }
    let octets = address.octets();
    let [_, scope, flags_low, .., c, d, e, f, g] = octets;
    let stateless = |mode, inline: &[u8]| {
        let mode = DestinationMode { multicast: true, stateful: false, mode };
        let same = mode.resolve(inline, elided, None) == Ok(address);
        same.then(|| Compressed { mode, context_id: 0, inline: inline.to_vec() })
    };
    let prefix_based = || {
        let mode = DestinationMode { multicast: true, stateful: true, mode: 0 };
        let inline = [scope, flags_low, d, e, f, g];
        contexts.iter().filter(|(_, context)| context.compression).find_map(|(context_id, context)| {
            let same = mode.resolve(&inline, elided, Some(context)) == Ok(address);
            same.then(|| Compressed { mode, context_id, inline: inline.to_vec() })
        })
    };
    stateless(3, &[g])
        .or_else(|| stateless(2, &[scope, e, f, g]))
        .or_else(|| stateless(1, &[scope, c, d, e, f, g]))
        .or_else(prefix_based)
        .unwrap_or_else(|| Compressed {
            mode: DestinationMode { multicast: true, stateful: false, mode: 0 },
            context_id: 0,
            inline: octets.to_vec(),
        })
}

/// Statefulness, mode, context identifier and in-line octets of the shortest form: no context before context 0 before
/// the others, which cost an octet more.
fn shortest_unicast(address: Ipv6Addr, elided: [u8; 8], contexts: &Contexts) -> (bool, u8, u8, Vec<u8>) {
    let octets = address.octets();
    let [_, _, _, _, _, _, _, _, identifier @ ..] = octets;
    let [.., high, low] = octets;
    let forms: [(u8, &[u8]); 3] = [(3, &[]), (2, &[high, low]), (1, &identifier)];
    for (mode, inline) in forms {
        if unicast(false, mode, inline, elided, None) == Ok(address) {
            return (false, mode, 0, inline.to_vec());
        }
        for (id, context) in contexts.iter().filter(|(_, context)| context.compression) {
            if unicast(true, mode, inline, elided, Some(context)) == Ok(address) {
                return (true, mode, id, inline.to_vec());
            }
        }
    }
    (false, 0, 0, octets.to_vec())
}
