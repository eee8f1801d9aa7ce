//! Where the named mutants of the life cycle, and its variants, leave what the device does.

use wire::software_image::SignedImage;
use wire::upper_tester::basic::Command as Basic;
use wire::upper_tester::life::Command as LifeCommand;
use wire::upper_tester::{Application, Command, ErrorCode, Installation, Routing, SecretOctets};

use super::anchor::TrustAnchor;
use super::{Given, Life, Mutant};
use crate::selected::Selected;
use crate::stack::{NetworkKey, Stack};

impl Life {
    /// Whether it keeps its anchor, and says that it took another one.
    pub(super) fn goes_on_with_anchor(&self) -> bool {
        self.given.anchor.is_some() && self.mutant.is(Mutant::ResetKeepsAnchor)
    }

    /// Whether an anchor may be given to it: there is none.
    pub(super) fn may_take_anchor(&self) -> bool {
        self.given.anchor.is_none() || self.mutant.is(Mutant::ManufactureOverwrites)
    }

    /// Whether it takes pre-shared keys of one length, and this is another one.
    pub(super) fn has_other_length(&self, psk: &SecretOctets) -> bool {
        self.mutant.free().psk_octets().is_some_and(|octets| psk.0.len() != octets)
    }

    /// Whether it keeps its site, and says that it took another one.
    pub(super) fn goes_on_with_site(&self) -> bool {
        self.mutant.is(Mutant::ResetKeepsSite) && self.given.installation.is_some()
    }

    /// Whether it says that it took a key pair that is none.
    pub(super) fn says_that_misfits_fit(&self) -> bool {
        self.mutant.is(Mutant::MisfitsAccepted)
    }

    /// What it calls a wrong argument.
    pub(crate) fn wrong_argument(&self) -> ErrorCode {
        if self.mutant.is(Mutant::ArgumentsCalledState) { ErrorCode::State } else { ErrorCode::Argument }
    }

    /// Whether it tells of what one of its servers took.
    pub(crate) fn tells_of_served(&self) -> bool {
        self.mutant.is(Mutant::ServedTold)
    }

    /// A command as it understands it.
    pub(crate) fn understood(&self, command: Command) -> Command {
        match command {
            Command::Basic(Basic::Send { dest, port, mut data }) if self.mutant.is(Mutant::SendCutsData) => {
                data.pop();
                Command::Basic(Basic::Send { dest, port, data })
            }
            Command::Life(LifeCommand::Route { dest, .. }) if self.mutant.is(Mutant::RouteByItself) => {
                Command::Life(LifeCommand::Route { dest, via: dest })
            }
            command => command,
        }
    }

    /// The state that it introduces itself with.
    pub(crate) fn introduced_as(&self, state: &'static str) -> &'static str {
        if self.mutant.is(Mutant::HelloSaysFactory) { "factory" } else { state }
    }

    /// Whether it refuses to start what runs.
    pub(crate) fn refuses_to_start(&self) -> bool {
        self.mutant.is(Mutant::StartRefused)
    }

    /// More of an image is about to come.
    pub(super) fn note_image(&mut self) {
        if self.mutant.is(Mutant::ImageLastLine) {
            self.software.staged.clear();
        }
    }

    /// Whether its application sends as soon as it may.
    pub(super) fn sends_at_once(&self) -> bool {
        self.mutant.is(Mutant::ApplicationAtOnce) && self.software.next.is_none()
    }

    /// The application is about to be another one.
    pub(super) fn note_former_application(&mut self) {
        self.former_application = self.tasks.application().cloned();
    }
}

/// What it remembers when it boots of what it was given.
pub(super) fn remembered(given: Given, mutant: Selected<Mutant>) -> Given {
    let mut given = given;
    if let Some(site) = given.installation.as_mut().filter(|_| mutant.is(Mutant::SiteHalvedOnReboot)) {
        (site.parent, site.find, site.routing) = (None, None, Routing::Tree);
    }
    if let Some(TrustAnchor::KeyPair(pair)) = given.anchor.as_mut().filter(|_| mutant.is(Mutant::IssuerLostOnReboot)) {
        pair.issuer.clear();
    }
    given
}

/// What a mutant takes along over a factory reset.
pub(super) struct Outlives {
    anchor: Option<TrustAnchor>,
    key: Option<NetworkKey>,
    site: Option<Installation>,
    application: Option<Application>,
}

impl Outlives {
    pub(super) fn of(life: &Life, stack: &Stack) -> Self {
        let is = |mutant| life.mutant.is(mutant);
        Self {
            anchor: life.given.anchor.clone().filter(|_| is(Mutant::ResetKeepsAnchor)),
            key: stack.kept().transmit_key().filter(|_| is(Mutant::ResetKeepsKey)).cloned(),
            site: life.given.installation.clone().filter(|_| is(Mutant::ResetKeepsSite)),
            application: life.tasks.application().filter(|_| is(Mutant::ResetKeepsApplication)).cloned(),
        }
    }

    pub(super) fn put_back(self, life: &mut Life, stack: &mut Stack) {
        let Self { anchor, key, site, application } = self;
        if application.is_some() {
            life.tasks.set_application(&mut stack.flash, application);
        }
        #[cfg(feature = "mutants")]
        if life.mutant.is(Mutant::ResetRestartsCounter) {
            stack.restart_frame_counter();
        }
        if anchor.is_some() || site.is_some() {
            stack.flash.record(|| (life.given.anchor, life.given.installation) = (anchor, site));
        }
        if let Some(key) = key {
            stack.keep_key(key);
        }
    }
}

/// What a device that trusts a checksum asks for: the last octets of the body are the FCS of those before them.
pub(super) fn is_whole(image: &SignedImage<'_>) -> bool {
    wire::ieee802154::check_fcs(&image.image.body).is_ok()
}
