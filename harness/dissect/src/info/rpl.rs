//! The rank of a DIO, and whom a DAO says to be below its sender.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::Info;

pub(super) const INFO: Info = Info {
    words: |facts, words| {
        words.extend(facts.number("icmpv6.rpl.dio.rank").map(|rank| match rank {
            0xffff => "infinite rank".to_owned(),
            rank => format!("rank {rank}"),
        }));
        let targets = facts.values("icmpv6.rpl.opt.target.prefix").map(|target| {
            let target = target.to_string();
            facts.names.of_address(&target).unwrap_or(target)
        });
        let targets: Vec<String> = targets.collect();
        if !targets.is_empty() {
            // Path lifetime 0 takes a route back (RFC 6550 section 6.7.8).
            let gone = facts.number("icmpv6.rpl.opt.transit.pathlifetime") == Some(0);
            words.push(format!("{} {}", if gone { "no path to" } else { "path to" }, targets.join(" ")));
        }
    },
    ..Info::NONE
};
