//! Wrong commissioning tools: single, deliberate departures from a clause, chosen at run time, so that a suite whose subject
//! is the tool can prove that it notices (`SEL` 5.3, 5.4, 8).

use std::net::Ipv6Addr;

use wire::Eui64;

use super::CommissioningTool;
use super::registry::{MAX_REQUESTS, Registry};
use super::tasks::{Kind, Task};
use crate::station::MutantInfo;

protocols::mutants! {
    HandshakeUnselected "ct-handshake-unselected" "SEL-8-10" "Begins a handshake with whoever asks to be secured."
    KeyToFirstClaimant "ct-key-to-first-claimant" "SEL-4-2" "Takes the first claimant for the selected device, whatever its EUI-64."
    SelectsByAddress "ct-selects-by-address" "SEL-5.3.1-19" "Takes a claimant for the selected device by its address and not by the EUI-64 in the JSR."
    SecuresUnlisted "ct-secures-unlisted" "SEL-4-3" "Secures devices that are not in the manufacturer's list, with a key that it makes up."
    KeyWithoutDtls "ct-key-without-dtls" "SEL-5-8" "Sends the network key without DTLS."
    KeyMediaType "ct-key-media-type" "SEL-6-6" "Sends the network key in another media type."
    CloseWithoutDtls "ct-close-without-dtls" "SEL-8-5" "Sends the closing message without DTLS."
    CloseOneOnly "ct-close-one-only" "SEL-8-4" "Closes one device and leaves out the others."
    CloseSeqReused "ct-close-seq-reused" "SEL-8-9" "Uses the same sequence number for every close and re-opening."
    OpenCloses "ct-open-closes" "SEL-8-6" "Re-opens the network by closing it once more."
    JsrHopLimitChecked "ct-jsr-hop-limit-checked" "SEL-5.3.1-10" "Discards a JSR whose hop limit is not 64."
    JsrReservedChecked "ct-jsr-reserved-checked" "SEL-5.3.1-17" "Discards a JSR whose Reserved field is not 0."
    JsrBadChecksumAccepted "ct-jsr-bad-checksum-accepted" "SEL-5.3.1-13" "Takes a JSR whose ICMPv6 checksum is wrong."
    SsrTakenForJsr "ct-ssr-taken-for-jsr" "SEL-5.3.1-12" "Takes an SSR for a JSR."
    GivesUpAfterFailure "ct-gives-up-after-failure" "PROFILE-SEL-18" "Gives a selection up when the first handshake fails."
    ForgetsUnderFlood "ct-forgets-under-flood" "PROFILE-SEL-18" "Lets JSRs of invented devices push out those that came before."
    NoRetransmission "ct-no-retransmission" "SEL-5.4-1" "Never sends a flight of its handshake twice."
    IdentityUpperCase "ct-identity-upper-case" "PROFILE-SEL-13a" "Sends its PSK identity in upper case."
    BelievesAnyKey "ct-believes-any-key" "SEL-5.4-5" "Believes whatever raw public key it is shown."
    BelievesAnyCertificate "ct-believes-any-certificate" "SEL-5.4-8" "Believes whatever certificate it is shown."
    OffersPskOnly "ct-offers-psk-only" "SEL-5.4-6" "Offers TLS_PSK_WITH_AES_128_CCM_8 to devices with a raw public key."
    AcceptsOtherDevice "ct-accepts-other-device" "SEL-4-2" "Takes the certificate of another device of the same manufacturer."
    ClockIgnored "ct-clock-ignored" "SEL-5.4-8" "Judges certificates by a day in July 2020."
    SilentToMulticast "ct-silent-to-multicast" "SEL-5.2-7" "Answers no question to all CoAP nodes, though it was told to."
    ClosesEarly "ct-closes-early" "SEL-5.3.2-15" "Closes the network while a device that was selected is still without a key."
    SelectsAgain "ct-selects-again" "SEL-3-7" "Begins a handshake with a device that it has secured, when that asks once more."
    JsrLifetimeChecked "ct-jsr-lifetime-checked" "PROFILE-SEL-1c" "Discards a JSR whose registration lifetime is not 0."
    RevocationIgnored "ct-revocation-ignored" "SEL-4-3" "Believes keys that were revoked."
}

/// The same as data.
pub(super) const INFOS: &[MutantInfo] = &infos();

const fn infos() -> [MutantInfo; Mutant::ALL.len()] {
    let mut infos = [MutantInfo { name: "", clause: "", description: "" }; Mutant::ALL.len()];
    let mut at = 0;
    while at < infos.len() {
        let mutant = Mutant::ALL[at];
        infos[at] = MutantInfo { name: mutant.name(), clause: mutant.clause(), description: mutant.description() };
        at += 1;
    }
    infos
}

impl Registry {
    /// The next claimant of whatever EUI-64: what a mutant takes for the selected device.
    pub(super) fn take_any_due(&mut self) -> Option<(Eui64, Ipv6Addr)> {
        let claimant = self.claimants.iter_mut().find(|claimant| claimant.is_due)?;
        claimant.is_due = false;
        Some((claimant.eui64, claimant.address))
    }

    /// Forgets the first claimant if there is no room for another: what a mutant does.
    pub(super) fn make_room(&mut self) {
        if self.claimants.len() >= MAX_REQUESTS {
            self.claimants.remove(0);
        }
    }
}

impl CommissioningTool {
    /// What a mutant does with whoever asks.
    pub(super) fn connect_unasked(&mut self, eui64: Eui64, address: Ipv6Addr) {
        let Ok(credential) = self.credential_for(eui64) else { return };
        let id = self.next_id();
        let kind = Kind::Connect { eui64, address, credential };
        let order = format!("connect {eui64}");
        self.tasks.insert(id, Task::new(order, kind, None));
    }
}
