//! Reading a bundle, also one whose run was killed: the manifest, with every sealed result in its place.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::{Bundle, BundleError, names};
use crate::CaseId;
use crate::event::Event;
use crate::files::sha256_of_file;
use crate::log::read_events;
use crate::manifest::{CaseResult, RUN_SCHEMA, RunManifest};
use crate::verdict::Verdict;

/// A bundle as it was read.
#[derive(Debug)]
pub struct StoredRun {
    /// Its folder.
    pub folder: PathBuf,
    /// The manifest; the result of a case is the one sealed with it, `not_run` if none was.
    pub manifest: RunManifest,
    /// Everything that is not as it was sealed. Empty for evidence that can be relied on.
    pub damage: Vec<BundleError>,
}

/// One sealed case of a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCase {
    /// Its folder.
    pub folder: PathBuf,
}

impl Bundle {
    /// Reads the bundle in a folder and verifies all digests.
    ///
    /// # Errors
    /// [`BundleError`] if there is no run, or if `run.json` cannot be used; damage to a case's evidence is no error but
    /// listed in [`StoredRun::damage`].
    pub fn open(folder: &Path) -> Result<StoredRun, BundleError> {
        StoredRun::open(folder)
    }
}

impl StoredRun {
    fn open(folder: &Path) -> Result<Self, BundleError> {
        let path = folder.join(names::RUN);
        match fs::metadata(folder) {
            Err(source) => return Err(BundleError::io("read", folder, source)),
            Ok(there) if !there.is_dir() || fs::symlink_metadata(&path).is_err() => {
                let latest = folder.join(names::LATEST);
                let run_inside = latest.join(names::RUN).exists().then_some(latest);
                return Err(BundleError::NotARun { path: folder.to_owned(), run_inside });
            }
            Ok(_) => {}
        }
        let value: serde_json::Value = read_json(&path)?;
        let schema = value.get("schema").and_then(|schema| schema.as_str());
        match schema {
            Some(RUN_SCHEMA) => {}
            Some(found) => return Err(BundleError::UnknownSchema { path, found: found.to_owned() }),
            None => return Err(BundleError::Invalid { path, reason: "it has no `schema`".into() }),
        }
        let manifest: RunManifest = serde_json::from_value(value)
            .map_err(|error| BundleError::Invalid { path: path.clone(), reason: error.to_string() })?;
        super::planned_cases(&manifest).map_err(|error| BundleError::Invalid { path, reason: error.to_string() })?;
        let mut run = Self { folder: folder.to_owned(), manifest, damage: Vec::new() };
        run.merge_results();
        run.verify_sums();
        Ok(run)
    }

    /// The plan, as it was handed to [`Bundle::create`].
    ///
    /// # Errors
    /// [`BundleError`] if `plan.json` is missing or not JSON.
    pub fn plan(&self) -> Result<serde_json::Value, BundleError> {
        read_json(&self.folder.join(names::PLAN))
    }

    /// A case's evidence; `None` if none was sealed.
    pub fn case(&self, id: &str) -> Option<StoredCase> {
        let id = CaseId::new(id).ok()?;
        let folder = self.folder.join(names::CASES).join(id.as_str());
        folder.is_dir().then_some(StoredCase { folder })
    }

    /// Puts each sealed result into the manifest and verifies the digests that it bears.
    fn merge_results(&mut self) {
        let Self { folder, manifest, damage } = self;
        for case in &mut manifest.cases {
            let place = folder.join(names::CASES).join(&case.id);
            let path = place.join(names::RESULT);
            if !place.is_dir() {
                // Right for a case that did not run or does not apply; a verdict on the device needs evidence.
                let judged = matches!(case.verdict, Verdict::Pass | Verdict::Fail | Verdict::Inconclusive);
                if judged || !case.digests.is_empty() {
                    damage.push(BundleError::Missing { path: place });
                }
                continue;
            }
            match read_json::<CaseResult>(&path) {
                Ok(result) if result.id != case.id => {
                    damage.push(BundleError::WrongCase { path, found: result.id });
                }
                Ok(result) => {
                    if case.verdict != Verdict::NotRun && *case != result {
                        damage.push(BundleError::Contradiction { path });
                    }
                    *case = result;
                }
                Err(BundleError::NotThere { path }) => damage.push(BundleError::Missing { path }),
                Err(error) => damage.push(error),
            }
            let earlier = case.earlier_tries.iter().zip(1..);
            let earlier = earlier.map(|(this, number)| (place.join(names::of_try(number)), &this.digests));
            for (folder, digests) in earlier.chain([(place.clone(), &case.digests)]) {
                if let Some(expected) = digests.get(names::KEYS) {
                    damage.extend(verify(&folder.join(names::KEYS), expected));
                }
                for name in [names::EVENTS, names::CAPTURE] {
                    match digests.get(name) {
                        Some(expected) => damage.extend(verify(&folder.join(name), expected)),
                        None => damage.push(BundleError::Invalid {
                            path: place.join(names::RESULT),
                            reason: format!("it bears no digest of {name}"),
                        }),
                    }
                }
            }
        }
    }

    /// Verifies the files that only `SHA256SUMS` vouches for; a case's own files have been looked at already.
    fn verify_sums(&mut self) {
        let path = self.folder.join(names::SUMS);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(source) if source.kind() == io::ErrorKind::NotFound => {
                self.damage.push(BundleError::Missing { path });
                return;
            }
            Err(source) => {
                self.damage.push(BundleError::io("read", &path, source));
                return;
            }
        };
        let mut plan_is_named = false;
        for line in text.lines() {
            let Some((digest, name)) = line.split_once("  ") else {
                self.damage.push(BundleError::Invalid { path, reason: format!("not a line of digests: `{line}`") });
                return;
            };
            plan_is_named |= name == names::PLAN;
            if [names::PLAN, names::RUN].contains(&name) || name.ends_with(names::RESULT) {
                let file = self.folder.join(name);
                if !name.split('/').any(|part| part == ".." || part.is_empty()) {
                    self.damage.extend(verify(&file, digest));
                }
            }
        }
        if !plan_is_named {
            self.damage.push(BundleError::Invalid { path, reason: format!("it bears no digest of {}", names::PLAN) });
        }
    }
}

impl StoredCase {
    /// The log.
    ///
    /// # Errors
    /// [`BundleError::Log`].
    pub fn events(&self) -> Result<Vec<Event>, BundleError> {
        Ok(read_events(&self.folder.join(names::EVENTS))?)
    }

    /// The evidence of the case's `number`-th try, from 1, if that decided nothing.
    pub fn earlier_try(&self, number: usize) -> Self {
        Self { folder: self.folder.join(names::of_try(number)) }
    }

    /// The capture file.
    pub fn capture(&self) -> PathBuf {
        self.folder.join(names::CAPTURE)
    }
}

fn verify(path: &Path, expected: &str) -> Option<BundleError> {
    match sha256_of_file(path) {
        Ok(found) if found == expected => None,
        Ok(found) => Some(BundleError::Altered { path: path.to_owned(), expected: expected.to_owned(), found }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Some(BundleError::Missing { path: path.to_owned() }),
        Err(error) => Some(BundleError::io("read", path, error)),
    }
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, BundleError> {
    let bytes = fs::read(path).map_err(|source| BundleError::io("read", path, source))?;
    serde_json::from_slice(&bytes).map_err(|error| {
        if error.is_eof() {
            BundleError::Truncated { path: path.to_owned(), length: bytes.len() }
        } else {
            BundleError::Invalid { path: path.to_owned(), reason: error.to_string() }
        }
    })
}
