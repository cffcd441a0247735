//! Mutual TLS 1.3 between processes that know each other's keys.
//!
//! Both sides show a key, and neither goes on with one that it was not told of before. There is nothing older than TLS
//! 1.3, no authority that vouches for keys, and no session that outlives its connection: whoever connects is checked.

mod verify;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::ServerName;
use rustls::server::NoServerSessionStorage;
use rustls::{ClientConfig, ServerConfig};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::address::TcpAddress;
use crate::keys::{KeyDigest, KeyError, Keys};
use verify::{ExpectedServer, KnownClients};

/// How long the other side may take until both have shown their keys.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);

/// What clients call the server. It shows its key, whatever it is called.
const SERVER_NAME: &str = "ipc";

/// A stream to a client that has shown an authorised key.
pub(crate) type ServerStream = tokio_rustls::server::TlsStream<TcpStream>;

/// A stream to a server that has shown the expected key.
pub(crate) type ClientStream = tokio_rustls::client::TlsStream<TcpStream>;

/// Lets clients in.
#[derive(Clone)]
pub(crate) struct Acceptor {
    inner: TlsAcceptor,
    keys: Keys,
}

/// A client that is not let in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    /// It breaks off, does not speak the protocol, or shows no key.
    #[error("{0}")]
    Handshake(#[source] io::Error),
    /// It shows a key that is not authorised, or that cannot be looked up.
    #[error("{0}")]
    Key(Arc<dyn std::error::Error + Send + Sync>),
    /// It says nothing for too long.
    #[error("it did not show its key within {} s", HANDSHAKE_WITHIN.as_secs())]
    Slow,
    /// Its key was revoked at this moment.
    #[error("its key is not authorised any more")]
    Revoked,
    /// The list of keys cannot be read.
    #[error("{0}")]
    Keys(#[from] KeyError),
}

/// A server that cannot be reached, or is not the one that it should be.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// There is no way to it.
    #[error("{0}")]
    Unreachable(#[source] io::Error),
    /// It says nothing for too long.
    #[error("no answer within {} s", HANDSHAKE_WITHIN.as_secs())]
    Slow,
    /// It breaks off, or does not speak the protocol.
    #[error("no secure connection: {0}")]
    Handshake(#[source] io::Error),
    /// No key is expected there.
    #[error(
        "the key of {address} is not known here. It shows {shown}: if that is what `ipc-key show` prints there, trust \
         it with `ipc-key trust {address} {shown}`"
    )]
    Unknown {
        /// Where.
        address: TcpAddress,
        /// The key that it shows.
        shown: KeyDigest,
    },
    /// It shows another key than the expected one.
    #[error("{address} shows the key {shown}, but {expected} is expected there: somebody may be in between")]
    Mismatch {
        /// Where.
        address: TcpAddress,
        /// The key that it shows.
        shown: KeyDigest,
        /// The key that is trusted there.
        expected: KeyDigest,
    },
    /// The own key, or the list of keys.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The own key does not serve for TLS.
    #[error("the own key cannot be used: {0}")]
    Identity(#[source] rustls::Error),
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

impl Acceptor {
    /// An acceptor that shows the own key and lets in whoever is authorised at the time.
    pub(crate) fn new(keys: &Keys) -> Result<Self, TlsError> {
        let identity = keys.identity()?;
        let verifier = KnownClients::new(keys.clone(), &provider());
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(TlsError::Identity)?
            .with_client_cert_verifier(Arc::new(verifier))
            .with_single_cert(identity.certificates(), identity.key())
            .map_err(TlsError::Identity)?;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Self {
            inner: TlsAcceptor::from(Arc::new(config)),
            keys: keys.clone(),
        })
    }

    /// Makes sure of a client, and gives the name that its key is authorised under.
    pub(crate) async fn accept(&self, stream: TcpStream) -> Result<(ServerStream, String), Refused> {
        // What a system cannot do about delays, it need not.
        let _ = stream.set_nodelay(true);
        let accepted = tokio::time::timeout(HANDSHAKE_WITHIN, self.inner.accept(stream)).await;
        let accepted = accepted.map_err(|_late| Refused::Slow)?;
        let stream = accepted.map_err(|error| match verify::rejection(&error) {
            Some(reason) => Refused::Key(reason),
            None => Refused::Handshake(error),
        })?;
        let certificates = stream.get_ref().1.peer_certificates();
        let shown = certificates
            .and_then(|certificates| verify::shown_key(certificates.first()?).ok())
            .ok_or(Refused::Revoked)?;
        match standing(&self.keys, shown, SystemTime::now())? {
            Standing::Authorized(name) => Ok((stream, name)),
            Standing::Over(_) | Standing::Unknown => Err(Refused::Revoked),
        }
    }
}

/// What the list of keys says of one.
enum Standing {
    /// It may connect here now, under this name.
    Authorized(String),
    /// It might, under this name, until a day that is over.
    Over(String),
    /// Nothing.
    Unknown,
}

fn standing(keys: &Keys, shown: KeyDigest, now: SystemTime) -> Result<Standing, KeyError> {
    let entry = keys.authorized()?.into_iter().find(|entry| entry.key() == shown);
    Ok(match entry {
        Some(entry) if entry.has_lapsed(now) => Standing::Over(entry.name().to_owned()),
        Some(entry) => Standing::Authorized(entry.name().to_owned()),
        None => Standing::Unknown,
    })
}

/// Connects to a server, and makes sure that it is the trusted one.
pub(crate) async fn connect(keys: &Keys, address: &TcpAddress) -> Result<ClientStream, TlsError> {
    let identity = keys.identity()?;
    let trusted = keys
        .trusted()?
        .into_iter()
        .find(|entry| entry.address() == address);
    let expected = trusted.map(|entry| entry.key());
    let verifier = Arc::new(ExpectedServer::new(expected, &provider()));
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(TlsError::Identity)?
        .dangerous()
        .with_custom_certificate_verifier(verifier.clone())
        .with_client_auth_cert(identity.certificates(), identity.key())
        .map_err(TlsError::Identity)?;
    config.resumption = Resumption::disabled();
    config.enable_sni = false;
    let name = ServerName::try_from(SERVER_NAME).expect("it is a host's name because it has letters only");
    let connecting = async {
        let stream = TcpStream::connect((address.host(), address.port()))
            .await
            .map_err(TlsError::Unreachable)?;
        // As above.
        let _ = stream.set_nodelay(true);
        let connected = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
        connected.map_err(|error| match (verifier.refused(), expected) {
            (None, _) => TlsError::Handshake(error),
            (Some(shown), None) => TlsError::Unknown {
                address: address.clone(),
                shown,
            },
            (Some(shown), Some(expected)) => TlsError::Mismatch {
                address: address.clone(),
                shown,
                expected,
            },
        })
    };
    tokio::time::timeout(HANDSHAKE_WITHIN, connecting)
        .await
        .unwrap_or(Err(TlsError::Slow))
}

impl fmt::Debug for Acceptor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Acceptor").field(&self.keys).finish()
    }
}

#[cfg(test)]
mod tests;
