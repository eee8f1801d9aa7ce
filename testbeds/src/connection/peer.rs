//! Who the stack behind a bridge is. Anybody on the machine can send datagrams to a bridge's port: a stray one must neither come
//! onto the air nor draw the air's frames to its sender.
//!
//! The stack is whom the testbed file names; else the first that speaks well-formed datagrams of the protocol from this machine. One
//! whose socket a process of the board is seen to hold takes the place of one of whom that cannot be seen; nobody else does, until the
//! stack starts anew and comes back from another socket.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::air::Protocol;
use super::error::RadioMissing;
use super::processes;
use crate::sniffer::openthread;

/// A stack that was asked to restart may come back from another socket for so long.
const RESTARTS_WITHIN: Duration = Duration::from_secs(10);

/// The stack, as the testbed file names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// It sends from this address; from any port of it, if that is 0.
    Address(SocketAddr),
    /// It is this node of the simulation.
    Node(u16),
}

/// Those who send datagrams to a bridge.
#[derive(Debug)]
pub(super) struct Peers {
    protocol: Protocol,
    /// Of the bridge; of a simulation that of its node 0.
    port: u16,
    expected: Option<Expected>,
    /// By which processes of the board are known.
    store: PathBuf,
    peer: Option<Peer>,
    strays: u64,
    restarts_until: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
struct Peer {
    address: SocketAddr,
    /// A process of the board is seen to hold the socket.
    is_own: bool,
    /// The socket is one of this machine: that it is gone can be seen.
    is_here: bool,
}

impl Peers {
    pub(super) fn new(protocol: Protocol, port: u16, expected: Option<Expected>, store: &Path) -> Self {
        let store = store.to_owned();
        Self { protocol, port, expected, store, peer: None, strays: 0, restarts_until: None }
    }

    pub(super) fn peer(&self) -> Option<SocketAddr> {
        self.peer.map(|peer| peer.address)
    }

    /// Datagrams of others, or that were none of the protocol.
    pub(super) fn strays(&self) -> u64 {
        self.strays
    }

    pub(super) fn may_restart(&mut self) {
        self.restarts_until = Some(Instant::now() + RESTARTS_WITHIN);
    }

    /// Takes note of a datagram; whether it is the stack's.
    pub(super) fn is_peer(&mut self, from: SocketAddr, is_well_formed: bool) -> bool {
        let is_it = match self.peer {
            Some(peer) if peer.address == from => is_well_formed,
            _ => is_well_formed && self.may_be(from) && self.takes(from),
        };
        self.strays += u64::from(!is_it);
        is_it
    }

    /// Whether somebody there may be the stack at all.
    fn may_be(&self, from: SocketAddr) -> bool {
        let nodes = self.port.saturating_add(1)..self.port.saturating_add(openthread::PORTS);
        match (self.expected, self.protocol) {
            (Some(Expected::Address(expected)), _) => {
                from.ip() == expected.ip() && (expected.port() == 0 || from.port() == expected.port())
            }
            (Some(Expected::Node(node)), _) => from.ip().is_loopback() && from.port() == self.port.saturating_add(node),
            (None, Protocol::OpenThread) => from.ip().is_loopback() && nodes.contains(&from.port()),
            (None, Protocol::Zep) => from.ip().is_loopback(),
        }
    }

    /// Makes somebody the stack, if there is none yet, or that one is sure to be the right one, or has come back.
    fn takes(&mut self, from: SocketAddr) -> bool {
        let sockets = processes::sockets_at(from.port());
        let is_here = !sockets.is_empty();
        let is_restarting = self.restarts_until.is_some_and(|until| Instant::now() < until);
        let is_own = is_here && processes::hold_any(&processes::of_board(&self.store), &sockets);
        let takes = match self.peer {
            None => true,
            Some(peer) => (is_own && !peer.is_own) || (is_restarting && !is_there(peer)),
        };
        if takes {
            self.peer = Some(Peer { address: from, is_own, is_here });
        }
        takes
    }

    /// Whether the stack is there, as far as this machine can tell.
    ///
    /// # Errors
    /// What is missing.
    pub(super) fn is_connected(&self) -> Result<(), RadioMissing> {
        match (self.peer, self.protocol) {
            (Some(peer), _) if is_there(peer) => Ok(()),
            (Some(peer), _) => Err(RadioMissing::Gone(peer.address)),
            // A node binds its socket as it starts, and speaks when it likes.
            (None, Protocol::OpenThread) => {
                let nodes = self.port.saturating_add(1)..self.port.saturating_add(openthread::PORTS);
                let is_there = processes::udp_ports().into_iter().any(|port| nodes.contains(&port));
                if is_there { Ok(()) } else { Err(RadioMissing::NoNode(nodes)) }
            }
            (None, Protocol::Zep) => Err(RadioMissing::Silent),
        }
    }
}

fn is_there(peer: Peer) -> bool {
    !peer.is_here || !processes::sockets_at(peer.address.port()).is_empty()
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use super::*;

    fn peers(protocol: Protocol, port: u16, expected: Option<Expected>) -> Peers {
        Peers::new(protocol, port, expected, Path::new("/nonexistent/store"))
    }

    fn socket() -> (UdpSocket, SocketAddr) {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        (socket, address)
    }

    #[test]
    fn the_first_that_speaks_the_protocol_is_the_stack_and_stays_it() {
        let (_one, one) = socket();
        let (_other, other) = socket();
        let mut peers = peers(Protocol::Zep, 1, None);
        assert!(!peers.is_peer(other, false), "what is none of the protocol makes nobody the stack");
        assert_eq!(peers.is_connected(), Err(RadioMissing::Silent));
        assert!(peers.is_peer(one, true));
        assert!(!peers.is_peer(other, true));
        assert!(!peers.is_peer(one, false));
        assert_eq!((peers.peer(), peers.strays()), (Some(one), 3));
        assert_eq!(peers.is_connected(), Ok(()));
    }

    #[test]
    fn nobody_outside_of_this_machine_and_no_stranger_beside_a_simulation_is_the_stack() {
        let far: SocketAddr = "192.0.2.1:9035".parse().unwrap();
        assert!(!peers(Protocol::Zep, 1, None).is_peer(far, true));
        let near = |port| SocketAddr::from(([127, 0, 0, 1], port));
        for (port, is_node) in [(9000, false), (9001, true), (9033, true), (9034, false), (8999, false)] {
            assert_eq!(peers(Protocol::OpenThread, 9000, None).is_peer(near(port), true), is_node, "{port}");
        }
        let mut named = peers(Protocol::OpenThread, 9000, Some(Expected::Node(5)));
        assert!(!named.is_peer(near(9001), true) && named.is_peer(near(9005), true));
        let mut named = peers(Protocol::Zep, 1, Some(Expected::Address(far)));
        assert!(!named.is_peer(near(9035), true) && named.is_peer(far, true));
        assert_eq!(named.is_connected(), Ok(()), "of another machine nobody can tell");
    }

    #[test]
    fn a_stack_that_is_gone_is_told_and_comes_back_from_another_socket_only_if_it_was_to_restart() {
        let (one, first) = socket();
        let mut peers = peers(Protocol::Zep, 1, None);
        assert!(peers.is_peer(first, true));
        drop(one);
        let told = peers.is_connected().unwrap_err();
        assert_eq!(told.to_string(), format!("its stack is gone: nobody is at {first} any more"));
        let (_two, second) = socket();
        assert!(!peers.is_peer(second, true));
        peers.may_restart();
        assert!(peers.is_peer(second, true));
        assert_eq!((peers.peer(), peers.is_connected()), (Some(second), Ok(())));
    }

    /// The socket of this process is held by a process of the board: its environment names the board's store.
    #[test]
    fn the_board_s_own_socket_takes_the_place_of_a_stranger_that_spoke_first() {
        let folder = tempfile::tempdir().unwrap();
        let (stranger, first) = socket();
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .env("BOOTRACK_STORE", folder.path())
            .stdin(std::process::Stdio::from(std::os::fd::OwnedFd::from(stranger.try_clone().unwrap())))
            .spawn()
            .unwrap();
        let (_other, other) = socket();
        let mut peers = Peers::new(Protocol::Zep, 1, None, folder.path());
        assert!(peers.is_peer(other, true));
        let until = Instant::now() + Duration::from_secs(20);
        while processes::of_board(folder.path()).is_empty() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(peers.is_peer(first, true));
        assert!(!peers.is_peer(other, true));
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
