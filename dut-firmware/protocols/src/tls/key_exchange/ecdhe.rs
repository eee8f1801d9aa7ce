//! The ephemeral half of ECDHE_ECDSA on P-256 (RFC 8422 5.4, 5.7, 5.10): fresh keys, the agreed secret, what is signed.

use alloc::vec::Vec;

use p256::SecretKey;
use p256::elliptic_curve::Generate;
use p256::elliptic_curve::sec1::ToSec1Point;
use sha2::{Digest, Sha256};
use wire::tls::{AlertDescription, EcdhParameters, EcdheServerKeyExchange, NamedGroup, RANDOM_LENGTH};

use super::Premaster;
use crate::Entropy;
use crate::credentials::{PublicKey, SigningKey, point_on_curve};
use crate::tls::signature::{sign, verify};
use crate::tls::{Fault, Randoms};

/// An ephemeral private key, for one handshake; its octets are wiped when it is dropped.
pub(super) struct Ephemeral(SecretKey);

impl Ephemeral {
    pub(super) fn generate(entropy: &mut Entropy) -> Self {
        Self(SecretKey::generate_from_rng(entropy))
    }

    /// The public half, uncompressed.
    pub(super) fn point(&self) -> Vec<u8> {
        self.0.public_key().to_sec1_point(false).as_bytes().to_vec()
    }

    /// The premaster secret: the x coordinate, leading zeros included (RFC 8422 5.10).
    pub(super) fn agree(&self, peer: &[u8]) -> Result<Premaster, Fault> {
        // RFC 8422 5.10 with 5.4.1: only uncompressed points, and only those that are on the curve.
        let peer = point_on_curve(peer)
            .ok_or(Fault::new(AlertDescription::IllegalParameter, "ECDH point is not on the curve"))?;
        Ok(Premaster::new(self.0.diffie_hellman(&peer).raw_secret_bytes().as_slice()))
    }
}

/// The SHA-256 hash of what a server signs (RFC 8422 5.4): both randoms and its parameters.
fn parameters_hash(randoms: &Randoms, parameters: &EcdhParameters) -> Result<[u8; 32], Fault> {
    let mut octets = Vec::new();
    parameters.emit(&mut octets).map_err(Fault::internal)?;
    Ok(Sha256::new().chain_update(randoms.client).chain_update(randoms.server).chain_update(octets).finalize().into())
}

/// Octets that [`parameters_hash`] is over: two randoms; curve type, curve, length and a point that is not compressed.
pub(super) const PARAMETERS_LENGTH: usize = 2 * RANDOM_LENGTH + 4 + 65;

/// A server's ServerKeyExchange.
pub(super) fn server_key_exchange(
    key: &SigningKey,
    ephemeral: &Ephemeral,
    randoms: &Randoms,
) -> Result<EcdheServerKeyExchange, Fault> {
    let parameters = EcdhParameters { group: NamedGroup::SECP256R1, point: ephemeral.point() };
    let signed = sign(key, &parameters_hash(randoms, &parameters)?)?;
    Ok(EcdheServerKeyExchange { parameters, signed })
}

/// Checks a ServerKeyExchange with the key of the server's certificate.
pub(super) fn check_server_key_exchange(
    key: &PublicKey,
    exchange: &EcdheServerKeyExchange,
    randoms: &Randoms,
) -> Result<(), Fault> {
    if exchange.parameters.group != NamedGroup::SECP256R1 {
        return Err(Fault::new(AlertDescription::IllegalParameter, "group that was not offered"));
    }
    let hash = parameters_hash(randoms, &exchange.parameters)?;
    verify(key, &hash, &exchange.signed, "signature of ServerKeyExchange")
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::vec;
    use alloc::vec::Vec;

    use p256::SecretKey;
    use rstest::rstest;
    use wire::dtls::{fragments, records};
    use wire::tls::{AlertDescription, ContentType, Handshake, HandshakeType, KeyExchange, NamedGroup, Transport};

    use super::{Ephemeral, parameters_hash, verify};
    use crate::credentials::PublicKey;
    use crate::tls::Randoms;

    const VECTOR: &str = include_str!("../../../../wire/tests/vectors/dtls12-ecdhe.txt");

    fn octets(digits: &str) -> Vec<u8> {
        hex::decode(digits).unwrap()
    }

    /// The handshake that OpenSSL made, message by message.
    fn recorded() -> Vec<Handshake> {
        let datagrams = VECTOR.lines().filter_map(|line| line.strip_prefix("C 16").or(line.strip_prefix("S 16")));
        let mut messages = Vec::new();
        for datagram in datagrams {
            let datagram = octets(&format!("16{datagram}"));
            for record in records(&datagram).map(Result::unwrap) {
                if record.header.epoch > 0 || record.header.content_type != ContentType::Handshake {
                    continue;
                }
                for fragment in fragments(record.fragment).unwrap() {
                    let msg_type: HandshakeType = fragment.header.msg_type;
                    messages.push(
                        Handshake::parse(Transport::Datagram, msg_type, fragment.body, KeyExchange::EcdheEcdsa)
                            .unwrap(),
                    );
                }
            }
        }
        messages
    }

    #[test]
    fn signature_that_openssl_made_verifies_and_no_other() {
        let messages = recorded();
        let client_random = messages.iter().find_map(|message| match message {
            Handshake::ClientHello(hello) => Some(hello.random),
            _ => None,
        });
        let (mut server_random, mut key, mut exchange) = (None, None, None);
        for message in &messages {
            match message {
                Handshake::ServerHello(hello) => server_random = Some(hello.random),
                Handshake::Certificate(certificate) => {
                    let leaf = certificate.chain().unwrap()[0];
                    let at = leaf.windows(4).position(|window| window == [0x30, 0x59, 0x30, 0x13]).unwrap();
                    key = Some(PublicKey::from_subject_public_key_info(&leaf[at..at + 91]).unwrap());
                }
                Handshake::ServerKeyExchangeEcdhe(found) => exchange = Some(found.clone()),
                _ => {}
            }
        }
        let (client, server) = (client_random.unwrap(), server_random.unwrap());
        let (key, exchange) = (key.unwrap(), exchange.unwrap());
        assert_eq!(exchange.parameters.group, NamedGroup::X25519, "as the recorded peers preferred");
        let hash = parameters_hash(&Randoms { client, server }, &exchange.parameters).unwrap();
        assert!(verify(&key, &hash, &exchange.signed, "").is_ok());
        let swapped = Randoms { client: server, server: client };
        let hash = parameters_hash(&swapped, &exchange.parameters).unwrap();
        assert_eq!(verify(&key, &hash, &exchange.signed, "").unwrap_err().alert, AlertDescription::DecryptError);
    }

    /// NIST CAVS 14.1, ECC CDH primitive, P-256, count 0.
    const PEER: &str = "04700c48f77f56584c5cc632ca65640db91b6bacce3a4df6b42ce7cc838833d287\
                        db71e509e3fd9b060ddb20ba5c51dcc5948d46fbf640dfe0441782cab85fa4ac";

    fn own() -> Ephemeral {
        let scalar = octets("7d7dc5f71eb29ddaf80d6214632eeae03d9058af1fb6d22ed80badb62bc1a534");
        Ephemeral(SecretKey::from_slice(&scalar).unwrap())
    }

    #[test]
    fn agreed_secret_is_that_of_the_published_vector() {
        let own = own();
        let point = "04ead218590119e8876b29146ff89ca61770c4edbbf97d38ce385ed281d8a6b230\
                     28af61281fd35e2fa7002523acc85a429cb06ee6648325389f59edfce1405141";
        assert_eq!(own.point(), octets(point));
        let secret = own.agree(&octets(PEER)).map(|secret| secret.octets().to_vec()).unwrap();
        assert_eq!(secret, octets("46fc62106420ff012e54a434fbdd2d25ccc5852060561e68040dd7778997bd7b"));
    }

    #[rstest]
    #[case::empty(Vec::new())]
    #[case::infinity(vec![0])]
    #[case::infinity_by_length([vec![0], vec![0; 64]].concat())]
    #[case::origin([vec![4], vec![0; 64]].concat())]
    #[case::short(octets(PEER)[..64].to_vec())]
    #[case::long([octets(PEER), vec![0]].concat())]
    #[case::compressed([vec![2], octets(PEER)[1..33].to_vec()].concat())]
    #[case::off_the_curve({ let mut point = octets(PEER); point[64] ^= 1; point })]
    #[case::coordinate_beyond_the_field([vec![4], vec![0xff; 64]].concat())]
    fn point_that_is_none_is_an_illegal_parameter(#[case] point: Vec<u8>) {
        let fault = own().agree(&point).map(|_| ()).unwrap_err();
        assert_eq!(fault.alert, AlertDescription::IllegalParameter);
    }
}
