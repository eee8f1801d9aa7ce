//! Which neighbour is the parent: objective function zero (RFC 6552), and what a node without one does.

use alloc::vec::Vec;

use protocols::Entropy;
use protocols::time::Instant;

use super::super::mutants::Mutant;
use super::{Advertised, Candidate, Emission, Former, INFINITE_RANK, Outcome, Rpl};

impl Rpl {
    /// Chooses the parent that gives the lowest rank (RFC 6552 section 4.2.1); without one, tells everybody and leaves.
    pub(super) fn select(&mut self, now: Instant, entropy: &mut Entropy) -> Outcome {
        let mutant = self.mutant;
        let Some(dodag) = &mut self.dodag else { return Outcome::default() };
        let increase = dodag.configuration.min_hop_rank_increase.saturating_mul(mutant.free().rank_step());
        let highest = match dodag.configuration.max_rank_increase {
            0 => INFINITE_RANK,
            most => dodag.lowest_rank.saturating_add(most),
        };
        // Whoever is not nearer to the root may be below this node (section 8.2.2.4).
        let reached = |candidate: &Candidate| {
            let rank = candidate.rank.checked_add(increase)?;
            let allowed = rank < INFINITE_RANK && rank <= highest && candidate.rank < dodag.rank;
            allowed.then_some((rank, *candidate))
        };
        // Of equals the one that is the parent already (RFC 6552 section 4.2.1).
        let order =
            |(_, known): &(u16, Candidate)| (known.rank, Some(known.neighbour) != dodag.parent, known.neighbour.0);
        let Some((rank, chosen)) = self.candidates.iter().filter_map(reached).min_by_key(order) else {
            return self.leave(now);
        };
        let rank = if mutant.is(Mutant::RplRankNotIncreased) { chosen.rank } else { rank };
        let former = dodag.parent;
        let is_new = former != Some(chosen.neighbour);
        if rank != dodag.rank {
            dodag.trickle.hear_inconsistent(now, entropy);
        }
        (dodag.parent, dodag.rank, dodag.lowest_rank) = (Some(chosen.neighbour), rank, dodag.lowest_rank.min(rank));
        self.solicit_at = None;
        if !is_new {
            return Outcome::default();
        }
        let mut outcome = Outcome { parent: Some((chosen.neighbour, rank)), ..Outcome::default() };
        self.unacknowledged.clear();
        if let Some(former) = former.filter(|former| self.candidates.iter().any(|known| known.neighbour == *former)) {
            // No-Path (section 9.2): the former parent is to forget what is behind this node.
            let gone: Vec<Advertised> =
                self.advertised(now).into_iter().map(|known| Advertised { path_lifetime: 0, ..known }).collect();
            for targets in gone.chunks(mutant.free().dao_targets()) {
                let message = self.advertisement(targets);
                outcome.emissions.push(Emission { to: Some(former), message });
            }
        }
        self.advertise_all(now, entropy);
        outcome
    }

    /// No parent is left: poison (section 8.2.2.5), then a new beginning.
    pub(super) fn leave(&mut self, now: Instant) -> Outcome {
        // Who never had a rank has nothing to take back, and was nowhere.
        let message = match &mut self.dodag {
            Some(dodag) if dodag.rank != INFINITE_RANK => {
                let (id, version, lowest_rank) = (dodag.id, dodag.version, dodag.lowest_rank);
                self.former = Some(Former { id, version, lowest_rank });
                dodag.rank = INFINITE_RANK;
                self.object()
            }
            _ => None,
        };
        self.dodag = None;
        self.candidates.clear();
        self.unacknowledged.clear();
        self.pending.clear();
        (self.dao_at, self.refresh_at) = (None, None);
        self.believes_from = now + self.mutant.free().poison_wait();
        self.solicit_at = Some(self.believes_from);
        let emissions = message.map(|message| Emission { to: None, message }).into_iter().collect();
        Outcome { emissions, ..Outcome::default() }
    }
}
