//! What bootstraps cost: exact, the same again, and as tshark counts it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use crate::common::{Bundle, has};

/// A line of `resources.csv` by column.
type Line = BTreeMap<String, String>;

fn lines(run: &Bundle) -> Vec<Line> {
    let mut reader = csv::Reader::from_path(run.path.join("resources.csv")).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

fn number(line: &Line, column: &str) -> u64 {
    line[column].parse().unwrap_or_else(|_| panic!("{column} is `{}`", line[column]))
}

#[test]
fn the_same_seed_gives_the_same_numbers_with_one_job_and_with_two_and_from_old_evidence() {
    let alone = Bundle::run(["SEL-FAR-*", "SEL-JOIN-*", "--seed", "7", "--jobs", "1"]);
    let beside = Bundle::run(["SEL-FAR-*", "SEL-JOIN-*", "--seed", "7", "--jobs", "2"]);
    let text = |run: &Bundle| fs::read_to_string(run.path.join("resources.csv")).unwrap();
    assert_eq!(text(&alone), text(&beside));
    let first = text(&alone);
    fs::remove_file(alone.path.join("resources.csv")).unwrap();
    alone.call("report", &[]).expect(0);
    assert_eq!(text(&alone), first);
    let other = Bundle::run(["SEL-FAR-*", "SEL-JOIN-*", "--seed", "8"]);
    assert_ne!(text(&other), first);
}

#[test]
fn each_anchor_costs_what_its_handshake_takes_at_every_distance() {
    let run = Bundle::run(["SEL-FAR-*"]);
    let lines = lines(&run);
    assert_eq!(lines.len(), 20, "five anchors at four distances");
    // A key pair, a shared secret and a signature; the tool's signature to verify; two signatures of its chain to verify.
    let expected = [
        ("PSK", "0", 0),
        ("raw public key", "0", 3),
        ("raw public key", "1", 3 + 2),
        ("certificate", "0", 3),
        ("certificate", "1", 3 + 2 + 2 * 2),
    ];
    for (anchor, mutual, multiplications) in expected {
        let mut own: Vec<&Line> =
            lines.iter().filter(|line| line["anchor"] == anchor && line["mutual"] == mutual).collect();
        own.sort_by_key(|line| number(line, "hops"));
        let hops: Vec<u64> = own.iter().map(|line| number(line, "hops")).collect();
        assert_eq!(hops, [1, 2, 3, 4], "{anchor} {mutual}");
        for line in &own {
            assert_eq!(number(line, "point_multiplications"), multiplications, "{line:?}");
            assert_eq!(line["aes_blocks"], own[0]["aes_blocks"], "distance does not change the records");
            assert!(number(line, "buffer_octets") > 0 && number(line, "sha256_blocks") > 0, "{line:?}");
            let octets = number(line, "octets") + 6 * (number(line, "frames") + number(line, "acknowledgements"));
            assert_eq!(number(line, "airtime_ns"), octets * 32_000, "{line:?}");
            let sum = number(line, "radio_energy_nj") + number(line, "computing_energy_nj");
            assert_eq!(number(line, "energy_nj"), sum, "{line:?}");
        }
        for pair in own.windows(2) {
            for column in ["frames", "octets", "airtime_ns"] {
                assert!(number(pair[0], column) < number(pair[1], column), "{column} of {pair:?}");
            }
        }
    }
}

#[test]
fn the_overview_has_the_table_the_plots_and_a_sentence_for_each_column() {
    let run = Bundle::run(["SEL-FAR-01", "SEL-FAR-05"]);
    let page = fs::read_to_string(run.path.join("index.html")).unwrap();
    let (_, section) = page.split_once("aria-labelledby=\"h-resources\"").unwrap();
    let (section, _) = section.split_once("</section>").unwrap();
    assert_eq!(section.matches("<svg class=\"plot\"").count(), 4);
    for anchor in ["PSK", "certificate, mutual"] {
        assert_eq!(section.matches(&format!("<title>{anchor}, 4 hops: ")).count(), 4, "{anchor}");
    }
    let (head, _) = section.split_once("</thead>").unwrap();
    let columns: BTreeSet<&str> = head
        .split("title=\"")
        .skip(1)
        .filter_map(|rest| rest.split_once('>')?.1.split_once('<'))
        .map(|(name, _)| name)
        .collect();
    assert!(columns.len() >= 12, "{columns:?}");
    for column in columns {
        assert!(section.contains(&format!("<dt>{column}</dt><dd>")), "nothing says what `{column}` means");
    }
    let case = fs::read_to_string(run.file("SEL-FAR-05@size=5x1", "index.html")).unwrap();
    assert!(case.contains("What each bootstrap cost") && case.contains("dut, certificate, mutual"));
}

/// A frame as tshark tells it.
#[derive(Debug, Default, Clone)]
struct Frame {
    number: usize,
    octets: u64,
    is_acknowledgement: bool,
    is_secured: bool,
    sequence_number: String,
    sender: String,
    receiver: String,
    source: String,
    destination: String,
    /// The numbers of all frames of the datagram that this one completes.
    fragments: Vec<usize>,
    is_fragment: bool,
    icmpv6_type: String,
    is_dtls: bool,
    coap_code: String,
}

/// All frames on the air in a capture.
fn frames(run: &Bundle, case: &str) -> Vec<Frame> {
    let fields = [
        "frame.number",
        "frame.len",
        "wpan.frame_type",
        "wpan.security",
        "wpan.seq_no",
        "wpan.src64",
        "wpan.dst64",
        "ipv6.src",
        "ipv6.dst",
        "6lowpan.fragment",
        "6lowpan.frag.tag",
        "icmpv6.type",
        "dtls.record.content_type",
        "coap.code",
    ];
    let mut command = Command::new("tshark");
    command.args(["-r".as_ref(), run.file(case, "capture.pcapng").as_os_str()]);
    command.args(["-2", "-Y", "wpan", "-T", "fields"]);
    for field in fields {
        command.args(["-e", field]);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let frame = |line: &str| {
        let cells: Vec<&str> = line.split('\t').collect();
        let cell = |name: &str| cells[fields.iter().position(|field| *field == name).unwrap()];
        let hex = |name: &str| u64::from_str_radix(cell(name).trim_start_matches("0x"), 16).unwrap();
        Frame {
            number: cell("frame.number").parse().unwrap(),
            octets: cell("frame.len").parse().unwrap(),
            is_acknowledgement: hex("wpan.frame_type") == 2,
            is_secured: ["1", "True"].contains(&cell("wpan.security")),
            sequence_number: cell("wpan.seq_no").to_owned(),
            sender: cell("wpan.src64").replace(':', ""),
            receiver: cell("wpan.dst64").replace(':', ""),
            source: cell("ipv6.src").to_owned(),
            destination: cell("ipv6.dst").to_owned(),
            fragments: cell("6lowpan.fragment").split(',').filter_map(|number| number.parse().ok()).collect(),
            is_fragment: !cell("6lowpan.frag.tag").is_empty(),
            icmpv6_type: cell("icmpv6.type").to_owned(),
            // An alert ends the session: that is no part of the bootstrap.
            is_dtls: !["", "21"].contains(&cell("dtls.record.content_type")),
            coap_code: cell("coap.code").to_owned(),
        }
    };
    text.lines().map(frame).collect()
}

#[test]
fn frames_are_those_that_tshark_counts() {
    if !has("tshark", "--version") {
        return;
    }
    let run = Bundle::run(["SEL-FAR-*"]);
    for line in lines(&run) {
        let case = &line["case"];
        let plan = fs::read_to_string(run.path.join("plan.json")).unwrap();
        let plan: serde_json::Value = serde_json::from_str(&plan).unwrap();
        let planned = plan["cases"].as_array().unwrap().iter().find(|planned| planned["case"]["id"] == **case).unwrap();
        let property = |board: &str, name: &str| {
            planned["environment"]["properties"][board][name]
                .as_str()
                .unwrap_or_else(|| panic!("{board} {name}"))
                .to_owned()
        };
        let (device, tool, eui64) = (property("dut", "global"), property("ct", "address"), property("dut", "eui64"));
        let frames = frames(&run, case);
        // The key is taken when the answer is on its last hop; what comes after it in the session is no bootstrap.
        let answered = frames.iter().rfind(|frame| ["65", "68"].contains(&frame.coap_code.as_str())).unwrap().number;
        let between = |frame: &Frame| {
            let ends = [&frame.source, &frame.destination];
            ends == [&device, &tool] || ends == [&tool, &device]
        };
        // draft-kumar-6lo-selective-bootstrap-00 is at ICMPv6 type 200 in the profile. The device's last JSR before the tool called.
        let is_jsr = |frame: &Frame| between(frame) && frame.icmpv6_type == "200";
        let called = frames.iter().find(|frame| between(frame) && frame.is_dtls).unwrap().number;
        let asked =
            frames.iter().rfind(|frame| is_jsr(frame) && frame.sender == eui64 && frame.number < called).unwrap();
        let mut own: BTreeSet<usize> = BTreeSet::new();
        for frame in &frames {
            let is_session = between(frame) && frame.is_dtls && frame.number <= answered;
            let is_request = is_jsr(frame) && (asked.number..called).contains(&frame.number);
            let is_secure_request = frame.is_secured && (frame.sender == eui64 || frame.receiver == eui64);
            if is_session || is_request || is_secure_request {
                own.insert(frame.number);
                own.extend(&frame.fragments);
            }
        }
        let first: Vec<&Frame> = frames.iter().filter(|frame| own.contains(&frame.number)).collect();
        let repeated = |frame: &&Frame| {
            let same = |known: &&&Frame| {
                (&known.sender, &known.sequence_number, known.octets)
                    == (&frame.sender, &frame.sequence_number, frame.octets)
            };
            !frame.is_acknowledgement && !own.contains(&frame.number) && first.iter().any(|known| same(&known))
        };
        let repetitions: BTreeSet<usize> = frames.iter().filter(repeated).map(|frame| frame.number).collect();
        let mut counted = [0, 0, 0, 0];
        let mut awaited: Option<&str> = None;
        for frame in &frames {
            let is_own = own.contains(&frame.number) || repetitions.contains(&frame.number);
            let is_answer = frame.is_acknowledgement && awaited == Some(&frame.sequence_number);
            awaited = is_own.then_some(frame.sequence_number.as_str());
            if is_own || is_answer {
                counted[0] += u64::from(is_own);
                counted[1] += u64::from(is_answer);
                counted[2] += frame.octets;
                counted[3] += u64::from(is_own && frame.is_fragment);
            }
        }
        let ours = ["frames", "acknowledgements", "octets", "fragments"].map(|column| number(&line, column));
        assert_eq!(ours, counted, "{case}: frames, acknowledgements, octets, fragments");
    }
}
