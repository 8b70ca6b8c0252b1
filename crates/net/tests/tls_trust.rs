//! Whom each side of TLS accepts and why not, and what it says of who speaks no TLS at all.
#![allow(clippy::unwrap_used, reason = "a test that can't go on should stop")]

mod tls_scene;

use sockeye_model::TlsVersion;
use sockeye_net::Shutdown;
use sockeye_net::tls::{
    self, Alert, Client, FileError, FileProblem, Pin, Problem, Server, Settings, TlsError,
    TlsSocket,
};
use tls_scene::{World, all_of, between, bytes, in_loop, plain, shake, shows};

fn refused(result: Result<TlsSocket, TlsError>) -> tls::Refused {
    match result.unwrap_err() {
        TlsError::Certificate(refused) => *refused,
        other => panic!("{other}"),
    }
}

#[test]
fn a_certificate_is_refused_for_its_own_reason_with_its_facts() {
    let world = World::new();
    let old = |params: &mut rcgen::CertificateParams| {
        params.not_before = rcgen::date_time_ymd(2020, 1, 2);
        params.not_after = rcgen::date_time_ymd(2021, 3, 4);
    };
    let later = |params: &mut rcgen::CertificateParams| {
        params.not_before = rcgen::date_time_ymd(2090, 1, 2);
        params.not_after = rcgen::date_time_ymd(2091, 3, 4);
    };
    let foreign = |params: &mut rcgen::CertificateParams| {
        *params =
            rcgen::CertificateParams::new(["other.example".to_owned(), "10.0.0.1".into()]).unwrap();
    };
    let cases = [
        (
            world.leaf("old.pem", old),
            Problem::Expired,
            Alert::BadCertificate(45),
        ),
        (
            world.leaf("later.pem", later),
            Problem::NotYetValid,
            Alert::BadCertificate(45),
        ),
        (
            world.leaf("foreign.pem", foreign),
            Problem::WrongName,
            Alert::BadCertificate(42),
        ),
        (
            world.below("cut.pem", false),
            Problem::UnknownIssuer,
            Alert::UnknownAuthority,
        ),
    ];
    for (certificate, problem, alert) in cases {
        let (client, server) = in_loop(between(&world.client(), &shows(certificate)));
        let refused = refused(client);
        assert_eq!(refused.why, problem);
        assert_eq!(refused.wanted.as_deref(), Some("localhost"));
        let leaf = &refused.chain[0];
        match problem {
            Problem::Expired => assert_eq!(leaf.not_after.to_string(), "2021-03-04 00:00 UTC"),
            Problem::NotYetValid => {
                assert_eq!(leaf.not_before.to_string(), "2090-01-02 00:00 UTC");
            }
            Problem::WrongName => assert_eq!(leaf.names, ["other.example", "10.0.0.1"]),
            _ => assert_eq!(leaf.issuer, "CN=Own Middle"),
        }
        // The server hears why, by an alert.
        match server {
            Err(TlsError::Alert(heard)) => assert_eq!(heard, alert),
            Ok(server) => {
                let (_, end) = in_loop(all_of(&server));
                let error = end.unwrap_err();
                assert!(
                    matches!(TlsError::behind(&error), Some(TlsError::Alert(heard)) if *heard == alert),
                    "{error}"
                );
            }
            Err(other) => panic!("{other}"),
        }
    }
    let whole = in_loop(between(
        &world.client(),
        &shows(world.below("whole.pem", true)),
    ))
    .0;
    let details = whole.unwrap().agreed().details();
    let chain = details.iter().find(|(name, _)| *name == "chain").unwrap();
    assert_eq!(chain.1, "CN=A Leaf < CN=Own Middle < CN=Own Root");
}

#[test]
fn a_throw_away_certificate_is_refused_until_it_is_pinned_named_or_nobody_cares() {
    in_loop(async {
        let folder = tls_scene::Folder::new();
        let server = Server::new(&Settings::default(), &["localhost".to_owned()]).unwrap();
        let pin = server.throwaway().unwrap();
        let world = World::new();
        let strict = Client::new(&world.client(), "localhost").unwrap();
        let refused = refused(shake(&strict, &server).await.0);
        assert_eq!(refused.why, Problem::SelfSigned);
        assert_eq!(refused.chain[0].pin, pin);
        assert_eq!(refused.chain[0].names, ["localhost"]);

        for (settings, name) in [
            (
                Settings {
                    pin: Some(pin),
                    ..Settings::default()
                },
                "elsewhere.example",
            ),
            (
                Settings {
                    insecure: true,
                    ..Settings::default()
                },
                "elsewhere.example",
            ),
        ] {
            let client = Client::new(&settings, name).unwrap();
            let (client, server) = shake(&client, &server).await;
            assert_eq!(client.unwrap().agreed().chain[0].pin, pin);
            assert_eq!(server.unwrap().agreed().name.as_deref(), Some(name));
        }
        let other = Pin([7; 32]);
        let settings = Settings {
            pin: Some(other),
            ..Settings::default()
        };
        let client = Client::new(&settings, "localhost").unwrap();
        match shake(&client, &server).await.0.unwrap_err() {
            TlsError::Pin {
                expected,
                presented,
            } => {
                assert_eq!((expected, presented.pin), (other, pin));
            }
            other => panic!("{other}"),
        }
        drop(folder);
    });
}

#[test]
fn a_self_signed_certificate_that_is_named_as_trusted_is_accepted_for_its_names_and_dates() {
    in_loop(async {
        let folder = tls_scene::Folder::new();
        // As `openssl req -x509` makes them: an authority that is its own server.
        let mut params = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = rcgen::KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        let certificate = folder.write("own.pem", &(pem + &key.serialize_pem()));
        let server = Server::new(&shows(certificate.clone()), &[]).unwrap();
        let trusting = Settings {
            ca: Some(certificate),
            ..Settings::default()
        };
        let client = Client::new(&trusting, "localhost").unwrap();
        shake(&client, &server).await.0.unwrap();
        let client = Client::new(&trusting, "other.example").unwrap();
        let refused = refused(shake(&client, &server).await.0);
        assert_eq!(refused.why, Problem::WrongName);
    });
}

#[test]
fn a_client_shows_a_certificate_where_one_is_demanded() {
    let world = World::new();
    let mine = world.leaf("mine.pem", |params| {
        params
            .distinguished_name
            .push(rcgen::DnType::OrganizationName, "Me");
    });
    let demanding = Settings {
        client_ca: Some(world.root()),
        ..world.server()
    };
    for version in [TlsVersion::V12, TlsVersion::V13] {
        let anonymous = Settings {
            version: Some(version),
            ..world.client()
        };
        let known = Settings {
            certificate: Some(mine.clone()),
            ..anonymous.clone()
        };
        in_loop(async {
            let (_client, server) = between(&known, &demanding).await;
            let server = server.unwrap();
            assert_eq!(server.agreed().chain[0].subject, "CN=A Leaf, O=Me");

            let (client, server) = between(&anonymous, &demanding).await;
            assert!(
                matches!(server, Err(TlsError::NoClientCertificate)),
                "{server:?}"
            );
            // In TLS 1.3 the client's side of the handshake is over before it is told.
            let heard = match client {
                Err(error) => error,
                Ok(client) => {
                    let error = all_of(&client).await.1.unwrap_err();
                    match TlsError::behind(&error) {
                        Some(TlsError::Alert(alert)) => TlsError::Alert(*alert),
                        other => panic!("{other:?}"),
                    }
                }
            };
            assert!(
                matches!(
                    heard,
                    TlsError::Alert(Alert::CertificateRequired | Alert::HandshakeFailure)
                ),
                "{heard}"
            );
        });
    }
}

#[test]
fn a_protocol_is_agreed_on_or_the_handshake_fails_with_both_lists() {
    let world = World::new();
    let with = |settings: Settings, alpn: &[&str]| Settings {
        alpn: alpn.iter().map(ToString::to_string).collect(),
        ..settings
    };
    in_loop(async {
        let server = with(world.server(), &["h2", "http/1.1"]);
        let client = with(world.client(), &["http/1.1", "x"]);
        let (client, served) = between(&client, &server).await;
        assert_eq!(client.unwrap().agreed().alpn.as_deref(), Some("http/1.1"));
        assert_eq!(served.unwrap().agreed().alpn.as_deref(), Some("http/1.1"));

        let (client, served) = between(&with(world.client(), &["x"]), &server).await;
        match served.unwrap_err() {
            TlsError::NoProtocol { ours, theirs } => {
                assert_eq!(
                    (ours, theirs),
                    (vec!["h2".into(), "http/1.1".into()], vec!["x".into()])
                );
            }
            other => panic!("{other}"),
        }
        assert!(
            matches!(client, Err(TlsError::NoProtocol { .. })),
            "{client:?}"
        );
    });
}

#[test]
fn a_version_that_the_other_side_has_not_is_nothing_in_common() {
    let world = World::new();
    let only = |settings: Settings, version| Settings {
        version: Some(version),
        ..settings
    };
    for (client, server) in [
        (TlsVersion::V12, TlsVersion::V13),
        (TlsVersion::V13, TlsVersion::V12),
    ] {
        let (client, server) = in_loop(between(
            &only(world.client(), client),
            &only(world.server(), server),
        ));
        let version = |error| {
            matches!(
                error,
                TlsError::NothingInCommon(tls::Common::Version) | TlsError::Alert(Alert::Version)
            )
        };
        assert!(version(client.unwrap_err()));
        assert!(version(server.unwrap_err()));
    }
}

#[test]
fn what_is_no_tls_is_called_so_on_both_sides() {
    let world = World::new();
    in_loop(async {
        let client = Client::new(&world.client(), "localhost").unwrap();
        let (dialed, called) = plain().await;
        let (shaken, ()) = tokio::join!(tls::connect(dialed, &client), async {
            called
                .send_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                .await
                .unwrap();
        });
        match shaken.unwrap_err() {
            TlsError::NotTls { first, .. } => assert!(first.starts_with(b"HTTP/1.1 400")),
            other => panic!("{other}"),
        }
        let server = Server::new(&world.server(), &[]).unwrap();
        for sent in [
            &b"GET / HTTP/1.1\r\n\r\n"[..],
            b"SSH-2.0-x\r\n",
            &bytes(300, 9),
            &[0; 5],
        ] {
            let (dialed, called) = plain().await;
            dialed.send_all(sent).await.unwrap();
            dialed.shutdown(Shutdown::Write).unwrap();
            match tls::accept(called, &server).await.unwrap_err() {
                TlsError::NotTls { first, .. } => assert!(sent.starts_with(&first)),
                other => panic!("{other}"),
            }
        }
        // One that begins as TLS does and goes on as nothing does.
        let (dialed, called) = plain().await;
        dialed
            .send_all(&[22, 3, 1, 0, 5, 9, 9, 9, 9, 9])
            .await
            .unwrap();
        assert!(matches!(
            tls::accept(called, &server).await,
            Err(TlsError::Broken(_))
        ));
        // And one that says nothing.
        let (dialed, called) = plain().await;
        drop(dialed);
        assert!(matches!(
            tls::accept(called, &server).await,
            Err(TlsError::EndedEarly)
        ));
    });
}

#[test]
fn a_file_that_cannot_be_used_is_named_with_its_own_reason() {
    let world = World::new();
    let (one, two) = (world.leaf("one.pem", |_| {}), world.leaf("two.pem", |_| {}));
    let text = std::fs::read_to_string(&one).unwrap();
    let at = text.find("-----BEGIN PRIVATE").unwrap();
    let certificate = world.folder.write("certificate.pem", &text[..at]);
    let key = world.folder.write("key.pem", &text[at..]);
    let sealed =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let sealed = world.folder.write("sealed.pem", sealed);
    let old_sealed = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
    let old_sealed = world.folder.write("old.pem", old_sealed);
    let nonsense = world.folder.write("nonsense.pem", "hola");
    let absent = world.folder.path("absent.pem");
    let why = |certificate: &std::path::Path, key: Option<&std::path::Path>| {
        let settings = Settings {
            key: key.map(Into::into),
            ..shows(certificate.into())
        };
        match Server::new(&settings, &[]).unwrap_err() {
            TlsError::File(FileError { path, why }) => (path, why),
            other => panic!("{other}"),
        }
    };
    Server::new(
        &Settings {
            key: Some(key.clone()),
            ..shows(certificate.clone())
        },
        &[],
    )
    .unwrap();
    assert!(
        matches!(why(&certificate, None), (path, FileProblem::KeyMissing) if path == certificate)
    );
    assert!(
        matches!(why(&certificate, Some(&two)), (path, FileProblem::OtherKey { .. }) if path == two)
    );
    assert!(
        matches!(why(&certificate, Some(&sealed)), (path, FileProblem::Encrypted) if path == sealed)
    );
    assert!(matches!(
        why(&certificate, Some(&old_sealed)),
        (_, FileProblem::Encrypted)
    ));
    assert!(matches!(
        why(&certificate, Some(&certificate)),
        (
            _,
            FileProblem::NoKey {
                has_certificate: true
            }
        )
    ));
    assert!(matches!(
        why(&key, Some(&key)),
        (_, FileProblem::NoCertificate { has_key: true })
    ));
    assert!(matches!(
        why(&nonsense, None),
        (_, FileProblem::NoCertificate { has_key: false })
    ));
    assert!(matches!(why(&absent, None), (path, FileProblem::Io(_)) if path == absent));
    let alone = Settings {
        key: Some(key),
        ..Settings::default()
    };
    assert!(matches!(
        Server::new(&alone, &[]),
        Err(TlsError::File(FileError {
            why: FileProblem::CertificateMissing,
            ..
        }))
    ));
}
