//! Drives one of our engines over a TCP connection in wall time.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

use protocols::time::Instant;
use protocols::tls::stream::{Client, Output, Server};
use protocols::tls::{Closed, ExportError, KeyLog, Randoms};

/// Longest wait for octets, so that deadlines of the caller are seen.
const TICK: Duration = Duration::from_millis(20);
/// Longest wait for anything.
const GIVE_UP: Duration = Duration::from_secs(30);

/// Our client or our server.
pub enum StreamEngine {
    /// See [`Client`].
    Client(Box<Client>),
    /// See [`Server`].
    Server(Box<Server>),
}

impl StreamEngine {
    fn handle(&mut self, now: Instant, octets: &[u8]) {
        match self {
            Self::Client(client) => client.handle(now, octets),
            Self::Server(server) => server.handle(now, octets),
        }
    }

    fn end_of_stream(&mut self) {
        match self {
            Self::Client(client) => client.end_of_stream(),
            Self::Server(server) => server.end_of_stream(),
        }
    }

    fn poll(&mut self, now: Instant) -> Option<Output> {
        match self {
            Self::Client(client) => client.poll(now),
            Self::Server(server) => server.poll(now),
        }
    }

    /// See [`Client::session_id`].
    pub fn session_id(&self) -> &[u8] {
        match self {
            Self::Client(client) => client.session_id(),
            Self::Server(server) => server.session_id(),
        }
    }

    /// See [`Client::randoms`].
    pub fn randoms(&self) -> Option<Randoms> {
        match self {
            Self::Client(client) => client.randoms(),
            Self::Server(server) => server.randoms(),
        }
    }

    /// See [`Client::has_extended_master_secret`].
    pub fn has_extended_master_secret(&self) -> bool {
        match self {
            Self::Client(client) => client.has_extended_master_secret(),
            Self::Server(server) => server.has_extended_master_secret(),
        }
    }

    /// See [`Client::export_keying_material`].
    ///
    /// # Errors
    /// As there.
    pub fn export_keying_material(&self, label: &[u8], out: &mut [u8]) -> Result<(), ExportError> {
        match self {
            Self::Client(client) => client.export_keying_material(label, None, out),
            Self::Server(server) => server.export_keying_material(label, None, out),
        }
    }
}

/// What an engine has reported so far.
#[derive(Debug, Default)]
pub struct StreamLog {
    /// Whether the handshake was completed.
    pub connected: bool,
    /// Application data.
    pub received: Vec<u8>,
    /// How the session ended.
    pub closed: Option<Closed>,
    /// The session's secret.
    pub keys: Option<KeyLog>,
}

/// Where the octets go.
enum Wire {
    Listening(TcpListener),
    Connected(TcpStream),
}

/// An engine on a TCP connection.
pub struct StreamDriver {
    /// The engine.
    pub engine: StreamEngine,
    /// What it has reported.
    pub log: StreamLog,
    wire: Wire,
    began: std::time::Instant,
}

impl StreamDriver {
    /// A client that connects to a port of 127.0.0.1.
    ///
    /// # Panics
    /// If nobody listens there.
    pub fn connecting(client: Client, port: u16) -> Self {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("a listening peer");
        stream.set_read_timeout(Some(TICK)).expect("a timeout that is not zero");
        Self::new(StreamEngine::Client(Box::new(client)), Wire::Connected(stream))
    }

    /// A server that waits for its one peer at a port of 127.0.0.1; the port.
    ///
    /// # Panics
    /// If no socket can be had.
    pub fn listening(server: Server) -> (Self, u16) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free TCP port");
        listener.set_nonblocking(true).expect("a socket that does not block");
        let port = listener.local_addr().expect("an address").port();
        (Self::new(StreamEngine::Server(Box::new(server)), Wire::Listening(listener)), port)
    }

    fn new(engine: StreamEngine, wire: Wire) -> Self {
        Self { engine, log: StreamLog::default(), wire, began: std::time::Instant::now() }
    }

    /// Time since the driver was made, as the engine wants it.
    fn now(&self) -> Instant {
        Instant::ZERO + self.began.elapsed()
    }

    /// Runs until the log satisfies `done`.
    ///
    /// # Panics
    /// If that takes longer than 30 s in all, or the session ends before; `what` says what was awaited.
    pub fn run_until(&mut self, what: &str, done: impl Fn(&StreamLog) -> bool) {
        loop {
            let now = self.now();
            while let Some(output) = self.engine.poll(now) {
                match output {
                    Output::Octets(octets) => {
                        if let Wire::Connected(stream) = &mut self.wire {
                            // A peer that is gone is noticed when reading.
                            let _ = stream.write_all(&octets);
                        }
                    }
                    Output::Connected => self.log.connected = true,
                    Output::ApplicationData(data) => self.log.received.extend(data),
                    Output::Closed(closed) => self.log.closed = Some(closed),
                    Output::KeyLog(keys) => self.log.keys = Some(keys),
                }
            }
            if done(&self.log) {
                return;
            }
            assert!(self.began.elapsed() < GIVE_UP, "waited too long for {what}: {:?}", self.log);
            assert!(self.log.closed.is_none(), "session ended before {what}: {:?}", self.log);
            self.take();
        }
    }

    /// Takes what has come, or waits a little.
    fn take(&mut self) {
        let now = self.now();
        match &mut self.wire {
            Wire::Listening(listener) => match listener.accept() {
                Ok((stream, _)) => {
                    stream.set_nonblocking(false).expect("a socket that blocks");
                    stream.set_read_timeout(Some(TICK)).expect("a timeout that is not zero");
                    self.wire = Wire::Connected(stream);
                }
                Err(_) => std::thread::sleep(TICK),
            },
            Wire::Connected(stream) => {
                let mut buffer = [0; 2048];
                match stream.read(&mut buffer) {
                    Ok(0) => self.engine.end_of_stream(),
                    Ok(length) => self.engine.handle(now, &buffer[..length]),
                    Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                    Err(_) => self.engine.end_of_stream(),
                }
            }
        }
    }

    /// Sends application data.
    ///
    /// # Panics
    /// If there is no session.
    pub fn send(&mut self, data: &[u8]) {
        let now = self.now();
        match &mut self.engine {
            StreamEngine::Client(client) => client.send(now, data),
            StreamEngine::Server(server) => server.send(now, data),
        }
        .expect("an established session");
    }

    /// Closes the session and sends what that takes.
    pub fn close(&mut self) {
        let now = self.now();
        match &mut self.engine {
            StreamEngine::Client(client) => client.close(now),
            StreamEngine::Server(server) => server.close(now),
        }
        self.run_until("the end", |log| log.closed.is_some());
    }
}
