//! The device's `hash` covers what the device is made of, and nothing else.

#[path = "../build/hash.rs"]
mod hash;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use hash::{CRATES, device_hash};

/// A copy of what the hash may look at, and of a crate beside it that it must not look at.
struct Project {
    root: PathBuf,
    lock: String,
    features: BTreeSet<String>,
}

impl Project {
    fn copy(name: &str) -> Self {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&root);
        for folder in CRATES {
            copy(&from.join(folder).join("src"), &root.join(folder).join("src"));
            fs::copy(from.join(folder).join("Cargo.toml"), root.join(folder).join("Cargo.toml")).unwrap();
        }
        fs::copy(from.join("Cargo.toml"), root.join("Cargo.toml")).unwrap();
        let project = Self {
            root,
            lock: fs::read_to_string(from.join("Cargo.lock")).unwrap(),
            features: ["x509", "rpl"].map(str::to_owned).into(),
        };
        project.write("harness/dissect/src/pana.rs", "//! The judge's.\n");
        project
    }

    fn write(&self, file: &str, content: &str) {
        let path = self.root.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn append(&self, file: &str, line: &str) {
        let before = fs::read_to_string(self.root.join(file)).unwrap();
        self.write(file, &format!("{before}{line}\n"));
    }

    /// Another version of a crate in the lock, of each that it has.
    fn bump(&mut self, name: &str) {
        let head = format!("name = \"{name}\"\nversion = \"");
        assert!(self.lock.contains(&head), "{name} is not in the lock");
        let mut parts = self.lock.split(&head).map(str::to_owned);
        let first = parts.next().unwrap();
        let bumped = parts.map(|part| {
            let (version, rest) = part.split_once('"').unwrap();
            format!("{head}{version}-rc.1\"{rest}")
        });
        let lock: String = [first].into_iter().chain(bumped).collect();
        let named = format!(" \"{name} ");
        let lines = lock.lines().map(|line| match line.strip_suffix("\",").filter(|line| line.starts_with(&named)) {
            Some(line) => format!("{line}-rc.1\","),
            None => line.to_owned(),
        });
        self.lock = lines.collect::<Vec<_>>().join("\n");
    }

    fn hash(&self) -> String {
        device_hash(&self.root, &self.features, &self.lock).unwrap()
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

#[test]
fn it_is_sixty_four_digits_and_the_same_twice() {
    let project = Project::copy("hash-same");
    let hash = project.hash();
    assert!(hash.len() == 64 && hash.bytes().all(|digit| digit.is_ascii_hexdigit()), "{hash}");
    assert_eq!(hash, project.hash());
}

#[test]
fn what_is_not_in_the_device_leaves_it() {
    let mut project = Project::copy("hash-beside");
    let hash = project.hash();
    project.append("harness/dissect/src/pana.rs", "// a comment");
    project.write("dut-firmware/node/src/stack/tests.rs", "// a test");
    project.write("dut-firmware/wire/src/coap/tests/more.rs", "// a test");
    project.write("dut-firmware/node/tests/more.rs", "// a test");
    project.write("dut-firmware/node/src/notes.md", "no source");
    assert_eq!(project.hash(), hash);
    project.bump("proptest");
    project.bump("miette");
    project.bump("serialport");
    assert_eq!(project.hash(), hash, "what tests and the harness are built with");
}

#[test]
fn a_line_of_each_crate_changes_it() {
    for file in ["dut-firmware/node/src/lib.rs", "dut-firmware/protocols/src/time.rs", "dut-firmware/wire/src/sel.rs"] {
        let project = Project::copy("hash-line");
        let hash = project.hash();
        project.append(file, "// a line");
        assert_ne!(project.hash(), hash, "{file}");
    }
}

#[test]
fn another_feature_changes_it() {
    let mut project = Project::copy("hash-feature");
    let hash = project.hash();
    project.features.remove("x509");
    let without = project.hash();
    project.features.insert("find".to_owned());
    assert!(without != hash && project.hash() != hash && project.hash() != without);
}

#[test]
fn another_version_of_a_dependency_changes_it_also_of_one_of_a_dependency() {
    for name in ["p256", "crypto-bigint", "rand_chacha", "thiserror"] {
        let mut project = Project::copy("hash-version");
        let hash = project.hash();
        project.bump(name);
        assert_ne!(project.hash(), hash, "{name}");
    }
}
