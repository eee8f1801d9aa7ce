//! Mutants by name, whoever is wrong: the reference firmware or a station.

use authenticator::Registry;
use authenticator::station::MutantInfo;
use node::Mutant as DeviceMutant;
use node::variants::Variant;
use record::station::StationInfo;
use suites::plan::Case;

/// A deliberate departure from a clause: of the reference firmware, or of a station.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mutant {
    /// The kind of station that it is of; `None`: of the device.
    of: Option<&'static StationInfo>,
    info: MutantInfo,
    /// It is none, but a device that is right and different.
    variant: Option<&'static Variant>,
}

impl Mutant {
    /// Every mutant: those of the device first.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::with(Registry::default())
    }

    /// Every mutant of the device and of these stations.
    pub fn with(registry: Registry) -> impl Iterator<Item = Self> {
        let stations = registry.mutants().map(|(kind, info)| Self { of: Some(&kind.info), info: *info, variant: None });
        DeviceMutant::ALL.iter().copied().map(Self::of_device).chain(stations)
    }

    /// The mutant of this name, or the variant: one that is right.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::all().chain(Variant::all().map(Self::of_variant)).find(|mutant| mutant.name() == name)
    }

    /// A device that is right, at the place of one that is wrong.
    pub fn of_variant(variant: &'static Variant) -> Self {
        let info = MutantInfo { name: variant.name, clause: variant.by, description: variant.does };
        Self { of: None, info, variant: Some(variant) }
    }

    /// The variant that it is, if it is one.
    pub fn variant(self) -> Option<&'static Variant> {
        self.variant
    }

    fn of_device(mutant: DeviceMutant) -> Self {
        let info = MutantInfo { name: mutant.name(), clause: mutant.clause(), description: mutant.description() };
        Self { of: None, info, variant: None }
    }

    /// The name that suites and command lines use.
    pub fn name(self) -> &'static str {
        self.info.name
    }

    /// The clause that it violates.
    pub fn clause(self) -> &'static str {
        self.info.clause
    }

    /// What a station does wrong; `None` if it is the device that does.
    pub fn of_station(self) -> Option<MutantInfo> {
        self.of.map(|_| self.info)
    }

    /// Whether a station of this kind is wrong so.
    pub fn is_of(self, station: &StationInfo) -> bool {
        self.of.is_some_and(|of| of.name == station.name)
    }

    /// The mutant of the device that it is; `None` if it is a station's.
    pub fn of_firmware(self) -> Option<DeviceMutant> {
        let is_it = |mutant: &&DeviceMutant| self.of.is_none() && mutant.name() == self.name();
        DeviceMutant::ALL.iter().find(is_it).copied()
    }

    /// Whether it stands at the place of what the case is about.
    pub fn concerns(self, case: &Case) -> bool {
        match self.of {
            None => case.iut.is_device(),
            Some(station) => station.is_named(case.iut.name()),
        }
    }
}
