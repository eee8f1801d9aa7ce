//! The radio of OpenThread's simulation: datagrams to a multicast group on the loopback interface, each the channel and a frame with
//! its FCS, which its nodes do not check. Node N sends from the group's port plus N.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::sync::mpsc::Sender;

use socket2::{Domain, Protocol, Socket, Type};

use super::{Heard, Signal, Sniffed, SnifferError, TAP, now, tap};

/// The group that all nodes send to.
pub(crate) const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 116);
const FIRST_PORT: u16 = 9000;
/// Nodes of a network, and so ports between two networks.
pub(crate) const PORTS: u16 = 34;

/// The port of a network's group.
pub(crate) fn port(offset: u16) -> Option<u16> {
    offset.checked_mul(PORTS)?.checked_add(FIRST_PORT)
}

pub(super) fn listen(offset: u16, sender: Sender<Sniffed>) -> Result<(), SnifferError> {
    let port = port(offset).ok_or(SnifferError::PortOffset(offset))?;
    let socket = join(GROUP, port).map_err(|source| SnifferError::Group { port, source })?;
    std::thread::spawn(move || {
        let mut buffer = [0; 256];
        loop {
            let sniffed = match socket.recv(&mut buffer) {
                Ok(length) => datagram(&buffer[..length]),
                Err(error) => Sniffed::Ended(Some(error.to_string())),
            };
            if sender.send(sniffed).is_err() {
                return;
            }
        }
    });
    Ok(())
}

/// A socket in the group, beside those of the nodes, which sends to loopback only.
pub(crate) fn join(local: Ipv4Addr, port: u16) -> std::io::Result<UdpSocket> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.bind(&SocketAddr::from(SocketAddrV4::new(local, port)).into())?;
    socket.join_multicast_v4(&GROUP, &Ipv4Addr::LOCALHOST)?;
    socket.set_multicast_if_v4(&Ipv4Addr::LOCALHOST)?;
    Ok(socket.into())
}

fn datagram(octets: &[u8]) -> Sniffed {
    match octets {
        [channel, frame @ ..] if (3..=127).contains(&frame.len()) => {
            let signal = Signal { channel: Some(*channel), ..Signal::default() };
            match tap(signal, true, frame) {
                Ok(packet) => Sniffed::Heard(Heard::whole(now(), TAP, packet)),
                Err(reason) => Sniffed::Strange(reason.to_string()),
            }
        }
        _ => Sniffed::Strange(format!("{} octets that are no frame of the simulation", octets.len())),
    }
}
