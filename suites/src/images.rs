//! The software images that a suite may hand to a device: the names that references use for them. The engine makes them.

/// What an image is, against the one that the device was shipped with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageKind {
    /// Good, one version on.
    Newer,
    /// Good, two versions on.
    Newest,
    /// As the newest, one bit of its body flipped.
    Damaged,
    /// As the newest, signed by a stranger.
    Forged,
    /// As the newest, for another class of devices.
    Foreign,
}

impl ImageKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Newer, Self::Newest, Self::Damaged, Self::Forged, Self::Foreign];

    /// The property of a board that is this image: hex, or in pieces as a certificate is.
    pub fn field(self) -> &'static str {
        match self {
            Self::Newer => "image_newer",
            Self::Newest => "image_newest",
            Self::Damaged => "image_damaged",
            Self::Forged => "image_forged",
            Self::Foreign => "image_foreign",
        }
    }

    /// The word that procedures use.
    pub fn word(self) -> &'static str {
        self.field().trim_start_matches("image_")
    }
}

/// What procedures call the images.
pub(crate) const IMAGE_WORDS: &[&str] = &["newer", "newest", "damaged", "forged", "foreign"];

/// Properties of a board that are software images for it.
pub const IMAGE_PROPERTIES: [&str; 5] =
    ["image_newer", "image_newest", "image_damaged", "image_forged", "image_foreign"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_image_has_a_property_and_a_word() {
        assert_eq!(ImageKind::ALL.map(ImageKind::field), IMAGE_PROPERTIES);
        assert_eq!(ImageKind::ALL.map(ImageKind::word), IMAGE_WORDS);
    }
}
