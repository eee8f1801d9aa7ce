//! Whole networks: every board secured by the CT in a given order, and every board reached from the CT.

use std::time::Duration;

use super::boards::{install, trigger};
use super::joining::needs_ct;
use super::kind::{Argument, ArgumentKind, Procedure};
use super::write::{event, order as ct_order, order_within, power, ut};
use crate::plan::{StepKind, Topology};
use crate::topology::tree;

/// Over links that lose frames a solicitation is repeated several times, each time later.
const UP_WITHIN: Duration = Duration::from_secs(300);

/// As long as the CT may take to secure one of many.
const KEYED_WITHIN: Duration = Duration::from_secs(600);

pub(super) const COMMISSION: Procedure = Procedure {
    name: "commission",
    doc: "Manufactures and installs every board that is no tester radio, the device too, switches each on, the 6LBR \
          first and outwards, and waits for its address: a network of unsecured routers. Then has the CT secure one \
          after the other in the given order, whatever lies between it and the CT.",
    arguments: &[Argument {
        name: "order",
        doc: "all these boards joined by `-`, or `shuffleN` for the N-th random order, always the same",
        kind: ArgumentKind::Order,
        default: None,
    }],
    expand: |topology, arguments| {
        needs_ct(topology, "commission")?;
        let order = order(topology, arguments.text("order").unwrap_or_default())?;
        let outwards: Vec<&String> = tree(topology)
            .order
            .into_iter()
            .filter(|&at| has_firmware(topology, at))
            .map(|at| &topology.boards[at].name)
            .collect();
        let mut steps = Vec::new();
        for &name in &outwards {
            steps.push(power(name, true));
            steps.push(ut(name, format!("manufacture anchor=psk psk=${name}.psk")));
            steps.extend(install(topology, name, trigger(name, arguments))?);
            steps.push(power(name, false));
        }
        for &name in &outwards {
            steps.push(power(name, true));
            steps.push(StepKind::Expect(event(name, "address", UP_WITHIN, Vec::new())));
        }
        for name in &order {
            // Longer than a selection of a neighbour: on its way through a network a join request may be lost, and the next one too.
            steps.push(order_within("ct", format!("select ${name}.eui64"), KEYED_WITHIN));
            steps.push(StepKind::Expect(event(name, "keyed", KEYED_WITHIN, Vec::new())));
        }
        Ok(steps)
    },
};

pub(super) const REACH: Procedure = Procedure {
    name: "reach",
    doc: "Has the CT send echo requests to boards, one after the other, until each has answered: the way there and back \
          is open.",
    arguments: &[Argument { name: "board", doc: "the board, or several", kind: ArgumentKind::Boards, default: None }],
    expand: |topology, arguments| {
        needs_ct(topology, "reach")?;
        Ok(arguments.boards("board").iter().map(|name| ct_order("ct", format!("reach ${name}.eui64"))).collect())
    },
};

/// Boards with firmware: what can be secured.
fn has_firmware(topology: &Topology, at: usize) -> bool {
    topology.boards[at].role.has_firmware()
}

/// The boards of a topology in the order that a text stands for: names joined by `-`, each board once, or `shuffleN`.
///
/// # Errors
/// What is wrong with the text, and what to do.
pub(super) fn order(topology: &Topology, text: &str) -> Result<Vec<String>, (String, String)> {
    let all: Vec<String> = (0..topology.boards.len())
        .filter(|&at| has_firmware(topology, at))
        .map(|at| topology.boards[at].name.clone())
        .collect();
    if let Some(number) = text.strip_prefix("shuffle").and_then(|number| number.parse().ok()) {
        return Ok(shuffled(all, number));
    }
    let named: Vec<String> = text.split('-').map(str::to_owned).collect();
    let help = || format!("each of {} once, joined by `-`, or `shuffle1`", all.join(", "));
    if let Some(unknown) = named.iter().find(|name| !all.contains(name)) {
        return Err((format!("`{unknown}` is no board that can be secured"), help()));
    }
    if let Some(missing) = all.iter().find(|name| named.iter().filter(|other| other == name).count() != 1) {
        return Err((format!("`{missing}` does not stand exactly once in the order `{text}`"), help()));
    }
    Ok(named)
}

/// The `number`-th order of `names`: Fisher and Yates over SplitMix64, so that a row means the same for ever.
fn shuffled(mut names: Vec<String>, number: u64) -> Vec<String> {
    let mut state = number;
    let mut draw = |below: usize| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % u64::try_from(below).unwrap_or(1).max(1)).unwrap_or(0)
    };
    for last in (1..names.len()).rev() {
        let other = draw(last + 1);
        names.swap(last, other);
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Role;
    use crate::topology::parse;
    use crate::vocabulary::Stations;

    fn stations() -> Stations {
        Stations::of(authenticator::Registry::default().infos())
    }

    #[test]
    fn an_order_names_every_board_once() {
        let line = parse("line: ct lbr a dut", Role::Router, &stations()).unwrap();
        assert_eq!(order(&line, "dut-a-lbr").unwrap(), ["dut", "a", "lbr"]);
        for (text, message) in [("dut-a", "`lbr`"), ("dut-a-a-lbr", "`a`"), ("ct-dut-a-lbr", "`ct`"), ("", "``")] {
            let (said, help) = order(&line, text).unwrap_err();
            assert!(said.contains(message) && help.contains("lbr, a, dut"), "{text}: {said}");
        }
    }

    #[test]
    fn shuffles_differ_and_stay_the_same() {
        let star = parse("star: ct lbr | a b c d e dut", Role::Router, &stations()).unwrap();
        let orders: Vec<_> = (1..=20).map(|number| order(&star, &format!("shuffle{number}")).unwrap()).collect();
        assert_eq!(orders[0], order(&star, "shuffle1").unwrap());
        let distinct: std::collections::BTreeSet<_> = orders.iter().collect();
        assert!(distinct.len() > 15, "{distinct:?}");
    }
}
