//! Captures of foreign programs: the dissector and tshark read the same values.

use bootrack_differential::blocks::{download, upload};
use bootrack_differential::captures::pcap;
use bootrack_differential::compare::{compare, dissect, foreign};
use bootrack_differential::stacks;
use bootrack_differential::tshark::has_tshark;

#[test]
fn foreign_captures_have_the_same_values_here_and_in_tshark() {
    if has_tshark() {
        foreign().report("foreign captures");
    }
}

#[test]
fn captures_of_running_stacks_have_the_same_values_here_and_in_tshark() {
    if has_tshark() {
        stacks::without_keys().report("running stacks, without keys");
        let all = stacks::with_keys();
        all.report("running stacks, with keys");
        for field in
            ["wpan.mic", "6lowpan.reassembled.length", "icmpv6.rpl.dio.rank", "icmpv6.echo.identifier", "coap.code"]
        {
            assert!(all.equal.contains_key(field), "{field} was never compared");
        }
    }
}

/// With one token: bodies whose requests have a token each are none to tshark.
#[test]
fn bodies_in_blocks_have_the_same_values_here_and_in_tshark() {
    if has_tshark() {
        const IPV6: u32 = 229;
        let packets = [download([b"t"; 3]), upload([b"u"; 3])].concat();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("blocks.pcap");
        std::fs::write(&path, pcap(IPV6, &packets)).unwrap();
        let found = compare(&path, &dissect(&packets, IPV6));
        found.report("bodies in blocks");
        assert_eq!(found.equal["coap.block.count"], 2);
        assert_eq!(found.equal["coap.opt.uri_path_recon"], 12);
    }
}
