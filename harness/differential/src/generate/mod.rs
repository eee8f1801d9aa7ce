//! Frames of every kind that the dissector knows, from a seed: the same ones at every run.

mod coap;
mod cooked;
mod dns;
mod dtls;
mod elements;
mod encapsulation;
mod handshake;
mod icmpv6;
mod ip;
mod ip_extension;
mod key_management;
mod lowpan;
mod ndp_option;
mod rpl;
mod special;
mod wpan;

use wire::Eui64;
use wire::ieee802154::{LinkAddress, ShortAddress};

/// Contexts that both dissectors are told, by identifier.
pub const CONTEXTS: [(u8, &str, u8); 3] =
    [(0, "fd00:b007::", 64), (3, "2001:db8:1:2::", 64), (5, "2001:db8:9:8::", 64)];

/// A small generator of pseudo-random numbers (xorshift64*).
pub struct Rng {
    state: u64,
    harm: Harm,
}

/// What is wrong with what lies in packets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Harm {
    Nothing,
    /// It ends too early.
    Cut,
    /// An octet is another one, or an element is too short.
    Changed,
}

impl Rng {
    /// A generator that starts from `seed`.
    pub fn new(seed: u64) -> Self {
        Self { state: seed | 1, harm: Harm::Nothing }
    }

    /// A generator of packets whose contents end somewhere, while lengths and checksums around them are right.
    pub fn cutting(seed: u64) -> Self {
        Self { harm: Harm::Cut, ..Self::new(seed) }
    }

    /// `content`, or now and then what is before its end if this generator cuts.
    pub(super) fn cut(&mut self, mut content: Vec<u8>) -> Vec<u8> {
        if self.harm == Harm::Cut && self.chance() {
            content.truncate(self.below(content.len() as u64 + 1) as usize);
        }
        content
    }

    /// The value of an element of a message, now and then one that is too short for what it is.
    pub(super) fn value(&mut self, mut value: Vec<u8>) -> Vec<u8> {
        if self.harm == Harm::Changed && self.below(8) == 0 {
            value.truncate(self.below(value.len() as u64 + 1) as usize);
        }
        value
    }

    /// A generator of packets in whose contents now and then an octet is another one, or an element is too short for what it
    /// is, while checksums around are right.
    pub fn changing(seed: u64) -> Self {
        Self { harm: Harm::Changed, ..Self::new(seed) }
    }

    /// What lies innermost: `content`, or now and then what this generator makes of it.
    pub(super) fn harm(&mut self, content: Vec<u8>) -> Vec<u8> {
        let mut content = self.cut(content);
        if self.harm != Harm::Changed || content.is_empty() || self.chance() {
            return content;
        }
        if self.below(4) == 0 {
            content.truncate(self.below(content.len() as u64) as usize);
            return content;
        }
        // Lengths and counts are small numbers mostly.
        let small: Vec<usize> = (0..content.len()).filter(|at| (1..40).contains(&content[*at])).collect();
        let at = match small[..] {
            [_, ..] if self.chance() => self.pick(&small),
            _ => self.below(content.len() as u64) as usize,
        };
        content[at] = content[at].wrapping_sub(1 + self.below(8) as u8);
        content
    }

    pub(super) fn does_harm(&self) -> bool {
        self.harm != Harm::Nothing
    }

    /// 64 bits.
    pub fn u64(&mut self) -> u64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        (self.u64() >> 11) % limit
    }

    /// Heads or tails.
    pub fn chance(&mut self) -> bool {
        self.below(2) == 1
    }

    /// Eight bits.
    pub fn u8(&mut self) -> u8 {
        self.below(256) as u8
    }

    /// Sixteen bits.
    pub fn u16(&mut self) -> u16 {
        self.below(1 << 16) as u16
    }

    /// Thirty-two bits.
    pub fn u32(&mut self) -> u32 {
        (self.u64() >> 32) as u32
    }

    /// From `least` to `most` octets.
    pub fn bytes(&mut self, least: u64, most: u64) -> Vec<u8> {
        let length = least + self.below(most - least + 1);
        (0..length).map(|_| self.u8()).collect()
    }

    /// Up to fourteen letters.
    pub fn word(&mut self) -> String {
        let length = 1 + self.below(14);
        (0..length).map(|_| char::from(b'a' + self.below(26) as u8)).collect()
    }

    /// One of `from`.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }

    pub(super) fn eui64(&mut self) -> Eui64 {
        let mut octets = self.u64().to_be_bytes();
        octets[0] = 0x02;
        Eui64(octets)
    }

    pub(super) fn link_address(&mut self) -> LinkAddress {
        // Short addresses from 0x8000 on are multicast in 6LoWPAN (RFC 4944 section 12).
        if self.below(4) == 0 {
            LinkAddress::Short(ShortAddress(self.u16() & 0x7fff))
        } else {
            LinkAddress::Extended(self.eui64())
        }
    }
}
