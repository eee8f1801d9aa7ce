//! A probe and the chip on it, by `probe-rs`.

use std::path::Path;
use std::time::Duration;

use probe_rs::flashing::{self, DownloadOptions, FlashLoader, FlashProgress};
use probe_rs::probe::list::Lister;
use probe_rs::probe::{DebugProbeSelector, WireProtocol};
use probe_rs::rtt::{Rtt, ScanRegion, find_rtt_control_block_in_raw_file};
use probe_rs::{MemoryInterface as _, Permissions, Session};

use super::{Chip, ProbeError};

/// A core halts in this time.
const HALTS_WITHIN: Duration = Duration::from_millis(500);
/// FICR.DEVICEID of Nordic's chips: 64 bits, the low word first.
const NORDIC_DEVICE_ID: u64 = 0x1000_0060;

/// The debug probes that are plugged in: what selects each, and what it is.
pub fn plugged_in() -> Vec<(String, String)> {
    let probes = Lister::new().list_all().into_iter();
    let named = probes.filter_map(|probe| {
        let serial_number = probe.serial_number.as_ref()?;
        let selector = format!("{:04x}:{:04x}:{serial_number}", probe.vendor_id, probe.product_id);
        Some((selector, probe.identifier.clone()))
    });
    named.collect()
}

/// The whole chain of an error of `probe-rs`, in one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut reason = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !reason.contains(&cause_text) {
            reason = format!("{reason} {cause_text}");
        }
        source = cause.source();
    }
    reason.replace('\n', " ")
}

/// An open probe, attached to its chip.
pub struct Probe {
    pub(super) session: Session,
    pub(super) chip: Chip,
    /// Where the control block of the log is.
    pub(super) log_region: ScanRegion,
}

impl Probe {
    /// Opens a probe and attaches to its chip, whichever of its kind that is.
    ///
    /// # Errors
    /// [`ProbeError::Probe`], [`ProbeError::Kind`], [`ProbeError::Chip`].
    pub fn attach(chip: &Chip) -> Result<Self, ProbeError> {
        let of_probe = |reason: String| ProbeError::Probe { selector: chip.selector.clone(), reason };
        let selector: DebugProbeSelector = chip.selector.parse().map_err(|error| of_probe(chain(&error)))?;
        let mut probe = Lister::new().open(selector).map_err(|error| of_probe(chain(&error)))?;
        probe.select_protocol(WireProtocol::Swd).map_err(|error| of_probe(chain(&error)))?;
        let session = probe.attach(&chip.kind, Permissions::default()).map_err(|error| match error {
            probe_rs::Error::ChipNotFound(error) => ProbeError::Kind { kind: chip.kind.clone(), reason: chain(&error) },
            error => {
                ProbeError::Chip { selector: chip.selector.clone(), kind: chip.kind.clone(), reason: chain(&error) }
            }
        })?;
        Ok(Self { session, chip: chip.clone(), log_region: log_region(chip) })
    }

    /// Attaches to the chip of the testbed file, and to no other.
    ///
    /// # Errors
    /// As [`Self::attach`]; [`ProbeError::Other`], [`ProbeError::Unnamed`], [`ProbeError::NoId`].
    pub fn open(chip: &Chip) -> Result<Self, ProbeError> {
        let mut probe = Self::attach(chip)?;
        let found = probe.id()?.ok_or_else(|| ProbeError::NoId { kind: chip.kind.clone() })?;
        let selector = chip.selector.clone();
        match &chip.id {
            None => Err(ProbeError::Unnamed { selector, found }),
            Some(wanted) if !wanted.eq_ignore_ascii_case(&found) => {
                Err(ProbeError::Other { selector, found, wanted: wanted.clone() })
            }
            Some(_) => Ok(probe),
        }
    }

    /// What the chip says of itself; `None` of a kind whose number is not known here.
    ///
    /// # Errors
    /// [`ProbeError::Core`].
    pub fn id(&mut self) -> Result<Option<String>, ProbeError> {
        if !self.chip.kind.to_ascii_lowercase().starts_with("nrf5") {
            return Ok(None);
        }
        let mut words = [0; 2];
        let read = self.session.core(0).and_then(|mut core| core.read_32(NORDIC_DEVICE_ID, &mut words));
        read.map_err(|error| self.of_core(&error))?;
        let [low, high] = words;
        Ok(Some(format!("{high:08x}{low:08x}")))
    }

    /// Whether the flash holds the image of the testbed file.
    ///
    /// # Errors
    /// [`ProbeError::NoFirmware`], [`ProbeError::Firmware`], [`ProbeError::Flash`].
    pub fn holds_firmware(&mut self) -> Result<bool, ProbeError> {
        let loader = self.loader()?;
        match loader.verify(&mut self.session, &mut FlashProgress::empty()) {
            Ok(()) => Ok(true),
            Err(flashing::FlashError::Verify) => Ok(false),
            Err(error) => Err(self.of_flash(&error)),
        }
    }

    /// Writes the image of the testbed file, and reads it back. The core is halted after it. What lies outside of the image
    /// stays, the store of the device for one, unless all is erased.
    ///
    /// # Errors
    /// [`ProbeError::NoFirmware`], [`ProbeError::Firmware`], [`ProbeError::Flash`].
    pub fn flash(&mut self, erases_all: bool) -> Result<(), ProbeError> {
        let loader = self.loader()?;
        if erases_all {
            let erased = flashing::erase_all(&mut self.session, &mut FlashProgress::empty(), false);
            erased.map_err(|error| self.of_flash(&error))?;
        }
        let mut options = DownloadOptions::default();
        options.verify = true;
        loader.commit(&mut self.session, options).map_err(|error| self.of_flash(&error))
    }

    /// Starts the chip from its reset vector.
    ///
    /// # Errors
    /// [`ProbeError::Core`].
    pub fn start(&mut self) -> Result<(), ProbeError> {
        self.hold()?;
        self.session.core(0).and_then(|mut core| core.run()).map_err(|error| self.of_core(&error))
    }

    /// Resets the chip and holds it before its first instruction: as near to no power as a probe can bring it. What the last life
    /// left of its log in RAM is forgotten.
    ///
    /// # Errors
    /// [`ProbeError::Core`].
    pub fn hold(&mut self) -> Result<(), ProbeError> {
        let region = self.log_region.clone();
        let held = self.session.core(0).and_then(|mut core| {
            core.reset_and_halt(HALTS_WITHIN)?;
            // There may be none, or noise that looks like one.
            let _ = Rtt::clear_control_block(&mut core, &region);
            Ok(())
        });
        held.map_err(|error| self.of_core(&error))
    }

    fn loader(&mut self) -> Result<FlashLoader, ProbeError> {
        let path = self.chip.firmware.clone().ok_or(ProbeError::NoFirmware)?;
        let of_firmware = |reason: String| ProbeError::Firmware { path: path.clone(), reason };
        let format = format_of(&path);
        let format = flashing::image_format(format).ok_or_else(|| of_firmware(format!("no format `{format}`")))?;
        let loader = format.create_loader(Default::default());
        flashing::build_loader(&mut self.session, &path, loader, None).map_err(|error| of_firmware(chain(&error)))
    }

    fn of_flash(&self, error: &dyn std::error::Error) -> ProbeError {
        ProbeError::Flash { selector: self.chip.selector.clone(), reason: chain(error) }
    }

    fn of_core(&self, error: &dyn std::error::Error) -> ProbeError {
        ProbeError::Core { selector: self.chip.selector.clone(), reason: chain(error) }
    }
}

/// Where the control block of the log is: an ELF file says so, otherwise all RAM is searched.
fn log_region(chip: &Chip) -> ScanRegion {
    let image = chip.firmware.as_ref().and_then(|path| std::fs::read(path).ok());
    let address = image.and_then(|image| find_rtt_control_block_in_raw_file(&image).ok().flatten());
    address.map_or(ScanRegion::Ram, ScanRegion::Exact)
}

/// The format of an image by its name; ELF files have none most often.
fn format_of(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("hex") => "hex",
        Some("uf2") => "uf2",
        _ => "elf",
    }
}
