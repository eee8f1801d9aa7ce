//! What makes the device, as one SHA-256: the sources of its codecs, its protocol engines and itself, its cargo features, and
//! the versions of the crates that those three are built with. Shared by `build.rs` and by the test that holds it to that.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// The crates that make the device, by their folder from the root of the project.
pub(crate) const CRATES: [&str; 3] = ["dut-firmware/wire", "dut-firmware/protocols", "dut-firmware/node"];

/// The hash in hex: `features` are those of `bootrack-node`, in any order; `lock` is the text of the `Cargo.lock` of the build.
///
/// # Errors
/// A file that cannot be read, or a dependency that the lock does not have.
pub(crate) fn device_hash(root: &Path, features: &BTreeSet<String>, lock: &str) -> io::Result<String> {
    let mut hash = Sha256::new();
    let mut add = |kind: &str, name: &str, content: &[u8]| {
        for part in [kind.as_bytes(), name.as_bytes(), content] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
    };
    for (name, content) in sources(root)? {
        add("source", &name, &content);
    }
    for feature in features {
        add("feature", feature, b"");
    }
    for (name, version) in dependencies(root, lock)? {
        add("dependency", &name, version.as_bytes());
    }
    Ok(hash.finalize().iter().map(|octet| format!("{octet:02x}")).collect())
}

/// What a build has to look at again when it changes.
#[allow(dead_code, reason = "for build.rs, not for the test")]
pub(crate) fn watched(root: &Path) -> Vec<PathBuf> {
    let folders = CRATES.iter().map(|folder| root.join(folder).join("src"));
    let manifests = CRATES.iter().map(|folder| root.join(folder).join("Cargo.toml"));
    folders.chain(manifests).chain([root.join("Cargo.toml")]).collect()
}

/// The source files by their path from the root, without those that hold tests only.
fn sources(root: &Path) -> io::Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for folder in CRATES {
        collect(&root.join(folder).join("src"), &format!("{folder}/src"), &mut files)?;
    }
    Ok(files)
}

fn collect(folder: &Path, name: &str, files: &mut BTreeMap<String, Vec<u8>>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let name = format!("{name}/{file}");
        if file == "tests" || file == "tests.rs" {
            continue;
        }
        if path.is_dir() {
            collect(&path, &name, files)?;
        } else if file.ends_with(".rs") {
            files.insert(name, fs::read(&path)?);
        }
    }
    Ok(())
}

/// Name and version of every crate that the three are built with, theirs and those of these; not of what tests need.
fn dependencies(root: &Path, lock: &str) -> io::Result<BTreeSet<(String, String)>> {
    let packages = packages(lock);
    let workspace = section(&fs::read_to_string(root.join("Cargo.toml"))?, "[workspace.dependencies]");
    let mut wanted = Vec::new();
    for folder in CRATES {
        let manifest = fs::read_to_string(root.join(folder).join("Cargo.toml"))?;
        for (key, told) in section(&manifest, "[dependencies]") {
            let of_workspace = key.strip_suffix(".workspace");
            let (key, told) = match of_workspace {
                Some(key) => (key, workspace.get(key).ok_or_else(|| missing(key))?),
                None => (key.as_str(), &told),
            };
            if quoted(told, "path").is_none() {
                let package = quoted(told, "package").unwrap_or(key).to_owned();
                let version = quoted(told, "version").unwrap_or(told.trim().trim_matches('"'));
                let found = packages.keys().find(|(name, it)| *name == package && fits(it, version));
                wanted.push(found.ok_or_else(|| missing(&package))?.clone());
            }
        }
    }
    let mut all = BTreeSet::new();
    while let Some(package) = wanted.pop() {
        for told in packages.get(&package).into_iter().flatten() {
            // `name`, or `name version` where the lock has several of that name.
            let (name, version) = told.split_once(' ').map_or((told.as_str(), None), |(name, rest)| (name, Some(rest)));
            let is_it = |(known, it): &&(String, String)| known == name && version.is_none_or(|version| version == it);
            let found = packages.keys().find(is_it).ok_or_else(|| missing(told))?;
            if !all.contains(found) {
                wanted.push(found.clone());
            }
        }
        all.insert(package);
    }
    Ok(all)
}

fn missing(name: &str) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, format!("Cargo.lock has no `{name}`"))
}

/// Whether a version is what `0.9` or `1.15` asks for.
fn fits(version: &str, wanted: &str) -> bool {
    let next = version.strip_prefix(wanted);
    next.is_some_and(|rest| rest.is_empty() || rest.starts_with('.')) || {
        // A caret requirement: `1.15` takes 1.16, `0.9` no 0.10.
        let mut parts = wanted.split('.');
        let (major, minor) = (parts.next(), parts.next().and_then(|minor| minor.parse::<u64>().ok()));
        let mut have = version.split('.');
        let (have_major, have_minor) = (have.next(), have.next().and_then(|minor| minor.parse::<u64>().ok()));
        major != Some("0") && major == have_major && have_minor >= minor
    }
}

/// The packages of a lock with what each depends on.
fn packages(lock: &str) -> BTreeMap<(String, String), Vec<String>> {
    let mut packages = BTreeMap::new();
    for block in lock.split("[[package]]").skip(1) {
        let value = |key: &str| {
            let line = block.lines().find_map(|line| line.strip_prefix(key)?.trim_start().strip_prefix('='));
            line.map(|line| line.trim().trim_matches('"').to_owned())
        };
        let (Some(name), Some(version)) = (value("name"), value("version")) else { continue };
        let list = block.split_once("dependencies = [").and_then(|(_, rest)| rest.split_once(']'));
        let list = list.map_or("", |(list, _)| list).lines();
        let dependencies = list.map(|line| line.trim().trim_matches([',', '"']).to_owned());
        packages.insert((name, version), dependencies.filter(|line| !line.is_empty()).collect());
    }
    packages
}

/// Keys and values of one section of a manifest, one a line.
fn section(manifest: &str, head: &str) -> BTreeMap<String, String> {
    let lines = manifest.lines().skip_while(|line| line.trim() != head).skip(1);
    let lines = lines.take_while(|line| !line.starts_with('[')).filter(|line| !line.trim_start().starts_with('#'));
    let pairs = lines.filter_map(|line| line.split_once('='));
    pairs.map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned())).collect()
}

/// The string behind `key = ` in an inline table.
fn quoted<'a>(table: &'a str, key: &str) -> Option<&'a str> {
    let (_, rest) = table.split_once(&format!("{key} = \""))?;
    rest.split_once('"').map(|(value, _)| value)
}
