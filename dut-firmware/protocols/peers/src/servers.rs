//! Servers of OpenSSL and GnuTLS, up and listening.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::program::free_tcp_port;
use crate::{Program, free_port};

/// Starts `openssl s_server` with these arguments on a port of 127.0.0.1 that it chooses itself; the port.
///
/// # Panics
/// If it does not come up.
pub fn openssl_server(path: &Path, arguments: &[String]) -> (Program, u16) {
    let accept = ["-accept".to_owned(), "127.0.0.1:0".to_owned()];
    let server = Program::start(path, arguments.iter().chain(&accept), &[]);
    server.wait_for("ACCEPT 127.0.0.1:");
    let output = server.output();
    let port = output.lines().find_map(|line| line.strip_prefix("ACCEPT 127.0.0.1:"));
    let port = port.and_then(|port| port.trim().parse().ok()).expect("a port in what it prints");
    (server, port)
}

/// Starts `gnutls-serv`, which echoes what it gets, with these arguments on a port that was free a moment ago; the port.
///
/// # Panics
/// If it does not come up.
pub fn gnutls_server(path: &Path, arguments: &[String], environment: &[(&str, &Path)]) -> (Program, u16) {
    up_with("--udp", path, arguments, environment)
}

/// The same over TCP.
///
/// # Panics
/// If it does not come up.
pub fn gnutls_stream_server(path: &Path, arguments: &[String], environment: &[(&str, &Path)]) -> (Program, u16) {
    up_with("--echo", path, arguments, environment)
}

fn up_with(how: &str, path: &Path, arguments: &[String], environment: &[(&str, &Path)]) -> (Program, u16) {
    // Another test may take the port in between; then it is tried again.
    for _ in 0..5 {
        let port = if how == "--udp" { free_port() } else { free_tcp_port() };
        let listen = [how.to_owned(), "--port".to_owned(), port.to_string()];
        let server = Program::start(path, listen.iter().chain(arguments), environment);
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(10) && !server.output().contains("bind() failed") {
            if server.output().contains("IPv4 0.0.0.0 port") && server.output().contains("done") {
                return (server, port);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        eprintln!("gnutls-serv did not come up: {}", server.output());
    }
    panic!("gnutls-serv found no port");
}
