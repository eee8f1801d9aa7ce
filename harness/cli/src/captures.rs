//! Capture files of the command line: `captures` reads them; they are read from their start as often as they are asked for.

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

pub(crate) use captures::{End, Packet};
use captures::{Item, NoCapture, Reader};
use thiserror::Error;

/// A capture file. It never has to fit into memory.
#[derive(Debug)]
pub(crate) struct Capture {
    path: PathBuf,
    /// The octets of what cannot be read twice: a pipe, say.
    octets: Option<Vec<u8>>,
}

/// Why a file is no capture.
#[derive(Debug, Error)]
#[error("{path}: {reason}")]
pub(crate) struct CaptureError {
    path: PathBuf,
    pub(crate) reason: NoCapture,
}

impl Capture {
    /// Takes a file for a capture.
    pub(crate) fn open(path: &Path) -> Result<Self, CaptureError> {
        let io = |error: std::io::Error| CaptureError { path: path.to_owned(), reason: error.into() };
        let mut file = File::open(path).map_err(io)?;
        let mut capture = Self { path: path.to_owned(), octets: None };
        if !file.metadata().map_err(io)?.is_file() {
            let mut octets = Vec::new();
            file.read_to_end(&mut octets).map_err(io)?;
            capture.octets = Some(octets);
        }
        capture.reader()?;
        Ok(capture)
    }

    /// Hands over the TLS key logs of decryption secrets blocks, wherever they stand.
    pub(crate) fn key_logs(&self, mut see: impl FnMut(&str)) -> Result<(), CaptureError> {
        let reader = self.reader()?;
        if reader.is_pcapng() {
            reader.read(|item| {
                if let Item::KeyLog(octets) = item {
                    see(&String::from_utf8_lossy(octets));
                }
                true
            });
        }
        Ok(())
    }

    /// Hands over the packets in order.
    pub(crate) fn packets(&self, mut see: impl FnMut(&Packet<'_>)) -> Result<End, CaptureError> {
        Ok(self.reader()?.read(|item| {
            if let Item::Packet(packet) = item {
                see(&packet);
            }
            true
        }))
    }

    fn reader(&self) -> Result<Reader<'_>, CaptureError> {
        let error = |reason| CaptureError { path: self.path.clone(), reason };
        match &self.octets {
            Some(octets) => Reader::new(Cursor::new(octets)).map_err(error),
            None => Reader::new(File::open(&self.path).map_err(|io| error(io.into()))?).map_err(error),
        }
    }
}
