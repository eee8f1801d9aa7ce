//! Files that survive a crash: written beside their place, brought to the disk, and renamed into it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Its owner only: it bears secrets.
    Private,
    /// As the umask says.
    Shared,
}

/// Creates a file that must not exist yet, readable and writable by its owner only.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Writes a whole file, replacing what was there; at every instant either the old or the new content is in place.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    let temporary = beside(path)?;
    let written = write_new(&temporary, bytes, access).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // What failed is reported; a leftover would only be in the way of the next attempt.
        drop(fs::remove_file(&temporary));
    }
    written?;
    sync_folder(path.parent())
}

/// Writes a file that is not there yet and brings it to the disk.
pub(crate) fn write_new(path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    let mode = match access {
        Access::Private => 0o600,
        Access::Shared => 0o666,
    };
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes a rename or a creation in `folder` durable.
pub(crate) fn sync_folder(folder: Option<&Path>) -> io::Result<()> {
    match folder {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

/// A hidden name in the same folder that nobody else uses: of this process, and of this moment within it.
pub(crate) fn beside(path: &Path) -> io::Result<PathBuf> {
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let name = path.file_name().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}-{count}.tmp", std::process::id()));
    Ok(path.with_file_name(hidden))
}

/// SHA-256 of some bytes, in lower-case hex.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// SHA-256 of a file, in lower-case hex, without holding the file in memory.
pub(crate) fn sha256_of_file(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let length = file.read(&mut buffer)?;
        if length == 0 {
            return Ok(hex::encode(hash.finalize()));
        }
        hash.update(buffer.get(..length).unwrap_or_default());
    }
}
