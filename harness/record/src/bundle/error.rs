//! What can be wrong with a bundle: what, where, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use crate::case_id::CaseIdError;
use crate::log::LogError;
use crate::manifest::RUN_SCHEMA;

/// Why a bundle could not be written, or what is wrong with one that was read.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The output folder is there already.
    #[error("{} exists already: name another output folder, or remove it first", path.display())]
    Exists {
        /// The folder.
        path: PathBuf,
    },
    /// The user may not write (or read) there.
    #[error("cannot {what} {}: permission denied; choose a folder that you may write to", path.display())]
    NoPermission {
        /// The verb.
        what: &'static str,
        /// Where.
        path: PathBuf,
    },
    /// The disk is full, or the quota is used up.
    #[error("cannot {what} {}: no space is left; make room, or write to another disk", path.display())]
    NoSpace {
        /// The verb.
        what: &'static str,
        /// Where.
        path: PathBuf,
    },
    /// A file stands where a folder must be.
    #[error("cannot {what} {}: a part of this path is a file, not a folder", path.display())]
    NotAFolder {
        /// The verb.
        what: &'static str,
        /// Where.
        path: PathBuf,
    },
    /// Anything else that the file system says.
    #[error("cannot {what} {}: {source}", path.display())]
    Io {
        /// The verb.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// `latest` is no link of ours.
    #[error("{} is not a symbolic link and is left as it is: move it away", path.display())]
    LatestIsNoLink {
        /// Where.
        path: PathBuf,
    },
    /// A case ID that cannot name a folder.
    #[error(transparent)]
    BadCaseId(CaseIdError),
    /// The same case twice in one plan.
    #[error("case `{id}` is planned twice")]
    DuplicateCase {
        /// Its ID.
        id: String,
    },
    /// A case that the manifest does not list.
    #[error("case `{id}` is not in the run's plan")]
    NotPlanned {
        /// Its ID.
        id: String,
    },
    /// A case that has its evidence already.
    #[error("case `{id}` has been sealed already")]
    SealedAlready {
        /// Its ID.
        id: String,
    },
    /// A sealed result that names another case.
    #[error("{}: the result is of case `{found}`", path.display())]
    WrongCase {
        /// The file.
        path: PathBuf,
        /// The case that it names.
        found: String,
    },
    /// The log cannot be written or read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// No such path.
    #[error("{}: no such file or folder", path.display())]
    NotThere {
        /// The path.
        path: PathBuf,
    },
    /// A path that holds no run.
    #[error("{}: not a run folder (it holds no run.json){}", path.display(), hint(.run_inside))]
    NotARun {
        /// The path.
        path: PathBuf,
        /// A run folder inside it.
        run_inside: Option<PathBuf>,
    },
    /// A JSON file that ends too early.
    #[error("{}: cut short after {length} octets; the file was damaged after it was written", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Its length.
        length: usize,
    },
    /// A file that is no JSON, or not what it must be.
    #[error("{}: not valid: {reason}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What the reader says.
        reason: String,
    },
    /// Another format version.
    #[error(
        "{}: bundle format `{found}` is unknown to this version, which reads `{RUN_SCHEMA}`; use the version of bootrack that wrote it",
        path.display()
    )]
    UnknownSchema {
        /// The file.
        path: PathBuf,
        /// The version string in it.
        found: String,
    },
    /// Evidence that is not what was sealed.
    #[error("{}: altered after it was sealed (SHA-256 is {found}, was {expected})", path.display())]
    Altered {
        /// The file.
        path: PathBuf,
        /// The sealed digest.
        expected: String,
        /// Today's digest.
        found: String,
    },
    /// Evidence that was sealed and is gone.
    #[error("{}: missing, though it was sealed with the run", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The run's manifest and the case's own result differ.
    #[error("{}: differs from what run.json says of this case", path.display())]
    Contradiction {
        /// The case's result file.
        path: PathBuf,
    },
}

fn hint(run_inside: &Option<PathBuf>) -> String {
    run_inside.as_ref().map_or_else(String::new, |run| format!("; did you mean {}?", run.display()))
}

impl BundleError {
    /// The error of a file operation, by its kind.
    pub(super) fn io(what: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::NoPermission { what, path },
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::NoSpace { what, path },
            io::ErrorKind::NotADirectory => Self::NotAFolder { what, path },
            io::ErrorKind::NotFound => Self::NotThere { path },
            _ => Self::Io { what, path, source },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_file_system_says_becomes_what_a_user_can_do() {
        // EACCES, EPERM, EROFS, ENOSPC, EDQUOT, ENOTDIR, ENOENT, EIO
        let said = |code| BundleError::io("write", Path::new("runs/x"), io::Error::from_raw_os_error(code)).to_string();
        for code in [13, 1, 30] {
            assert!(said(code).contains("permission denied; choose a folder"), "{}", said(code));
        }
        for code in [28, 122] {
            assert!(said(code).contains("no space is left; make room"), "{}", said(code));
        }
        assert!(said(20).contains("is a file, not a folder"), "{}", said(20));
        assert!(said(2).contains("runs/x: no such file or folder"), "{}", said(2));
        assert!(said(5).starts_with("cannot write runs/x: "), "{}", said(5));
    }
}
