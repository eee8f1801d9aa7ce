//! What every session over every carrier can be asked: written once, for clients and servers of datagrams and of streams.

/// Of client and server. `self.engine` is the handshake.
macro_rules! session_accessors {
    () => {
        /// Whether application data may be sent.
        pub fn is_connected(&self) -> bool {
            self.engine.is_connected()
        }

        /// Whether the session is over and may be dropped.
        pub fn is_closed(&self) -> bool {
            self.engine.is_closed()
        }

        /// The suite that was selected; of meaning once connected.
        pub fn cipher_suite(&self) -> wire::tls::CipherSuite {
            self.engine.cipher_suite()
        }

        /// Whether the master secret is an extended one; of meaning once connected.
        pub fn has_extended_master_secret(&self) -> bool {
            self.engine.has_extended_master_secret()
        }

        /// The session ID that the server gave: empty if it will not resume the session, as our server (RFC 5246 7.4.1.3).
        pub fn session_id(&self) -> &[u8] {
            self.engine.session_id()
        }

        /// Both randoms, once keys are agreed on: what names a session for EAP-TLS (RFC 5216 2.3).
        pub fn randoms(&self) -> Option<crate::tls::Randoms> {
            self.engine.randoms()
        }

        /// Keying material for another protocol (RFC 5705 4): fills `out`.
        ///
        /// # Errors
        /// [`ExportError`](crate::tls::ExportError) unless connected, or if the context is too long.
        pub fn export_keying_material(
            &self,
            label: &[u8],
            context: Option<&[u8]>,
            out: &mut [u8],
        ) -> Result<(), crate::tls::ExportError> {
            self.engine.export_keying_material(label, context, out)
        }
    };
}

/// Of clients.
macro_rules! client_accessors {
    () => {
        crate::tls::session_accessors!();

        /// What the server put into `ServerKeyExchange`, if it sent one with pre-shared keys.
        pub fn identity_hint(&self) -> Option<&[u8]> {
            self.engine.identity_hint()
        }

        /// What the server showed; proven to be its own once connected.
        pub fn server_certificate(&self) -> Option<&crate::tls::PeerCertificate> {
            self.engine.server_certificate()
        }
    };
}

/// Of servers.
macro_rules! server_accessors {
    () => {
        crate::tls::session_accessors!();

        /// What the client calls itself; verified once connected.
        pub fn psk_identity(&self) -> Option<&[u8]> {
            self.engine.psk_identity()
        }

        /// What the client showed; proven to be its own once connected. `None` if it was not asked, or has none.
        pub fn client_certificate(&self) -> Option<&crate::tls::PeerCertificate> {
            self.engine.client_certificate()
        }

        /// What cryptography has cost since the first ClientHello of the session.
        pub fn work(&self) -> crate::work::Work {
            self.engine.work()
        }
    };
}

pub(crate) use {client_accessors, server_accessors, session_accessors};
