//! The command line, as `clap` sees it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use dissect::UdpProtocol;
use testbeds::sniffer::Source;
use testbeds::virtual_rack::Fake;

/// Conformance tests for the secure bootstrapping of IEEE 802.15.4 devices.
///
/// Without hardware, `bootrack run` tests the reference firmware on a virtual rack, in virtual time.
#[derive(Debug, Parser)]
#[command(name = "bootrack", version, max_term_width = 110, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run test cases and leave a bundle of evidence.
    ///
    /// Exit code: 0 all passed · 1 a case failed · 2 wrong usage or an invalid file · 3 inconclusive ·
    /// 4 error or not run · 5 nothing selected or nothing applicable.
    Run(Run),
    /// List the test cases that a selection holds.
    List(List),
    /// Explain one case: what it does, step by step, and why it is selected or not.
    Explain(Explain),
    /// Check suites, PICS, PIXIT, testbeds and the clause ledger without running anything.
    Check(Check),
    /// Judge the stored evidence of a run again.
    ///
    /// Exit code: 0 the stored verdicts are reproduced · 6 they differ or evidence was altered.
    Judge(Judge),
    /// Run one stored case again from its seed and compare the evidence byte for byte.
    ///
    /// Exit code: 0 identical · 6 it differs.
    Replay(Replay),
    /// Write the reports (HTML, JUnit) of a stored run again.
    Report(Report),
    /// Compare the verdicts of two runs.
    ///
    /// Exit code: 0 the same verdicts · 1 a case that passed in A does not pass in B.
    Compare(Compare),
    /// Measure the suites: is every mutant of the reference firmware killed by the case that names it?
    Mutants(Mutants),
    /// Measure the suites the other way round: does a case fail a device that is right and different?
    ///
    /// Exit code: 0 none does · 1 one fails, errs, stays open, or a variant never differs.
    Variants(Variants),
    /// Walk at random through what can happen to a device, and judge each step by a model of the clauses.
    ///
    /// A departure is brought down to a case that `bootrack run --suite FILE` fails alone. Exit code: 0 no departure · 1 a
    /// departure · 2 wrong usage · 3 a walk decided nothing · 4 the tester broke.
    Explore(Explore),
    /// Show every layer and field of the frames in a capture (pcap or pcapng).
    Dissect(Dissect),
    /// Judge what a device sends in a capture from the field by the monitors that watch every case.
    ///
    /// Exit code: 0 nothing found · 1 a violation · 2 wrong usage, or a file that is no capture · 3 nothing that the device sends could
    /// be judged · 5 the device sends nothing in it.
    Monitor(Monitor),
    /// Testbeds: which boards there are, and what is wrong with them.
    Testbed(Testbed),
    /// Listen to a sniffer: show each frame in a line, and keep a capture.
    Sniff(Sniff),
    /// Answer the questionnaires about a device (PICS and PIXIT).
    Pics(Pics),
    /// Print the JSON Schema of a file format, for editors.
    Schema(Schema),
    /// Print a completion script for a shell.
    Completions(Completions),
}

/// What to plan: shared by every command that takes suites.
#[derive(Debug, Args, Clone)]
pub(crate) struct Planning {
    /// What to select: a glob on case IDs, `suite:NAME`, `phase:NAME` or `clause:ID`; several widen the selection.
    #[arg(value_name = "SELECTOR")]
    pub(crate) selectors: Vec<String>,
    /// Suite file or folder of suite files, or `orders` or `scale`; the built-in suites if none is given. May be repeated.
    #[arg(long = "suite", value_name = "PATH")]
    pub(crate) suites: Vec<PathBuf>,
    /// What the device claims to implement (PICS); built-in: the reference firmware's.
    #[arg(long, value_name = "FILE")]
    pub(crate) pics: Option<PathBuf>,
    /// What the tests need to know of the device (PIXIT); built-in: the reference firmware's.
    #[arg(long, value_name = "FILE")]
    pub(crate) pixit: Option<PathBuf>,
    /// Only cases of this life-cycle phase.
    #[arg(long, value_name = "PHASE")]
    pub(crate) phase: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) planning: Planning,
    /// Testbed file; built-in: the virtual rack.
    #[arg(long, value_name = "FILE")]
    pub(crate) testbed: Option<PathBuf>,
    /// Switch a mutation of the reference firmware on in the board `dut` (see `bootrack mutants`).
    #[arg(long, value_name = "MUTANT", conflicts_with = "fake")]
    pub(crate) mutant: Option<String>,
    /// Put a fake device in the place of `dut`: no case may pass against it.
    #[arg(long, value_enum, value_name = "FAKE")]
    pub(crate) fake: Option<FakeName>,
    /// Run seed. The same seed leaves the same evidence, byte for byte, on the virtual rack.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) seed: u64,
    /// Attempts at each case, each on a seed of its own; from the second on their IDs end in `+2`, `+3`, ... A case whose
    /// verdicts differ is told as mixed and does not count as passed.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) repeat: u32,
    /// Cases side by side; built-in: one for each processor.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) jobs: Option<u16>,
    /// How long to wait for boards that another run has; built-in: not at all.
    #[arg(long, default_value_t = 0, value_name = "SECONDS", hide_default_value = true)]
    pub(crate) wait_for_boards: u32,
    /// The run's folder, which must not exist; built-in: `runs/<id>`.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Print one JSON object instead of text.
    #[arg(long)]
    pub(crate) json: bool,
}

/// The fakes, by the name on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FakeName {
    /// Says nothing, sends nothing.
    Dead,
    /// Says and sends rubbish.
    Babbling,
    /// Introduces itself and refuses everything.
    Refusing,
    /// A perfect upper tester, a silent radio.
    Liar,
}

impl From<FakeName> for Fake {
    fn from(name: FakeName) -> Self {
        match name {
            FakeName::Dead => Self::Dead,
            FakeName::Babbling => Self::Babbling,
            FakeName::Refusing => Self::Refusing,
            FakeName::Liar => Self::Liar,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    pub(crate) planning: Planning,
    /// List the monitors instead: the rules that are judged beside every case.
    #[arg(long)]
    pub(crate) monitors: bool,
    /// Print one JSON object instead of text.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// ID of a case or of a monitor.
    #[arg(value_name = "CASE")]
    pub(crate) case: String,
    /// Suite file or folder of suite files, or `orders` or `scale`; the built-in suites if none is given. May be repeated.
    #[arg(long = "suite", value_name = "PATH")]
    pub(crate) suites: Vec<PathBuf>,
    /// What the device claims to implement (PICS).
    #[arg(long, value_name = "FILE")]
    pub(crate) pics: Option<PathBuf>,
    /// What the tests need to know of the device (PIXIT).
    #[arg(long, value_name = "FILE")]
    pub(crate) pixit: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Suite files or folders; the built-in suites if none is given.
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// PICS file to check.
    #[arg(long, value_name = "FILE")]
    pub(crate) pics: Option<PathBuf>,
    /// PIXIT file to check.
    #[arg(long, value_name = "FILE")]
    pub(crate) pixit: Option<PathBuf>,
    /// Testbed file to check.
    #[arg(long, value_name = "FILE")]
    pub(crate) testbed: Option<PathBuf>,
    /// Count the statements of each specification by class.
    #[arg(long)]
    pub(crate) clauses: bool,
    /// Play every case against the reference device, and count what each monitor judged; one that judged nothing, or that finds
    /// something, is a fault.
    #[arg(long)]
    pub(crate) monitors: bool,
    /// Print one JSON object instead of text.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Judge {
    /// The run's folder.
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,
    /// Judge altered evidence too, instead of refusing it.
    #[arg(long)]
    pub(crate) ignore_digests: bool,
    /// Print one JSON object instead of text.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// The run's folder.
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,
    /// Case ID with its parameter row.
    #[arg(value_name = "CASE")]
    pub(crate) case: String,
}

#[derive(Debug, Args)]
pub(crate) struct Report {
    /// The run's folder.
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Compare {
    /// The earlier run's folder.
    #[arg(value_name = "A")]
    pub(crate) a: PathBuf,
    /// The later run's folder.
    #[arg(value_name = "B")]
    pub(crate) b: PathBuf,
    /// Print one JSON object instead of text.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Variants {
    /// Only these variants; all of them if none is given.
    #[arg(value_name = "VARIANT")]
    pub(crate) variants: Vec<String>,
    /// Only cases that this selects: a glob on case IDs, `suite:NAME`, `phase:NAME` or `clause:ID`. May be repeated.
    #[arg(long = "case", value_name = "SELECTOR")]
    pub(crate) cases: Vec<String>,
    /// Suite file or folder of suite files, or `orders` or `scale`; the built-in suites if none is given. May be repeated.
    #[arg(long = "suite", value_name = "PATH")]
    pub(crate) suites: Vec<PathBuf>,
    /// Virtual testbed file; built-in: the virtual rack.
    #[arg(long, value_name = "FILE")]
    pub(crate) testbed: Option<PathBuf>,
    /// Of a hundred frames so many are lost: nothing may fail, and at most 5 of a hundred cases more than with the reference stay open.
    #[arg(long, value_name = "PERCENT", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=90))]
    pub(crate) loss: u8,
    /// Run seeds, with commas.
    #[arg(long, value_name = "N,...", value_delimiter = ',', default_value = "1")]
    pub(crate) seeds: Vec<u64>,
    /// Play only so many variants, beside those that are named.
    #[arg(long, value_name = "N")]
    pub(crate) sample: Option<usize>,
    /// By what the sample is drawn.
    #[arg(long, value_name = "N", default_value_t = 1, requires = "sample")]
    pub(crate) draw: u64,
    /// Only say which variants there are and what allows them.
    #[arg(long)]
    pub(crate) list: bool,
    /// Cases side by side; built-in: one for each processor.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) jobs: Option<u16>,
    /// Print one JSON object instead of text.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Mutants {
    /// Only these mutants; all of them if none is given.
    #[arg(value_name = "MUTANT")]
    pub(crate) mutants: Vec<String>,
    /// Suite file or folder of suite files, or `orders` or `scale`; the built-in suites if none is given. May be repeated.
    #[arg(long = "suite", value_name = "PATH")]
    pub(crate) suites: Vec<PathBuf>,
    /// Virtual testbed file; built-in: the virtual rack.
    #[arg(long, value_name = "FILE")]
    pub(crate) testbed: Option<PathBuf>,
    /// Run every mutant against every case and print the whole matrix, not only the named kills.
    #[arg(long)]
    pub(crate) full: bool,
    /// Attempts at each case, each on a seed of its own: a mutant is killed if one of them kills it.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) repeat: u32,
    /// Run the mutants of the profile's clauses against every case: a `fail` outside of the profile's suites that cites no
    /// clause of the profile is told and ends with exit code 1, since a device may follow the draft and not the profile.
    #[arg(long, conflicts_with = "full")]
    pub(crate) profile: bool,
    /// Mutants that operators made at every place of the device's sources, instead of those with a name. The first time the program that
    /// has them is built, of the sources in this folder. MUTANT is then a part of a file's name, of a place or of a function.
    #[arg(long, conflicts_with_all = ["full", "profile"])]
    pub(crate) unbiased: bool,
    /// The unbiased mutants of the commissioning tool, in the cases whose subject it is, instead of those of the device.
    #[arg(long, requires = "unbiased")]
    pub(crate) tool: bool,
    /// With `--unbiased` or `--profile`: only so many of the mutants, drawn by the seed; the cases are then played on seed 1.
    #[arg(long, value_name = "N", conflicts_with_all = ["full", "varied"])]
    pub(crate) sample: Option<usize>,
    /// Exit code 1 if fewer than so many percent of the unbiased mutants that are not excused are killed; of a sample, by more than it may err.
    #[arg(long, value_name = "PERCENT", requires = "unbiased", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub(crate) floor: Option<u8>,
    /// Combine each mutant of the device with so many variants, drawn by the seed: of these devices, wrong in one thing and different
    /// in another, nine of ten must be killed by the cases that name the mutant, or the exit code is 1.
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "3", conflicts_with_all = ["full", "profile"])]
    pub(crate) varied: Option<usize>,
    /// Run seed.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) seed: u64,
    /// Cases side by side; built-in: one for each processor.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) jobs: Option<u16>,
    /// Print one JSON object instead of text.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Explore {
    /// Walks.
    #[arg(long, default_value_t = 200, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(crate) walks: u64,
    /// What happens in a walk, one thing after the other.
    #[arg(long, default_value_t = 40, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=500))]
    pub(crate) steps: u16,
    /// Run seed: the same seed walks the same ways.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) seed: u64,
    /// Frames that each link loses, in percent, besides what the testbed's links lose.
    #[arg(long, default_value_t = 0, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=90))]
    pub(crate) loss: u8,
    /// Only the walk of this number.
    #[arg(long, value_name = "N", conflicts_with = "mutants")]
    pub(crate) walk: Option<u64>,
    /// What the device claims to implement (PICS); built-in: the reference firmware's.
    #[arg(long, value_name = "FILE")]
    pub(crate) pics: Option<PathBuf>,
    /// What the tests need to know of the device (PIXIT); built-in: the reference firmware's.
    #[arg(long, value_name = "FILE")]
    pub(crate) pixit: Option<PathBuf>,
    /// Testbed file; built-in: the virtual rack.
    #[arg(long, value_name = "FILE")]
    pub(crate) testbed: Option<PathBuf>,
    /// Switch a mutation of the reference firmware on in the board `dut` (see `bootrack mutants`).
    #[arg(long, value_name = "MUTANT")]
    pub(crate) mutant: Option<String>,
    /// Walk over every variant, the devices that are right and different: none may depart.
    #[arg(long, conflicts_with_all = ["mutant", "mutants", "walk", "pics", "pixit"])]
    pub(crate) variants: bool,
    /// Measure the explorer: how many mutants of the device do the walks find by themselves? Names after it are those that
    /// are tried.
    #[arg(long, conflicts_with = "mutant")]
    pub(crate) mutants: bool,
    /// With `--mutants`: only these mutants.
    #[arg(value_name = "MUTANT", requires = "mutants")]
    pub(crate) names: Vec<String>,
    /// Walks side by side; built-in: one for each processor.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) jobs: Option<u16>,
    /// A folder for the cases that departures were brought down to; with `--print`, for the walks.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Print each walk as a suite file, or write it into the folder of `--out`, and play nothing.
    #[arg(long, conflicts_with_all = ["mutants", "variants", "json"])]
    pub(crate) print: bool,
    /// Print one JSON object instead of text.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Dissect {
    /// A pcap or pcapng file, gzipped or not.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Keys: lines `link INDEX HEX`, `thread HEX` (the network key of a Thread network), `psk HEX`, lines of a TLS key log
    /// (`CLIENT_RANDOM ...`; other labels are passed over), or of Wireshark's table `ieee802154_keys` (a run's, say). Lines
    /// `context ID PREFIX/LENGTH` set 6LoWPAN contexts that the capture lacks.
    #[arg(long, value_name = "FILE")]
    pub(crate) keys: Option<PathBuf>,
    /// What frames end with, if their link type says the wrong thing (TAP and ZEP tell of each frame and are left alone):
    /// `auto` goes by the link type; `16` and `32` an FCS of so many bits; `none` no FCS; `ti-cc24xx` signal strength and
    /// correlation in its place, Wireshark's "TI CC24xx metadata".
    #[arg(long, value_enum, value_name = "END", default_value_t)]
    pub(crate) fcs: FrameEnd,
    /// What a UDP port carries, as tshark's -d: `udp.port==18120,radius`; may be repeated.
    #[arg(long, value_name = "PORT,PROTOCOL", value_parser = decode_as)]
    pub(crate) decode_as: Vec<DecodeAs>,
    /// Print only the values of this field, a line per frame; several fields make several columns, with a tab between
    /// them. `docs/field-names.md` has the names.
    #[arg(long = "field", value_name = "NAME", conflicts_with = "json")]
    pub(crate) fields: Vec<String>,
    /// Print one JSON object instead of text.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Monitor {
    /// A pcap or pcapng file, gzipped or not.
    #[arg(value_name = "CAPTURE")]
    pub(crate) file: PathBuf,
    /// The device: its EUI-64, 16 hex digits, with or without colons.
    #[arg(long, value_name = "EUI64")]
    pub(crate) dut: wire::Eui64,
    /// Keys, as `dissect --keys` takes them: what cannot be read is not judged.
    #[arg(long, value_name = "FILE")]
    pub(crate) keys: Option<PathBuf>,
    /// What the device claims to implement (PICS): monitors of what it denies are left out.
    #[arg(long, value_name = "FILE")]
    pub(crate) pics: Option<PathBuf>,
    /// Values of the device that monitors judge by (PIXIT).
    #[arg(long, value_name = "FILE")]
    pub(crate) pixit: Option<PathBuf>,
    /// Count departures from the profile alone as violations too.
    #[arg(long)]
    pub(crate) profile: bool,
    /// What frames end with, as of `dissect`.
    #[arg(long, value_enum, value_name = "END", default_value_t)]
    pub(crate) fcs: FrameEnd,
    /// Print one JSON object instead of text.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Testbed {
    #[command(subcommand)]
    pub(crate) command: TestbedCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TestbedCommand {
    /// Ask every serial device who it is, and write a testbed file of those that answer.
    Discover(Discover),
    /// Bring up every board, ask it who it is, have all reach each other, and say what to do about what is wrong.
    Doctor(Doctor),
    /// Write its firmware to every board with a debug probe whose flash holds something else.
    Flash(Flash),
}

#[derive(Debug, Args)]
pub(crate) struct Flash {
    /// Boards of the testbed file; built-in: all that have a probe.
    #[arg(value_name = "BOARD")]
    pub(crate) boards: Vec<String>,
    /// Testbed file.
    #[arg(long, value_name = "FILE")]
    pub(crate) testbed: PathBuf,
    /// Write even if the flash holds the firmware already.
    #[arg(long)]
    pub(crate) force: bool,
    /// Erase all of the flash first, the store of the device with it. Implies `--force`.
    #[arg(long)]
    pub(crate) erase: bool,
    /// Print one JSON object instead of text.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Discover {
    /// Where the serial devices are, best by stable names.
    #[arg(long, value_name = "DIR", default_value = "/dev/serial/by-id")]
    pub(crate) devices: PathBuf,
    /// Bits per second.
    #[arg(long, value_name = "N", default_value_t = 115_200)]
    pub(crate) baud: u32,
    /// The file to write, which must not be there; built-in: standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) write: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Testbed file; built-in: the virtual rack.
    #[arg(long, value_name = "FILE")]
    pub(crate) testbed: Option<PathBuf>,
    /// Channel to look at.
    #[arg(long, default_value_t = 26, value_name = "N", value_parser = clap::value_parser!(u8).range(11..=26))]
    pub(crate) channel: u8,
    /// Put a fake device in the place of `dut`, to see what is said of it.
    #[arg(long, value_enum, value_name = "FAKE")]
    pub(crate) fake: Option<FakeName>,
    /// Print one JSON object instead of text.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Sniff {
    /// Whom to listen to: `zep:ADDRESS:PORT` (ZEP over UDP at that address), `nrf:DEVICE` (Nordic's nRF Sniffer for 802.15.4), `board:DEVICE` (the
    /// radio link of a board with our firmware), `pcap:FILE` (a
    /// stream of pcap or pcapng in a FIFO or a file, gzipped or not, `-` for standard input) or `openthread:OFFSET` (the simulation's radio).
    #[arg(value_name = "SNIFFER")]
    pub(crate) source: Source,
    /// With `zep`: the address of RIOT's dispatcher (`zep_dispatch`), which sends to those that have made themselves known.
    /// A hello is sent to it, every ten seconds again; frames are awaited at a port of the system's choice unless `zep` names
    /// one.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) dispatcher: Option<std::net::SocketAddr>,
    /// The channel that a sniffer of kind `nrf` or `board` listens to; built-in: 11.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(11..=26))]
    pub(crate) channel: Option<u8>,
    /// A pcapng file to write, which must not be there. It is whole after every frame.
    #[arg(long, value_name = "FILE")]
    pub(crate) write: Option<PathBuf>,
    /// End after so many frames.
    #[arg(long, value_name = "N")]
    pub(crate) count: Option<u64>,
    /// End after so many seconds.
    #[arg(long = "for", value_name = "SECONDS")]
    pub(crate) seconds: Option<u32>,
    /// Keys, as `bootrack dissect` takes them.
    #[arg(long, value_name = "FILE")]
    pub(crate) keys: Option<PathBuf>,
    /// What frames of a pcap stream end with, as `bootrack dissect` takes it.
    #[arg(long, value_enum, value_name = "END", default_value_t)]
    pub(crate) fcs: FrameEnd,
}

/// What a frame ends with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum FrameEnd {
    /// What its link type says.
    #[default]
    Auto,
    /// An FCS of 16 bits.
    #[value(name = "16")]
    Fcs16,
    /// An FCS of 32 bits.
    #[value(name = "32")]
    Fcs32,
    /// Nothing: the payload is its end.
    None,
    /// Signal strength and correlation, which TI CC24xx radios put in place of an FCS that they have checked.
    #[value(name = "ti-cc24xx")]
    TiCc24xx,
}

/// A port and what it carries.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DecodeAs {
    pub(crate) port: u16,
    pub(crate) protocol: UdpProtocol,
}

/// Reads `udp.port==N,PROTOCOL`.
fn decode_as(text: &str) -> Result<DecodeAs, String> {
    let names = || UdpProtocol::all().map(UdpProtocol::name).collect::<Vec<_>>().join(", ");
    let (selector, name) = text.split_once(',').ok_or_else(|| "write `udp.port==N,PROTOCOL`".to_owned())?;
    let port = selector
        .strip_prefix("udp.port==")
        .ok_or_else(|| format!("`{selector}` is no `udp.port==N`: only UDP ports can be told"))?;
    let port = port.parse().map_err(|_| format!("`{port}` is no port: 0 to 65535"))?;
    let protocol = UdpProtocol::named(name).ok_or_else(|| format!("`{name}` is none of {}", names()))?;
    Ok(DecodeAs { port, protocol })
}

#[derive(Debug, Args)]
pub(crate) struct Pics {
    #[command(subcommand)]
    pub(crate) command: PicsCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PicsCommand {
    /// Ask every question, one after the other, and write the answers to a file.
    ///
    /// Each answer is written at once: who stops in the middle keeps what was answered. Questions that are left open stand in the
    /// file as comments.
    New(PicsNew),
}

#[derive(Debug, Args)]
pub(crate) struct PicsNew {
    /// File for the claims; it must not be there.
    #[arg(value_name = "FILE", default_value = "pics.toml")]
    pub(crate) file: PathBuf,
    /// Ask for the values that the tests need too, and write them to this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) pixit: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// Which file format.
    #[arg(value_enum, value_name = "FORMAT")]
    pub(crate) format: SchemaFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaFormat {
    /// Suite files.
    Suite,
}

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell.
    #[arg(value_enum, value_name = "SHELL")]
    pub(crate) shell: clap_complete::Shell,
}
