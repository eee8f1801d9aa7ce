//! Devices that must not pass any case: they stand in the place of the firmware of a board, with the same inputs and
//! outputs, so that everything around them is as for a real device.

use std::collections::VecDeque;
use std::time::Duration;

use node::{Input, Output, RadioConfig};
use protocols::time::Instant;
use rand_chacha::ChaCha12Rng;
use rand_core::{Rng as _, SeedableRng as _};
use wire::Eui64;
use wire::ieee802154::{Address, Header, LinkAddress, PanId, ShortAddress};
use wire::upper_tester::{
    Answer, Arguments, Command, CommandFault, ErrorCode, Event, Line, LineAssembler, Outcome, Request, encode_text,
};

use super::config::Fake;

/// What survives a reset of a fake: only the liar pretends to have a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Progress {
    #[default]
    Factory,
    Manufactured,
    Installed,
    Joining,
    Secured,
}

/// A fake between two boots.
#[derive(Debug)]
pub(crate) struct FakeDevice {
    fake: Fake,
    eui64: Eui64,
    pan_id: PanId,
    booted: Instant,
    random: ChaCha12Rng,
    assembler: LineAssembler,
    outputs: VecDeque<Output>,
    progress: Progress,
    all_secured: bool,
    jsr_sent: u32,
    global: String,
    /// What the liar will tell of, by time.
    story: VecDeque<(Instant, Chapter)>,
    next_babble: Option<Instant>,
    handle: u32,
    last_seq: u32,
}

/// One event that the liar tells of.
#[derive(Debug, Clone, Copy)]
enum Chapter {
    Address,
    JsrSent,
    Session,
    Keyed,
    LinkSecured,
    AllSecured,
    EchoReply,
}

impl FakeDevice {
    pub(crate) fn boot(
        fake: Fake,
        eui64: Eui64,
        (channel, pan_id): (u8, PanId),
        seed: [u8; 32],
        progress: Progress,
        now: Instant,
    ) -> Self {
        let mut device = Self {
            fake,
            eui64,
            pan_id,
            booted: now,
            random: ChaCha12Rng::from_seed(seed),
            assembler: LineAssembler::default(),
            outputs: VecDeque::new(),
            progress,
            all_secured: false,
            jsr_sent: 0,
            global: global_address(eui64),
            story: VecDeque::new(),
            next_babble: None,
            handle: 0,
            last_seq: 0,
        };
        match fake {
            Fake::Dead | Fake::Liar => {}
            Fake::Babbling | Fake::Refusing => {
                device.outputs.push_back(Output::Radio(RadioConfig { channel, pan_id, eui64, receiver_on: true }));
            }
        }
        match fake {
            Fake::Dead => {}
            Fake::Refusing => device.event("booted", Arguments::default().with("state", "factory"), now),
            Fake::Babbling => device.next_babble = Some(now),
            Fake::Liar => {
                device.event("booted", Arguments::default().with("state", device.state()), now);
                if device.progress >= Progress::Installed {
                    device.begin_story(now);
                }
            }
        }
        device
    }

    pub(crate) fn progress(&self) -> Progress {
        self.progress
    }

    pub(crate) fn handle(&mut self, now: Instant, input: Input<'_>) {
        let Input::UpperTester(octets) = input else { return };
        if self.fake == Fake::Dead {
            return;
        }
        for line in self.assembler.extend(octets).into_iter().flatten() {
            if let Ok(Line::Request(request)) = Line::parse(&line) {
                match self.fake {
                    Fake::Dead => {}
                    Fake::Babbling => self.last_seq = request.seq,
                    Fake::Refusing => self.refuse(&request),
                    Fake::Liar => self.pretend(now, &request),
                }
            }
        }
    }

    pub(crate) fn poll(&mut self, now: Instant) -> Option<Output> {
        if self.outputs.is_empty() {
            if self.next_babble.is_some_and(|due| due <= now) {
                self.babble(now);
            }
            if self.story.front().is_some_and(|(due, _)| *due <= now)
                && let Some((_, chapter)) = self.story.pop_front()
            {
                self.tell(chapter, now);
            }
        }
        self.outputs.pop_front()
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.next_babble.into_iter().chain(self.story.front().map(|(due, _)| *due)).min()
    }

    fn say(&mut self, line: &Line) {
        if let Ok(octets) = line.emit() {
            self.outputs.push_back(Output::UpperTester(octets));
        }
    }

    fn answer(&mut self, request: &Request, outcome: Outcome) {
        self.say(&Line::Answer(Answer { seq: request.seq, outcome }));
    }

    fn event(&mut self, name: &str, arguments: Arguments, now: Instant) {
        let time_ms = u64::try_from(now.since(self.booted).as_millis()).unwrap_or(u64::MAX);
        self.say(&Line::Event(Event { name: name.to_owned(), time_ms, arguments }));
    }

    fn hello(&self, nonce: &str) -> Outcome {
        Outcome::Ok(
            Arguments::default()
                .with("nonce", nonce)
                .with("protocol", "UT/1")
                .with("vendor", "bootrack")
                .with("firmware", format!("fake-{}", self.fake))
                .with("version", env!("CARGO_PKG_VERSION"))
                .with("hash", "0".repeat(64))
                .with("eui64", self.eui64)
                .with("roles", "6lr,6lbr")
                .with("features", "sel,psk")
                .with("state", self.state()),
        )
    }

    fn refuse(&mut self, request: &Request) {
        let outcome = match Command::from_request(request) {
            Ok(Command::Hello { nonce }) => self.hello(&nonce),
            Err(CommandFault::Unknown) => Outcome::Unimplemented,
            Ok(_) | Err(CommandFault::Argument(_)) => Outcome::Error(ErrorCode::Other("refused".to_owned())),
        };
        self.answer(request, outcome);
    }

    /// The liar's upper tester: every command in every state as the table of UT/1 has it; behind it, nothing.
    fn pretend(&mut self, now: Instant, request: &Request) {
        let command = match Command::from_request(request) {
            Ok(command) => command,
            Err(CommandFault::Unknown) => return self.answer(request, Outcome::Unimplemented),
            Err(CommandFault::Argument(_)) => return self.answer(request, Outcome::Error(ErrorCode::Argument)),
        };
        let before = self.progress;
        let (allowed, arguments) = match &command {
            Command::Hello { nonce } => {
                let outcome = self.hello(nonce);
                return self.answer(request, outcome);
            }
            Command::Manufacture(_) | Command::Credential { .. } => (before == Progress::Factory, Arguments::default()),
            Command::Install(_) => {
                let running = !self.story.is_empty();
                let allowed = before == Progress::Manufactured || before == Progress::Installed && !running;
                (allowed, Arguments::default())
            }
            Command::Provision { .. } => {
                ((Progress::Manufactured..=Progress::Joining).contains(&before), Arguments::default())
            }
            Command::Route { .. } | Command::Start | Command::Join | Command::Echo { .. } | Command::Send { .. } => {
                (before >= Progress::Installed, Arguments::default())
            }
            Command::Status => (true, self.status()),
            Command::Link { .. } => (true, self.link()),
            Command::Rpl => (true, Arguments::default().with("rank", 1024).with("parent", "-").with("routes", 0)),
            Command::Counters => (true, self.counters()),
            Command::Vendor { text } => (true, Arguments::default().with("lines", 1).with("text", encode_text(text))),
            Command::Ping
            | Command::Clock { .. }
            | Command::Image { .. }
            | Command::Update
            | Command::Application(_)
            | Command::Reset
            | Command::FactoryReset => (true, Arguments::default()),
        };
        if !allowed {
            return self.answer(request, Outcome::Error(ErrorCode::State));
        }
        self.answer(request, Outcome::Ok(arguments));
        match command {
            Command::Manufacture(_) => self.progress = Progress::Manufactured,
            Command::Install(_) => self.progress = Progress::Installed,
            Command::Provision { .. } => self.progress = Progress::Secured,
            Command::Start => self.begin_story(now),
            Command::Join => self.tell(Chapter::JsrSent, now),
            Command::Echo { .. } => self.soon(now, Duration::from_millis(40), Chapter::EchoReply),
            Command::Reset => self.outputs.push_back(Output::Reboot),
            Command::FactoryReset => {
                self.progress = Progress::Factory;
                self.outputs.push_back(Output::Reboot);
            }
            _ => {}
        }
    }

    /// A bootstrap that goes well, at the times at which it would.
    fn begin_story(&mut self, now: Instant) {
        if !self.story.is_empty() {
            return;
        }
        self.soon(now, Duration::from_millis(120), Chapter::Address);
        if self.progress < Progress::Secured {
            self.soon(now, Duration::from_millis(2000), Chapter::JsrSent);
            self.soon(now, Duration::from_millis(2900), Chapter::Session);
            self.soon(now, Duration::from_millis(3100), Chapter::Keyed);
        }
        self.soon(now, Duration::from_millis(3200), Chapter::LinkSecured);
        self.soon(now, Duration::from_millis(8000), Chapter::AllSecured);
    }

    fn soon(&mut self, now: Instant, after: Duration, chapter: Chapter) {
        self.story.push_back((now + after, chapter));
        self.story.make_contiguous().sort_by_key(|(due, _)| *due);
    }

    fn tell(&mut self, chapter: Chapter, now: Instant) {
        // Any neighbour will do: the second board of a topology is there in nearly all.
        let [a, b, c, d, e, ..] = self.eui64.0;
        let parent = Eui64([a, b, c, d, e, 0, 0, 2]);
        let none = Arguments::default();
        match chapter {
            Chapter::Address => self.event("address", none.with("global", self.global.clone()), now),
            Chapter::JsrSent => {
                self.jsr_sent += 1;
                self.progress = self.progress.max(Progress::Joining);
                self.event("jsr_sent", none.with("count", self.jsr_sent), now);
            }
            Chapter::Session => {
                self.event("session", none.with("peer", "fd00:c0::c7").with("state", "established"), now);
            }
            Chapter::Keyed => {
                self.progress = Progress::Secured;
                self.event("keyed", none.with("index", 1).with("level", 5), now);
            }
            Chapter::LinkSecured => self.event("link_secured", none.with("neighbour", parent), now),
            Chapter::AllSecured => {
                self.all_secured = true;
                self.event("all_secured", none.with("value", 1).with("seq", 1), now);
            }
            Chapter::EchoReply => self.event("echo_reply", none.with("from", "fd00:c0::c7").with("size", 8), now),
        }
    }

    fn state(&self) -> &'static str {
        match self.progress {
            Progress::Factory => "factory",
            Progress::Manufactured => "manufactured",
            Progress::Installed => "installed",
            Progress::Joining => "joining",
            Progress::Secured => "secured",
        }
    }

    fn status(&self) -> Arguments {
        let secured = self.progress == Progress::Secured;
        let or_none = |value: &str| if secured { value.to_owned() } else { "-".to_owned() };
        let link_local = wire::ipv6::link_local(LinkAddress::Extended(self.eui64));
        Arguments::default()
            .with("state", self.state())
            .with("secured", u8::from(secured))
            .with("all_secured", u8::from(self.all_secured))
            .with("key_index", or_none("1"))
            .with("level", or_none("5"))
            .with("close_seq", if self.all_secured { "1" } else { "-" })
            .with("jsr_sent", self.jsr_sent)
            .with("neighbours", u8::from(self.progress >= Progress::Installed))
            .with("secured_links", u8::from(secured))
            .with("link_local", link_local)
            .with("global", if self.progress >= Progress::Installed { self.global.as_str() } else { "-" })
    }

    fn link(&self) -> Arguments {
        let secured = self.progress == Progress::Secured;
        Arguments::default()
            .with("known", 1)
            .with("secured", u8::from(secured))
            .with("lifetime_s", if secured { 3600 } else { 0 })
    }

    fn counters(&self) -> Arguments {
        ["unsecured", "secured", "level", "replay", "mic", "no_key"]
            .iter()
            .fold(Arguments::default(), |arguments, what| arguments.with(&format!("refused_{what}"), 1))
            .with("dropped_queue", 0)
            .with("sent", 12)
            .with("received", 14)
    }

    /// One utterance, at random: on the serial line or on air.
    fn babble(&mut self, now: Instant) {
        let pause = 10 + u64::from(self.random.next_u32() % 290);
        self.next_babble = Some(now + Duration::from_millis(pause));
        let stale = self.last_seq.wrapping_sub(1 + self.random.next_u32() % 3);
        let ahead = self.last_seq.wrapping_add(1 + self.random.next_u32() % 3);
        let text = match self.random.next_u32() % 12 {
            0 => format!("< {stale} ok\n"),
            1 => format!("< {ahead} ok state=secured secured=1\n"),
            2 => "! secured t=\n! link_secured neighbour=everybody\n".to_owned(),
            3 => "! booted t=1 state=secured\n".to_owned(),
            4 => "! keyed t=99999999999 index=1 level=5\n".to_owned(),
            5 => format!("< {stale} ok nonce=00 protocol=UT/1 eui64={}\n", self.eui64),
            6 => "< ".to_owned(),
            7 => "I (1234) wifi: connected\r\n".to_owned(),
            8 => return self.babble_octets(),
            9 => return self.babble_frame(),
            10 => return self.babble_malformed(),
            _ => format!("< {} unimplemented\n", u64::from(u32::MAX) + 1),
        };
        self.outputs.push_back(Output::UpperTester(text.into_bytes()));
    }

    fn octets(&mut self, most: u32) -> Vec<u8> {
        let length = 1 + self.random.next_u32() % most;
        let mut octets = vec![0; usize::try_from(length).unwrap_or(1)];
        self.random.fill_bytes(&mut octets);
        octets
    }

    fn babble_octets(&mut self) {
        let octets = self.octets(700);
        self.outputs.push_back(Output::UpperTester(octets));
    }

    /// A well-formed data frame of its own with nonsense in it.
    fn babble_frame(&mut self) {
        let payload = self.octets(60);
        let pan = self.pan_id;
        let destination = Address::new(pan, LinkAddress::Short(ShortAddress::BROADCAST));
        let source = Address::new(pan, LinkAddress::Extended(self.eui64));
        let number = u8::try_from(self.random.next_u32() & 0xff).unwrap_or(0);
        let header = Header::new(destination, source, number);
        let frame = wire::ieee802154::Frame::new(header, wire::ieee802154::Content::Data(payload));
        if let Ok(psdu) = frame.to_vec() {
            self.transmit(psdu);
        }
    }

    fn babble_malformed(&mut self) {
        let psdu = self.octets(120);
        self.transmit(psdu);
    }

    fn transmit(&mut self, psdu: Vec<u8>) {
        self.handle = self.handle.wrapping_add(1);
        self.outputs.push_back(Output::Transmit { handle: self.handle, psdu });
    }
}

/// The on-mesh address that a real device of this EUI-64 would have.
fn global_address(eui64: Eui64) -> String {
    let prefix = std::net::Ipv6Addr::new(0xfd00, 0xb007, 0, 0, 0, 0, 0, 0);
    wire::ipv6::with_interface_identifier(prefix, eui64.interface_identifier()).to_string()
}
