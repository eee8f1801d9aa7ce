//! Link-layer security state of one device (IEEE 802.15.4-2006 section 7.5.8): keys, the outgoing frame counter, replay
//! protection per neighbour, and the policy of `PROFILE-SEL` 7 (key identifier mode 1, a minimum level).

mod counter;
mod key;
mod replay;
#[cfg(test)]
mod tests;

use alloc::vec::Vec;

use wire::ieee802154::{AuxSecurityHeader, Frame, KeyIdentifier, SecuredFrame, SecurityLevel, secure, unsecure};
use wire::{Error, Eui64};

pub use counter::OutgoingCounter;
pub use key::LinkKey;
pub use replay::{IncomingCounter, ReplayTable};

/// Keys that one device holds at most.
pub const MAX_KEYS: usize = 8;

/// Neighbours whose frame counters are remembered unless said otherwise (`PROFILE-SEL` 8).
pub const DEFAULT_NEIGHBOURS: usize = 32;

/// What a device demands of frames and how it protects its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Incoming frames below this level are refused.
    pub minimum_level: SecurityLevel,
    /// Level of outgoing frames.
    pub transmit_level: SecurityLevel,
    /// Neighbours whose frame counters are remembered.
    pub neighbours: usize,
}

/// Level 5 both ways, 32 neighbours.
impl Default for Policy {
    fn default() -> Self {
        Self {
            minimum_level: SecurityLevel::EncMic32,
            transmit_level: SecurityLevel::EncMic32,
            neighbours: DEFAULT_NEIGHBOURS,
        }
    }
}

/// Why a received frame was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The level is below the policy's minimum, or provides no integrity.
    #[error("security level {0:?} is below the minimum")]
    LevelTooLow(SecurityLevel),
    /// A key identifier mode other than 1.
    #[error("key identifier mode {0} is not used here")]
    KeyMode(u8),
    /// No key has this index.
    #[error("no key with index {0}")]
    UnknownKey(u8),
    /// The source address is not an extended one: there is no nonce for it.
    #[error("a secured frame needs an extended source address")]
    NoExtendedSource,
    /// The frame counter is not above the last one taken from this neighbour under this key.
    #[error("frame counter {received} was seen before, at least {expected} is due")]
    Replayed {
        /// Counter of the frame.
        received: u32,
        /// The lowest counter that would have been taken.
        expected: u32,
    },
    /// The nonce is one of TSCH (IEEE 802.15.4-2015 section 9.3.3.2), which this device does not use.
    #[error("the frame has no frame counter in its nonce")]
    NoFrameCounter,
    /// Counter 0xffffffff: the sender ought to have stopped.
    #[error("frame counter is exhausted")]
    CounterExhausted,
    /// The message integrity code does not match.
    #[error("message integrity code does not match")]
    Integrity,
    /// A genuine frame of a new neighbour for whose counter there is no room.
    #[error("no room for the frame counter of another neighbour")]
    NeighbourTableFull,
    /// The frame authenticates but is malformed inside.
    #[error(transparent)]
    Malformed(Error),
}

/// Why an outgoing frame could not be secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecureError {
    /// No key with this index.
    #[error("no key with this index is set")]
    NoKey,
    /// The frame counter has reached 0xffffffff: this device must stop until it is given a new domain.
    #[error("frame counter is exhausted")]
    CounterExhausted,
    /// The source address of the header is not this device's extended address.
    #[error("a secured frame carries the extended address of its sender")]
    ForeignSource,
    /// The frame cannot be emitted.
    #[error(transparent)]
    Emit(#[from] Error),
}

/// Why a key was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The table is full.
    #[error("no room for another key")]
    Full,
    /// Index 0 is reserved for implicit keys (section 7.6.2.4.2).
    #[error("key index 0 is reserved")]
    ReservedIndex,
}

/// The security state of one device.
pub struct LinkSecurity {
    own: Eui64,
    policy: Policy,
    keys: Vec<(u8, LinkKey)>,
    counter: OutgoingCounter,
    replay: ReplayTable,
}

impl LinkSecurity {
    /// A device without keys whose next frame counter is what `counter` says.
    pub fn new(own: Eui64, policy: Policy, counter: OutgoingCounter) -> Self {
        let replay = ReplayTable::new(policy.neighbours);
        Self { own, policy, keys: Vec::new(), counter, replay }
    }

    /// The policy in force.
    pub fn policy(&self) -> Policy {
        self.policy
    }

    /// Replaces the policy; the size of the neighbour table stays.
    pub fn set_policy(&mut self, policy: Policy) {
        self.policy = policy;
    }

    /// Sets the key of `index` (key identifier mode 1).
    ///
    /// The same key again changes nothing. Another key forgets what was received under the old one; the outgoing
    /// counter goes on, as it is one for all keys.
    pub fn set_key(&mut self, index: u8, key: LinkKey) -> Result<(), KeyError> {
        if index == 0 {
            return Err(KeyError::ReservedIndex);
        }
        match self.keys.iter().position(|(known, _)| *known == index) {
            Some(at) => {
                if let Some((_, known)) = self.keys.get_mut(at).filter(|(_, known)| *known != key) {
                    *known = key;
                    self.replay.forget_key(index);
                }
            }
            None if self.keys.len() < MAX_KEYS => self.keys.push((index, key)),
            None => return Err(KeyError::Full),
        }
        Ok(())
    }

    /// Removes a key with its replay state.
    pub fn remove_key(&mut self, index: u8) {
        self.keys.retain(|(known, _)| *known != index);
        self.replay.forget_key(index);
    }

    /// The outgoing frame counter, for a store to persist (see [`OutgoingCounter`]).
    pub fn counter(&mut self) -> &mut OutgoingCounter {
        &mut self.counter
    }

    /// What was received from whom, for a store to persist.
    pub fn replay(&mut self) -> &mut ReplayTable {
        &mut self.replay
    }

    /// Protects an outgoing frame at the policy's level with the key of `index`, and uses up a frame counter.
    pub fn secure_frame(&mut self, frame: &Frame, index: u8) -> Result<SecuredFrame, SecureError> {
        if frame.header.source.extended() != Some(self.own) {
            return Err(SecureError::ForeignSource);
        }
        let key = self.key(index).ok_or(SecureError::NoKey)?.clone();
        let frame_counter = self.counter.take().ok_or(SecureError::CounterExhausted)?;
        let key_identifier = KeyIdentifier::Index(index);
        let security = AuxSecurityHeader::new(self.policy.transmit_level, frame_counter, key_identifier);
        Ok(secure(frame, &security, key.octets(), self.own)?)
    }

    /// Verifies and decrypts a received frame, and takes note of its frame counter (section 7.5.8.2.3).
    ///
    /// A refused frame changes nothing: counters are noted after the integrity code has matched.
    pub fn unsecure_frame(&mut self, frame: &SecuredFrame) -> Result<Frame, Refusal> {
        let AuxSecurityHeader { level, frame_counter, asn_in_nonce, key_identifier } = frame.security;
        if !satisfies(level, self.policy.minimum_level) {
            return Err(Refusal::LevelTooLow(level));
        }
        let KeyIdentifier::Index(index) = key_identifier else {
            return Err(Refusal::KeyMode(key_identifier.mode()));
        };
        // A nonce of a slot number: nothing here knows slots, and there is no replay protection without a counter.
        let Some(frame_counter) = frame_counter.filter(|_| !asn_in_nonce) else { return Err(Refusal::NoFrameCounter) };
        let source = frame.header.source.extended().ok_or(Refusal::NoExtendedSource)?;
        let key = self.key(index).ok_or(Refusal::UnknownKey(index))?;
        if frame_counter == u32::MAX {
            return Err(Refusal::CounterExhausted);
        }
        let expected = self.replay.expected(source, index);
        if frame_counter < expected {
            return Err(Refusal::Replayed { received: frame_counter, expected });
        }
        let opened = unsecure(frame, key.octets(), source).map_err(|error| match error {
            Error::Integrity(_) => Refusal::Integrity,
            other => Refusal::Malformed(other),
        })?;
        if !self.replay.note(source, index, frame_counter) {
            return Err(Refusal::NeighbourTableFull);
        }
        Ok(opened)
    }

    fn key(&self, index: u8) -> Option<&LinkKey> {
        self.keys.iter().find(|(known, _)| *known == index).map(|(_, key)| key)
    }
}

/// The order of levels (section 7.5.8.2.8, table 95): encryption where the minimum encrypts, and an integrity code at
/// least as long. Level 4 encrypts without integrity, so it satisfies itself only.
fn satisfies(level: SecurityLevel, minimum: SecurityLevel) -> bool {
    (level.encrypts() || !minimum.encrypts()) && level.mic_len() >= minimum.mic_len()
}
