//! Which sources are mutated: those of the device and of the commissioning tool, and of the protocol engines what they decide by.

/// A folder of sources with its crate.
#[derive(Debug, Clone, Copy)]
pub struct Folder {
    /// The crate's folder, from the root of the project.
    pub crate_folder: &'static str,
    /// The crate's package.
    pub package: &'static str,
    /// The only files and folders below `src` that are mutated, if it is not all.
    pub only: &'static [&'static str],
    /// Files and folders below `src` that hold no code of the device, with the reason.
    pub without: &'static [(&'static str, &'static str)],
}

const TESTS: &str = "tests";
const TESTER: &str = "of the tester, not of the commissioning tool";
const MEASURED: &str = "counts what a machine computes and what it keeps, for measurements";
const NAMED: &str = "lists and hooks of the named mutants: no board has them";
const HARNESS: &str = "how the engine speaks to the tool and is told of it: none of it reaches a device";

/// What is mutated, lowest floor first.
pub const FOLDERS: &[Folder] = &[
    Folder {
        crate_folder: "dut-firmware/protocols",
        package: "bootrack-protocols",
        only: &[],
        without: &[
            ("mutants.rs", NAMED),
            ("tls/fault.rs", NAMED),
            ("tls/stream", "TLS over streams: the device has none"),
            ("dtls/listener.rs", "a server for many peers: the device serves one at a time"),
            ("mac", "the radio of the virtual rack is made of it, not the device"),
            ("lowpan/laxity.rs", NAMED),
            ("lowpan/packet_reassembler.rs", "fragments of IPv6: neither device nor tool puts any together"),
            ("work.rs", MEASURED),
            ("coap/server/measure.rs", MEASURED),
            ("coap/block_wise.rs", "bodies in blocks: neither the device nor the tool switches them on"),
            ("coap/block_server.rs", "bodies in blocks: the device does not switch them on"),
            ("coap/server/separate.rs", "the device answers every request at once; variants answer later"),
        ],
    },
    Folder {
        crate_folder: "dut-firmware/node",
        package: "bootrack-node",
        only: &[],
        without: &[
            ("mutants.rs", NAMED),
            ("selected.rs", NAMED),
            ("stack/mutants.rs", NAMED),
            ("slips/table.rs", NAMED),
            ("life/mutants.rs", NAMED),
            ("life/hooks.rs", NAMED),
            ("store/making.rs", "makes stores that no device wrote, and looks into them, for tests"),
            ("mechanism/selective/mutants.rs", NAMED),
        ],
    },
    Folder {
        crate_folder: "harness/authenticator",
        package: "bootrack-authenticator",
        only: &["selective", "manner.rs"],
        without: &[
            ("selective/mutants.rs", NAMED),
            ("selective/kind.rs", HARNESS),
            ("selective/order.rs", HARNESS),
            ("selective/told.rs", HARNESS),
            ("selective/deviations.rs", "what a case has the tool do otherwise than it would: no tool has it"),
            (
                "selective/plain.rs",
                "requests without DTLS and echo requests, to see what a device does: no tool sends them",
            ),
            (
                "selective/reach.rs",
                "requests without DTLS and echo requests, to see what a device does: no tool sends them",
            ),
            ("selective/name_server.rs", "a server beside the tool"),
            ("selective/second_engine.rs", "an engine that is not ours, for racks in real time"),
            ("selective/no_second_engine.rs", "an engine that is not ours, for racks in real time"),
        ],
    },
];

impl Folder {
    /// Why a file, by its path below `src`, is not mutated; `None` if it is.
    pub fn reason_without(&self, file: &str) -> Option<&'static str> {
        if file.ends_with("tests.rs") || file.split('/').any(|part| part == "tests") {
            return Some(TESTS);
        }
        let is_in = |path: &str| file == path || file.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
        if !self.only.is_empty() && !self.only.iter().any(|path| is_in(path)) {
            return Some(TESTER);
        }
        self.without.iter().find(|(path, _)| is_in(path)).map(|(_, reason)| *reason)
    }
}
