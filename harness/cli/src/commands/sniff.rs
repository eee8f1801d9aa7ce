//! `bootrack sniff`: listens to a sniffer, shows each frame in a line, and keeps a capture.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use dissect::{Captured, Dissection, Dissector, Keys, LinkType};
use record::pcapng::{Direction, PcapNg};
use testbeds::sniffer::{Heard, Sniffed, Source};

use crate::arguments::Sniff;
use crate::commands::clock::Clock;
use crate::commands::frame_end::Tally;
use crate::commands::key_file;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, say};

/// Without `--for` a sniffer is listened to as long as there are years.
const FOR_EVER: Duration = Duration::from_secs(1 << 30);

pub(crate) fn sniff(arguments: &Sniff) -> Result<Exit, Failure> {
    let mut source = arguments.source.clone();
    match (&mut source, arguments.dispatcher) {
        (Source::Zep { dispatcher, .. }, Some(wanted)) => *dispatcher = Some(wanted),
        (_, Some(_)) => return Err(Failure::usage("only ZEP has a dispatcher: the sniffer is `zep` then")),
        _ => {}
    }
    match (&mut source, arguments.channel) {
        (Source::Nrf { channel, .. } | Source::Board { channel, .. }, Some(wanted)) => *channel = wanted,
        (_, Some(_)) => {
            return Err(Failure::usage(
                "only sniffers of kinds `nrf` and `board` are told a channel: others hear what they hear",
            ));
        }
        _ => {}
    }
    let mut dissector = Dissector::new(Keys::new());
    if let Some(path) = &arguments.keys {
        key_file::add_keys(&mut dissector, path)?;
    }
    dissector.set_trailer(arguments.fcs.trailer());
    dissector.set_heuristics(true);
    let heard = source.open().map_err(|error| Failure::usage(error.to_string()))?;
    // Who sees the file knows that the sniffer is listened to.
    let mut writer = arguments.write.as_deref().map(|path| Writer::create(path, &source)).transpose()?;
    let until = Instant::now() + arguments.seconds.map_or(FOR_EVER, |seconds| Duration::from_secs(seconds.into()));
    let most = arguments.count.unwrap_or(u64::MAX);
    let (mut frames, mut lost, mut strange) = (0, 0, 0);
    let (mut reason, mut clock, mut tally) = (None, Clock::default(), Tally::default());
    // Packets that the sniffer handed over: frames, and what has none in it.
    let mut packets = 0;
    let mut dissection = Dissection::default();
    while frames < most {
        match heard.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(Sniffed::Heard(heard)) => {
                packets += 1;
                let link_type = LinkType(heard.link_type.into());
                let (bytes, original_length) = (heard.packet.as_slice(), heard.original_length);
                let captured = Captured { number: packets, link_type, bytes, original_length };
                dissector.set_time(Some(Duration::from_nanos(heard.at)));
                dissector.captured_into(&mut dissection, &captured);
                if !link_type.is_ieee802154() && !dissection.has_layer("wpan") {
                    strange += 1;
                    say!("  ! packet {packets} of link type {} has no frame of IEEE 802.15.4 in it", link_type.0);
                    continue;
                }
                frames += 1;
                tally.see(&dissection);
                if let Some(writer) = &mut writer {
                    writer.packet(&heard)?;
                }
                let (seconds, fraction) = (heard.at / 1_000_000_000, heard.at % 1_000_000_000 / 1000);
                say!(
                    "{seconds}.{fraction:06}  Frame {frames}: {} octets{}",
                    bytes.len(),
                    dissect::summary(&dissection)
                );
                if let Some(remark) = clock.see(Some(heard.at)) {
                    say!("  ! {remark}");
                }
                for note in &dissection.notes {
                    say!("  ! {}: {}", note.layer, note.text);
                }
            }
            Ok(Sniffed::Lost(count)) => {
                lost += count;
                say!("  ! {count} frames were lost by the sniffer's count");
            }
            Ok(Sniffed::Strange(what)) => {
                strange += 1;
                say!("  ! {what}");
            }
            Ok(Sniffed::Ended(why)) => {
                reason = why;
                break;
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
        }
    }
    if let Some(advice) = tally.advice() {
        output::tell!("{advice}");
    }
    output::tell!("{frames} frames, {lost} lost by the sniffer's count, {strange} messages that were no frames");
    match reason {
        Some(reason) => Err(Failure::Broken(format!("{source}: {reason}"))),
        None => Ok(Exit::Passed),
    }
}

/// A capture that is whole after every packet, however this process ends.
struct Writer<'a> {
    path: &'a Path,
    file: std::fs::File,
    capture: PcapNg,
    name: String,
    /// Link types in the order of their interfaces.
    link_types: Vec<u16>,
}

impl<'a> Writer<'a> {
    fn create(path: &'a Path, source: &Source) -> Result<Self, Failure> {
        let file = OpenOptions::new().write(true).create_new(true).open(path);
        let file = file.map_err(|error| {
            Failure::usage_with_help(format!("{}: {error}", path.display()), "name a file that is not there yet")
        })?;
        let (capture, name) = (PcapNg::new("bootrack"), source.to_string());
        let mut writer = Self { path, file, capture, name, link_types: Vec::new() };
        writer.flush()?;
        Ok(writer)
    }

    fn packet(&mut self, heard: &Heard) -> Result<(), Failure> {
        let Heard { at, link_type, packet, original_length } = heard;
        let (at, link_type) = (*at, *link_type);
        let known = self.link_types.iter().position(|known| *known == link_type);
        let interface = known.unwrap_or_else(|| {
            self.capture.interface(link_type, &self.name, "IEEE 802.15.4, as the sniffer heard it");
            self.link_types.push(link_type);
            self.link_types.len() - 1
        });
        let interface = u32::try_from(interface).unwrap_or(u32::MAX);
        self.capture.cut_packet(interface, at, packet, *original_length, Direction::Unknown, &[]);
        self.flush()
    }

    fn flush(&mut self) -> Result<(), Failure> {
        let octets = self.capture.take();
        self.file.write_all(&octets).map_err(|error| Failure::Broken(format!("{}: {error}", self.path.display())))
    }
}
