//! The port offset of a simulation of OpenThread. All nodes of a machine that have the same offset share an air: so a board's is
//! claimed, as boards are, until the board is gone; and one at which somebody has a socket already, who knows nothing of claims, is left
//! alone.

use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::time::Duration;

use super::lock::{Claim, LockError};
use crate::sniffer::openthread;

/// People who start nodes by hand take small offsets: those of boards are from here on, and end below the ports that Linux gives to
/// whoever asks for any.
const FIRST: u16 = 300;
const COUNT: u16 = 398;

/// Why there is no offset for a board.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OffsetError {
    /// There are none to look at.
    #[error("no port offset of OpenThread's simulation is there")]
    NoneThere,
    /// All are claimed, or have sockets: at those of the last somebody is who knows nothing of claims.
    #[error(
        "no port offset of OpenThread's simulation is free; of the last: somebody has a socket at a port from {port} on"
    )]
    Sockets {
        /// That of the group.
        port: u16,
    },
    /// All are claimed, or have sockets: the last belongs to another board.
    #[error("no port offset of OpenThread's simulation is free; of the last: {0}")]
    Held(#[source] LockError),
    /// A claim cannot be kept.
    #[error(transparent)]
    Lock(LockError),
}

/// An offset that belongs to one board until this is dropped.
#[derive(Debug)]
pub(super) struct PortOffset {
    number: u16,
    port: u16,
    _claim: Claim,
}

impl PortOffset {
    /// The first that nobody has.
    ///
    /// # Errors
    /// [`OffsetError`].
    pub(super) fn claim(holder: &str) -> Result<Self, OffsetError> {
        Self::claim_from(FIRST..FIRST + COUNT, holder)
    }

    fn claim_from(mut numbers: std::ops::Range<u16>, holder: &str) -> Result<Self, OffsetError> {
        let mut last = OffsetError::NoneThere;
        let found = numbers.find_map(|number| {
            let port = openthread::port(number)?;
            let name = format!("port offset {number} of OpenThread's simulation");
            match Claim::take([name.as_str()], holder, Duration::ZERO) {
                Ok(_claim) if is_free(port) => return Some(Ok(Self { number, port, _claim })),
                Ok(_) => last = OffsetError::Sockets { port },
                Err(error @ LockError::Held { .. }) => last = OffsetError::Held(error),
                Err(error) => return Some(Err(OffsetError::Lock(error))),
            }
            None
        });
        found.unwrap_or(Err(last))
    }

    pub(super) fn number(&self) -> u16 {
        self.number
    }

    /// That of the group, and of node 0.
    pub(super) fn port(&self) -> u16 {
        self.port
    }
}

/// Whether nobody has a socket at the ports of a simulation: without `SO_REUSEADDR` a second one cannot be had.
fn is_free(port: u16) -> bool {
    (port..port.saturating_add(openthread::PORTS))
        .all(|port| UdpSocket::bind(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, port)).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_belongs_to_one_board_and_one_where_somebody_is_to_none() {
        // Of the tests alone.
        let numbers = 1640..1644;
        let first = PortOffset::claim_from(numbers.clone(), "one run").unwrap();
        let second = PortOffset::claim_from(numbers.clone(), "another run").unwrap();
        assert_eq!((first.number(), second.number()), (1640, 1641));
        // A node that somebody started by hand, who knows nothing of claims: the group is joined, or a node has its port.
        let group = openthread::join(Ipv4Addr::UNSPECIFIED, openthread::port(1642).unwrap()).unwrap();
        let third = PortOffset::claim_from(numbers.clone(), "a third run").unwrap();
        assert_eq!(third.number(), 1643);
        let told = PortOffset::claim_from(numbers.clone(), "a fourth run").unwrap_err().to_string();
        assert!(told.contains("port offset 1643 of OpenThread's simulation is in use by a third run"), "{told}");
        drop((first, group));
        assert_eq!(PortOffset::claim_from(numbers, "a fifth run").unwrap().number(), 1640);
    }
}
