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
use wire::upper_tester::table::{self, CommandInfo, EventInfo, KeyInfo, Kind};
use wire::upper_tester::{
    Answer, Arguments, CommandFault, ErrorCode, Event, Line, LineAssembler, Outcome, Request, basic,
};

use super::config::Fake;

/// What survives a reset of a fake, only the liar pretends to have a store: how far it has come in the states of UT/1.
pub(crate) type Progress = usize;

/// The place of a state in a life; the first if there is none such.
fn place(state: &str) -> Progress {
    table::states().position(|one| one.name == state).unwrap_or_default()
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
    /// Whether its stack pretends to run.
    is_running: bool,
    /// What the liar will tell of, by time.
    story: VecDeque<(Instant, &'static EventInfo)>,
    next_babble: Option<Instant>,
    handle: u32,
    last_seq: u32,
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
            is_running: false,
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
                if device.progress >= place("installed") {
                    device.is_running = true;
                    device.foretell(now, "start");
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
                && let Some((_, event)) = self.story.pop_front()
            {
                self.tell(event, now);
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

    fn refuse(&mut self, request: &Request) {
        let outcome = match table::command(&request.command).map(|command| (command, (command.check)(request))) {
            None => Outcome::Unimplemented,
            Some((command, Ok(()))) if command.name == "hello" => Outcome::Ok(self.answers(command, request)),
            Some(_) => Outcome::Error(ErrorCode::Other("refused".to_owned())),
        };
        self.answer(request, outcome);
    }

    /// The liar's upper tester: every command in every state as the table of UT/1 has it; behind it, nothing.
    fn pretend(&mut self, now: Instant, request: &Request) {
        let Some(command) = table::command(&request.command) else {
            return self.answer(request, Outcome::Unimplemented);
        };
        if let Err(CommandFault::Unknown | CommandFault::Argument(_)) = (command.check)(request) {
            return self.answer(request, Outcome::Error(ErrorCode::Argument));
        }
        if !command.when.allows(self.state(), self.is_running) {
            return self.answer(request, Outcome::Error(ErrorCode::State));
        }
        let told = self.answers(command, request);
        self.answer(request, Outcome::Ok(told));
        match command.brings.map(place) {
            Some(0) => self.progress = 0,
            Some(state) => self.progress = self.progress.max(state),
            None => {}
        }
        self.foretell(now, command.name);
        match command.name {
            "start" => self.is_running = true,
            "reset" | "factory_reset" => self.outputs.push_back(Output::Reboot),
            _ => {}
        }
    }

    /// What usually comes of a command, at the times at which it would; a story that is being told goes on.
    fn foretell(&mut self, now: Instant, command: &str) {
        if command == "start" && !self.story.is_empty() {
            return;
        }
        let state = self.state();
        for event in table::events() {
            let is_told = event.states.is_empty() || event.states.contains(&state);
            for (_, after) in event.usually.iter().filter(|(cause, _)| is_told && *cause == command) {
                self.story.push_back((now + Duration::from_millis((*after).into()), event));
            }
        }
        self.story.make_contiguous().sort_by_key(|(due, _)| *due);
    }

    fn tell(&mut self, event: &'static EventInfo, now: Instant) {
        match event.name {
            "jsr_sent" => self.jsr_sent += 1,
            "all_secured" => self.all_secured = true,
            _ => {}
        }
        self.progress = self.progress.max(event.brings.map_or(0, place));
        let arguments = event.keys.iter().fold(Arguments::default(), |told, key| told.with(key.name, self.value(key)));
        self.event(event.name, arguments, now);
    }

    /// The answer to a command: each key that the table has.
    fn answers(&self, command: &CommandInfo, request: &Request) -> Arguments {
        table::answers(command).fold(Arguments::default(), |told, key| {
            // What was asked with comes back: the nonce of `hello`, the text of `vendor`.
            match request.arguments.get(key.name) {
                Some(asked) => told.with(key.name, asked),
                None => told.with(key.name, self.value(key)),
            }
        })
    }

    fn state(&self) -> &'static str {
        table::states().nth(self.progress).map_or(basic::STATES[0], |state| state.name)
    }

    /// What it says of a key: as if all had gone well.
    fn value(&self, key: &KeyInfo) -> String {
        let is_secured = self.progress >= place("secured");
        let is_installed = self.progress >= place("installed");
        let flag = |is: bool| u8::from(is).to_string();
        let if_so = |is: bool, value: &str| if is { value.to_owned() } else { "-".to_owned() };
        match key.name {
            "vendor" => "bootrack".to_owned(),
            "firmware" => format!("fake-{}", self.fake),
            "version" => env!("CARGO_PKG_VERSION").to_owned(),
            "hash" => "0".repeat(64),
            "eui64" => self.eui64.to_string(),
            "roles" => "6lr,6lbr".to_owned(),
            "features" => table::features().map(|feature| feature.name).collect::<Vec<_>>().join(","),
            "state" if key.kind.holds(self.state()) => self.state().to_owned(),
            "secured" => flag(is_secured),
            "all_secured" => flag(self.all_secured),
            "key_index" => if_so(is_secured, "1"),
            "level" => if_so(is_secured, "5"),
            "close_seq" => if_so(self.all_secured, "1"),
            "jsr_sent" | "count" => self.jsr_sent.to_string(),
            "neighbours" => flag(is_installed),
            "secured_links" => flag(is_secured),
            "link_local" => wire::ipv6::link_local(LinkAddress::Extended(self.eui64)).to_string(),
            "global" => if_so(is_installed, &self.global),
            "lifetime_s" => if is_secured { "3600" } else { "0" }.to_owned(),
            _ => self.anything(key.kind),
        }
    }

    /// A value of a kind.
    fn anything(&self, kind: Kind) -> String {
        match kind {
            Kind::Words(words) => words.first().copied().unwrap_or("-").to_owned(),
            Kind::Word | Kind::List | Kind::Text => "fake".to_owned(),
            Kind::Number { min, max } => min.max(1).min(max).to_string(),
            Kind::Flag => "1".to_owned(),
            // Any neighbour will do: the second board of a topology is there in nearly all.
            Kind::Eui64 => {
                let [a, b, c, d, e, ..] = self.eui64.0;
                Eui64([a, b, c, d, e, 0, 0, 2]).to_string()
            }
            Kind::Ipv6 => "fd00:c0::c7".to_owned(),
            Kind::PanId => format!("{:#06x}", self.pan_id.0),
            Kind::Key => "0".repeat(32),
            Kind::Hex { .. } => "00".to_owned(),
        }
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
