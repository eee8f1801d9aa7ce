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
    /// That there is none, and who has the last.
    pub(super) fn claim(holder: &str) -> Result<Self, String> {
        Self::claim_from(FIRST..FIRST + COUNT, holder)
    }

    fn claim_from(mut numbers: std::ops::Range<u16>, holder: &str) -> Result<Self, String> {
        let mut last = String::new();
        let found = numbers.find_map(|number| {
            let port = openthread::port(number)?;
            let name = format!("port offset {number} of OpenThread's simulation");
            match Claim::take([name.as_str()], holder, Duration::ZERO) {
                Ok(_claim) if is_free(port) => return Some(Ok(Self { number, port, _claim })),
                Ok(_) => last = format!("somebody has a socket at a port from {port} on"),
                Err(error @ LockError::Held { .. }) => last = error.to_string(),
                Err(error) => return Some(Err(error.to_string())),
            }
            None
        });
        found.unwrap_or_else(|| Err(format!("no port offset of OpenThread's simulation is free; of the last: {last}")))
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
        let told = PortOffset::claim_from(numbers.clone(), "a fourth run").unwrap_err();
        assert!(told.contains("port offset 1643 of OpenThread's simulation is in use by a third run"), "{told}");
        drop((first, group));
        assert_eq!(PortOffset::claim_from(numbers, "a fifth run").unwrap().number(), 1640);
    }
}
