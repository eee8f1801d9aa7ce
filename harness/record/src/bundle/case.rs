//! Writing one case: log and capture grow in a hidden folder, which takes its place only when it is whole.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Bundle, BundleError, json, names};
use crate::CaseId;
use crate::capture::Capture;
use crate::event::{Event, What};
use crate::files::{Access, beside, sha256_of_file, sync_folder, write_new};
use crate::log::EventLog;
use crate::manifest::{CaseResult, Try};

/// A case that is being written. Dropped without [`CaseWriter::seal`], it leaves nothing.
#[derive(Debug)]
pub struct CaseWriter<'a> {
    bundle: &'a Bundle,
    id: CaseId,
    folder: PathBuf,
    place: PathBuf,
    log: Option<EventLog>,
    capture: Capture,
    /// Tries that were set aside.
    tries: usize,
}

impl<'a> CaseWriter<'a> {
    pub(super) fn begin(bundle: &'a Bundle, id: &CaseId) -> Result<Self, BundleError> {
        let place = bundle.folder().join(names::CASES).join(id.as_str());
        if fs::symlink_metadata(&place).is_ok() {
            return Err(BundleError::SealedAlready { id: id.to_string() });
        }
        let folder = beside(&place).map_err(|source| BundleError::io("create the folder", &place, source))?;
        fs::create_dir(&folder).map_err(|source| BundleError::io("create the folder", &folder, source))?;
        let mut writer =
            Self { bundle, id: id.clone(), folder, place, log: None, capture: Capture::default(), tries: 0 };
        writer.log = Some(EventLog::create(&writer.folder.join(names::EVENTS))?);
        Ok(writer)
    }

    /// Numbers and writes the next event at `t` nanoseconds since the case began.
    ///
    /// # Errors
    /// [`BundleError::Log`].
    pub fn append(&mut self, t: u64, what: What) -> Result<Event, BundleError> {
        let log = self.log.as_mut().ok_or_else(|| BundleError::SealedAlready { id: self.id.to_string() })?;
        let event = log.append(t, what)?;
        self.capture.see(&event);
        Ok(event)
    }

    /// Closes log and capture of a try that decided nothing, keeps them in a folder of its own, and begins the case anew. Gives
    /// the try back with its digests.
    ///
    /// # Errors
    /// [`BundleError::Log`] if the log is not ended, or what the file system says.
    pub fn set_aside(&mut self, mut this: Try) -> Result<Try, BundleError> {
        if let Some(log) = self.log.take() {
            log.finish()?;
        }
        self.tries += 1;
        let name = names::of_try(self.tries);
        let folder = self.folder.join(&name);
        let (from, to) = (self.folder.join(names::EVENTS), folder.join(names::EVENTS));
        fs::create_dir(&folder)
            .and_then(|()| fs::rename(&from, &to))
            .map_err(|source| BundleError::io("create the folder", &folder, source))?;
        let capture = std::mem::take(&mut self.capture);
        self.write(&format!("{name}/{}", names::CAPTURE), &capture.to_bytes(), Access::Private)?;
        self.write_keys(&format!("{name}/{}", names::KEYS), &capture)?;
        this.digests = digests(&folder)?;
        self.bundle.learn(capture.secrets())?;
        sync_folder(Some(&folder)).map_err(|source| BundleError::io("write", &folder, source))?;
        self.log = Some(EventLog::create(&from)?);
        Ok(this)
    }

    /// Closes log and capture, fills in their digests and puts the case into its place. Its link keys join the run's
    /// Wireshark configuration. Gives the result back with its digests.
    ///
    /// # Errors
    /// [`BundleError::Log`] if the log is not ended, [`BundleError::WrongCase`], or what the file system says.
    pub fn seal(mut self, mut result: CaseResult) -> Result<CaseResult, BundleError> {
        if result.id != self.id.as_str() {
            return Err(BundleError::WrongCase { path: self.place.join(names::RESULT), found: result.id });
        }
        if let Some(log) = self.log.take() {
            log.finish()?;
        }
        self.write(names::CAPTURE, &self.capture.to_bytes(), Access::Private)?;
        self.write_keys(names::KEYS, &self.capture)?;
        result.digests.extend(digests(&self.folder)?);
        self.write(names::RESULT, &json(&result), Access::Shared)?;
        self.bundle.learn(self.capture.secrets())?;
        let place = self.place.as_path();
        sync_folder(Some(&self.folder))
            .and_then(|()| super::rename_new(&self.folder, place))
            .and_then(|()| sync_folder(place.parent()))
            .map_err(|source| BundleError::io("create the folder", place, source))?;
        Ok(result)
    }

    /// Where the case is being written, for what a rack's backend may have to put beside it.
    pub fn working_folder(&self) -> &Path {
        &self.folder
    }

    fn write_keys(&self, name: &str, capture: &Capture) -> Result<(), BundleError> {
        match capture.secrets().key_file() {
            Some(lines) => self.write(name, lines.as_bytes(), Access::Private),
            None => Ok(()),
        }
    }

    fn write(&self, name: &str, bytes: &[u8], access: Access) -> Result<(), BundleError> {
        let path = self.folder.join(name);
        write_new(&path, bytes, access).map_err(|source| BundleError::io("write", &path, source))
    }
}

/// The digests of a log, its capture, and its key file if there is one.
fn digests(folder: &Path) -> Result<BTreeMap<String, String>, BundleError> {
    let digest = |name: &str| {
        let path = folder.join(name);
        let digest = sha256_of_file(&path).map_err(|source| BundleError::io("read", &path, source))?;
        Ok((name.to_owned(), digest))
    };
    let keys = Some(names::KEYS).filter(|name| folder.join(name).exists());
    [names::EVENTS, names::CAPTURE].into_iter().chain(keys).map(digest).collect()
}

impl Drop for CaseWriter<'_> {
    fn drop(&mut self) {
        // After a seal the hidden folder is gone; an unfinished case is no evidence, and nobody reads what is hidden.
        drop(fs::remove_dir_all(&self.folder));
    }
}
