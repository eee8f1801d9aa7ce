//! What manufacture and installation gave to the device: its trust anchor, its role and site, and who is to key it.

use alloc::string::String;
use alloc::vec::Vec;
use core::net::Ipv6Addr;
use core::ops::RangeInclusive;

use wire::reader::Reader;
use wire::upper_tester::life::MAX_PSK;
use wire::upper_tester::{Find, Installation, Role, Routing, SecretOctets, Trigger};
use wire::{Error, Eui64, Result};

use super::anchor::{KeyPair, SecretScalar, TrustAnchor};
use crate::bounds;
use crate::section::Section;

const ANCHOR: u8 = 2;
const INSTALLATION: u8 = 3;
/// Private scalar of a key pair; the records after it are parts of the same anchor.
const ANCHOR_KEY: u8 = 10;
const ANCHOR_CERTIFICATE: u8 = 11;
const ANCHOR_ISSUER: u8 = 12;
const ANCHOR_ROOT: u8 = 13;
const ANCHOR_REVOKED: u8 = 14;
/// How the tool is found; it belongs to the installation before it.
const FIND: u8 = 15;
/// Routes are learnt by RPL; it belongs to the installation before it.
const RPL: u8 = 18;
/// The name of the mechanism that keys the device, if that was said.
const MECHANISM: u8 = 20;

/// What was given.
#[derive(Clone, Default)]
pub(crate) struct Given {
    pub(crate) anchor: Option<TrustAnchor>,
    pub(crate) installation: Option<Installation>,
    /// The mechanism that is to key the device; the first one that it has if that is not said.
    pub(crate) mechanism: Option<String>,
}

impl Given {
    /// The key pair that a record belongs to.
    fn key_pair(&mut self) -> Result<&mut KeyPair> {
        match &mut self.anchor {
            Some(TrustAnchor::KeyPair(pair)) => Ok(pair),
            _ => Err(Error::Malformed("part of a key pair without a key")),
        }
    }

    /// The site that a record belongs to.
    fn site(&mut self) -> Result<&mut Installation> {
        self.installation.as_mut().ok_or(Error::Malformed("part of a site without a site"))
    }
}

impl Section for Given {
    const KINDS: &'static [RangeInclusive<u8>] =
        &[ANCHOR..=INSTALLATION, ANCHOR_KEY..=FIND, RPL..=RPL, MECHANISM..=MECHANISM];

    fn encode(&self, record: &mut dyn FnMut(u8, &[u8])) {
        match &self.anchor {
            Some(TrustAnchor::Psk(SecretOctets(psk))) => record(ANCHOR, psk),
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
        if let Some(mechanism) = &self.mechanism {
            record(MECHANISM, mechanism.as_bytes());
        }
    }

    fn decode(&mut self, kind: u8, value: &mut Reader<'_>) -> Result<()> {
        match kind {
            ANCHOR => {
                let psk = value.take(value.remaining(), "anchor")?;
                if !(16..=MAX_PSK).contains(&psk.len()) {
                    return Err(Error::Malformed("pre-shared key shorter or longer than one may be"));
                }
                self.anchor = Some(TrustAnchor::Psk(SecretOctets(psk.to_vec())));
            }
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
            FIND => self.site()?.find = Some(decode_find(value)?),
            RPL => self.site()?.routing = Routing::Rpl,
            _ => {
                let name = core::str::from_utf8(value.take(value.remaining(), "mechanism")?);
                self.mechanism = Some(name.map_err(|_| Error::Malformed("name of a mechanism"))?.into());
            }
        }
        Ok(())
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
