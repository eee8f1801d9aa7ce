//! What a board outside of this process lacks: the parts that it is made of, or its radio.

use std::net::SocketAddr;
use std::ops::Range;
use std::path::PathBuf;

/// What a board is made of that is not on this machine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotReady {
    /// The program of a board that is one.
    #[error("there is no program {}: the path is seen from where bootrack is called", .0.display())]
    Program(PathBuf),
    /// The firmware of an emulated board.
    #[error("there is no firmware at {}: ./ci/firmware builds it", .0.display())]
    Firmware(PathBuf),
}

/// Why the radio of a board is not connected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RadioMissing {
    /// A board without power has none.
    #[error("it has no power")]
    NoPower,
    /// Its program has not connected to the radio link.
    #[error("nobody is connected to its socket BOOTRACK_RADIO")]
    NotConnected,
    /// Its stack has never spoken at its bridge.
    #[error("no ZEP datagram of its stack has come")]
    Silent,
    /// No node of its simulation has a socket.
    #[error("no node of its simulation is at the ports {} to {}", .0.start, .0.end - 1)]
    NoNode(Range<u16>),
    /// Its stack was there.
    #[error("its stack is gone: nobody is at {0} any more")]
    Gone(SocketAddr),
}
