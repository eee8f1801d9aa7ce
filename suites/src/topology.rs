//! Topologies as a suite writes them: `line: ct lbr router dut`, `star: lbr | a b dut`, `graph: ct-lbr lbr-dut dut-tester`,
//! `grid: 5x4`.

use std::collections::VecDeque;
use std::ops::Range;

use record::station::Attachment;

use crate::plan::{Board, DUT, Role, Routing, Topology};
use crate::tree::suggest;
use crate::vocabulary::Stations;

mod grid;
mod text;

pub use text::TopologyFault;
use text::{MOST_BOARDS, Word, fault, words};

/// Names that mean something else in references.
const RESERVED: [&str; 8] = ["case", "network", "arg", "pixit", "all", "manufacturer", "owner", "stranger"];

/// Reads a topology. `dut_role` is [`Role::Router`] or [`Role::BorderRouter`]; `stations` are those that it may name.
///
/// # Errors
/// Everything that is wrong with it.
pub fn parse(text: &str, dut_role: Role, stations: &Stations) -> Result<Topology, Vec<TopologyFault>> {
    let role = |name: &str| role(name, dut_role, stations);
    let is_at_port = |word: &&Word<'_>| role(word.0) == Role::BackboneStation;
    let whole = 0..text.len();
    let Some((form, rest)) = text.split_once(':') else {
        let help = "write `line: ct lbr router dut`, `star: lbr | a b dut`, `graph: ct-lbr lbr-dut` or `grid: 5x4`";
        return Err(vec![fault(whole, "the topology has no form", help)]);
    };
    let start = form.len() + 1;
    let mut faults = Vec::new();
    // What the other forms write out, a grid derives: its names live as long as this.
    let grid = if form.trim() == "grid" { grid::read(rest, start, dut_role)? } else { grid::Grid::default() };
    let pairs: Vec<(Word<'_>, Word<'_>)>;
    let mut mentioned: Vec<Word<'_>> = Vec::new();
    match form.trim() {
        "line" => {
            mentioned = words(rest, start);
            repeated(&mentioned, &mut faults);
            // Stations before the first radio are all on its backbone.
            let ports = mentioned.iter().take_while(is_at_port).count().min(mentioned.len().saturating_sub(1));
            let linked = mentioned.iter().enumerate().zip(mentioned.iter().skip(1)).map(|((at, board), next)| {
                let next = if at < ports { mentioned.get(ports).unwrap_or(next) } else { next };
                (board.clone(), next.clone())
            });
            pairs = linked.filter(|(one, other)| one.0 != other.0).collect();
        }
        "star" => {
            let Some((hub, leaves)) = rest.split_once('|') else {
                return Err(vec![fault(whole, "a star has no `|`", "write `star: hub | leaf leaf dut`")]);
            };
            let middle = words(hub, start);
            let leaves = words(leaves, start + hub.len() + 1);
            mentioned.extend(middle.iter().cloned().chain(leaves.iter().cloned()));
            repeated(&mentioned, &mut faults);
            let hub = match middle.split_last() {
                Some((hub, ports)) if ports.iter().all(|port| is_at_port(&port)) => hub.clone(),
                _ => {
                    let help = "before `|` stands one board, or `ct` and one board";
                    return Err(vec![fault(start..start + hub.len(), "a star needs one hub", help)]);
                }
            };
            let ports = middle.split_last().map(|(_, ports)| ports).unwrap_or_default();
            let backbone = ports.iter().map(|port| (port.clone(), hub.clone()));
            pairs = backbone.chain(leaves.into_iter().map(|leaf| (hub.clone(), leaf))).collect();
        }
        "graph" => {
            let mut links: Vec<(Word<'_>, Word<'_>)> = Vec::new();
            for (word, place) in words(rest, start) {
                let Some((a, b)) = word.split_once('-') else {
                    faults.push(fault(place, format!("`{word}` is no link"), "a link is written `one-other`"));
                    continue;
                };
                let a = (a, place.start..place.start + a.len());
                let b = (b, place.end - b.len()..place.end);
                if links.iter().any(|(x, y)| (x.0, y.0) == (a.0, b.0) || (x.0, y.0) == (b.0, a.0)) {
                    faults.push(fault(place, format!("the link `{word}` stands here twice"), ""));
                    continue;
                }
                for end in [&a, &b] {
                    if !mentioned.iter().any(|(name, _)| *name == end.0) {
                        mentioned.push(end.clone());
                    }
                }
                links.push((a, b));
            }
            pairs = links;
        }
        "grid" => {
            // The text names places, not boards: what is wrong with a board is wrong with all of it.
            mentioned = grid.names.iter().map(|name| (name.as_str(), whole.clone())).collect();
            pairs = grid.links.iter().map(|&(a, b)| (mentioned[a].clone(), mentioned[b].clone())).collect();
        }
        other => {
            return Err(vec![fault(
                0..form.len(),
                format!("`{other}` is no form of topology"),
                suggest(other, ["line", "star", "graph", "grid"]),
            )]);
        }
    }
    let boards: Vec<Board> = mentioned
        .iter()
        .map(|(name, place)| {
            check_name(name, place, &mut faults);
            Board { name: (*name).to_owned(), role: role(name) }
        })
        .collect();
    let mut links = Vec::new();
    for ((a, place_a), (b, place_b)) in &pairs {
        let place = place_a.start.min(place_b.start)..place_a.end.max(place_b.end);
        let (Some(a), Some(b)) = (index(&boards, a), index(&boards, b)) else { continue };
        if a == b {
            faults.push(fault(place, format!("`{}` is linked to itself", boards[a].name), ""));
            continue;
        }
        match (boards[a].role, boards[b].role) {
            (Role::BackboneStation, Role::BorderRouter) | (Role::BorderRouter, Role::BackboneStation) => {}
            (Role::BackboneStation, _) | (_, Role::BackboneStation) => {
                let port = if boards[a].role == Role::BackboneStation { a } else { b };
                let name = &boards[port].name;
                faults.push(fault(
                    place,
                    format!("the {} has no radio: it is linked to the 6LBR alone", short(name)),
                    format!("write `{name}` next to `lbr` and to no other board"),
                ));
            }
            _ => links.push((a.min(b), a.max(b))),
        }
    }
    check_boards(&boards, &pairs, &whole, &mut faults);
    let topology = Topology { text: text.to_owned(), boards, links, routing: Routing::Tree };
    if faults.is_empty() {
        check_connected(&topology, &mentioned, &mut faults);
    }
    if faults.is_empty() { Ok(topology) } else { Err(faults) }
}

fn repeated(words: &[Word<'_>], faults: &mut Vec<TopologyFault>) {
    for (at, (name, place)) in words.iter().enumerate() {
        if words[..at].iter().any(|(earlier, _)| earlier == name) {
            let help = "each board has its own name; use the form `graph` to link one board several times";
            faults.push(fault(place.clone(), format!("`{name}` stands here twice"), help));
        }
    }
}

fn check_name(name: &str, place: &Range<usize>, faults: &mut Vec<TopologyFault>) {
    let good = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !good {
        let help = "a name is made of lower-case letters, digits and `_`, and begins with a letter";
        faults.push(fault(place.clone(), format!("`{name}` is no name for a board"), help));
    } else if RESERVED.contains(&name) {
        faults.push(fault(
            place.clone(),
            format!("`{name}` means something else in references"),
            "choose another name",
        ));
    }
}

fn role(name: &str, dut_role: Role, stations: &Stations) -> Role {
    match (name, stations.kind(name).map(|kind| kind.attachment)) {
        ("lbr", _) => Role::BorderRouter,
        (DUT, _) => dut_role,
        (_, Some(Attachment::Backbone)) => Role::BackboneStation,
        (_, Some(Attachment::Radio)) => Role::RadioStation,
        (_, None) => Role::Router,
    }
}

/// How prose calls a station: `CT`.
fn short(name: &str) -> String {
    name.to_ascii_uppercase()
}

fn index(boards: &[Board], name: &str) -> Option<usize> {
    boards.iter().position(|board| board.name == name)
}

fn check_boards(
    boards: &[Board],
    pairs: &[(Word<'_>, Word<'_>)],
    whole: &Range<usize>,
    faults: &mut Vec<TopologyFault>,
) {
    if boards.is_empty() {
        faults.push(fault(whole.clone(), "the topology has no boards", ""));
        return;
    }
    if index(boards, "dut").is_none() {
        faults.push(fault(whole.clone(), "the topology has no `dut`", "exactly one board is the device under test"));
    }
    if boards.len() > MOST_BOARDS {
        faults.push(fault(whole.clone(), format!("{} boards are more than {MOST_BOARDS}", boards.len()), ""));
    }
    let border_routers = boards.iter().filter(|board| board.role == Role::BorderRouter).count();
    if border_routers > 1 {
        let help = "with `dut_role = \"6lbr\"` the device itself is the border router: leave `lbr` out";
        faults.push(fault(whole.clone(), "the topology has two border routers", help));
    }
    for port in boards.iter().filter(|board| board.role == Role::BackboneStation) {
        let is_linked = pairs.iter().any(|(a, b)| a.0 == port.name || b.0 == port.name);
        if border_routers == 0 || !is_linked {
            let message = format!("the {} has no border router to reach the mesh by", short(&port.name));
            faults.push(fault(whole.clone(), message, format!("put `lbr` next to `{}`", port.name)));
        }
    }
}

fn check_connected(topology: &Topology, mentioned: &[Word<'_>], faults: &mut Vec<TopologyFault>) {
    let tree = tree(topology);
    for (at, board) in topology.boards.iter().enumerate() {
        let lonely = board.role.has_radio() && at != tree.root && tree.parent[at].is_none();
        if lonely {
            let place = mentioned.get(at).map_or(0..topology.text.len(), |(_, place)| place.clone());
            let root = &topology.boards[tree.root].name;
            let message = format!("`{}` has no path to `{root}`", board.name);
            faults.push(fault(place, message, "link it; a tester radio forwards nothing"));
        }
    }
}

/// The tree of routes: each board's next hop towards the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// Index of the root: the 6LBR, else the first board with firmware.
    pub root: usize,
    /// Next hop towards the root, by board index; `None` for the root, stations at the backbone and unreachable boards.
    pub parent: Vec<Option<usize>>,
    /// Boards in the order in which the search met them, the root first.
    pub order: Vec<usize>,
}

impl Tree {
    /// Every board below `board`, with the child of `board` by which it is reached.
    pub fn descendants(&self, board: usize) -> Vec<(usize, usize)> {
        self.order
            .iter()
            .filter_map(|&candidate| {
                let mut via = candidate;
                loop {
                    let above = (*self.parent.get(via)?)?;
                    if above == board {
                        return Some((candidate, via));
                    }
                    via = above;
                }
            })
            .collect()
    }
}

/// Breadth-first tree from the 6LBR; neighbours in order of mention. Tester radios are leaves.
pub fn tree(topology: &Topology) -> Tree {
    let boards = &topology.boards;
    let root = boards
        .iter()
        .position(|board| board.role == Role::BorderRouter)
        .or_else(|| boards.iter().position(|board| board.role == Role::Router))
        .unwrap_or(0);
    let mut tree = Tree { root, parent: vec![None; boards.len()], order: vec![root] };
    let mut queue = VecDeque::from([root]);
    while let Some(at) = queue.pop_front() {
        if boards.get(at).is_some_and(|board| board.role == Role::RadioStation) {
            continue;
        }
        for next in neighbours(topology, at) {
            if next != root && tree.parent[next].is_none() {
                tree.parent[next] = Some(at);
                tree.order.push(next);
                queue.push_back(next);
            }
        }
    }
    tree
}

/// Indices of the boards that hear a board, in order of mention.
pub fn neighbours(topology: &Topology, board: usize) -> Vec<usize> {
    let mut all: Vec<usize> = topology
        .links
        .iter()
        .filter_map(|&(a, b)| {
            if a == board {
                Some(b)
            } else if b == board {
                Some(a)
            } else {
                None
            }
        })
        .collect();
    all.sort_unstable();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stations() -> Stations {
        Stations::of(authenticator::Registry::default().infos())
    }

    fn good(text: &str) -> Topology {
        parse(text, Role::Router, &stations()).unwrap()
    }

    #[test]
    fn a_line_links_each_board_to_the_next_and_the_ct_to_no_radio() {
        let line = good("line: ct lbr router dut");
        assert_eq!(line.boards.iter().map(|b| b.name.as_str()).collect::<Vec<_>>(), ["ct", "lbr", "router", "dut"]);
        assert_eq!(line.boards[3].role, Role::Router);
        assert_eq!(line.links, [(1, 2), (2, 3)]);
    }

    #[test]
    fn a_star_links_every_leaf_to_its_hub() {
        let star = good("star: ct lbr | a b dut tester");
        assert_eq!(star.links, [(1, 2), (1, 3), (1, 4), (1, 5)]);
        assert_eq!(star.boards[5].role, Role::RadioStation);
        assert_eq!(good("star: lbr | dut").links, [(0, 1)]);
    }

    #[test]
    fn a_grid_links_places_side_by_side_and_one_above_the_other() {
        let grid = good("grid: 3x2");
        let names: Vec<_> = grid.boards.iter().map(|board| board.name.as_str()).collect();
        assert_eq!(names, ["ct", "lbr", "r1c2", "r1c3", "r2c1", "r2c2", "dut"]);
        assert_eq!(grid.links, [(1, 2), (1, 4), (2, 3), (2, 5), (3, 6), (4, 5), (5, 6)]);
        let inside = good("grid: 20x10 dut=r5c5 lbr=r6c10");
        assert_eq!((inside.boards.len(), inside.links.len()), (201, 19 * 10 + 20 * 9));
        assert_eq!(inside.boards[1 + 4 * 20 + 4].name, "dut");
        assert_eq!(inside.boards[1 + 5 * 20 + 9].role, Role::BorderRouter);
        let border = parse("grid: 3x1", Role::BorderRouter, &stations()).unwrap();
        assert_eq!(border.boards.iter().map(|b| b.name.as_str()).collect::<Vec<_>>(), ["ct", "dut", "r1c2", "r1c3"]);
    }

    #[test]
    fn routes_follow_a_tree_that_ends_at_testers() {
        let graph = good("graph: ct-lbr lbr-router router-dut dut-tester lbr-tester dut-far");
        let at = |name: &str| index(&graph.boards, name).unwrap();
        let tree = tree(&graph);
        assert_eq!(tree.root, at("lbr"));
        assert_eq!(tree.parent[at("dut")], Some(at("router")));
        assert_eq!(tree.parent[at("far")], Some(at("dut")));
        assert_eq!(tree.parent[at("tester")], Some(at("lbr")));
        assert_eq!(
            tree.descendants(at("lbr")),
            [
                (at("router"), at("router")),
                (at("tester"), at("tester")),
                (at("dut"), at("router")),
                (at("far"), at("router"))
            ]
        );
        assert_eq!(tree.descendants(at("dut")), [(at("far"), at("far"))]);
    }

    #[test]
    fn a_border_router_may_be_the_device_itself() {
        let topology = parse("line: ct dut router", Role::BorderRouter, &stations()).unwrap();
        assert_eq!(topology.boards[1].role, Role::BorderRouter);
        assert!(parse("line: ct lbr dut", Role::BorderRouter, &stations()).is_err());
    }

    #[test]
    fn impossible_topologies_are_refused_with_their_place() {
        for (text, message) in [
            ("ct lbr dut", "no form"),
            ("ring: lbr dut", "`ring` is no form"),
            ("line: ct lbr router", "no `dut`"),
            ("line: ct router dut", "the CT has no radio"),
            ("line: lbr ct dut", "the CT has no radio"),
            ("line: lbr dut dut", "`dut` stands here twice"),
            ("graph: lbr-dut a-b", "`a` has no path to `lbr`"),
            ("graph: lbr-tester tester-dut", "`dut` has no path to `lbr`"),
            ("graph: lbr dut", "`lbr` is no link"),
            ("graph: lbr-lbr lbr-dut", "linked to itself"),
            ("graph: lbr-dut dut-lbr", "twice"),
            ("star: lbr a dut", "no `|`"),
            ("star: lbr a | dut", "one hub"),
            ("line:", "no boards"),
            ("line: lbr Dut", "no name for a board"),
            ("line: lbr case dut", "means something else"),
            ("graph: ct-ct lbr-dut", "linked to itself"),
            ("grid: 5", "no size"),
            ("grid: 1x1", "at least two places"),
            ("grid: 90x90", "more than 400"),
            ("grid: 3x3 dut=r4c1", "no place"),
            ("grid: 3x3 dut=r1c1", "two boards"),
            ("grid: 3x3 router=r1c1", "`router=r1c1`"),
        ] {
            let faults = parse(text, Role::Router, &stations()).unwrap_err();
            assert!(faults.iter().any(|fault| fault.message.contains(message)), "{text}: {faults:?}");
            assert!(faults.iter().all(|fault| text.get(fault.place.clone()).is_some()), "{text}: {faults:?}");
        }
    }
}
