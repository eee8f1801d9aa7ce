//! What is odd about a conversation with upper testers: answers that nobody asked for, and boards that start anew by themselves.

use std::collections::{BTreeMap, BTreeSet};

use record::Action;
use wire::upper_tester::Line;

/// All conversations of a case, by board.
#[derive(Debug, Default)]
pub(super) struct Conversations {
    boards: BTreeMap<String, Conversation>,
}

#[derive(Debug, Default)]
struct Conversation {
    /// Requests that were never answered.
    open: BTreeSet<u32>,
    /// Whether the board is about to start: somebody switched it on, reset it or asked it to.
    starts: bool,
}

/// Something that an upper tester must not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Oddity {
    /// The answer to a request that was never made, or the second one to a request (UT/1: each is answered once).
    UnaskedAnswer(u32),
    /// It started anew although nobody asked for that.
    UnaskedBoot,
}

impl Conversations {
    /// Takes what the tester does.
    pub(super) fn act(&mut self, action: &Action) {
        match action {
            Action::Power { board, on: true } | Action::Reset { board } => self.board(board).starts = true,
            Action::UpperTester { board, line } => {
                if let Ok(Line::Request(request)) = Line::parse(line) {
                    let conversation = self.board(board);
                    conversation.open.insert(request.seq);
                    conversation.starts |= matches!(request.command.as_str(), "reset" | "factory_reset");
                }
            }
            _ => {}
        }
    }

    /// Takes a line of a board; what is odd about it.
    pub(super) fn hear(&mut self, board: &str, line: &str) -> Option<Oddity> {
        let conversation = self.board(board);
        match Line::parse(line) {
            Ok(Line::Answer(answer)) if !conversation.open.remove(&answer.seq) => {
                Some(Oddity::UnaskedAnswer(answer.seq))
            }
            Ok(Line::Event(event)) if event.name == "booted" && !std::mem::take(&mut conversation.starts) => {
                Some(Oddity::UnaskedBoot)
            }
            _ => None,
        }
    }

    fn board(&mut self, name: &str) -> &mut Conversation {
        self.boards.entry(name.to_owned()).or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_request_is_answered_once_and_each_start_is_asked_for() {
        let mut conversations = Conversations::default();
        let mut hear = |actions: &[Action], line: &str| {
            actions.iter().for_each(|action| conversations.act(action));
            conversations.hear("dut", line)
        };
        let say = |line: &str| Action::UpperTester { board: "dut".to_owned(), line: line.to_owned() };
        let power = |board: &str| Action::Power { board: board.to_owned(), on: true };
        assert_eq!(hear(&[power("lbr")], "! booted t=0 state=factory"), Some(Oddity::UnaskedBoot));
        assert_eq!(hear(&[power("dut")], "! booted t=0 state=factory"), None);
        assert_eq!(hear(&[say("> 7 status")], "< 8 ok"), Some(Oddity::UnaskedAnswer(8)));
        assert_eq!(hear(&[], "< 7 ok"), None);
        assert_eq!(hear(&[], "< 7 ok"), Some(Oddity::UnaskedAnswer(7)));
        assert_eq!(hear(&[say("> 9 factory_reset")], "< 9 ok"), None);
        assert_eq!(hear(&[], "! booted t=0 state=factory"), None);
        assert_eq!(hear(&[], "! booted t=0 state=factory"), Some(Oddity::UnaskedBoot));
        assert_eq!(hear(&[], "! joined t=1"), None);
    }
}
