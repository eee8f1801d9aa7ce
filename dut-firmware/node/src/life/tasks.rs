//! What the device runs: the software image that it took, and the application on top of it.

use alloc::vec::Vec;
use core::net::Ipv6Addr;
use core::ops::RangeInclusive;

use wire::Result;
use wire::reader::Reader;
use wire::upper_tester::Application;

use crate::flash::Flash;
use crate::section::Section;

const SOFTWARE: u8 = 16;
const APPLICATION: u8 = 17;

/// What it runs.
#[derive(Clone, Default)]
pub(crate) struct Tasks {
    software: Option<u32>,
    application: Option<Application>,
}

impl Tasks {
    /// Version of the software image that was taken last; `None` while it is the one of the factory.
    pub(crate) fn software(&self) -> Option<u32> {
        self.software
    }

    /// What the application does.
    pub(crate) fn application(&self) -> Option<&Application> {
        self.application.as_ref()
    }

    /// Stores which image is to be booted.
    pub(crate) fn set_software(&mut self, flash: &mut Flash, version: Option<u32>) {
        flash.record(|| self.software = version);
    }

    /// Stores what the application does.
    pub(crate) fn set_application(&mut self, flash: &mut Flash, application: Option<Application>) {
        flash.record(|| self.application = application);
    }

    /// The application goes, the software stays, in a record that is being written.
    pub(crate) fn erase(&mut self) {
        self.application = None;
    }
}

impl Section for Tasks {
    const KINDS: &'static [RangeInclusive<u8>] = &[SOFTWARE..=APPLICATION];

    fn encode(&self, record: &mut dyn FnMut(u8, &[u8])) {
        if let Some(version) = self.software {
            record(SOFTWARE, &version.to_be_bytes());
        }
        if let Some(application) = &self.application {
            record(APPLICATION, &encode_application(application));
        }
    }

    fn decode(&mut self, kind: u8, value: &mut Reader<'_>) -> Result<()> {
        match kind {
            SOFTWARE => self.software = Some(value.u32_be("version of the software")?),
            _ => self.application = Some(decode_application(value)?),
        }
        Ok(())
    }
}

fn encode_application(application: &Application) -> Vec<u8> {
    let mut value = application.dest.octets().to_vec();
    value.extend(application.port.to_be_bytes());
    value.extend(application.interval_s.to_be_bytes());
    value.extend(&application.data);
    value
}

fn decode_application(value: &mut Reader<'_>) -> Result<Application> {
    Ok(Application {
        dest: Ipv6Addr::from(value.array::<16>("destination of the application")?),
        port: value.u16_be("port of the application")?,
        interval_s: value.u16_be("interval of the application")?,
        data: value.take(value.remaining(), "data of the application")?.to_vec(),
    })
}
