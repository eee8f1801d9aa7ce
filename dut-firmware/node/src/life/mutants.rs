//! The mutants of the life cycle.

protocols::mutants! {
    ManufactureOverwrites "manufacture-overwrites" "SECC-3-1" "Takes a second trust anchor without a factory reset, in place of the first."
    ResetRestartsCounter "reset-restarts-counter" "SEL-1-1" "Starts its frame counter from 0 after a factory reset."
    ResetKeepsAnchor "reset-keeps-anchor" "SECC-3-13" "Keeps its trust anchor over a factory reset, and goes on with it whatever its next owner gives it."
    ResetKeepsKey "reset-keeps-key" "SECC-3-13" "Keeps its network key over a factory reset."
    ImageUnverified "image-unverified" "SECC-3-8" "Takes a software image without a look at its signature."
    ImageForgedTaken "image-forged-taken" "SECC-3-8" "Takes a software image by its checksum, whoever signed it."
    ImageCutTaken "image-cut-taken" "SECC-3-8" "Takes a software image that was cut short."
    ImageOlderTaken "image-older-taken" "SECC-3-8" "Takes a software image that is older than its own."
    ImageOfAnotherClassTaken "image-of-another-class-taken" "SECC-3-8" "Takes a software image that is for other devices."
    ImageNewerIgnored "image-newer-ignored" "SECC-3-8" "Says that it took a newer software image, and goes on with its own."
    UpdateNotKept "update-not-kept" "SECC-3-8" "Runs a new software image until the next restart only."
    UpdateLosesKeys "update-loses-keys" "SECC-3-12" "Loses its network keys when its software is updated."
    UpdateRestartsCounter "update-restarts-counter" "SEL-1-1" "Starts its frame counter from 0 when its software is updated."
    ApplicationUnsecured "application-unsecured" "SECC-3-6" "Runs its application before it was bootstrapped."
    ApplicationKept "application-kept" "SECC-3-9" "Goes on with its former application beside the one that it was configured for."
    ApplicationLostOnReboot "application-lost-on-reboot" "SECC-3-9" "Loses the configuration of its application at each restart."
    ResetKeepsApplication "reset-keeps-application" "SECC-3-13" "Keeps the configuration of its application over a factory reset."
    ResetKeepsSite "reset-keeps-site" "SBOOT-5.1-14" "Keeps role and site over a factory reset, whatever it is installed as afterwards."
}
