//! Whether the key that the other side shows is known here.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};

use super::{Standing, standing};
use crate::keys::{KeyDigest, KeyError, Keys};

/// Clients whose keys are authorised.
#[derive(Debug)]
pub(super) struct KnownClients {
    keys: Keys,
    algorithms: WebPkiSupportedAlgorithms,
}

/// A server that is known by its key.
#[derive(Debug)]
pub(super) struct ExpectedServer {
    expected: Option<KeyDigest>,
    refused: Mutex<Option<KeyDigest>>,
    algorithms: WebPkiSupportedAlgorithms,
}

/// A client's key that is not authorised.
#[derive(Debug, thiserror::Error)]
#[error("the key {0} is not authorised")]
struct NotAuthorized(KeyDigest);

/// A client's key whose authorisation has come to its end.
#[derive(Debug, thiserror::Error)]
#[error("the authorisation of {name}, whose key is {key}, is over")]
struct Lapsed {
    name: String,
    key: KeyDigest,
}

/// The list of keys cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct NoList(KeyError);

/// The key that a certificate carries.
pub(super) fn shown_key(certificate: &CertificateDer<'_>) -> Result<KeyDigest, Error> {
    let parsed = ParsedCertificate::try_from(certificate)?;
    Ok(KeyDigest::of(&parsed.subject_public_key_info()))
}

fn refused(reason: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::InvalidCertificate(CertificateError::Other(rustls::OtherError(Arc::new(reason))))
}

/// Why a client's key was refused, when that is what a handshake failed for.
pub(super) fn rejection(error: &io::Error) -> Option<Arc<dyn std::error::Error + Send + Sync>> {
    match error.get_ref()?.downcast_ref()? {
        Error::InvalidCertificate(CertificateError::Other(reason)) => Some(Arc::clone(&reason.0)),
        _ => None,
    }
}

impl KnownClients {
    pub(super) fn new(keys: Keys, provider: &CryptoProvider) -> Self {
        Self {
            keys,
            algorithms: provider.signature_verification_algorithms,
        }
    }
}

impl ClientCertVerifier for KnownClients {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let shown = shown_key(end_entity)?;
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(now.as_secs());
        match standing(&self.keys, shown, now) {
            Ok(Standing::Authorized(_name)) => Ok(ClientCertVerified::assertion()),
            Ok(Standing::Over(name)) => Err(refused(Lapsed { name, key: shown })),
            Ok(Standing::Unknown) => Err(refused(NotAuthorized(shown))),
            Err(error) => Err(refused(NoList(error))),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl ExpectedServer {
    pub(super) fn new(expected: Option<KeyDigest>, provider: &CryptoProvider) -> Self {
        Self {
            expected,
            refused: Mutex::default(),
            algorithms: provider.signature_verification_algorithms,
        }
    }

    /// The key that was shown and is not the expected one.
    pub(super) fn refused(&self) -> Option<KeyDigest> {
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ServerCertVerifier for ExpectedServer {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let shown = shown_key(end_entity)?;
        if self.expected == Some(shown) {
            return Ok(ServerCertVerified::assertion());
        }
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(shown);
        Err(Error::InvalidCertificate(
            CertificateError::ApplicationVerificationFailure,
        ))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
