//! The reference device as a program for `exec` boards: UT/1 on its standard input and output, its radio and its backbone on the
//! socket that `BOOTRACK_RADIO` names, its store in a file of the folder `BOOTRACK_STORE`.
//!
//! `BOOTRACK_CLOCK_PPM` makes its clock fast. It is how a vendor's program may look, and what the tests of `exec` and `serial` boards run.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use node::{Device, Hardware, Input, Output, Store};
use protocols::time::Instant;
use wire::Eui64;
use wire::radio_link::{Assembler, Message, Stamped};

/// What arrives.
enum Arrival {
    UpperTester(Vec<u8>),
    Link(Vec<u8>),
    /// The tester is gone.
    End,
}

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let eui64: Eui64 = std::env::var("BOOTRACK_EUI64")?.parse().map_err(|error| format!("BOOTRACK_EUI64: {error}"))?;
    let mut entropy_seed = [0; 32];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut entropy_seed)?;
    let store_path = PathBuf::from(std::env::var("BOOTRACK_STORE")?).join("store");
    let store = match std::fs::read(&store_path) {
        Ok(octets) => Store::decode(&octets).map_err(|error| format!("{}: {error}", store_path.display()))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Store::default(),
        Err(error) => return Err(error.into()),
    };
    let (sender, inbox) = channel();
    read(std::io::stdin(), &sender, Arrival::UpperTester);
    let mut link = std::env::var_os("BOOTRACK_RADIO").map(UnixStream::connect).transpose()?;
    if let Some(link) = &link {
        read(link.try_clone()?, &sender, Arrival::Link);
    }

    let begun = std::time::Instant::now();
    // A clock that is off, for tests: fast by so many parts per million.
    let fast_ppm = std::env::var("BOOTRACK_CLOCK_PPM").map_or(Ok(0.0), |ppm| ppm.parse::<f64>())?;
    let now = || Instant((begun.elapsed().as_nanos() as f64 * (1.0 + fast_ppm / 1e6)) as u64);
    let mut tell = |message: Message| -> Result<(), Failure> {
        let octets = Stamped { at: now().0 / 1000, message }.to_vec().map_err(|error| error.to_string())?;
        Ok(link.as_mut().map_or(Ok(()), |link| link.write_all(&octets))?)
    };
    tell(Message::Booted)?;
    let (mut written, mut assembler) = (store.writes(), Assembler::default());
    let mut device = Device::boot(Hardware { eui64, entropy_seed }, store, now(), None);
    loop {
        while let Some(output) = device.poll(now()) {
            // What the device has decided is stored before anybody can see it.
            if device.writes() != written {
                written = device.writes();
                let new = store_path.with_extension("new");
                std::fs::write(&new, device.store().encode())?;
                std::fs::rename(&new, &store_path)?;
            }
            match output.into_link() {
                Ok(Message::Log(line)) => eprintln!("{line}"),
                Ok(message) => tell(message)?,
                Err(Output::UpperTester(octets)) => {
                    std::io::stdout().write_all(&octets)?;
                    std::io::stdout().flush()?;
                }
                Err(_) => return Ok(()),
            }
        }
        let wait =
            device.deadline().map_or(Duration::from_secs(1), |at| Duration::from_nanos(at.0.saturating_sub(now().0)));
        match inbox.recv_timeout(wait) {
            Ok(Arrival::UpperTester(octets)) => device.handle(now(), Input::UpperTester(&octets)),
            Ok(Arrival::Link(octets)) => {
                for message in octets.into_iter().filter_map(|octet| Some(assembler.push(octet)?.message)) {
                    if let Some(input) = Input::of_link(&message) {
                        device.handle(now(), input);
                    }
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Ok(Arrival::End) | Err(RecvTimeoutError::Disconnected) => return Err("the tester is gone".into()),
        }
    }
}

/// A thread that reads a line to its end.
fn read(mut line: impl Read + Send + 'static, sender: &Sender<Arrival>, what: fn(Vec<u8>) -> Arrival) {
    let sender = sender.clone();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = line.read(&mut buffer) {
            if sender.send(what(buffer[..length].to_vec())).is_err() {
                return;
            }
        }
        let _ = sender.send(Arrival::End);
    });
}
