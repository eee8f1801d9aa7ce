//! Boards that one run has at a time. A claim is a lock on a file, which the system releases when its holder ends, however it ends;
//! the file says who holds it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Where the locks of all users of a machine are.
const SHARED: &str = "/run/lock";
/// How often a claim that waits tries again.
const TRIES_EVERY: Duration = Duration::from_millis(100);

/// Boards that belong to this run until it is dropped.
#[derive(Debug, Default)]
pub struct Claim {
    locks: Vec<File>,
}

/// Why boards cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    /// Somebody else has one.
    #[error("{resource} is in use by {holder}")]
    Held {
        /// The device.
        resource: String,
        /// Who, as the holder wrote it down.
        holder: String,
    },
    /// The lock cannot be kept.
    #[error("cannot lock {resource} by {}: {reason}", path.display())]
    Broken {
        /// The device.
        resource: String,
        /// The lock's file.
        path: PathBuf,
        /// The system's reason.
        reason: String,
    },
}

impl Claim {
    /// Claims devices for `holder`, and waits for them up to `patience`.
    ///
    /// # Errors
    /// The first device that somebody else has, or that cannot be locked; none is claimed then.
    pub fn take<'a>(
        resources: impl IntoIterator<Item = &'a str>,
        holder: &str,
        patience: Duration,
    ) -> Result<Self, LockError> {
        let folder = if Path::new(SHARED).is_dir() { PathBuf::from(SHARED) } else { std::env::temp_dir() };
        Self::take_in(&folder, resources, holder, patience)
    }

    fn take_in<'a>(
        folder: &Path,
        resources: impl IntoIterator<Item = &'a str>,
        holder: &str,
        patience: Duration,
    ) -> Result<Self, LockError> {
        // By their real names, in one order: two runs never wait for each other.
        let mut names: Vec<(PathBuf, &str)> = resources
            .into_iter()
            .map(|resource| (std::fs::canonicalize(resource).unwrap_or_else(|_| PathBuf::from(resource)), resource))
            .collect();
        names.sort();
        names.dedup_by(|a, b| a.0 == b.0);
        let until = Instant::now() + patience;
        let mut claim = Self::default();
        for (real, resource) in names {
            let name: String =
                real.to_string_lossy().chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
            let path = folder.join(format!("bootrack{name}.lock"));
            claim.locks.push(lock(&path, resource, holder, until)?);
        }
        Ok(claim)
    }
}

fn lock(path: &Path, resource: &str, holder: &str, until: Instant) -> Result<File, LockError> {
    let broken = |error: std::io::Error| LockError::Broken {
        resource: resource.to_owned(),
        path: path.to_owned(),
        reason: error.to_string(),
    };
    let mut file = open(path).map_err(broken)?;
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if Instant::now() < until => std::thread::sleep(TRIES_EVERY),
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = file.read_to_string(&mut holder);
                let holder = if holder.trim().is_empty() { "another run" } else { holder.trim() };
                return Err(LockError::Held { resource: resource.to_owned(), holder: holder.to_owned() });
            }
            Err(TryLockError::Error(error)) => return Err(broken(error)),
        }
    }
    let write = file.set_len(0).and_then(|()| file.seek(SeekFrom::Start(0))).and_then(|_| writeln!(file, "{holder}"));
    write.map_err(broken)?;
    Ok(file)
}

/// A lock's file, which everybody may lock who may open it: a testbed has several users.
fn open(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
    match OpenOptions::new().read(true).write(true).create_new(true).mode(0o666).open(path) {
        Ok(file) => {
            // Whatever the mask of this process is.
            file.set_permissions(std::fs::Permissions::from_mode(0o666))?;
            Ok(file)
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            OpenOptions::new().read(true).write(true).open(path)
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_told_who_holds_a_device_and_has_it_when_the_first_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let device = folder.path().join("ttyACM0");
        std::fs::write(&device, "").unwrap();
        let by_id = folder.path().join("by-id");
        std::os::unix::fs::symlink(&device, &by_id).unwrap();
        let (device, by_id) = (device.to_str().unwrap(), by_id.to_str().unwrap());
        let take = |resource: &str, holder: &str, patience| Claim::take_in(folder.path(), [resource], holder, patience);
        let first = take(device, "run one", Duration::ZERO).unwrap();
        // By another name it is the same device.
        let refused = take(by_id, "run two", Duration::ZERO).unwrap_err();
        assert_eq!(refused.to_string(), format!("{by_id} is in use by run one"));
        let free = std::thread::scope(|scope| {
            let waits = scope.spawn(|| take(by_id, "run two", Duration::from_secs(20)).map(drop));
            std::thread::sleep(Duration::from_millis(50));
            drop(first);
            waits.join().unwrap()
        });
        assert_eq!(free, Ok(()));
        take(device, "run three", Duration::ZERO).unwrap();
    }

    #[test]
    fn a_lock_that_cannot_be_kept_is_told_with_its_file() {
        let missing = Path::new("/nonexistent");
        let error = Claim::take_in(missing, ["/dev/null"], "a run", Duration::ZERO).unwrap_err();
        assert!(
            error.to_string().starts_with("cannot lock /dev/null by /nonexistent/bootrack-dev-null.lock: "),
            "{error}"
        );
    }
}
