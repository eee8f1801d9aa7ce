//! Which neighbour is the parent: objective function zero (RFC 6552), and what a node without one does.

use alloc::vec::Vec;

use protocols::Entropy;
use protocols::time::Instant;

use super::super::mutants::Mutant;
use super::{Advertised, Candidate, DAO_TARGETS, Emission, INFINITE_RANK, Outcome, POISON_WAIT, Rpl, STEP_OF_RANK};

impl Rpl {
    /// Chooses the parent that gives the lowest rank (RFC 6552 section 4.2.1); without one, tells everybody and leaves.
    pub(super) fn select(&mut self, now: Instant, entropy: &mut Entropy) -> Outcome {
        let mutant = self.mutant;
        let Some(dodag) = &mut self.dodag else { return Outcome::default() };
        let increase = dodag.configuration.min_hop_rank_increase.saturating_mul(STEP_OF_RANK);
        let highest = match dodag.configuration.max_rank_increase {
            0 => INFINITE_RANK,
            most => dodag.lowest_rank.saturating_add(most),
        };
        let through = |candidate: &Candidate| candidate.rank.checked_add(increase).filter(|rank| *rank < INFINITE_RANK);
        // Whoever is not nearer to the root may be below this node (section 8.2.2.4).
        let allowed = |candidate: &&Candidate| {
            let rank = through(candidate);
            let nearer = dodag.rank == INFINITE_RANK || candidate.rank < dodag.rank;
            nearer && rank.is_some_and(|rank| rank <= highest)
        };
        let best = self.candidates.iter().filter(allowed).min_by_key(|known| (known.rank, known.neighbour.0));
        let Some(best) = best.copied() else {
            return self.leave(now);
        };
        let current = self.candidates.iter().filter(allowed).find(|known| Some(known.neighbour) == dodag.parent);
        let chosen = current.filter(|current| current.rank <= best.rank).copied().unwrap_or(best);
        let rank = through(&chosen).unwrap_or(INFINITE_RANK);
        let rank = if mutant.is(Mutant::RplRankNotIncreased) { chosen.rank } else { rank };
        let former = dodag.parent;
        let is_new = former != Some(chosen.neighbour);
        if is_new || rank != dodag.rank {
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
            for targets in gone.chunks(DAO_TARGETS) {
                let message = self.advertisement(targets, false);
                outcome.emissions.push(Emission { to: Some(former), message });
            }
        }
        self.advertise_all(now, entropy);
        outcome
    }

    /// No parent is left: poison (section 8.2.2.5), then a new beginning.
    pub(super) fn leave(&mut self, now: Instant) -> Outcome {
        // Who never had a rank has nothing to take back.
        let message = match &mut self.dodag {
            Some(dodag) if dodag.rank != INFINITE_RANK => {
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
        self.believes_from = now + POISON_WAIT;
        self.solicit_at = Some(self.believes_from);
        let emissions = message.map(|message| Emission { to: None, message }).into_iter().collect();
        Outcome { emissions, ..Outcome::default() }
    }
}
