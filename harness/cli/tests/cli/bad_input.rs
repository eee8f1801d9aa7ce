//! Suite, testbed, PICS and PIXIT files that are wrong: exit 2, and an answer that says where and what to do.
//!
//! The loaders' own tests hold every message; here each kind of mistake goes through the command line once.

use std::fs;
use std::path::Path;

use rstest::rstest;

use crate::common::{Outcome, call_in};

/// A suite that is in order but for what a test changes in it.
const SUITE: &str = r#"title = "A suite"
phase = "bootstrap"

[[case]]
id = "BAD-01"
purpose = "Something is wrong here."
clauses = ["SEL-5-3"]
topology = "line: ct lbr router dut"
  [[case.setup]]
  use = "prepare_network"
  [[case.step]]
  do = "power_on dut"
  [[case.step]]
  expect = "sel.jsr"
  from = "dut"
  within = "5s"
  where = { "sel.status" = 0 }
"#;

/// How each kind of file is given.
fn given(folder: &Path, kind: &str) -> Outcome {
    match kind {
        "suite" => call_in(folder, ["run", "--suite", "file.toml", "--out", "run"]),
        "pics" => call_in(folder, ["run", "--pics", "file.toml", "--out", "run"]),
        "pixit" => call_in(folder, ["run", "--pixit", "file.toml", "--out", "run"]),
        "testbed" => call_in(folder, ["run", "--testbed", "file.toml", "--out", "run"]),
        _ => unreachable!(),
    }
}

/// A file of this kind with this content is refused, and nothing is left behind.
#[track_caller]
fn refused(kind: &str, content: Option<&[u8]>) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    if let Some(content) = content {
        fs::write(folder.path().join("file.toml"), content).unwrap();
    }
    let outcome = given(folder.path(), kind).expect(2);
    assert!(!folder.path().join("run").exists(), "a refused {kind} leaves no run");
    // `check` says the same of the file without running anything.
    let option = format!("--{kind}");
    let check = match kind {
        "suite" => call_in(folder.path(), ["check", "file.toml"]),
        _ => call_in(folder.path(), ["check", &option, "file.toml"]),
    };
    assert_eq!(check.expect(2).err, outcome.err);
    outcome
}

#[rstest]
fn a_file_that_is_missing_empty_or_binary_is_refused_by_name(
    #[values("suite", "pics", "pixit", "testbed")] kind: &str,
) {
    refused(kind, None).complains(&["file.toml: cannot be read", "No such file", "check the path"]);
    refused(kind, Some(b" \n")).complains(&["file.toml: is empty", "this must be a TOML text file"]);
    refused(kind, Some(b"\x7fELF\xff\xfe"))
        .complains(&["file.toml: is not UTF-8 text", "binary file named by mistake"]);
    refused(kind, Some(b"title = \"a\0b\"\n")).complains(&["file.toml: holds NUL octets"]);
    refused(kind, Some(b"title = \"unclosed\nnext = 1\n")).complains(&["file.toml:1:"]);
    refused(kind, Some(b"{\"json\": true}\n")).complains(&["file.toml:1:"]);
}

#[rstest]
#[case::key("purpose = \"Some", "purpse = \"Some", &["file.toml:6:1: unknown key `purpse`", "purpose"])]
#[case::field("sel.status", "sel.statsu", &["file.toml:17:", "`sel.statsu`", "did you mean `sel.status`?"])]
#[case::message("\"sel.jsr\"", "\"sel.jrs\"", &["file.toml:14:12: ", "`sel.jrs`", "`sel.jsr`"])]
#[case::clause("SEL-5-3", "SEL-5-333", &["file.toml:7:12: ", "`SEL-5-333`"])]
#[case::mutant("topology =", "kills = [\"ssr-mising\"]\ntopology =", &["file.toml:8:10: ", "`ssr-mising`", "`ssr-missing`"])]
#[case::pics("topology =", "pics = [\"SEL_6RL\"]\ntopology =", &["file.toml:8:9: ", "`SEL_6RL`", "`SEL_6LR`"])]
#[case::procedure("prepare_network", "prepare_netwrk", &["file.toml:10:9: ", "`prepare_netwrk`", "`prepare_network`"])]
#[case::command("power_on", "powr_on", &["file.toml:12:", "`powr_on`", "power_on"])]
#[case::board("from = \"dut\"", "from = \"dtu\"", &["file.toml:15:", "no board `dtu` in the topology"])]
#[case::phase("\"bootstrap\"", "\"bootstrp\"", &["file.toml:2:9: ", "`bootstrp`", "`bootstrap`"])]
#[case::type_of_a_key("title = \"A suite\"", "title = 7", &["file.toml:1:9: ", "`title`", "integer"])]
#[case::type_of_a_field("{ \"sel.status\" = 0 }", "{ \"sel.status\" = \"zero\" }", &["file.toml:17:", "sel.status"])]
#[case::no_duration("\"5s\"", "\"5 lightyears\"", &["file.toml:16:12: "])]
#[case::no_topology("line: ct", "lin: ct", &["file.toml:8:13: ", "`lin`", "`line`"])]
#[case::no_device("router dut", "router dud", &["file.toml:8:"])]
#[case::board_twice("router dut", "router router dut", &["file.toml:8:", "`router`"])]
#[case::no_path("line: ct lbr router dut", "graph: ct-lbr lbr-dut island-reef", &["file.toml:8:", "has no path to `lbr`"])]
#[case::no_border_router("line: ct lbr router dut", "line: ct dut", &["file.toml:8:", "ct"])]
fn a_mistake_in_a_suite_is_shown_where_it_stands(#[case] good: &str, #[case] bad: &str, #[case] fragments: &[&str]) {
    assert!(SUITE.contains(good));
    let suite = SUITE.replacen(good, bad, 1);
    let outcome = refused("suite", Some(suite.as_bytes())).complains(fragments);
    assert!(outcome.err.contains("here"), "the place is not underlined:\n{}", outcome.err);
}

/// A suite whose steps a test writes; the tester radio `tester` hears the device.
const STEPS: &str = r#"title = "A suite"
phase = "bootstrap"

[[case]]
id = "BAD-01"
purpose = "The tester cannot do this."
clauses = ["SEL-5-3"]
topology = "graph: ct-lbr lbr-dut dut-tester"
  [[case.setup]]
  use = "prepare_network"
  [[case.step]]
  STEP
  [[case.step]]
  expect = "sel.jsr"
  from = "dut"
  within = "5s"
"#;

/// What no machine of the tester can do is told when the suite is loaded, at the step, the field or the word.
#[rstest]
#[case::field("send = \"sel.jsr\"\nto = \"dut\"\nset = { \"coap.code\" = 1 }", &["14:9: ", "`coap.code` cannot be set in a `sel.jsr`"])]
#[case::number("send = \"sel.jsr\"\nto = \"dut\"\nset = { \"sel.status\" = 300 }", &["14:24: ", "`sel.status` is never 300", "0 to 255"])]
#[case::key("send = \"sel.ssr\"\nto = \"dut\"\nlevel = 5\nset = { \"key\" = \"00ff\" }", &["15:9: ", "`key` cannot be `(hidden)`", "32 hex digits"])]
#[case::plain("send = \"sel.ssr\"\nto = \"dut\"\nset = { \"wpan.aux_sec.key_index\" = 2 }", &["14:9: ", "the frame is plain", "`level = 5`"])]
#[case::too_long("send = \"icmpv6.echo_request\"\nto = \"dut\"\nset = { \"data.len\" = 3000 }", &["12:8: ", "cannot be encoded", "2047 octets"])]
#[case::too_long_for_a_frame("send = \"wpan.data\"\nto = \"dut\"\nset = { \"data.len\" = 200 }", &["12:8: ", "cannot be encoded"])]
#[case::no_way("send = \"icmpv6.echo_request\"\nto = \"fd00::1\"", &["12:8: ", "no neighbour is known"])]
#[case::message_of_another_machine("deviate = \"sel.ssr\"\ndrop = true", &["12:11: ", "this machine sends no `sel.ssr`", "`by`"])]
#[case::deviating_field("deviate = \"dtls.client_hello\"\nset = { \"coap.code\" = 1 }", &["13:9: ", "`coap.code` is no field of `dtls.client_hello` that can be set"])]
#[case::deviating_selection("deviate = \"dtls.client_hello\"\ndrop = true\nwhere = { \"dtls.record.epoch\" = { min = 1 } }", &["14:11: ", "by equal fields only"])]
#[case::order("do = \"ct request $dut.eui64 FETCH /coap-key2\"", &["12:10: ", "`FETCH` is not"])]
#[case::order_of_a_neighbour("do = \"tester flood hello to=$dut.eui64 count=3\"", &["12:14: ", "`hello` is not jsr, ns"])]
#[case::order_of_a_forged_tool("do = \"tester tool connect nobody\"", &["12:14: ", "`nobody` is not an EUI-64"])]
#[case::number_of_an_order("do = \"tester flood jsr to=$dut.eui64 count=many\"", &["12:14: ", "`many` is not a number in range"])]
fn what_the_tester_cannot_do_is_told_where_it_stands(#[case] step: &str, #[case] fragments: &[&str]) {
    let suite = STEPS.replacen("  STEP", step, 1);
    let outcome = refused("suite", Some(suite.as_bytes())).complains(fragments);
    assert!(outcome.err.contains("here"), "the place is not underlined:\n{}", outcome.err);
}

#[test]
fn a_payload_that_no_packet_takes_is_told_where_it_stands() {
    let order = format!("do = \"ct request $dut.eui64 PUT /coap-key2 payload={}\"", "00".repeat(1300));
    let suite = STEPS.replacen("  STEP", &order, 1);
    refused("suite", Some(suite.as_bytes())).complains(&["12:10: ", "1203"]);
}

#[test]
fn the_suite_of_these_tests_is_good_but_for_the_mistakes() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file.toml"), SUITE).unwrap();
    call_in(folder.path(), ["check", "file.toml"]).expect(0);
}

#[test]
fn a_case_id_twice_is_refused_in_one_file_and_in_two() {
    let case = &SUITE[SUITE.find("[[case]]").unwrap()..];
    refused("suite", Some(format!("{SUITE}\n{case}").as_bytes())).complains(&["file.toml:20:6: ", "`BAD-01`"]);
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.toml"), SUITE).unwrap();
    fs::write(folder.path().join("b.toml"), SUITE).unwrap();
    call_in(folder.path(), ["check", "a.toml", "b.toml"]).expect(2).complains(&["b.toml:5:6: ", "`BAD-01`"]);
}

#[test]
fn procedures_that_use_each_other_in_a_circle_are_refused() {
    let circle = "\n[[procedure]]\nname = \"one\"\n[[procedure.step]]\nuse = \"two\"\n\
                  [[procedure]]\nname = \"two\"\n[[procedure.step]]\nuse = \"one\"\n";
    let suite = SUITE.replacen("prepare_network", "one", 1) + circle;
    refused("suite", Some(suite.as_bytes())).complains(&["file.toml:", "one", "two"]);
}

#[test]
fn several_mistakes_are_told_at_once() {
    let suite = SUITE.replacen("sel.status", "sel.statsu", 1).replacen("SEL-5-3", "SEL-5-333", 1);
    refused("suite", Some(suite.as_bytes())).complains(&["2 mistakes", "`sel.statsu`", "`SEL-5-333`"]);
}

#[rstest]
#[case::symbol("pics", "[pics]\nSEL_6RL = true\n", &["file.toml:2:1: ", "`SEL_6RL`", "`SEL_6LR`"])]
#[case::answer("pics", "[pics]\nSEL_6LR = \"yes\"\n", &["file.toml:2:11: ", "SEL_6LR", "true or false"])]
#[case::section("pics", "[pisc]\nSEL_6LR = true\n", &["file.toml:1:", "pisc"])]
#[case::name("pixit", "[pixit]\nssr_lifetim = 30\n", &["file.toml:2:1: ", "`ssr_lifetim`", "`ssr_lifetime`"])]
#[case::type_of_a_value("pixit", "[pixit]\nhop_limit = \"many\"\n", &["file.toml:2:13: ", "hop_limit"])]
#[case::range("pixit", "[pixit]\nhop_limit = 300\n", &["file.toml:2:13: ", "hop_limit", "255"])]
#[case::choice("pixit", "[pixit]\ntrigger = \"boots\"\n", &["file.toml:2:11: ", "boots", "boot"])]
#[case::key("testbed", "nam = \"x\"\nbackend = \"virtual\"\n", &["file.toml:1:1: ", "`nam`", "`name`"])]
#[case::backend("testbed", "name = \"x\"\nbackend = \"virtul\"\n", &["file.toml:2:", "virtul", "virtual"])]
#[case::probability("testbed", "name = \"x\"\nbackend = \"virtual\"\n[medium]\ndelivery = 1.5\n", &["file.toml:4:", "delivery"])]
#[case::type_in_the_medium("testbed", "name = \"x\"\nbackend = \"virtual\"\n[medium]\ndelivery = \"all\"\n", &["file.toml:4:12: "])]
#[case::link("testbed", "name = \"x\"\nbackend = \"virtual\"\n[[medium.link]]\nbetween = [\"dut\"]\n", &["file.toml:4:"])]
fn a_mistake_in_pics_pixit_or_testbed_is_shown_where_it_stands(
    #[case] kind: &str,
    #[case] content: &str,
    #[case] fragments: &[&str],
) {
    let outcome = refused(kind, Some(content.as_bytes())).complains(fragments);
    assert!(outcome.err.contains("here"), "the place is not underlined:\n{}", outcome.err);
}

#[test]
fn a_testbed_that_cannot_play_a_case_says_so_and_blames_the_rack() {
    let folder = tempfile::tempdir().unwrap();
    let testbed = "name = \"x\"\nbackend = \"virtual\"\n[sniffer]\nname = \"sniffer\"\nposition = \"joiner\"\n";
    fs::write(folder.path().join("file.toml"), testbed).unwrap();
    let outcome = call_in(folder.path(), ["run", "SEL-JSR-01", "--testbed", "file.toml", "--out", "run"]).expect(4);
    assert!(outcome.out.contains("joiner") && outcome.out.contains("rack: "), "{}", outcome.out);
}

#[test]
fn what_a_person_sees_of_a_mistake() {
    let field = SUITE.replacen("sel.status", "sel.statsu", 1);
    insta::assert_snapshot!("suite_field", refused("suite", Some(field.as_bytes())).err);
    let island = SUITE.replacen("line: ct lbr router dut", "graph: ct-lbr lbr-dut island-reef", 1);
    insta::assert_snapshot!("suite_no_path", refused("suite", Some(island.as_bytes())).err);
    let pixit = b"[pixit]\nssr_lifetim = 30\nhop_limit = 300\n";
    insta::assert_snapshot!("pixit", refused("pixit", Some(pixit)).err);
    insta::assert_snapshot!("pics", refused("pics", Some(b"[pics]\nSEL_6RL = true\n")).err);
    insta::assert_snapshot!("testbed", refused("testbed", Some(b"nam = \"x\"\nbackend = \"virtual\"\n")).err);
}

#[test]
fn a_folder_of_suites_is_read_and_an_empty_one_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("suites")).unwrap();
    call_in(folder.path(), ["check", "suites"]).expect(2).complains(&["suites: holds no suite", "end in .toml"]);
    fs::write(folder.path().join("suites/a.toml"), SUITE).unwrap();
    call_in(folder.path(), ["list", "--suite", "suites"]).expect(0);
    fs::write(folder.path().join("suites/b.toml"), "title = 7\n").unwrap();
    call_in(folder.path(), ["list", "--suite", "suites"]).expect(2).complains(&["suites/b.toml:1:9: "]);
}
