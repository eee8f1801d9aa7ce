//! The evidence bundle `bootrack-run/1`: a folder that stands alone, from which `judge` and `report` work.
//!
//! ```text
//! runs/latest                    symbolic link to the newest run
//! runs/<id>/run.json             RunManifest: written at the start (every case not_run) and at the end
//!           plan.json            every planned case, so that a judge needs no suite file            (mode 0600)
//!           SHA256SUMS           plan.json; at the end also run.json and each case's evidence (`sha256sum -c`)
//!           junit.xml index.html reports, written by others through Bundle::write_report
//!           wireshark/           a Wireshark configuration folder with the run's link keys
//!           cases/<case>/        events.jsonl and capture.pcapng (mode 0600), result.json, index.html; keys.txt (mode 0600)
//!                                if a secret was learnt that only a key file can tell
//!           cases/<case>/try-1/  events.jsonl and capture.pcapng of a try that decided nothing; the case was played again
//! ```
//!
//! A case is written in a hidden folder beside its place, brought to the disk, sealed with digests and renamed: whenever
//! the process is killed, what can be seen is whole.

mod case;
mod error;
mod open;
mod wireshark;

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

pub use case::CaseWriter;
pub use error::BundleError;
pub use open::{StoredCase, StoredRun};

use crate::CaseId;
use crate::files::{Access, beside, sha256_hex, sha256_of_file, sync_folder, write_atomically, write_new};
use crate::manifest::{CaseResult, RUN_SCHEMA, RunManifest};
use crate::secrets::Secrets;

/// File names within a bundle.
pub mod names {
    /// The manifest.
    pub const RUN: &str = "run.json";
    /// The plan.
    pub const PLAN: &str = "plan.json";
    /// Digests for `sha256sum -c`.
    pub const SUMS: &str = "SHA256SUMS";
    /// The folder of the cases.
    pub const CASES: &str = "cases";
    /// The Wireshark configuration folder.
    pub const WIRESHARK: &str = "wireshark";
    /// A case's log.
    pub const EVENTS: &str = "events.jsonl";
    /// A case's capture.
    pub const CAPTURE: &str = "capture.pcapng";
    /// The secrets of a case's log that neither its capture nor Wireshark's configuration folder can hold, if there are any.
    pub const KEYS: &str = "keys.txt";
    /// A case's result.
    pub const RESULT: &str = "result.json";
    /// A page of the report.
    pub const PAGE: &str = "index.html";
    /// What each bootstrap took, for a spreadsheet.
    pub const RESOURCES: &str = "resources.csv";
    /// The link beside the runs.
    pub const LATEST: &str = "latest";

    /// The folder, within a case's, of its `number`-th try (from 1) if that decided nothing.
    pub fn of_try(number: usize) -> String {
        format!("try-{number}")
    }
}

/// A bundle that is being written. Cases may be written side by side from several threads.
#[derive(Debug)]
pub struct Bundle {
    folder: PathBuf,
    planned: BTreeSet<CaseId>,
    secrets: Mutex<Secrets>,
}

impl Bundle {
    /// Creates the bundle's folder (and those above it), which must not exist, with the manifest as it stands before the
    /// first case and the whole plan.
    ///
    /// # Errors
    /// [`BundleError::Exists`], [`BundleError::BadCaseId`], [`BundleError::DuplicateCase`], or what the file system says.
    pub fn create(folder: &Path, manifest: &RunManifest, plan: &serde_json::Value) -> Result<Self, BundleError> {
        let planned = planned_cases(manifest)?;
        if fs::symlink_metadata(folder).is_ok() {
            return Err(BundleError::Exists { path: folder.to_owned() });
        }
        if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            fs::create_dir_all(parent).map_err(|source| match source.kind() {
                // A file of that name, where a folder would have been taken as it is.
                io::ErrorKind::AlreadyExists => {
                    BundleError::NotAFolder { what: "create the folder", path: parent.to_owned() }
                }
                _ => BundleError::io("create the folder", parent, source),
            })?;
        }
        let temporary = beside(folder).map_err(|source| BundleError::io("create the folder", folder, source))?;
        let made = make_skeleton(&temporary, manifest, plan).and_then(|()| {
            rename_new(&temporary, folder).map_err(|source| match source.kind() {
                io::ErrorKind::AlreadyExists | io::ErrorKind::DirectoryNotEmpty => {
                    BundleError::Exists { path: folder.to_owned() }
                }
                _ => BundleError::io("create the folder", folder, source),
            })
        });
        if made.is_err() {
            // What failed is reported; the hidden folder is of no use to anybody.
            drop(fs::remove_dir_all(&temporary));
        }
        made?;
        sync_folder(folder.parent()).map_err(|source| BundleError::io("write", folder, source))?;
        Ok(Self { folder: folder.to_owned(), planned, secrets: Mutex::default() })
    }

    /// The bundle's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Has `latest`, beside the bundle's folder, point at this bundle.
    ///
    /// # Errors
    /// [`BundleError::LatestIsNoLink`] if something else bears that name, or what the file system says.
    pub fn link_latest(&self) -> Result<(), BundleError> {
        let link = self.folder.with_file_name(names::LATEST);
        if fs::symlink_metadata(&link).is_ok_and(|there| !there.is_symlink()) {
            return Err(BundleError::LatestIsNoLink { path: link });
        }
        let name = self.folder.file_name().unwrap_or(self.folder.as_os_str());
        let set = || -> io::Result<()> {
            let temporary = beside(&link)?;
            symlink(name, &temporary)?;
            fs::rename(&temporary, &link)?;
            sync_folder(link.parent())
        };
        set().map_err(|source| BundleError::io("set the link", &link, source))
    }

    /// Begins a planned case.
    ///
    /// # Errors
    /// [`BundleError::NotPlanned`], [`BundleError::SealedAlready`], or what the file system says.
    pub fn case(&self, id: &CaseId) -> Result<CaseWriter<'_>, BundleError> {
        if !self.planned.contains(id) {
            return Err(BundleError::NotPlanned { id: id.to_string() });
        }
        CaseWriter::begin(self, id)
    }

    /// Writes the manifest as it stands after the last case, and the digests of the whole run.
    ///
    /// # Errors
    /// As for [`Bundle::create`], but that the folder must exist.
    pub fn finish(&self, manifest: &RunManifest) -> Result<(), BundleError> {
        planned_cases(manifest)?;
        write_manifest(&self.folder, manifest)?;
        let mut sums = String::new();
        let mut add = |name: String| -> Result<(), BundleError> {
            let path = self.folder.join(&name);
            let digest = sha256_of_file(&path).map_err(|source| BundleError::io("read", &path, source))?;
            sums.push_str(&sums_line(&digest, &name));
            Ok(())
        };
        add(names::PLAN.to_owned())?;
        add(names::RUN.to_owned())?;
        for id in &self.planned {
            let folder = format!("{}/{id}", names::CASES);
            if self.folder.join(&folder).join(names::RESULT).exists() {
                for name in [names::EVENTS, names::CAPTURE, names::RESULT] {
                    add(format!("{folder}/{name}"))?;
                }
                if self.folder.join(&folder).join(names::KEYS).exists() {
                    add(format!("{folder}/{}", names::KEYS))?;
                }
                let tries = manifest.cases.iter().find(|case| case.id == id.as_str());
                for number in 1..=tries.map_or(0, |case| case.earlier_tries.len()) {
                    for name in [names::EVENTS, names::CAPTURE] {
                        add(format!("{folder}/{}/{name}", names::of_try(number)))?;
                    }
                }
            }
        }
        let path = self.folder.join(names::SUMS);
        write_atomically(&path, sums.as_bytes(), Access::Shared)
            .map_err(|source| BundleError::io("write", &path, source))
    }

    /// Writes a file of the report (`junit.xml`, `index.html`) into a run's folder.
    ///
    /// # Errors
    /// What the file system says.
    pub fn write_report(run: &Path, name: &str, bytes: &[u8]) -> Result<(), BundleError> {
        let path = run.join(name);
        write_atomically(&path, bytes, Access::Shared).map_err(|source| BundleError::io("write", &path, source))
    }

    /// Writes a case's page of the report; nothing is written for a case that has no folder.
    ///
    /// # Errors
    /// What the file system says.
    pub fn write_case_page(run: &Path, case: &CaseId, bytes: &[u8]) -> Result<(), BundleError> {
        let folder = run.join(names::CASES).join(case.as_str());
        if !folder.is_dir() {
            return Ok(());
        }
        let path = folder.join(names::PAGE);
        write_atomically(&path, bytes, Access::Shared).map_err(|source| BundleError::io("write", &path, source))
    }

    /// Adds secrets to the Wireshark configuration.
    fn learn(&self, secrets: &Secrets) -> Result<(), BundleError> {
        let mut known = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.learn_rows(secrets) {
            return Ok(());
        }
        for (file, table) in known.tables() {
            let path = self.folder.join(names::WIRESHARK).join(file);
            write_atomically(&path, table.as_bytes(), Access::Private)
                .map_err(|source| BundleError::io("write", &path, source))?;
        }
        Ok(())
    }
}

fn planned_cases(manifest: &RunManifest) -> Result<BTreeSet<CaseId>, BundleError> {
    let mut planned = BTreeSet::new();
    for CaseResult { id, .. } in &manifest.cases {
        if !planned.insert(CaseId::new(id).map_err(BundleError::BadCaseId)?) {
            return Err(BundleError::DuplicateCase { id: id.clone() });
        }
    }
    Ok(planned)
}

fn make_skeleton(folder: &Path, manifest: &RunManifest, plan: &serde_json::Value) -> Result<(), BundleError> {
    let mkdir = |path: &Path| {
        DirBuilder::new().mode(0o755).create(path).map_err(|source| BundleError::io("create the folder", path, source))
    };
    let write = |path: PathBuf, bytes: &[u8], access| {
        write_new(&path, bytes, access).map_err(|source| BundleError::io("write", &path, source))
    };
    mkdir(folder)?;
    mkdir(&folder.join(names::CASES))?;
    let profile = folder.join(names::WIRESHARK);
    mkdir(&profile)?;
    write(profile.join(wireshark::PREFERENCES), wireshark::PREFERENCES_TEXT.as_bytes(), Access::Shared)?;
    for (file, table) in Secrets::default().tables() {
        write(profile.join(file), table.as_bytes(), Access::Private)?;
    }
    write(profile.join(wireshark::README), wireshark::README_TEXT.as_bytes(), Access::Shared)?;
    let plan = json(plan);
    write(folder.join(names::PLAN), &plan, Access::Private)?;
    let sums = sums_line(&sha256_hex(&plan), names::PLAN);
    write(folder.join(names::SUMS), sums.as_bytes(), Access::Shared)?;
    write_manifest(folder, manifest)
}

/// Renames a folder to a name that is free. (A plain rename would silently take the place of an empty folder.)
fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    if fs::symlink_metadata(to).is_ok() {
        return Err(io::Error::from(io::ErrorKind::AlreadyExists));
    }
    fs::rename(from, to)
}

fn write_manifest(folder: &Path, manifest: &RunManifest) -> Result<(), BundleError> {
    let path = folder.join(names::RUN);
    let mut manifest = manifest.clone();
    RUN_SCHEMA.clone_into(&mut manifest.schema);
    write_atomically(&path, &json(&manifest), Access::Shared).map_err(|source| BundleError::io("write", &path, source))
}

/// Pretty-printed JSON with a line end: a person may read it, `diff` too.
fn json(value: &impl serde::Serialize) -> Vec<u8> {
    // Our own types have string keys only, so serialisation cannot fail; were it to, an empty file is refused by `open`.
    let mut bytes = serde_json::to_vec_pretty(value).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

/// One line as `sha256sum` prints it.
fn sums_line(digest: &str, name: &str) -> String {
    format!("{digest}  {name}\n")
}
