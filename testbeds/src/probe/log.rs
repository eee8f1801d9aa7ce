//! What a chip logs over RTT (SEGGER's real-time transfer): lines of text, or frames of defmt, which the image tells how to read.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use defmt_decoder::{DecodeError, StreamDecoder, Table};
use probe_rs::rtt::{self, Rtt};

use super::attached::chain;
use super::{Probe, ProbeError, SharedProbe};

/// How often the chip is asked.
const POLLS_EVERY: Duration = Duration::from_millis(20);
/// A chip that does not answer is asked again after this.
const COMES_BACK_WITHIN: Duration = Duration::from_millis(500);
/// What `defmt-rtt` calls its channel.
const DEFMT_CHANNEL: &str = "defmt";
/// A line that does not end is cut here.
const LONGEST_LINE: usize = 1024;

/// Reads the log until the board has no power any more, or `put` takes no more lines. Reading takes the core's bus, not the core.
pub(crate) fn follow(probe: SharedProbe, lives: Arc<AtomicBool>, mut put: impl FnMut(String) -> bool + Send + 'static) {
    std::thread::spawn(move || {
        let table = probe.with(|probe| Ok(probe.defmt_table())).ok().flatten();
        let mut decoder = table.as_ref().map(|table| table.new_stream_decoder());
        let mut rtt = None;
        let mut partial = Vec::new();
        while lives.load(Ordering::Relaxed) {
            let read = match probe.with(|probe| probe.read_log(&mut rtt)) {
                Ok(read) => read,
                // No power, or no probe: it may come back.
                Err(_) => {
                    rtt = None;
                    std::thread::sleep(COMES_BACK_WITHIN);
                    continue;
                }
            };
            let is_frames = read.as_ref().is_some_and(|(_, is_frames)| *is_frames);
            let octets = read.map(|(octets, _)| octets).unwrap_or_default();
            let lines = match &mut decoder {
                Some(decoder) if is_frames => frames(decoder.as_mut(), &octets),
                _ => text(&mut partial, &octets),
            };
            for line in lines {
                if !put(line) {
                    return;
                }
            }
            std::thread::sleep(POLLS_EVERY);
        }
    });
}

/// Whole lines of text.
fn text(partial: &mut Vec<u8>, octets: &[u8]) -> Vec<String> {
    let mut lines = Vec::new();
    for octet in octets {
        if *octet != b'\n' {
            partial.push(*octet);
        }
        if *octet == b'\n' || partial.len() >= LONGEST_LINE {
            lines.push(String::from_utf8_lossy(partial).trim_end().to_owned());
            partial.clear();
        }
    }
    lines
}

/// Whole frames of defmt.
fn frames(decoder: &mut dyn StreamDecoder, octets: &[u8]) -> Vec<String> {
    decoder.received(octets);
    let mut lines = Vec::new();
    loop {
        match decoder.decode() {
            Ok(frame) => {
                let level = frame.level().map(|level| level.as_str().to_uppercase()).unwrap_or_default();
                lines.push(format!("{level} {}", frame.display_message()).trim_start().to_owned());
            }
            Err(DecodeError::UnexpectedEof) => return lines,
            Err(DecodeError::Malformed) => {
                lines.push("a frame of defmt that the image does not explain: is it of another build?".to_owned());
            }
        }
    }
}

impl Probe {
    /// How to read the log, if the image says.
    fn defmt_table(&self) -> Option<Table> {
        let image = std::fs::read(self.chip.firmware.as_ref()?).ok()?;
        Table::parse(&image).ok().flatten()
    }

    /// What the log has that was not read, and whether it is frames of defmt. `None` before the firmware has begun a log.
    fn read_log(&mut self, rtt: &mut Option<Rtt>) -> Result<Option<(Vec<u8>, bool)>, ProbeError> {
        let region = self.log_region.clone();
        let selector = &self.chip.selector;
        let of_core = |reason: String| ProbeError::Core { selector: selector.clone(), reason };
        let mut core = self.session.core(0).map_err(|error| of_core(chain(&error)))?;
        if rtt.is_none() {
            *rtt = match Rtt::attach_region(&mut core, &region) {
                Ok(rtt) => Some(rtt),
                Err(rtt::Error::Probe(error)) => return Err(of_core(chain(&error))),
                // Not yet.
                Err(_) => return Ok(None),
            };
        }
        let Some(channel) = rtt.as_mut().and_then(|rtt| rtt.up_channel(0)) else { return Ok(None) };
        let is_frames = channel.name() == Some(DEFMT_CHANNEL);
        let mut octets = vec![0; 1024];
        match channel.read(&mut core, &mut octets) {
            Ok(length) => {
                octets.truncate(length);
                Ok(Some((octets, is_frames)))
            }
            Err(rtt::Error::Probe(error)) => Err(of_core(chain(&error))),
            // The chip has restarted: the log begins anew.
            Err(_) => {
                *rtt = None;
                Ok(None)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use defmt_decoder::Table;

    use super::{frames, text};

    /// The image that `./ci/firmware` builds says how to read what it logs: `defmt::info!("{=str}", line)`.
    #[test]
    fn frames_of_defmt_are_read_by_the_image() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/firmware/nrf52840-dk.elf");
        let Ok(image) = std::fs::read(&path) else {
            assert!(std::env::var_os("CI").is_none(), "{} is missing: ./ci/firmware builds it", path.display());
            eprintln!("SKIPPED: {} is missing: ./ci/firmware builds it", path.display());
            return;
        };
        let table = Table::parse(&image).unwrap().unwrap();
        let mut lines = Vec::new();
        for index in table.indices() {
            let index = u16::try_from(index).unwrap().to_le_bytes();
            let frame = [&index[..], &5u32.to_le_bytes(), b"hello"].concat();
            let mut sent = rzcobs::encode(&frame);
            sent.push(0);
            let mut decoder = table.new_stream_decoder();
            // In two pieces, as it may come.
            lines.extend(frames(decoder.as_mut(), &sent[..3]));
            lines.extend(frames(decoder.as_mut(), &sent[3..]));
        }
        assert!(lines.contains(&"INFO hello".to_owned()), "{lines:?}");
        let mut decoder = table.new_stream_decoder();
        let nonsense = frames(decoder.as_mut(), &[0xff, 0xff, 0x7f, 0]);
        assert!(nonsense.iter().all(|line| line.contains("does not explain")), "{nonsense:?}");
    }

    #[test]
    fn lines_come_whole() {
        let mut partial = Vec::new();
        assert_eq!(text(&mut partial, b"one\r\ntw"), ["one"]);
        assert_eq!(text(&mut partial, b"o\n\nx"), ["two", ""]);
        assert_eq!(text(&mut partial, &[b'y'; 2000]).len(), 1);
    }
}
