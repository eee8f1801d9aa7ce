//! The octets of a store: what a board writes to its flash.
//!
//! `BTRK`, the version (u16), then records of kind (u8), length (u16) and value, in any order, big-endian; the FCS of
//! IEEE 802.15.4 over all of it ends the store. A record of a kind that is not known is an error: it may be one that the
//! device must not lose.

use alloc::vec::Vec;
use core::net::Ipv6Addr;

use protocols::link_security::IncomingCounter;
use wire::ieee802154::{SecurityLevel, append_fcs, check_fcs};
use wire::reader::Reader;
use wire::upper_tester::{Application, Find, Installation, Role, Routing, SecretKey, Trigger};
use wire::{Error, Eui64, Result};

use crate::anchor::{KeyPair, SecretScalar, TrustAnchor};
use crate::bounds;
use crate::store::{FORMAT, NetworkKey, Route, Store};

const MAGIC: [u8; 4] = *b"BTRK";

const WRITES: u8 = 1;
const ANCHOR: u8 = 2;
const INSTALLATION: u8 = 3;
const ROUTE: u8 = 4;
const KEY: u8 = 5;
const FRAME_COUNTER_BOUND: u8 = 6;
const ALL_SECURED: u8 = 7;
const CLOSE_SEQ: u8 = 8;
const INCOMING: u8 = 9;
/// Private scalar of a key pair; the records after it are parts of the same anchor.
const ANCHOR_KEY: u8 = 10;
const ANCHOR_CERTIFICATE: u8 = 11;
const ANCHOR_ISSUER: u8 = 12;
const ANCHOR_ROOT: u8 = 13;
const ANCHOR_REVOKED: u8 = 14;
/// How the tool is found; it belongs to the installation before it.
const FIND: u8 = 15;
const SOFTWARE: u8 = 16;
const APPLICATION: u8 = 17;
/// Routes are learnt by RPL; it belongs to the installation before it.
const RPL: u8 = 18;

impl Store {
    /// The octets to write to flash.
    pub fn encode(&self) -> Vec<u8> {
        let mut octets = Vec::from(MAGIC);
        octets.extend(FORMAT.to_be_bytes());
        let mut record = |kind: u8, value: &[u8]| {
            octets.push(kind);
            // Every record is shorter than a credential may be (`bounds::CREDENTIAL_OCTETS`).
            octets.extend(u16::try_from(value.len()).unwrap_or(0).to_be_bytes());
            octets.extend(value);
        };
        record(WRITES, &self.writes.to_be_bytes());
        match &self.anchor {
            Some(TrustAnchor::Psk(SecretKey(psk))) => record(ANCHOR, psk),
            Some(TrustAnchor::KeyPair(pair)) => {
                record(ANCHOR_KEY, &pair.key.0);
                record(ANCHOR_CERTIFICATE, &pair.certificate);
                record(ANCHOR_ISSUER, &pair.issuer);
                record(ANCHOR_ROOT, &pair.root);
                pair.revoked.iter().for_each(|hash| record(ANCHOR_REVOKED, hash));
            }
            None => {}
        }
        if let Some(site) = &self.installation {
            record(INSTALLATION, &encode_installation(site));
            if let Some(find) = site.find {
                record(FIND, &encode_find(find));
            }
            if site.routing == Routing::Rpl {
                record(RPL, &[]);
            }
        }
        for route in &self.routes {
            record(ROUTE, &[route.dest.0, route.via.0].concat());
        }
        for key in &self.keys {
            let source = key.source.map_or(Vec::new(), |source| source.0.to_vec());
            record(KEY, &[&[key.index, key.level.number()], &key.key.0[..], &source].concat());
        }
        record(FRAME_COUNTER_BOUND, &self.frame_counter_bound.to_be_bytes());
        record(ALL_SECURED, &[u8::from(self.all_secured)]);
        if let Some(seq) = self.close_seq {
            record(CLOSE_SEQ, &seq.to_be_bytes());
        }
        if let Some(version) = self.software {
            record(SOFTWARE, &version.to_be_bytes());
        }
        if let Some(application) = &self.application {
            record(APPLICATION, &encode_application(application));
        }
        for entry in &self.incoming {
            record(INCOMING, &[&entry.source.0[..], &[entry.key_index], &entry.expected.to_be_bytes()].concat());
        }
        append_fcs(&mut octets);
        octets
    }

    /// Reads what [`Store::encode`] wrote.
    ///
    /// # Errors
    /// [`Error`] if it is damaged, of another version, or holds more than a device may.
    pub fn decode(octets: &[u8]) -> Result<Self> {
        let content = check_fcs(octets)?;
        let mut reader = Reader::new(content);
        if reader.array("magic")? != MAGIC {
            return Err(Error::Malformed("no store"));
        }
        if reader.u16_be("format")? != FORMAT {
            return Err(Error::Unsupported("format of the store"));
        }
        let mut store = Self::default();
        while !reader.is_empty() {
            let kind = reader.u8("record kind")?;
            let length = reader.u16_be("record length")?;
            let mut value = Reader::new(reader.take(length.into(), "record")?);
            store.decode_record(kind, &mut value)?;
            if !value.is_empty() {
                return Err(Error::Malformed("record longer than its kind"));
            }
        }
        let within = store.routes.len() <= bounds::ROUTES
            && store.keys.len() <= bounds::KEYS
            && store.incoming.len() <= bounds::NEIGHBOURS;
        if within { Ok(store) } else { Err(Error::Malformed("more records than a device may hold")) }
    }

    fn decode_record(&mut self, kind: u8, value: &mut Reader<'_>) -> Result<()> {
        match kind {
            WRITES => self.writes = value.u64_be("writes")?,
            ANCHOR => self.anchor = Some(TrustAnchor::Psk(SecretKey(value.array("anchor")?))),
            ANCHOR_KEY => {
                let key = SecretScalar(value.array("private key")?);
                self.anchor = Some(TrustAnchor::KeyPair(KeyPair { key, ..KeyPair::default() }));
            }
            ANCHOR_CERTIFICATE | ANCHOR_ISSUER | ANCHOR_ROOT => {
                let octets = value.take(value.remaining(), "credential")?;
                if octets.len() > bounds::CREDENTIAL_OCTETS {
                    return Err(Error::Malformed("longer credential than a device may hold"));
                }
                let pair = self.key_pair()?;
                match kind {
                    ANCHOR_CERTIFICATE => pair.certificate = octets.to_vec(),
                    ANCHOR_ISSUER => pair.issuer = octets.to_vec(),
                    _ => pair.root = octets.to_vec(),
                }
            }
            ANCHOR_REVOKED => {
                let hash = value.array("hash of a revoked key")?;
                let pair = self.key_pair()?;
                if pair.revoked.len() >= bounds::REVOKED {
                    return Err(Error::Malformed("more revoked keys than a device may hold"));
                }
                pair.revoked.push(hash);
            }
            INSTALLATION => self.installation = Some(decode_installation(value)?),
            FIND => match &mut self.installation {
                Some(site) => site.find = Some(decode_find(value)?),
                None => return Err(Error::Malformed("a way to find the tool without a site")),
            },
            RPL => match &mut self.installation {
                Some(site) => site.routing = Routing::Rpl,
                None => return Err(Error::Malformed("a routing protocol without a site")),
            },
            ROUTE => self.routes.push(Route { dest: eui64(value)?, via: eui64(value)? }),
            KEY => self.keys.push(NetworkKey {
                index: value.u8("key index")?,
                level: SecurityLevel::from_bits(value.u8("security level")?),
                key: SecretKey(value.array("key")?),
                source: if value.is_empty() { None } else { Some(eui64(value)?) },
            }),
            FRAME_COUNTER_BOUND => self.frame_counter_bound = value.u32_be("frame counter bound")?,
            ALL_SECURED => self.all_secured = value.u8("ALL_SECURED")? != 0,
            CLOSE_SEQ => self.close_seq = Some(value.u32_be("close sequence number")?),
            INCOMING => self.incoming.push(IncomingCounter {
                source: eui64(value)?,
                key_index: value.u8("key index")?,
                expected: value.u32_be("frame counter")?,
            }),
            SOFTWARE => self.software = Some(value.u32_be("version of the software")?),
            APPLICATION => self.application = Some(decode_application(value)?),
            _ => return Err(Error::Unsupported("kind of record")),
        }
        Ok(())
    }
}

impl Store {
    /// The key pair that a record belongs to.
    fn key_pair(&mut self) -> Result<&mut KeyPair> {
        match &mut self.anchor {
            Some(TrustAnchor::KeyPair(pair)) => Ok(pair),
            _ => Err(Error::Malformed("part of a key pair without a key")),
        }
    }
}

fn encode_installation(site: &Installation) -> Vec<u8> {
    let mut value = Vec::from([u8::from(site.role == Role::SixLbr), site.channel]);
    value.extend(site.pan_id.to_be_bytes());
    value.extend(site.ct.octets());
    value.push(u8::from(site.trigger == Trigger::Selection));
    value.extend(site.parent.map_or(Vec::new(), |parent| parent.0.to_vec()));
    value
}

fn decode_installation(value: &mut Reader<'_>) -> Result<Installation> {
    Ok(Installation {
        role: if value.u8("role")? == 0 { Role::SixLr } else { Role::SixLbr },
        channel: value.u8("channel")?,
        pan_id: value.u16_be("PAN identifier")?,
        ct: Ipv6Addr::from(value.array::<16>("address of the CT")?),
        find: None,
        routing: Routing::Tree,
        trigger: if value.u8("trigger")? == 0 { Trigger::Boot } else { Trigger::Selection },
        parent: if value.is_empty() { None } else { Some(eui64(value)?) },
    })
}

fn encode_application(application: &Application) -> Vec<u8> {
    let mut value = application.dest.octets().to_vec();
    value.extend(application.port.to_be_bytes());
    value.extend(application.interval_s.to_be_bytes());
    value.extend(&application.data);
    value
}

fn decode_application(value: &mut Reader<'_>) -> Result<Application> {
    Ok(Application {
        dest: Ipv6Addr::from(value.array::<16>("destination of the application")?),
        port: value.u16_be("port of the application")?,
        interval_s: value.u16_be("interval of the application")?,
        data: value.take(value.remaining(), "data of the application")?.to_vec(),
    })
}

/// The way, and the server's address if there is one.
fn encode_find(find: Find) -> Vec<u8> {
    let way = match find {
        Find::Multicast => 0,
        Find::DnsSd(_) => 1,
        Find::ResourceDirectory(_) => 2,
    };
    let mut value = Vec::from([way]);
    value.extend(find.server().map_or(Vec::new(), |server| server.octets().to_vec()));
    value
}

fn decode_find(value: &mut Reader<'_>) -> Result<Find> {
    let way = value.u8("way to find the CT")?;
    let mut server = || Ok::<_, Error>(Ipv6Addr::from(value.array::<16>("server")?));
    match way {
        0 => Ok(Find::Multicast),
        1 => server().map(Find::DnsSd),
        2 => server().map(Find::ResourceDirectory),
        _ => Err(Error::Malformed("way to find the CT")),
    }
}

fn eui64(value: &mut Reader<'_>) -> Result<Eui64> {
    Ok(Eui64(value.array("EUI-64")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> Store {
        let mut store = Store::default();
        store.set_anchor(TrustAnchor::Psk(SecretKey([1; 16])));
        store.set_installation(Installation {
            role: Role::SixLbr,
            channel: 26,
            pan_id: 0xb007,
            ct: Ipv6Addr::UNSPECIFIED,
            find: Some(Find::DnsSd(Ipv6Addr::LOCALHOST)),
            routing: Routing::Rpl,
            parent: Some(Eui64([2; 8])),
            trigger: Trigger::Selection,
        });
        assert!(store.set_route(Route { dest: Eui64([3; 8]), via: Eui64([4; 8]) }));
        let key = NetworkKey { index: 1, level: SecurityLevel::EncMic32, key: SecretKey([5; 16]), source: None };
        assert!(store.set_key(key.clone()));
        assert!(store.set_key(NetworkKey { index: 2, source: Some(Eui64([6; 8])), ..key }));
        store.set_frame_counter_bound(1024);
        store.set_software(Some(3));
        store.set_application(Some(Application {
            dest: Ipv6Addr::LOCALHOST,
            port: 7,
            interval_s: 5,
            data: Vec::from([1]),
        }));
        store.set_all_secured(true, 7);
        store.set_incoming(IncomingCounter { source: Eui64([8; 8]), key_index: 1, expected: 9 });
        store
    }

    #[test]
    fn a_store_survives_encoding() {
        let pair = KeyPair {
            key: SecretScalar([9; 32]),
            certificate: Vec::from([1; 400]),
            issuer: Vec::new(),
            root: Vec::from([2; 91]),
            revoked: Vec::from([[3; 32], [4; 32]]),
        };
        let certified = Store { anchor: Some(TrustAnchor::KeyPair(pair)), ..full() };
        for store in [Store::default(), full(), certified] {
            assert!(Store::decode(&store.encode()) == Ok(store));
        }
    }

    #[test]
    fn a_damaged_store_is_no_store() {
        let octets = full().encode();
        for at in 0..octets.len() {
            let mut damaged = octets.clone();
            damaged[at] ^= 0x10;
            assert!(Store::decode(&damaged).is_err(), "octet {at}");
            assert!(Store::decode(&octets[..at]).is_err(), "length {at}");
        }
    }

    #[test]
    fn a_store_of_another_version_or_with_an_unknown_record_is_refused() {
        let with = |change: fn(&mut Vec<u8>)| {
            let mut octets = full().encode();
            octets.truncate(octets.len() - 2);
            change(&mut octets);
            append_fcs(&mut octets);
            Store::decode(&octets)
        };
        assert!(with(|octets| octets[5] = 2) == Err(Error::Unsupported("format of the store")));
        assert!(with(|octets| octets.extend([99, 0, 0])) == Err(Error::Unsupported("kind of record")));
        assert!(with(|octets| octets.extend([CLOSE_SEQ, 0, 5, 0, 0, 0, 0, 0])).is_err());
        assert!(with(|octets| (0..5).for_each(|_| octets.extend([KEY, 0, 18].iter().chain(&[0; 18])))).is_err());
    }

    #[test]
    fn erasing_leaves_the_bound_of_frame_counters_the_software_and_the_wear_only() {
        let mut store = full();
        let writes = store.writes();
        store.erase();
        assert_eq!((store.frame_counter_bound(), store.writes()), (1024, writes + 1));
        let mut fresh = Store::default();
        (fresh.frame_counter_bound, fresh.writes, fresh.software) = (1024, writes + 1, Some(3));
        assert!(store == fresh);
    }
}
