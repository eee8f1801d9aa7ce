//! A stream of pcap or pcapng, as Wireshark's extcap tools write it into a FIFO: each packet is handed over as soon as it is whole.

use std::fs::File;
use std::io::{Read, stdin};
use std::path::Path;
use std::sync::mpsc::Sender;

use captures::{Item, Packet, Reader};
use dissect::LinkType;

use super::{Heard, Sniffed, SnifferError, now};

pub(super) fn listen(path: &Path, sender: Sender<Sniffed>) -> Result<(), SnifferError> {
    if path == Path::new("-") {
        std::thread::spawn(move || read(stdin(), &sender));
        return Ok(());
    }
    if !path.exists() {
        return Err(SnifferError::NoFile(path.to_owned()));
    }
    let path = path.to_owned();
    // A FIFO is open when somebody writes to it.
    std::thread::spawn(move || match File::open(&path) {
        Ok(file) => read(file, &sender),
        Err(error) => drop(sender.send(Sniffed::Ended(Some(format!("{}: {error}", path.display()))))),
    });
    Ok(())
}

fn read(stream: impl Read + Send, sender: &Sender<Sniffed>) {
    let ended = |reason: Option<String>| drop(sender.send(Sniffed::Ended(reason)));
    let reader = match Reader::new(stream) {
        Ok(reader) => reader,
        Err(reason) => return ended(Some(format!("the stream {reason}"))),
    };
    let end = reader.read(|item| match item {
        Item::Packet(packet) => sender.send(heard(&packet)).is_ok(),
        Item::Lost(count) => sender.send(Sniffed::Lost(count)).is_ok(),
        Item::KeyLog(_) => true,
    });
    ended(end.broken_off.map(|reason| format!("the stream is broken: {reason}")));
}

fn heard(packet: &Packet<'_>) -> Sniffed {
    let known = packet.link_type.filter(|link_type| LinkType(*link_type).is_known());
    let Some(link_type) = known.and_then(|link_type| u16::try_from(link_type).ok()) else {
        let link_types = LinkType::KNOWN.map(|link_type| link_type.0.to_string());
        let link_type = packet.link_type.map_or_else(
            || "of an interface that the stream does not describe".to_owned(),
            |link_type| format!("of link type {link_type}"),
        );
        return Sniffed::Strange(format!(
            "packet {} is {link_type}, which is not known here (known: {})",
            packet.number,
            link_types.join(", ")
        ));
    };
    Sniffed::Heard(Heard {
        at: packet.at.unwrap_or_else(now),
        link_type,
        packet: packet.bytes.to_vec(),
        original_length: packet.original_length,
    })
}
