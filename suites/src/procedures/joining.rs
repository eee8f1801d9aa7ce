//! The commissioning tool's part: securing a device, closing the network.

use std::time::Duration;

use super::boards::linked;
use super::kind::{Argument, ArgumentKind, Arguments, Procedure};
use super::write::{all, event, is, look, order, order_within, power, refers};
use crate::liberties::Liberties;
use crate::plan::{Point, StepKind, Topology};

/// How long a join request may be under way, over whatever hops.
const REQUEST_UNDER_WAY: Duration = Duration::from_secs(15);

/// The tool's request for ALL_SECURED, over a session of its own.
const CLOSED_WITHIN: Duration = Duration::from_secs(20);

const BOARD: Argument =
    Argument { name: "board", doc: "the board that is to be secured", kind: ArgumentKind::Board, default: Some("dut") };

const LINKED: Argument = Argument {
    name: "linked",
    doc: "secured neighbours: wait until the links to them are marked secured",
    kind: ArgumentKind::Boards,
    default: Some(""),
};

pub(super) const JOIN: Procedure = Procedure {
    name: "join",
    doc: "Switches a prepared board on, waits for its join request at the CT, has the CT select it, and waits until it \
          holds the key and has sent a set secure request.",
    arguments: &[BOARD, LINKED],
    expand: |topology, arguments| {
        needs_ct(topology, "join")?;
        let board = arguments.board("board");
        let Liberties { jsr_within, .. } = arguments.liberties();
        let requested_within = jsr_within + REQUEST_UNDER_WAY;
        let of_board = vec![refers("sel.eui64", board, "eui64")];
        let request = look(Point::Backbone, "sel.jsr", None, requested_within, of_board);
        let keyed_within = keyed_within(arguments);
        let set_secure = look(Point::Air, "sel.ssr", Some(board), keyed_within, Vec::new());
        let mut awaited = vec![event(board, "keyed", keyed_within, Vec::new()), set_secure];
        awaited.extend(linked(board, arguments.boards("linked"), keyed_within));
        let mut steps =
            vec![power(board, true), StepKind::Expect(request), select(board, arguments.liberties().handshake_within)];
        steps.extend(all(awaited));
        Ok(steps)
    },
};

pub(super) const SECURE: Procedure = Procedure {
    name: "secure",
    doc: "Has the CT select a running board whose join request it has or will get, and waits until the board holds the \
          key.",
    arguments: &[BOARD, LINKED],
    expand: |topology, arguments| {
        needs_ct(topology, "secure")?;
        let board = arguments.board("board");
        let keyed_within = keyed_within(arguments);
        let mut awaited = vec![event(board, "keyed", keyed_within, Vec::new())];
        awaited.extend(linked(board, arguments.boards("linked"), keyed_within));
        let Liberties { jsr_within, handshake_within, .. } = arguments.liberties();
        let mut steps = vec![select(board, jsr_within + handshake_within)];
        steps.extend(all(awaited));
        Ok(steps)
    },
};

pub(super) const CLOSE_NETWORK: Procedure = Procedure {
    name: "close_network",
    doc: "Has the CT close the network, and waits until the named boards have ALL_SECURED true.",
    arguments: &[Argument {
        name: "board",
        doc: "boards that must have taken the close",
        kind: ArgumentKind::Boards,
        default: Some("dut"),
    }],
    expand: |topology, arguments| {
        needs_ct(topology, "close_network")?;
        let mut steps = vec![order("ct", "close")];
        let closed_within = CLOSED_WITHIN.max(arguments.liberties().handshake_within);
        let closed = |board: &String| event(board, "all_secured", closed_within, vec![is("ut.value", "1")]);
        steps.extend(all(arguments.boards("board").iter().map(closed).collect()));
        Ok(steps)
    },
};

/// The selection of a board whose join request was seen, or is the first one: the tool need not wait for another.
fn select(board: &str, within: Duration) -> StepKind {
    order_within("ct", format!("select ${board}.eui64"), within)
}

/// From the tool's selection until the board holds the key, and its neighbours know: a handshake with its
/// retransmissions, and the set secure requests after it.
fn keyed_within(arguments: &Arguments) -> Duration {
    let Liberties { handshake_within, ssr_within, .. } = arguments.liberties();
    handshake_within + ssr_within
}

pub(super) fn needs_ct(topology: &Topology, name: &str) -> Result<(), (String, String)> {
    if topology.boards.iter().any(|board| board.name == "ct") {
        return Ok(());
    }
    let message = format!("`{name}` needs a commissioning tool, the topology `{}` has none", topology.text);
    Err((message, "put `ct` next to `lbr`".to_owned()))
}
