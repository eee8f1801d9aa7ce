//! Bringing boards up: manufacture, installation with routes over the tree, the wired factory channel, power.

use std::time::Duration;

use super::kind::{Argument, ArgumentKind, Arguments, Expansion, Procedure};
use super::write::{all, check, event, is, look, order, power, refers, ut};
use crate::credentials::{FLAW_WORDS, Flaw, PIECES};
use crate::images::IMAGE_WORDS;
use crate::liberties::Trigger;
use crate::plan::{Command, Constraint, DUT, Expect, Match, Operand, Point, Role, StepKind, Topology};
use crate::topology::{Tree, neighbours, tree};

/// How long a board may take to get its address, and to mark its links.
const UP_WITHIN: Duration = Duration::from_secs(30);

/// The name that `come_back` binds a frame to, and the field of it that it looks at.
const BEFORE_RESET: &str = "come_back_before";
const COUNTER: &str = "wpan.aux_sec.frame_counter";

const ANCHOR: Argument = Argument {
    name: "anchor",
    doc: "the trust anchor that the manufacturer puts into the board",
    kind: ArgumentKind::Choice(ANCHORS),
    default: Some("psk"),
};

/// Pre-shared key; raw key pair; key pair with certificate; the last two with a root by which the commissioning tool has to
/// prove itself too.
const ANCHORS: &[&str] = &["psk", "rpk", "rpk-mutual", "cert", "cert-mutual"];

const CERTIFICATE: Argument = Argument {
    name: "certificate",
    doc: "with anchor cert: what is wrong with the device's certificate",
    kind: ArgumentKind::Choice(FLAW_WORDS),
    default: Some("good"),
};

const TRIGGER: Argument = Argument {
    name: "trigger",
    doc: "when the board sends its first join request: after boot, when it is told to, or, of the device, as its PIXIT states",
    kind: ArgumentKind::Choice(&["stated", "boot", "selection"]),
    default: Some("stated"),
};

const FIND: Argument = Argument {
    name: "find",
    doc: "how the board finds the CT: its address is configured, or the board asks",
    kind: ArgumentKind::Choice(&["configured", "multicast", "dns-sd", "directory"]),
    default: Some("configured"),
};

const LINKED: Argument = Argument {
    name: "linked",
    doc: "secured neighbours: wait until the links to them are marked secured",
    kind: ArgumentKind::Boards,
    default: Some(""),
};

const BOARD: Argument = Argument { name: "board", doc: "the board", kind: ArgumentKind::Board, default: None };

const BOARDS: Argument =
    Argument { name: "board", doc: "the board, or several", kind: ArgumentKind::Boards, default: None };

pub(super) const PREPARE: Procedure = Procedure {
    name: "prepare",
    doc: "Manufactures and installs boards: trust anchor, role, channel, PAN, address of the CT, parent and routes \
          over the tree of the topology. Leaves them switched off: power-on starts their stack.",
    arguments: &[BOARDS, ANCHOR, CERTIFICATE, TRIGGER, FIND],
    expand: |topology, arguments| {
        let mut steps = Vec::new();
        for board in arguments.boards("board") {
            steps.push(power(board, true));
            steps.extend(manufacture(topology, board, arguments));
            steps.extend(install_finding(topology, board, trigger(board, arguments), arguments.text("find"))?);
            steps.push(power(board, false));
        }
        Ok(steps)
    },
};

pub(super) const MANUFACTURE: Procedure = Procedure {
    name: "manufacture",
    doc: "Puts the trust anchor into boards, as the factory does. Leaves them switched off.",
    arguments: &[BOARDS, ANCHOR, CERTIFICATE],
    expand: |topology, arguments| {
        let mut steps = Vec::new();
        for board in arguments.boards("board") {
            steps.push(power(board, true));
            steps.extend(manufacture(topology, board, arguments));
            steps.push(power(board, false));
        }
        Ok(steps)
    },
};

pub(super) const INSTALL: Procedure = Procedure {
    name: "install",
    doc: "Installs manufactured boards: role, channel, PAN, address of the CT, parent and routes over the tree of the \
          topology. Leaves them switched off: power-on starts their stack.",
    arguments: &[BOARDS, TRIGGER],
    expand: |topology, arguments| {
        let mut steps = Vec::new();
        for board in arguments.boards("board") {
            steps.push(power(board, true));
            steps.extend(install(topology, board, trigger(board, arguments))?);
            steps.push(power(board, false));
        }
        Ok(steps)
    },
};

pub(super) const PREPARE_NETWORK: Procedure = Procedure {
    name: "prepare_network",
    doc: "Prepares every reference board (all but the device and tester radios), makes those named in `secured` secured \
          routers by the wired factory channel, switches each on, the 6LBR first and outwards, and waits until it has \
          its address and secured neighbours have marked their links. The device is left as it is.",
    arguments: &[Argument {
        name: "secured",
        doc: "reference boards that hold the network key from the start",
        kind: ArgumentKind::Boards,
        default: Some(""),
    }],
    expand: |topology, arguments| {
        let secured = arguments.boards("secured");
        if secured.iter().any(|name| name == "dut") {
            let help = "use the procedure `provisioned` for the device".to_owned();
            return Err(("`prepare_network` leaves the device as it is".to_owned(), help));
        }
        let tree = tree(topology);
        // Outwards from the root; boards that only the device connects come up when it does, so nothing waits for them.
        let order: Vec<usize> = tree.order.iter().copied().filter(|&at| is_reference(topology, at)).collect();
        let mut steps = Vec::new();
        for &at in &order {
            let name = &topology.boards[at].name;
            steps.push(power(name, true));
            steps.push(ut(name, format!("manufacture anchor=psk psk=${name}.psk")));
            steps.extend(install(topology, name, trigger(name, arguments))?);
            if secured.contains(name) {
                steps.push(provision(name, arguments));
            }
            steps.push(power(name, false));
        }
        let mut up: Vec<usize> = Vec::new();
        for &at in &order {
            let name = &topology.boards[at].name;
            steps.push(power(name, true));
            let behind_the_device = behind_the_device(topology, &tree, at);
            let mut awaited = Vec::new();
            if !behind_the_device {
                awaited.push(event(name, "address", UP_WITHIN, Vec::new()));
            }
            if secured.contains(name) {
                for &other in up.iter().filter(|other| neighbours(topology, at).contains(other)) {
                    let other = &topology.boards[other].name;
                    if secured.contains(other) {
                        awaited.push(event(
                            name,
                            "link_secured",
                            UP_WITHIN,
                            vec![refers("ut.neighbour", other, "eui64")],
                        ));
                    }
                }
            }
            steps.extend(all(awaited));
            up.push(at);
        }
        if steps.is_empty() {
            let help = "leave the step out".to_owned();
            return Err(("the topology has no reference board to prepare".to_owned(), help));
        }
        Ok(steps)
    },
};

pub(super) const RUNNING: Procedure = Procedure {
    name: "running",
    doc: "Prepares a board, switches it on and waits until it has its address: an unsecured router that runs. The \
          network it joins must be up.",
    arguments: &[BOARD, ANCHOR, CERTIFICATE, TRIGGER],
    expand: |topology, arguments| {
        let board = arguments.board("board");
        let mut steps = vec![power(board, true)];
        steps.extend(manufacture(topology, board, arguments));
        steps.extend(install(topology, board, trigger(board, arguments))?);
        steps.push(power(board, false));
        steps.push(power(board, true));
        if arguments.text("anchor") == Some("cert-mutual") {
            steps.push(ut(board, "clock now=$case.today"));
        }
        if has_prefix(topology) {
            steps.extend(all(vec![event(board, "address", UP_WITHIN, Vec::new())]));
        }
        Ok(steps)
    },
};

pub(super) const PROVISIONED: Procedure = Procedure {
    name: "provisioned",
    doc: "Prepares a board, gives it the network key by the wired factory channel, switches it on and waits until it \
          has its address: a secured router that runs. The network it joins must be up.",
    arguments: &[BOARD, LINKED],
    expand: |topology, arguments| {
        let board = arguments.board("board");
        let mut steps = vec![power(board, true), ut(board, format!("manufacture anchor=psk psk=${board}.psk"))];
        steps.extend(install(topology, board, trigger(board, arguments))?);
        steps.push(provision(board, arguments));
        steps.push(power(board, false));
        steps.push(power(board, true));
        let mut awaited = Vec::new();
        if has_prefix(topology) {
            awaited.push(event(board, "address", UP_WITHIN, Vec::new()));
        }
        awaited.extend(linked(board, arguments.boards("linked"), UP_WITHIN));
        steps.extend(all(awaited));
        Ok(steps)
    },
};

pub(super) const COME_BACK: Procedure = Procedure {
    name: "come_back",
    doc: "Resets a board that holds the network key, and waits until it has its address again and holds the key still, \
          with `closed` ALL_SECURED too, with `marked_by` as a neighbour whose link is marked and whose frame counter goes \
          on. A case whose body resets the board shows by it first that a reset alone loses nothing: what outlives a \
          reboot is of the profile.",
    arguments: &[
        BOARD,
        Argument {
            name: "closed",
            doc: "whether ALL_SECURED must be true still",
            kind: ArgumentKind::Flag,
            default: Some("false"),
        },
        Argument {
            name: "marked_by",
            doc: "neighbours at which the link to the board must be marked secured, before and after",
            kind: ArgumentKind::Boards,
            default: Some(""),
        },
    ],
    expand: |topology, arguments| {
        let board = arguments.board("board");
        let mut steps = Vec::new();
        let mut awaited = Vec::new();
        if let Some(neighbour) = arguments.boards("marked_by").first() {
            steps.push(ut(board, format!("echo dest=${neighbour}.link_local")));
            let secured = vec![constrained("link.secured", Constraint::Equals(Operand::Number(1)))];
            let before = look(Point::Air, "icmpv6.echo_request", Some(board), UP_WITHIN, secured);
            steps.push(StepKind::Expect(Expect { bind: Some(BEFORE_RESET.to_owned()), ..before }));
            // Its first SSR, not any: a counter that began anew passes the old one in time.
            let goes_on = Operand::Reference { name: BEFORE_RESET.to_owned(), field: COUNTER.to_owned(), offset: 1 };
            let goes_on = Constraint::Range { min: Some(goes_on), max: None };
            let fresh = vec![constrained(COUNTER, goes_on)];
            let after = look(Point::Air, "sel.ssr", Some(board), UP_WITHIN, fresh);
            awaited.push(Expect { search: false, ..after });
        }
        steps.push(StepKind::Do(Command::Reset { board: board.to_owned() }));
        if has_prefix(topology) {
            awaited.push(event(board, "address", UP_WITHIN, Vec::new()));
        }
        steps.extend(all(awaited));
        let mut matches = vec![is("ut.secured", "1")];
        if arguments.flag("closed") {
            matches.push(is("ut.all_secured", "1"));
        }
        steps.push(check(board, "status", matches));
        if !arguments.boards("marked_by").is_empty() {
            steps.push(StepKind::Wait { duration: arguments.liberties().ssr_within });
        }
        for neighbour in arguments.boards("marked_by") {
            steps.push(check(neighbour, format!("link neighbour=${board}.eui64"), vec![is("ut.secured", "1")]));
        }
        Ok(steps)
    },
};

pub(super) const LOAD_IMAGE: Procedure = Procedure {
    name: "load_image",
    doc: "Hands a software image to a board, piece by piece; `update` then has the board take it or refuse it.",
    arguments: &[
        BOARD,
        Argument {
            name: "image",
            doc: "Which one: `newer` or `newest` than the shipped one, `damaged`, `forged` by a stranger, or for a `foreign` \
                  class of devices.",
            kind: ArgumentKind::Choice(IMAGE_WORDS),
            default: None,
        },
    ],
    expand: |_, arguments| {
        let (board, image) = (arguments.board("board"), arguments.text("image").unwrap_or("newer"));
        Ok((0..PIECES).map(|piece| ut(board, format!("image data=${board}.image_{image}.{piece}"))).collect())
    },
};

/// Awaits `link_secured` of a board for each of `others`.
pub(super) fn linked(board: &str, others: &[String], within: Duration) -> Vec<crate::plan::Expect> {
    others
        .iter()
        .map(|other| event(board, "link_secured", within, vec![refers("ut.neighbour", other, "eui64")]))
        .collect()
}

/// The trust anchor of a board, and its entry in the manufacturer's list of the commissioning tool (`SEL` 5.4).
fn manufacture(topology: &Topology, board: &str, arguments: &Arguments) -> Vec<StepKind> {
    let anchor = arguments.text("anchor").unwrap_or("psk");
    let (kind, is_mutual) = match anchor.strip_suffix("-mutual") {
        Some(kind) => (kind, true),
        None => (anchor, false),
    };
    let is_certified = kind == "cert";
    let mut steps = Vec::new();
    let mut part = |part: &str, value: String| {
        steps.push(ut(board, format!("credential part={part} data={value}")));
    };
    if kind == "psk" {
        return vec![ut(board, format!("manufacture anchor=psk psk=${board}.psk"))];
    }
    let pieces = |property: &str| (0..PIECES).map(|piece| format!("{property}.{piece}")).collect::<Vec<_>>();
    part("key", format!("${board}.private_key"));
    if is_certified {
        let flaw = arguments.text("certificate").unwrap_or("good");
        let field = Flaw::ALL.into_iter().find(|known| known.word() == flaw).map_or("certificate", Flaw::field);
        pieces(&format!("${board}.{field}")).into_iter().for_each(|piece| part("certificate", piece));
        let issuer = if flaw == "foreign" { "$stranger.issuing" } else { "$manufacturer.issuing" };
        pieces(issuer).into_iter().for_each(|piece| part("issuer", piece));
    }
    match (is_mutual, is_certified) {
        (true, true) => pieces("$owner.certificate").into_iter().for_each(|piece| part("root", piece)),
        (true, false) => part("root", "$ct.public_key".to_owned()),
        (false, _) => {}
    }
    steps.push(ut(board, format!("manufacture anchor={kind}")));
    if topology.boards.iter().any(|board| board.name == "ct") {
        let entry =
            if is_certified { "root=$manufacturer.certificate" } else { &format!("public_key=${board}.public_key") };
        steps.push(order("ct", format!("anchor eui64=${board}.eui64 {entry}")));
        if is_certified {
            steps.push(order("ct", "clock now=$case.today"));
        }
        match (is_mutual, is_certified) {
            (true, true) => {
                let chain = "certificate=$ct.certificate issuer=$owner.issuing";
                steps.push(order("ct", format!("identity key=$ct.private_key {chain}")));
            }
            (true, false) => steps.push(order("ct", "identity key=$ct.private_key")),
            (false, _) => {}
        }
    }
    steps
}

fn provision(board: &str, arguments: &Arguments) -> StepKind {
    ut(board, format!("provision key=$network.key index=1 level={}", arguments.liberties().security_level))
}

/// What makes a board send its first join request: what the suite says, else of the device what its PIXIT states.
pub(super) fn trigger(board: &str, arguments: &Arguments) -> Trigger {
    match arguments.text("trigger") {
        Some("selection") => Trigger::Selection,
        Some("boot") => Trigger::Boot,
        _ if board == DUT => arguments.liberties().trigger,
        _ => Trigger::Boot,
    }
}

/// `install` with the parent, then a host route for every board below.
pub(super) fn install(topology: &Topology, board: &str, trigger: Trigger) -> Expansion {
    install_finding(topology, board, trigger, None)
}

/// As [`install`]; `find` says how the board finds the CT.
fn install_finding(topology: &Topology, board: &str, trigger: Trigger, find: Option<&str>) -> Expansion {
    let tree = tree(topology);
    let Some(at) = topology.boards.iter().position(|candidate| candidate.name == board) else {
        return Err((format!("no board `{board}`"), String::new()));
    };
    let role = if topology.boards[at].role == Role::BorderRouter { "6lbr" } else { "6lr" };
    let tool = match find {
        Some("multicast") => "find=multicast",
        Some("dns-sd") => "find=dns-sd server=$ct.dns",
        Some("directory") => "find=directory server=$ct.directory",
        _ => "ct=$ct.address",
    };
    let mut line = format!("install role={role} channel=$case.channel pan_id=$case.pan_id {tool}");
    let is_tree = topology.routing.is_tree();
    if !is_tree {
        line.push_str(" routing=rpl");
    }
    if let Some(parent) = tree.parent[at].filter(|_| is_tree) {
        line.push_str(&format!(" parent=${}.eui64", topology.boards[parent].name));
    }
    // `boot` is what is meant without a word.
    if trigger == Trigger::Selection {
        line.push_str(&format!(" trigger={}", trigger.name()));
    }
    let mut steps = vec![ut(board, line)];
    for (descendant, via) in tree.descendants(at).into_iter().filter(|_| is_tree) {
        let (descendant, via) = (&topology.boards[descendant].name, &topology.boards[via].name);
        steps.push(ut(board, format!("route dest=${descendant}.eui64 via=${via}.eui64")));
    }
    Ok(steps)
}

fn constrained(field: &str, constraint: Constraint) -> Match {
    Match { field: field.to_owned(), constraint }
}

fn is_reference(topology: &Topology, at: usize) -> bool {
    let board = &topology.boards[at];
    board.name != DUT && board.role.has_firmware()
}

fn behind_the_device(topology: &Topology, tree: &Tree, at: usize) -> bool {
    let mut above = Some(at);
    while let Some(board) = above {
        if topology.boards[board].name == "dut" {
            return true;
        }
        above = tree.parent[board];
    }
    false
}

/// Whether a 6LBR hands out a prefix, so that there is an address to wait for.
fn has_prefix(topology: &Topology) -> bool {
    topology.boards.iter().any(|board| board.role == Role::BorderRouter)
}
