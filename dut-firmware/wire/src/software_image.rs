//! The container in which a software image reaches the reference device: header, body, signature.
//!
//! | octets | what |
//! |---|---|
//! | 4 | `BTRI` |
//! | 2 | format, 1 |
//! | 2 | class of devices that the image is for |
//! | 4 | version; a greater one is newer |
//! | 4 | length of the body |
//! | | body |
//! | | the rest: ECDSA on P-256 with SHA-256 over all before it, in DER (RFC 3279 section 2.2.3) |
//!
//! Big-endian. It holds what RFC 9019 section 3 asks of a manifest in its smallest form: whom the image is for, that it is newer,
//! that it is whole, and who made it. The format is ours; no draft under test has one.

use alloc::vec::Vec;

use crate::reader::Reader;
use crate::{Error, Result};

const MAGIC: [u8; 4] = *b"BTRI";
const FORMAT: u16 = 1;

/// What the vendor signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoftwareImage {
    /// The devices that it is for.
    pub class: u16,
    /// The version; a greater one is newer.
    pub version: u32,
    /// The code, whatever it is.
    pub body: Vec<u8>,
}

/// An image with its signature as it came, not verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedImage<'a> {
    /// What is signed, once read.
    pub image: SoftwareImage,
    /// The octets that are signed.
    pub signed: &'a [u8],
    /// The signature, in DER.
    pub signature: &'a [u8],
}

impl SoftwareImage {
    /// The octets to be signed; the signature goes behind them.
    ///
    /// # Errors
    /// [`Error::Malformed`] for a body of 4 GiB and more.
    pub fn to_vec(&self) -> Result<Vec<u8>> {
        let length = u32::try_from(self.body.len()).map_err(|_| Error::Malformed("body of a software image"))?;
        let mut octets = Vec::from(MAGIC);
        octets.extend(FORMAT.to_be_bytes());
        octets.extend(self.class.to_be_bytes());
        octets.extend(self.version.to_be_bytes());
        octets.extend(length.to_be_bytes());
        octets.extend(&self.body);
        Ok(octets)
    }
}

impl<'a> SignedImage<'a> {
    /// Reads a container; the signature is the caller's to verify.
    ///
    /// # Errors
    /// [`Error`] if it is cut short, no container, or of another format.
    pub fn parse(octets: &'a [u8]) -> Result<Self> {
        let mut reader = Reader::new(octets);
        if reader.array("magic of a software image")? != MAGIC {
            return Err(Error::Malformed("no software image"));
        }
        if reader.u16_be("format of a software image")? != FORMAT {
            return Err(Error::Unsupported("format of a software image"));
        }
        let class = reader.u16_be("class of devices")?;
        let version = reader.u32_be("version")?;
        let length = usize::try_from(reader.u32_be("length of the body")?).unwrap_or(usize::MAX);
        let body = reader.take(length, "body of a software image")?.to_vec();
        let signature = reader.take(reader.remaining(), "signature")?;
        if signature.is_empty() {
            return Err(Error::Malformed("software image without a signature"));
        }
        let signed = octets.get(..octets.len() - signature.len()).unwrap_or_default();
        Ok(Self { image: SoftwareImage { class, version, body }, signed, signature })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_image_survives(class: u16, version: u32, body: Vec<u8>, signature in prop::collection::vec(any::<u8>(), 1..72)) {
            let image = SoftwareImage { class, version, body };
            let mut octets = image.to_vec().unwrap();
            let signed = octets.clone();
            octets.extend(&signature);
            let parsed = SignedImage::parse(&octets).unwrap();
            prop_assert_eq!((parsed.image, parsed.signed, parsed.signature), (image, &signed[..], &signature[..]));
            for cut in 0..=signed.len() {
                prop_assert!(SignedImage::parse(&octets[..cut]).is_err());
            }
        }
    }

    #[test]
    fn another_magic_or_format_is_no_image() {
        let mut octets = SoftwareImage { class: 1, version: 2, body: Vec::new() }.to_vec().unwrap();
        octets.push(0);
        assert!(SignedImage::parse(&octets).is_ok());
        for (at, error) in
            [(0, Error::Malformed("no software image")), (5, Error::Unsupported("format of a software image"))]
        {
            let mut other = octets.clone();
            other[at] ^= 2;
            assert_eq!(SignedImage::parse(&other), Err(error));
        }
    }
}
