//! Certificates that are not trusted, and those of another time: told apart, and not tried again.

use std::io;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use batch_backend::{Applied, BatchBackend, ErrorKind};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{CertificateError, ServerConfig, ServerConnection};
use tokio::net::TcpListener;

use super::{all_words, client_of, spec};
use crate::Cause;
use crate::error::{About, Thing};
use crate::failure::Failure;

// A key and a certificate for localhost that nobody signed; they guard nothing.
const NO_SECRET: &str = "\
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgtBRSUVflPuvCmymBcVTcs28K2xMm/rbARBl1utfX\
    rUKhRANCAAQld4+50zgcjsMjNkxkGmdYqVO6f8MepcuaSfNYF0XWeSee0Rc8EUTID07XxTwPfjHqPchrCg9WwHCs\
    UbqdlaCA";
const CERTIFICATE: &str = "\
    MIIBmzCCAUGgAwIBAgIUL5cxM34fHoduAc7nUu9Rc9PDXFEwCgYIKoZIzj0EAwIwFDESMBAGA1UEAwwJbG9jYWxo\
    b3N0MCAXDTI2MTEyMjE5NTMwNVoYDzIxMjYxMDI5MTk1MzA1WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcq\
    hkjOPQIBBggqhkjOPQMBBwNCAAQld4+50zgcjsMjNkxkGmdYqVO6f8MepcuaSfNYF0XWeSee0Rc8EUTID07XxTwP\
    fjHqPchrCg9WwHCsUbqdlaCAo28wbTAdBgNVHQ4EFgQUgJbolCKwNKKVdVs9Gh3x5Bd0utEwHwYDVR0jBBgwFoAU\
    gJbolCKwNKKVdVs9Gh3x5Bd0utEwDwYDVR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEw\
    CgYIKoZIzj0EAwIDSAAwRQIhAMie/ITRMwEu3wGCUFpEG77mZSCVkLQcK/OnSe53cq05AiBimVUb4xNZ9oGXEUc5\
    98o+xKboJ6Kj9aquHuQvrnM5KA==";

/// Shakes hands with one caller after another, as far as they go along.
pub(super) fn shake_hands(stream: std::net::TcpStream) {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivatePkcs8KeyDer::from(STANDARD.decode(NO_SECRET).unwrap());
    let chain = vec![CertificateDer::from(STANDARD.decode(CERTIFICATE).unwrap())];
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, PrivateKeyDer::Pkcs8(key))
        .unwrap();
    let mut tls = ServerConnection::new(Arc::new(config)).unwrap();
    stream.set_nonblocking(false).unwrap();
    let mut stream = stream;
    while tls.is_handshaking() && tls.complete_io(&mut stream).is_ok() {}
}

#[tokio::test]
async fn untrusted_certificate_ends_the_tries() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let server = tokio::spawn(async move {
        let mut callers = 0;
        while let Ok((stream, _)) = listener.accept().await {
            callers += 1;
            let stream = stream.into_std().unwrap();
            tokio::task::spawn_blocking(move || shake_hands(stream)).await.unwrap();
            assert_eq!(callers, 1, "it is not tried again");
        }
    });
    let (client, clock) = client_of(&base);
    let error = client.create(&spec()).await.expect_err("nobody signed it");
    assert_eq!(Cause::of(&error), Cause::Certificate, "{error:?}");
    assert_eq!(error.kind(), &ErrorKind::Transient { retry_after: None });
    assert_eq!((error.applied(), clock.slept().len()), (Applied::No, 0));
    assert!(error.reason().contains("certificate"), "{error}");
    assert!(error.hint().unwrap().contains("SSL_CERT_FILE"), "{error:?}");
    assert!(all_words(&error).contains("InvalidCertificate"), "{error:?}");
    assert!(!server.is_finished());
    server.abort();
}

#[test]
fn certificate_of_another_time_points_at_the_clock() {
    for (why, expected) in [
        (CertificateError::Expired, Cause::Clock),
        (CertificateError::NotValidYet, Cause::Clock),
        (CertificateError::NotValidForName, Cause::Certificate),
        (CertificateError::Revoked, Cause::Certificate),
    ] {
        // As the connection wraps it.
        let wrapped = io::Error::other(rustls::Error::InvalidCertificate(why));
        let failure = Failure::NotSent(Box::new(io::Error::other(wrapped)));
        let operation = batch_backend::Operation::Get;
        let about = About { operation, subject: "x", thing: Thing::Other, key: "" };
        let error = about.failed(failure);
        assert_eq!(Cause::of(&error), expected, "{error:?}");
        let clock = expected == Cause::Clock;
        assert_eq!(error.hint().unwrap().contains("date"), clock, "{error:?}");
    }
}
