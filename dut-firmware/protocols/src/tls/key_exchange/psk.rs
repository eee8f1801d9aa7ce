//! A key that both sides were given (RFC 4279): the server may hint at one, the client names it.

use alloc::boxed::Box;
use alloc::vec::Vec;

use rand_core::Rng;
use wire::tls::{AlertDescription, CipherSuite, Handshake, KeyExchange, psk_premaster_secret};

use super::{ClientKind, ClientSide, Premaster, ServerKind, ServerSide};
use crate::Entropy;
use crate::tls::config::check_length;
use crate::tls::{ClientConfig, Fault, Psk, Randoms, ServerConfig, SinglePsk, UnknownIdentity};
use crate::work::Work;

pub(super) const CLIENT: ClientKind = ClientKind {
    suite: CipherSuite::PSK_WITH_AES_128_CCM_8,
    has_credentials: |config| {
        if let Some(SinglePsk { identity, psk }) = &config.psk {
            check_length("PSK identity", identity.len(), 0)?;
            check_length("PSK", psk.octets().len(), 1)?;
        }
        Ok(config.psk.is_some())
    },
    offer: |_, _, _| Ok(Box::new(Client { identity_hint: None })),
};

pub(super) const SERVER: ServerKind = ServerKind {
    suite: CipherSuite::PSK_WITH_AES_128_CCM_8,
    has_credentials: |config| {
        check_length("PSK identity hint", config.psk_identity_hint.as_ref().map_or(0, Vec::len), 0)?;
        Ok(config.psk_store.is_some())
    },
    choose: |_, _, _, _| Ok(Box::new(Server { identity: None })),
};

/// The client's side.
struct Client {
    identity_hint: Option<Vec<u8>>,
}

impl ClientSide for Client {
    fn form(&self) -> KeyExchange {
        KeyExchange::Psk
    }

    fn may_lack_server_key_exchange(&self) -> bool {
        true
    }

    fn on_server_key_exchange(&mut self, exchange: Handshake, _: &Randoms) -> Result<(), Fault> {
        let Handshake::ServerKeyExchangePsk { identity_hint } = exchange else { return Err(Fault::out_of_place()) };
        self.identity_hint = Some(identity_hint);
        Ok(())
    }

    fn client_key_exchange(&mut self, config: &ClientConfig, _: &mut Entropy) -> Result<(Handshake, Premaster), Fault> {
        let missing = Fault::new(AlertDescription::InternalError, "no PSK");
        let SinglePsk { identity, psk } = config.psk.as_ref().ok_or(missing)?;
        let exchange = Handshake::ClientKeyExchangePsk { identity: identity.clone() };
        Ok((exchange, premaster(psk)?))
    }

    fn identity_hint(&self) -> Option<&[u8]> {
        self.identity_hint.as_deref()
    }
}

/// The server's side.
struct Server {
    identity: Option<Vec<u8>>,
}

impl ServerSide for Server {
    fn form(&self) -> KeyExchange {
        KeyExchange::Psk
    }

    fn add_messages(
        &mut self,
        config: &ServerConfig,
        _: &Randoms,
        _: &mut Entropy,
        _: &mut Work,
        messages: &mut Vec<Handshake>,
    ) -> Result<(), Fault> {
        if let Some(identity_hint) = config.psk_identity_hint.clone() {
            messages.push(Handshake::ServerKeyExchangePsk { identity_hint });
        }
        Ok(())
    }

    fn on_client_key_exchange(
        &mut self,
        config: &ServerConfig,
        entropy: &mut Entropy,
        exchange: Handshake,
        _: &mut Work,
    ) -> Result<Premaster, Fault> {
        let Handshake::ClientKeyExchangePsk { identity } = exchange else { return Err(Fault::out_of_place()) };
        let known = config.psk_store.as_ref().and_then(|store| store.psk(&identity));
        // A store that answers with no octets knows no key: anybody could guess that one.
        let psk = match known.filter(|psk| !psk.octets().is_empty()) {
            Some(psk) => psk,
            None if config.unknown_identity == UnknownIdentity::Conceal => {
                let mut octets = [0; 16];
                entropy.fill_bytes(&mut octets);
                Psk::new(octets)
            }
            None => return Err(Fault::new(AlertDescription::UnknownPskIdentity, "PSK identity not known")),
        };
        self.identity = Some(identity);
        premaster(&psk)
    }

    fn wrong_key_alert(&self, config: &ServerConfig) -> AlertDescription {
        match config.unknown_identity {
            UnknownIdentity::Reveal => AlertDescription::BadRecordMac,
            // As for an identity that is not known, which is not to be told apart (RFC 4279 2).
            UnknownIdentity::Conceal => AlertDescription::DecryptError,
        }
    }

    fn psk_identity(&self) -> Option<&[u8]> {
        self.identity.as_deref()
    }
}

fn premaster(psk: &Psk) -> Result<Premaster, Fault> {
    psk_premaster_secret(psk.octets()).map(Premaster::new).map_err(Fault::internal)
}
