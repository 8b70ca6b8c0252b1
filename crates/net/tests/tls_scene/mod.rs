//! What the tests of TLS share: a small authority of their own, and pairs of connected ends.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses its own part"
)]

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use sockeye_net::tls::{self, Client, Server, Settings, TlsError, TlsSocket};
use sockeye_net::{AsyncSocket, Dialing, Lent, Listening, Tap, dial, listen};

/// Runs a test in an event loop; one that hangs fails after 20 s.
pub fn in_loop<F: Future>(test: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        tokio::time::timeout(Duration::from_secs(20), test)
            .await
            .unwrap()
    })
}

/// A folder that goes when the test is over.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("sockeye-tls-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A root, an authority below it, and what that signs.
pub struct World {
    pub folder: Folder,
    root: Issuer<'static, KeyPair>,
    middle: Issuer<'static, KeyPair>,
    middle_pem: String,
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

impl World {
    pub fn new() -> Self {
        let folder = Folder::new();
        let root_key = KeyPair::generate().unwrap();
        let root = authority("Own Root");
        let root_pem = root.self_signed(&root_key).unwrap().pem();
        folder.write("root.pem", &root_pem);
        let root = Issuer::new(root, root_key);
        let middle_key = KeyPair::generate().unwrap();
        let middle = authority("Own Middle");
        let middle_pem = middle.signed_by(&middle_key, &root).unwrap().pem();
        let middle = Issuer::new(middle, middle_key);
        Self {
            folder,
            root,
            middle,
            middle_pem,
        }
    }

    /// A certificate of the root, with its key, in one file.
    pub fn leaf(&self, file: &str, change: impl FnOnce(&mut CertificateParams)) -> PathBuf {
        let (key, params) = leaf(change);
        let pem = params.signed_by(&key, &self.root).unwrap().pem();
        self.folder.write(file, &(pem + &key.serialize_pem()))
    }

    /// One of the authority below the root; `whole`: with that authority's certificate behind it.
    pub fn below(&self, file: &str, whole: bool) -> PathBuf {
        let (key, params) = leaf(|_| {});
        let mut pem = params.signed_by(&key, &self.middle).unwrap().pem();
        if whole {
            pem += &self.middle_pem;
        }
        self.folder.write(file, &(pem + &key.serialize_pem()))
    }

    pub fn root(&self) -> PathBuf {
        self.folder.path("root.pem")
    }

    /// A client that trusts the root.
    pub fn client(&self) -> Settings {
        Settings {
            ca: Some(self.root()),
            ..Settings::default()
        }
    }

    /// A server with an ordinary certificate of the root, for localhost.
    pub fn server(&self) -> Settings {
        shows(self.leaf("server.pem", |_| {}))
    }
}

/// The settings of a side that shows this certificate.
pub fn shows(certificate: PathBuf) -> Settings {
    Settings {
        certificate: Some(certificate),
        ..Settings::default()
    }
}

fn leaf(change: impl FnOnce(&mut CertificateParams)) -> (KeyPair, CertificateParams) {
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "A Leaf");
    params.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ServerAuth,
        ExtendedKeyUsagePurpose::ClientAuth,
    ];
    change(&mut params);
    (KeyPair::generate().unwrap(), params)
}

/// Two ends of a TCP connection: who dialed, who was called.
pub async fn plain() -> (AsyncSocket, AsyncSocket) {
    watched(&Tap::off()).await
}

/// The same, with somebody who watches.
pub async fn watched(tap: &Tap) -> (AsyncSocket, AsyncSocket) {
    let quiet = Listening::new(tap.clone());
    let listener = listen(&"127.0.0.1:0".parse().unwrap(), &quiet)
        .await
        .unwrap();
    let address = format!("tcp://{}", listener.local_addresses()[0]);
    let address = address.parse().unwrap();
    let client = dial(&address, &Dialing::new(tap.clone())).await.unwrap();
    let (server, _) = listener.accept().await.unwrap();
    (client.socket, server)
}

/// Both handshakes, with "localhost" as the name that is asked for.
pub async fn shake(
    client: &Client,
    server: &Server,
) -> (Result<TlsSocket, TlsError>, Result<TlsSocket, TlsError>) {
    let (dialed, called) = plain().await;
    tokio::join!(tls::connect(dialed, client), tls::accept(called, server))
}

/// The same for settings.
pub async fn between(
    client: &Settings,
    server: &Settings,
) -> (Result<TlsSocket, TlsError>, Result<TlsSocket, TlsError>) {
    let client = Client::new(client, "localhost").unwrap();
    let server = Server::new(server, &["localhost".to_owned()]).unwrap();
    shake(&client, &server).await
}

/// All that comes, and how it ended.
pub async fn all_of(socket: &TlsSocket) -> (Vec<u8>, Result<(), io::Error>) {
    let mut came = Vec::new();
    loop {
        match socket.recv_lease().await {
            Ok(Lent::Data(data)) => came.extend_from_slice(&data),
            Ok(Lent::End) => return (came, Ok(())),
            Err(error) => return (came, Err(error.source)),
        }
    }
}

/// Bytes without a pattern, the same for the same seed.
pub fn bytes(len: usize, seed: u32) -> Vec<u8> {
    let mut state = seed;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    std::iter::repeat_with(next).take(len).collect()
}
